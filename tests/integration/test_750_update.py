# SPDX-License-Identifier: Apache-2.0
"""An app moves to another revision of its entry and back: with its data, its answers and what was agreed
to; and where the new revision does not work, the old one answers."""
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time

import pytest

import kills
from engine_env import WEB, busybox_files, free_port
from stack_env import wait_for
from test_360_kills import strike

PID = os.getpid()
ANSWERS = b'#!/bin/sh\necho Content-Type: text/plain\necho\necho "$GREETING $SECRET"\ncat /conf/*\n'
ALL_KILLS = bool(os.environ.get("APPHOST_ALL_KILLS"))
EVERY = ("engine", "read", "names", "plan", "consent", "images", "render", "stop", "folders", "start", "health",
         "publish")
SOME = {"job": ("images", "stop", "start", "publish"), "monitor": ("folders",)}


class Shelf:
    """A catalog of one entry in a folder, and the revisions it had so far."""

    def __init__(self, stack, registry):
        self.stack, self.registry, self.version = stack, registry, 0
        self.folder = tempfile.mkdtemp(prefix="aph-shelf-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        stack.shelves.append(self.folder)

    def publish(self, revision, image, **more):
        """The sha256 of the new revision."""
        self.version += 1
        entry = {"apphost": 1, "id": "shop", "revision": revision, "title": "A shop",
                 "web": {"service": "web", "port": 80},
                 "questions": [{"id": "greeting", "kind": "environment", "label": "Greeting", "service": "web",
                                "target": "GREETING", "required": True},
                               {"id": "secret", "kind": "environment", "label": "Secret", "service": "web",
                                "target": "SECRET", "type": "secret", "generate": 20}],
                 "files": [{"path": "conf/a", "when": "install", "text": f"first {revision}\n"},
                           {"path": "conf/b", "when": "update", "text": f"again {revision}\n"},
                           {"path": "conf/c", "when": "update", "text": f"{revision} too\n"}],
                 "compose": {"services": {"web": {"image": f"{self.registry.host}/{image}",
                                                  "volumes": ["./d:/d", "./conf:/conf"]}}}}
        service = more.pop("service", {})
        entry["questions"] += more.pop("questions", [])
        entry.update(more)
        entry["compose"]["services"]["web"].update(service)
        text = json.dumps(entry).encode()
        with open(f"{self.folder}/shop.json", "wb") as f:
            f.write(text)
        digest = hashlib.sha256(text).hexdigest()
        index = {"apphost-catalog": 1, "name": "shelf", "version": self.version,
                 "generated": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z",
                 "entries": [{"id": "shop", "format": "apphost", "file": "shop.json", "sha256": digest,
                              "length": len(text)}]}
        with open(f"{self.folder}/index.json", "w", encoding="ascii") as f:
            json.dump(index, f)
        if self.version == 1:
            self.stack.ctl("catalog", "add", "shelf", f"file://{self.folder}")
        self.stack.ctl("catalog", "refresh", "shelf")
        return digest


@pytest.fixture(scope="module")
def images(engine, registry):
    """Revisions of one app, which only the registry has."""
    refs = []
    for tag, page, command in (
            ("1", b"one", WEB), ("2", b"two", WEB), ("3", b"three", WEB),
            ("ends", b"", 'CMD ["/bin/busybox","sh","-c","echo no such option; exit 3"]'),
            ("mute", b"", 'CMD ["/bin/busybox","sleep","600"]')):
        ref = f"{registry.host}/shop{PID}:{tag}"
        engine.import_image(ref, busybox_files({"index.html": page}, {"answers": ANSWERS}), command)
        engine.push(ref)
        engine.remove_image(ref)
        refs.append(ref)
    return {ref.rpartition(":")[2]: ref.partition("/")[2] for ref in refs}


@pytest.fixture
def stack(new_stack, engine, registry, images):
    stack = new_stack(StartSeconds=15)
    stack.shelves = []
    yield stack
    for folder in stack.shelves:
        shutil.rmtree(folder)
    for image in images.values():
        engine.remove_image(f"{registry.host}/{image}")


@pytest.fixture
def shelf(stack, registry, images):
    """A shelf with the first revision, and the app made from it."""
    shelf = Shelf(stack, registry)
    shelf.first = shelf.publish(1, images["1"])
    stack.ctl("install", "shop", "--name", "mine", "--set", "greeting=hello", "--yes")
    shelf.data = f"{stack.state}/data/{stack.json('status', 'mine')['app_id']}"
    with open(f"{shelf.data}/d/note", "w", encoding="ascii") as f:
        f.write("do not lose me")
    return shelf


def page(stack):
    return stack.get("mine").body


def revision(stack):
    return stack.json("status", "mine")["revision"]


def note(shelf):
    with open(f"{shelf.data}/d/note", encoding="ascii") as f:
        return f.read()


def is_old(stack, shelf, where=""):
    """The first revision is what it was, and answers."""
    assert page(stack) == b"one", where
    assert (revision(stack), note(shelf)) == (shelf.first, "do not lose me"), where
    assert sorted(os.listdir(f"{shelf.data}/conf")) == ["a", "b", "c"], where
    for name, text in ("b", "again 1\n"), ("c", "1 too\n"):
        with open(f"{shelf.data}/conf/{name}", encoding="ascii") as f:
            assert f.read() == text, where
    # Tidied up after the operation has ended.
    wait_for(lambda: not os.path.exists(f"{shelf.data}/.apphost") or not os.listdir(f"{shelf.data}/.apphost"), 10, where)
    return True


class Visitors:
    """Somebody who looks at the app all the time."""

    def __init__(self, stack):
        self.stack, self.seen, self.ends = stack, set(), threading.Event()
        self.thread = threading.Thread(target=self.visit, daemon=True)
        self.thread.start()

    def visit(self):
        while not self.ends.is_set():
            try:
                answer = self.stack.get("mine", timeout=5)
                self.seen.add((answer.status, answer.body if answer.status == 200 else b""))
            except OSError as error:
                self.seen.add((0, str(error).encode()))
            time.sleep(0.02)

    def stop(self):
        self.ends.set()
        self.thread.join(10)
        return self.seen


def test_update_and_rollback(stack, shelf, images, registry, engine):
    before = stack.get("mine", "/cgi-bin/answers").body.splitlines()
    assert before[0].startswith(b"hello ") and len(before[0]) == 26 and before[1:] == [b"first 1", b"again 1", b"1 too"]
    old = stack.json("status", "mine")
    second = shelf.publish(2, images["2"], changes="Better.", notes="Read this.",
                           credentials=[{"label": "Door", "user": "me", "password": "{{answer.door}}"}],
                           questions=[{"id": "door", "kind": "custom", "label": "Door", "type": "secret", "generate": 20},
                                      {"id": "colour", "kind": "environment", "label": "Colour",
                                       "service": "web", "target": "COLOUR", "default": "red"}])
    plan = stack.json("update", "mine", "--plan")["plan"]
    assert (plan["update"]["from"], plan["update"]["to"]) == (shelf.first, second)
    assert [i["service"] for i in plan["update"]["images"]] == ["web"] and plan["images"][0]["pull"]
    assert plan["update"]["files"] == ["conf/b", "conf/c"] and sorted(plan["update"]["answers"]) == ["colour", "door"]
    assert {"one-way", "changes"} <= {w["id"] for w in plan["warnings"]} and plan["asked"] == []
    assert page(stack) == b"one" and revision(stack) == shelf.first

    visitors = Visitors(stack)
    said = stack.ctl("update", "mine", "--yes").stdout
    assert second[:12] in said and "Read this." in said
    door = said.partition("password")[2].split()[0]
    assert len(door) == 20 and door not in json.dumps(stack.json("job", stack.json("jobs")["jobs"][0]["job_id"]))
    wait_for(lambda: page(stack) == b"two", 5, "the new page")
    assert visitors.stop() <= {(200, b"one"), (200, b"two"), (503, b"")}
    after = stack.get("mine", "/cgi-bin/answers").body.splitlines()
    assert after == [before[0], b"first 1", b"again 2", b"2 too"], "answers and secrets stay, and so do a person's files"
    new = stack.json("status", "mine")
    assert (new["revision"], note(shelf)) == (second, "do not lose me")
    assert all(new[key] == old[key] for key in ("app_id", "port", "subnet", "state"))
    assert stack.json("update", "mine")["changed"] is False
    assert "already" in stack.ctl("update", "mine").stdout

    # Without catalog and network.
    stack.ctl("catalog", "remove", "shelf")
    registry.stop()
    try:
        assert "one-way" in {w["id"] for w in stack.json("rollback", "mine", "--plan")["plan"]["warnings"]}
        stack.ctl("rollback", "mine", "--yes")
        assert page(stack) == b"one" and revision(stack) == shelf.first
        assert stack.get("mine", "/cgi-bin/answers").body.splitlines() == before
        stack.ctl("rollback", "mine", "--yes")
        assert page(stack) == b"two" and revision(stack) == second
    finally:
        registry.start()
    stack.ctl("uninstall", "mine", "--purge", "--yes")
    assert [engine.image_id(f"{registry.host}/{images[tag]}") for tag in "12"] == [None, None]


def test_which_revision(stack, shelf, images, engine, registry):
    """By number or digest; a setting alone is a reason to be made anew; images that are too old go."""
    refs = [f"{registry.host}/{images[tag]}" for tag in "123"]
    second = shelf.publish(2, images["2"])
    third = shelf.publish(3, images["3"])
    stack.ctl("update", "mine", "--revision", "2", "--yes")
    assert (page(stack), revision(stack)) == (b"two", second)
    stack.ctl("update", "mine", "--yes")
    assert (page(stack), revision(stack)) == (b"three", third)
    wait_for(lambda: engine.image_id(refs[0]) is None, 20, "the image nobody can go back to is gone")
    assert engine.image_id(refs[1]) and engine.image_id(refs[2])
    stack.ctl("update", "mine", "--revision", third[:10], "--set", "greeting=salve", "--yes")
    assert stack.get("mine", "/cgi-bin/answers").body.startswith(b"salve ")
    done = stack.ctl("update", "mine", "--revision", "9", "--yes", check=False)
    assert done.returncode != 0 and "no revision 9" in done.stderr
    done = stack.ctl("update", "mine", "--set", "colour=red", "--yes", check=False)
    assert done.returncode == 2 and "greeting" in done.stderr and page(stack) == b"three"


def test_its_own_revisions_only(stack, shelf, images):
    """Not those of another entry; obsolete ones only when that is said, but for the one it had before."""
    other = {"apphost": 1, "id": "other", "revision": 7, "title": "Other", "web": {"service": "web", "port": 80},
             "compose": {"services": {"web": {"image": "team/other:1"}}}}
    line = stack.ctl("revision", "import", "-", "--activate", stdin=json.dumps(other)).stdout.split()[0]
    assert line.startswith("local/other@")
    for word, said in ((line, "is a revision of local/other"), (line.partition("@")[2], "is another entry's: " + line),
                       ("local/other", "is a revision of local/other")):
        done = stack.ctl("update", "mine", "--revision", word, "--yes", check=False)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    for word in ("0123456789", "7"):
        assert stack.ctl("update", "mine", "--revision", word, "--yes", check=False).returncode == 6
    second = shelf.publish(2, images["2"])
    third = shelf.publish(3, images["3"], obsolete=True)
    for word in ("3", third[:9], f"shelf/shop@{third[:16]}", f"shop@{third}"):
        done = stack.ctl("update", "mine", "--revision", word, "--yes", check=False)
        assert done.returncode == 3 and "--obsolete" in done.stderr, done.stderr
    is_old(stack, shelf)
    assert "obsolete" in stack.ctl("update", "mine", "--revision", "3", "--obsolete", "--plan").stdout
    stack.ctl("update", "mine", "--revision", f"shelf/shop@{second[:16]}", "--yes")
    assert (page(stack), revision(stack)) == (b"two", second)
    plan = " ".join(stack.ctl("rollback", "mine", "--plan").stdout.split())
    assert "calls the entry obsolete by now. It goes back all the same" in plan
    stack.ctl("rollback", "mine", "--yes")
    assert (page(stack), revision(stack)) == (b"one", shelf.first)
    # From an obsolete one away, and back to it: it was agreed to once.
    stack.ctl("update", "mine", "--revision", "3", "--obsolete", "--yes")
    stack.ctl("update", "mine", "--revision", "1", "--yes")
    plan = " ".join(stack.ctl("update", "mine", "--revision", "3", "--plan").stdout.split())
    assert "It goes to an obsolete revision all the same" in plan
    stack.ctl("rollback", "mine", "--yes")
    assert (page(stack), revision(stack)) == (b"three", third)


def test_a_tag_that_moves(stack, shelf, images, engine, registry):
    """Revisions whose image has one name and two digests: each has its own."""
    stack.announced += [r"job \d+"]
    image, other = f"moving{PID}:1", f"moving{PID}:b"
    ref = f"{registry.host}/{image}"
    for name, content in ((image, b"north"), (other, b"south")):
        engine.import_image(f"{registry.host}/{name}", busybox_files({"index.html": content}), WEB)
        engine.push(f"{registry.host}/{name}")
        engine.remove_image(f"{registry.host}/{name}")
    north, south = registry.manifest(image)[1], registry.manifest(other)[1]
    shelf.publish(2, image, digests={ref: north})
    stack.ctl("update", "mine", "--yes")
    was = engine.image_id(ref)
    assert page(stack) == b"north"
    registry.manifest(image, registry.manifest(other)[0])
    shelf.publish(3, image, digests={ref: south}, service={"healthcheck": {"test": ["NONE"]}})
    # It comes, and something else goes wrong: the name is back where it was.
    operation = kills.Operation(stack, "update", "mine", yes=True)
    assert operation.until("start")
    stack.ctl("job", stack.json("jobs")["jobs"][0]["job_id"], "--cancel")
    operation.end()
    assert page(stack) == b"north" and engine.image_id(ref) == was
    changed = stack.json("update", "mine", "--plan")["plan"]["update"]["images"]
    assert changed == [{"service": "web", "from": ref, "to": ref}]
    stack.ctl("update", "mine", "--yes")
    assert page(stack) == b"south" and engine.image_id(ref) != was
    stack.ctl("rollback", "mine", "--yes")
    assert page(stack) == b"north"
    stack.ctl("rollback", "mine", "--yes")
    assert page(stack) == b"south"
    ids = [was, engine.image_id(ref)]
    stack.ctl("uninstall", "mine", "--purge", "--yes")
    assert [engine.image_id(each) for each in ids] == [None, None]


def test_consent_only_for_what_is_new(stack, shelf, images):
    ports = [free_port(), free_port()]

    def opened(count):
        return {"service": {"ports": [f"{port}:{81 + i}" for i, port in enumerate(ports[:count])]}}
    shelf.publish(2, images["1"], **opened(1))
    done = stack.ctl("update", "mine", check=False)
    assert f"ports.{ports[0]}/tcp" in done.stdout + done.stderr and done.returncode != 0
    assert is_old(stack, shelf)
    stack.ctl("update", "mine", "--consent", f"ports.{ports[0]}/tcp")
    assert revision(stack) != shelf.first
    shelf.publish(3, images["2"], **opened(1))
    stack.ctl("update", "mine")   # nothing is new, so nobody is asked
    assert page(stack) == b"two"
    shelf.publish(4, images["1"], **opened(2))
    plan = stack.json("update", "mine", "--plan")["plan"]
    assert [f["id"] for f in plan["asked"]] == [f"ports.{ports[1]}/tcp"]
    assert plan["update"]["agreed"] == [f"ports.{ports[0]}/tcp"]
    assert plan["update"]["ports"] == [{"port": ports[1], "protocol": "tcp", "address": "", "opens": True}]
    assert stack.ctl("update", "mine", check=False).returncode != 0 and page(stack) == b"two"
    stack.ctl("update", "mine", "--yes")
    shelf.publish(5, images["2"])
    plan = stack.json("update", "mine", "--plan")["plan"]
    assert plan["asked"] == [] and len(plan["update"]["gone"]) == 2
    stack.ctl("update", "mine")
    stack.ctl("rollback", "mine")   # agreed to then
    assert page(stack) == b"one"


FAILING = {
    "ends": ({}, "no such option"),
    "mute": ({}, "did not answer"),
    "refused": ({"service": {"privileged": True}}, "privileged"),
    "question": ({"questions": [{"id": "owner", "kind": "environment", "label": "The owner", "service": "web",
                                 "target": "OWNER", "required": True}]}, "owner"),
    "too-many": ({}, "no room"),
}


@pytest.mark.parametrize("how", FAILING)
def test_a_failing_update(stack, shelf, images, engine, registry, how):
    more, sentence = FAILING[how]
    stack.announced += [r"job \d+"]
    if how == "too-many":
        image = {"image": f"{registry.host}/{images['2']}"}
        more = {"compose": {"services": {"web": image} | {f"s{i}": image for i in range(14)}}}
    shelf.publish(2, images.get(how, images["2"]), **more)
    visitors = Visitors(stack)
    done = stack.ctl("update", "mine", "--yes", check=False)
    assert done.returncode != 0 and sentence in done.stderr, done.stderr
    assert visitors.stop() <= {(200, b"one"), (503, b"")}
    assert is_old(stack, shelf)
    job = stack.json("jobs")["jobs"][0]
    assert (job["op"], job["result"]) == ("update", "rolled-back" if how in ("ends", "mute") else "failed")
    row = stack.json("status", "mine")
    assert row["state"] == "running" and (sentence in row["reason"]) == (how in ("ends", "mute"))
    assert engine.image_id(f"{registry.host}/{images.get(how, images['2'])}") is None
    if how == "question":
        stack.ctl("update", "mine", "--set", "owner=me", "--yes")
        assert page(stack) == b"two"
    if how == "ends":
        assert "nothing to go back" in stack.ctl("rollback", "mine", check=False).stderr
        shelf.publish(3, images["2"])
        stack.ctl("update", "mine", "--yes")
        assert page(stack) == b"two" and stack.json("status", "mine")["reason"] == ""


def test_a_cancelled_update(stack, shelf, images):
    stack.announced += [r"job \d+"]
    shelf.publish(2, images["mute"])
    operation = kills.Operation(stack, "update", "mine", yes=True)
    assert operation.until("health")
    assert stack.get("mine").status == 503
    stack.ctl("job", stack.json("jobs")["jobs"][0]["job_id"], "--cancel")
    operation.end()
    assert operation.answer["code"] == "cancelled" and is_old(stack, shelf)


def test_a_stopped_app_stays_stopped(stack, shelf, images):
    stack.announced += [r"job \d+"]
    stack.ctl("stop", "mine")
    shelf.publish(2, images["ends"])
    visitors = Visitors(stack)
    assert stack.ctl("update", "mine", "--yes", check=False).returncode != 0
    shelf.publish(3, images["2"])
    assert "stopped" in stack.ctl("update", "mine", "--yes").stdout
    assert visitors.stop() <= {(503, b"")}, "nobody is let in"
    containers, _ = stack.ours()
    assert {c["State"] for c in containers} == {"exited"}
    assert stack.json("status", "mine")["state"] == "stopped"
    stack.ctl("start", "mine")
    assert page(stack) == b"two"
    stack.ctl("stop", "mine")
    stack.ctl("rollback", "mine", "--yes")
    stack.ctl("start", "mine")
    assert page(stack) == b"one" and revision(stack) == shelf.first


def test_a_stopped_app_comes_back_from_a_failed_update(stack, shelf, images):
    stack.announced += [r"job \d+"]
    stack.ctl("stop", "mine")
    shelf.publish(2, images["ends"])
    assert stack.ctl("update", "mine", "--yes", check=False).returncode != 0
    stack.ctl("start", "mine")
    assert is_old(stack, shelf)


def test_what_a_person_wrote(stack, shelf, images):
    """It is written over only where somebody says so, and a rollback has it back."""
    def write(name, text):
        with open(f"{shelf.data}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def read(*names):
        texts = []
        for name in names:
            with open(f"{shelf.data}/{name}", encoding="ascii") as f:
                texts.append(f.read())
        return texts

    mine = ("d/set.ini", "conf/b", "conf/c")
    write("d/set.ini", "set up\n")
    write("conf/b", "changed\n")
    os.chmod(f"{shelf.data}/conf/b", 0o640)
    files = [{"path": "d/set.ini", "when": "update", "text": "author\n"},
             {"path": "conf/b", "when": "update", "text": "again 2\n"},
             {"path": "conf/c", "when": "update", "text": "2 too\n"}]
    second = shelf.publish(2, images["2"], files=files)
    plan = stack.json("update", "mine", "--plan")["plan"]
    asked = {"overwrite.conf/b", "overwrite.d/set.ini"}
    assert {f["id"] for f in plan["asked"]} == asked and plan["update"]["files"] == ["d/set.ini", "conf/b", "conf/c"]
    moved = stack.ctl("revision", "migrate", check=False)
    assert moved.returncode == 2 and "d/set.ini" in moved.stderr and "line 0" not in moved.stderr
    assert read(*mine) == ["set up\n", "changed\n", "1 too\n"] and page(stack) == b"one"
    stack.ctl("update", "mine", *(word for one in sorted(asked) for word in ("--consent", one)))
    assert read(*mine) == ["author\n", "again 2\n", "2 too\n"] and revision(stack) == second
    assert not asked & set(stack.json("status", "mine")["consents"]), "said once, for this update alone"
    # A rollback that fails leaves everything as it was.
    write("conf/c", "newer\n")
    assert stack.ctl("rollback", "mine", check=False).returncode != 0
    assert read(*mine) == ["author\n", "again 2\n", "newer\n"]
    stack.ctl("rollback", "mine", "--yes")
    assert read(*mine) == ["set up\n", "changed\n", "1 too\n"] and page(stack) == b"one"
    assert os.stat(f"{shelf.data}/conf/b").st_mode & 0o777 == 0o640
    stack.ctl("rollback", "mine", "--yes")
    assert read(*mine) == ["author\n", "again 2\n", "newer\n"] and page(stack) == b"two"
    # With the next update there is no way back to the first any more.
    shelf.publish(3, images["3"], files=files[:1])
    stack.ctl("update", "mine")
    wait_for(lambda: not os.listdir(f"{shelf.data}/.apphost"), 10, "the end of what was set aside")
    assert read(*mine) == ["author\n", "again 2\n", "newer\n"] and page(stack) == b"three"


def test_a_file_that_becomes_its_authors(stack, shelf, images):
    """Written once by the first revision and with every update by the second: going back undoes that."""
    def read():
        with open(f"{shelf.data}/conf/a", encoding="ascii") as f:
            return f.read()
    assert read() == "first 1\n"
    shelf.publish(2, images["2"], files=[{"path": "conf/a", "when": "update", "text": "always 2\n"}])
    stack.ctl("update", "mine")
    assert read() == "always 2\n"
    stack.ctl("rollback", "mine")
    assert read() == "first 1\n" and page(stack) == b"one"


def test_a_bad_answer_is_its_revisions(stack, shelf, images):
    """What a revision failed with is there for the next try of that revision, and for no other."""
    def greeting(*words):
        answers = stack.json("update", "mine", "--plan", *words)["plan"]["answers"]
        return {a["question"]: a["value"] for a in answers}["greeting"]
    stack.announced += [r"job \d+"]
    owner = [{"id": "owner", "kind": "environment", "label": "The owner", "service": "web", "target": "OWNER",
              "required": True}]
    shelf.publish(2, images["ends"], questions=list(owner))
    failed = stack.ctl("update", "mine", "--set", "greeting=bad", "--set", "owner=ada", check=False)
    assert failed.returncode != 0 and "your answers are kept for the next try" in failed.stderr
    assert greeting() == "bad"
    shelf.publish(3, images["3"], questions=list(owner))
    assert greeting() == "hello"
    stack.ctl("update", "mine")   # what the app had no answer to is not asked again
    assert page(stack) == b"three"


def test_what_cannot_be_updated(stack, images, registry):
    stack.install("plain", f"{registry.host}/{images['1']}")
    for verb in ("update", "rollback"):
        done = stack.ctl(verb, "plain", check=False)
        assert done.returncode == 2 and "from a script" in done.stderr
        assert stack.ctl(verb, "nobody", check=False).returncode != 0


def kill_again(stack, times):
    """Kills whatever works on the app, and what comes in its place."""
    killed = set()
    for _ in range(times):
        fresh = wait_for(lambda: set(kills.running(stack.daemon.pid, "apphost-job")) - killed - {stack.watcher}, 20,
                         "another try")
        kills.kill_job(stack, stack.watcher)
        killed |= fresh


def test_the_way_back_is_killed_too(stack, shelf, images):
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    stack.watcher = kills.watcher(stack)
    shelf.publish(2, images["2"])
    operation = kills.Operation(stack, "update", "mine", yes=True)
    assert operation.until("health")
    kill_again(stack, 1)
    # The next one dies after the files are back, while the old containers come.
    fresh = wait_for(lambda: set(kills.running(stack.daemon.pid, "apphost-job")) - {stack.watcher}, 20, "another try")
    wait_for(lambda: not os.path.exists(f"{shelf.data}/.apphost") or not os.listdir(f"{shelf.data}/.apphost"), 20, fresh)
    kill_again(stack, 2)
    operation.end()
    kills.settle(stack)
    assert is_old(stack, shelf)

    operation = kills.Operation(stack, "update", "mine", yes=True)
    assert operation.until("health")
    kill_again(stack, 4)   # that is given up
    operation.end()
    assert "restart" in operation.answer["message"], operation.answer
    # Only where the last try got as far as the old containers may the watcher have found that they answer.
    left = os.path.exists(f"{stack.state}/apps/{stack.json('status', 'mine')['app_id']}/undo.json")
    assert stack.json("status", "mine")["state"] in (("failing",) if left else ("failing", "running"))
    stack.ctl("restart", "mine")
    assert is_old(stack, shelf)


@pytest.mark.parametrize("who", ["job", "monitor"])
def test_kills(stack, shelf, images, who):
    """At whatever step: one of the two revisions answers, and it is the one the row names."""
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    stack.watcher = kills.watcher(stack)
    second = shelf.publish(2, images["2"])
    for pause in (0, 0.06, 0.3) if ALL_KILLS else (0.02,):
        for step in EVERY if ALL_KILLS else SOME[who]:
            where = f"{who} killed {pause} s after the beginning of step {step}"
            operation = kills.Operation(stack, "update", "mine", yes=True)
            assert operation.until(step), f"{where}: {operation.answer}"
            time.sleep(pause)
            strike(stack, who)
            operation.end()
            kills.settle(stack)
            wait_for(lambda: stack.json("status", "mine")["state"] == "running", 30, where)
            containers, networks = stack.ours()
            assert (len(containers), len(networks)) == (1, 1), where
            if revision(stack) == second:   # it had been done
                assert page(stack) == b"two", where
                stack.ctl("rollback", "mine", "--yes")
            assert is_old(stack, shelf, where)
    stack.ctl("update", "mine", "--yes")
    assert page(stack) == b"two"
