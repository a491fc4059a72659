# SPDX-License-Identifier: Apache-2.0
"""Updates beside what else an app has: folders other apps want as well, a service that prepares it, answers of
a try that failed, options of its virtual host; and many apps at once."""
import contextlib
import json
import os
import re
import sqlite3
import threading

import pytest

import kills
from engine_env import free_port
from relay import Relay
from stack_env import wait_for
from test_750_update import images  # noqa: F401 (a fixture)


class Gate(Relay):
    """Holds the first request to the engine that matches, until it may pass."""
    pattern = None

    def hold(self, pattern):
        self.pattern, self.held, self.may_pass = pattern, threading.Event(), threading.Event()

    def answered(self, client, data):
        line = data.split(b"\r\n", 1)[0].decode("latin-1")
        if self.pattern and re.search(self.pattern, line):
            self.pattern = None
            self.held.set()
            self.may_pass.wait(100)
        return super().answered(client, data)


PULLS = r"^POST /v[0-9.]+/images/create"
LOOKS = r"^GET /v[0-9.]+/images/[^ ]*(@|%40)sha256"


@pytest.fixture
def stack(new_stack, engine, registry, images, tmp_path):  # noqa: F811
    gate = Gate(str(tmp_path / "engine.sock"), engine.path)
    gate.start()
    stack = new_stack(StartSeconds=5, Socket=gate.path)
    stack.gate, stack.image = gate, {tag: f"{registry.host}/{name}" for tag, name in images.items()}
    yield stack
    if hasattr(gate, "may_pass"):
        gate.may_pass.set()
    stack.stop_daemon()
    gate.stop()
    for image in stack.image.values():
        engine.remove_image(image)


def entry(stack, tag="1", id="shop", revision=1, services=None, web=None, **more):
    return {"apphost": 1, "id": id, "revision": revision, "title": id.capitalize(),
            "web": {"service": "web", "port": 80},
            "compose": {"services": {"web": {"image": stack.image[tag]} | (web or {})} | (services or {})}} | more


def bring(stack, text, *more):
    path = stack.script(json.dumps(text), f"{text['id']}.json")
    stack.ctl("revision", "import", path, "--activate", *more)
    return f"local/{text['id']}"


def page(stack, name="mine", path="/"):
    return stack.get(name, path).body


def container(stack, name="mine"):
    app = stack.json("status", name)["app_id"]
    (found,) = stack.engine.containers(**{"org.apphost.instance": stack.instance_label, "org.apphost.app": str(app)})
    return stack.engine.inspect(found["Id"])


def environment(stack, name="mine"):
    return dict(line.split("=", 1) for line in container(stack, name)["Config"]["Env"])


def mounts(stack, name="mine"):
    return {m["Destination"]: m["Source"] for m in container(stack, name)["Mounts"]}


def last_job(stack):
    return stack.json("jobs")["jobs"][0]


# --- folders of storage locations -----------------------------------------------------------------

FILMS = {"id": "films", "kind": "storage", "label": "Films", "service": "web", "target": "/films"}


@pytest.fixture
def media(stack):
    stack.media = f"{stack.folder}/media"
    os.mkdir(stack.media)
    stack.ctl("storage", "add", "media", stack.media)
    bring(stack, entry(stack, questions=[FILMS]))
    stack.ctl("install", "shop", "--name", "mine", "--set", "films=media/a", "--yes")
    bring(stack, entry(stack, "2", revision=2, questions=[FILMS]))
    bring(stack, entry(stack, "1", "other", questions=[FILMS]))
    bring(stack, entry(stack, "3", "third", questions=[FILMS]))
    stack.announced += [r"(install|update) \w+"]
    return stack


def test_an_install_beside_an_update(media):
    """The one that comes sees what the other has, and what it is about to have."""
    gate = media.gate
    gate.hold(PULLS)
    update = kills.Operation(media, "update", "mine", answers='{"films":"media/b"}', yes=True)
    assert gate.held.wait(60)
    for answer in ("media/a/x", "media/b/x", "media"):
        said = media.ctl("install", "other", "--set", f"films={answer}", "--yes", check=False)
        assert said.returncode == 3 and "mine" in said.stderr, (answer, said.stderr)
    media.ctl("install", "other", "--set", "films=media/b", "--yes")    # the same folder is no danger
    (location,) = media.json("storage", "list")["locations"]
    assert sorted((a["app"], a["answer"]) for a in location["apps"]) == [
        ("mine", "media/a"), ("mine", "media/b"), ("other", "media/b")]
    gate.may_pass.set()
    assert "code" not in update.end(), update.answer
    assert page(media) == b"two" and mounts(media)["/films"] == f"{media.media}/b"
    # What it had is free again.
    media.ctl("install", "third", "--set", "films=media/a/x", "--yes")
    (location,) = media.json("storage", "list")["locations"]
    assert ("mine", "media/a") not in [(a["app"], a["answer"]) for a in location["apps"]]


def test_an_update_beside_an_install(media):
    """It was planned before the other began, and looks again before it takes anything away."""
    gate = media.gate
    gate.hold(LOOKS)
    update = kills.Operation(media, "update", "mine", answers='{"films":"media/b"}', yes=True)
    assert update.until("images") and gate.held.wait(60)
    media.ctl("install", "other", "--set", "films=media/b/x", "--yes")
    gate.may_pass.set()
    answer = update.end()
    assert answer["code"] == "denied" and "other" in answer["message"], answer
    assert page(media) == b"one" and mounts(media)["/films"] == f"{media.media}/a"
    assert sorted(os.listdir(media.media)) == ["a", "b"] and os.listdir(f"{media.media}/b") == ["x"]
    assert media.engine.image_id(media.image["2"]) is None
    media.ctl("uninstall", "other", "--purge", "--yes")
    # The other way round: the install was planned before the update, and is written down after it.
    gate.hold(PULLS)
    install = kills.Operation(media, "install", "third", entry="third", answers='{"films":"media/b/y"}', yes=True)
    assert gate.held.wait(60)
    media.ctl("update", "mine", "--set", "films=media/b", "--yes")
    gate.may_pass.set()
    answer = install.end()
    assert answer["code"] == "denied" and "mine" in answer["message"], answer
    assert page(media) == b"two" and [a["name"] for a in media.json("list")["apps"]] == ["mine"]


# --- what prepares it, files and folders -----------------------------------------------------------

def prepared(stack, tag, revision, line="exit 0"):
    said = f"/bin/busybox echo {revision} >> /data/prepared; {line}"
    setup = {"image": stack.image["1"], "volumes": ["./data:/data"], "command": ["/bin/busybox", "sh", "-c", said]}
    return entry(stack, tag, revision=revision, services={"setup": setup}, prepare="setup", questions=[FILMS],
                 web={"volumes": ["./data:/www/data", "./conf:/www/conf"]},
                 files=[{"path": "conf/mine", "text": f"{revision}"},
                        {"path": "conf/yours", "text": f"{revision}", "when": "update"}])


def test_what_prepares_it_and_its_files(stack):
    media = f"{stack.folder}/media"
    os.mkdir(media)
    stack.ctl("storage", "add", "media", media)
    stack.announced += [r"update mine"]
    bring(stack, prepared(stack, "1", 1))
    stack.ctl("install", "shop", "--name", "mine", "--set", "films=media/films", "--yes")

    def seen():
        assert mounts(stack)["/films"] == f"{media}/films"
        with open(f"{media}/films/one.mkv", encoding="ascii") as f:
            assert f.read() == "film"
        return tuple(page(stack, path=p).decode().split() for p in ("/data/prepared", "/conf/mine", "/conf/yours"))
    with open(f"{media}/films/one.mkv", "w", encoding="ascii") as f:
        f.write("film")
    assert seen() == (["1"], ["1"], ["1"])
    data = f"{stack.state}/data/{stack.json('status', 'mine')['app_id']}"
    with open(f"{data}/conf/mine", "w", encoding="ascii") as f:
        f.write("changed")

    # It fails while it is prepared; then after that, while it starts.
    for revision, tag, line, word in ((2, "2", "echo no room; exit 4", "no room"), (3, "ends", "exit 0", "no such option")):
        bring(stack, prepared(stack, tag, revision, line))
        failed = stack.ctl("update", "mine", "--yes", check=False)
        assert failed.returncode == 12 and word in failed.stderr, failed.stderr
        assert page(stack) == b"one" and last_job(stack)["result"] == "rolled-back"
        assert seen()[1:] == (["changed"], ["1"]) and len(stack.ours()[0]) == 1
    assert seen()[0] == ["1", "2", "3"], "data is not copied"

    bring(stack, prepared(stack, "2", 4))
    stack.ctl("update", "mine", "--yes")
    assert page(stack) == b"two" and seen() == (["1", "2", "3", "4"], ["changed"], ["4"])
    assert len(stack.ours()[0]) == 1, "what prepares it is gone"
    stack.ctl("rollback", "mine", "--yes")
    assert page(stack) == b"one" and seen() == (["1", "2", "3", "4"], ["changed"], ["1"]), "nothing is prepared"
    stack.ctl("restart", "mine")
    assert seen()[0] == ["1", "2", "3", "4"]


# --- answers of a try that failed ------------------------------------------------------------------

def kept_answers(stack):
    with contextlib.closing(sqlite3.connect(f"file:{stack.state}/catalog.db?mode=ro", uri=True)) as db:
        (table,) = [name for name, in db.execute(
            "select name from sqlite_master where type = 'table' and name like '%answers%'")]
        rows = [json.loads(text) for text, in db.execute(f"select answers from {table}")]
        return [{key: row[key] for key in row if not key.startswith(".")} for row in rows]


def test_answers_of_a_failed_update(stack):
    def asks(tag, revision, *more):
        return entry(stack, tag, revision=revision, credentials=[{"label": "Door", "user": "me", "password": "{{answer.door}}"}]
                     if more else [], questions=[
            {"id": "greeting", "kind": "environment", "label": "Greeting", "service": "web", "target": "GREETING",
             "required": True},
            {"id": "key", "kind": "environment", "label": "Key", "service": "web", "target": "SECRET", "type": "secret",
             "generate": 20}, *more])
    door = {"id": "door", "kind": "environment", "label": "Door", "service": "web", "target": "DOOR", "type": "secret",
            "generate": 16}
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    bring(stack, asks("1", 1))
    stack.ctl("install", "shop", "--name", "mine", "--set", "greeting=hello", "--yes")
    key = environment(stack)["SECRET"]
    bring(stack, asks("ends", 2, door))
    stack.ctl("update", "mine", "--set", "greeting=salve", "--plan")
    stack.ctl("update", "mine", "--set", "colour=red", "--yes", check=False)
    assert kept_answers(stack) == []
    failed = stack.ctl("update", "mine", "--set", "greeting=salve", "--yes", check=False)
    assert failed.returncode == 12 and "your answers are kept for the next try" in failed.stderr
    (kept,) = kept_answers(stack)
    assert set(kept) == {"greeting", "door"} and kept["greeting"] == "salve"
    assert environment(stack)["GREETING"] == "hello"

    # Whoever kills it loses none, either; data may have been written with the new secret by then.
    stack.watcher = kills.watcher(stack)
    operation = kills.Operation(stack, "update", "mine", yes=True, answers='{"greeting":"ave"}')
    assert operation.until("stop")
    kills.kill_job(stack, stack.watcher)
    operation.end()
    kills.settle(stack)
    assert kept_answers(stack) == [kept | {"greeting": "ave"}]

    bring(stack, asks("2", 3, door))
    shown = {a["question"]: a["value"] for a in stack.json("update", "mine", "--plan")["plan"]["answers"]}
    assert shown["greeting"] == "hello" and shown["door"] is None, "the greeting may be why the other one failed"
    said = stack.ctl("update", "mine", "--set", "greeting=ave", "--yes").stdout
    assert page(stack) == b"two" and kept["door"] in said, "told now, for it was told nobody"
    now = environment(stack)
    assert (now["GREETING"], now["SECRET"], now["DOOR"]) == ("ave", key, kept["door"])
    wait_for(lambda: kept_answers(stack) == [], 10, "the end of what was kept")
    # A rollback has nothing to do with answers of a try.
    bring(stack, asks("ends", 4, door))
    assert stack.ctl("update", "mine", "--set", "greeting=moin", "--yes", check=False).returncode == 12
    stack.ctl("rollback", "mine", "--yes")
    now = environment(stack)
    assert (now["GREETING"], now["SECRET"]) == ("hello", key) and "DOOR" not in now
    (kept,) = kept_answers(stack)
    assert kept == {"greeting": "moin"}


# --- options of its virtual host -----------------------------------------------------------------

def test_options_of_the_author_and_of_a_person(stack):
    """Those of the author move with the revision; those of the person stay, whatever an author says."""
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    stack.watcher = kills.watcher(stack)
    bring(stack, entry(stack, "1", options=["max-body=1M", "max-requests=7"]))
    stack.ctl("install", "shop", "--name", "mine", "--option", "timeout=33", "--yes")
    app = stack.json("status", "mine")["app_id"]

    def seen():
        with contextlib.closing(stack.database()) as db:
            options, requests = db.execute("select options, max_inflight from apps").fetchone()
        with open(f"{stack.state}/vhosts-available/{app:05d}.conf", encoding="utf-8") as f:
            text = f.read()
        limit = re.search(r"(?m)^ *LimitRequestBody (\d+)", text)
        return json.loads(options), requests, int(limit[1]) if limit else None, "AppHostTimeout 33" in text
    first = (["timeout=33", "max-body=1M", "max-requests=7"], 7, 1 << 20, True)
    second = (["timeout=33", "max-body=2M"], 0, 2 << 20, True)
    assert seen() == first
    bring(stack, entry(stack, "2", revision=2, options=["max-body=2M", "timeout=44"]))
    plan = stack.json("update", "mine", "--plan")["plan"]
    (said,) = [w["text"] for w in plan["warnings"] if w["id"] == "options"]
    assert "timeout=33, max-body=2M, in place of: timeout=33, max-body=1M, max-requests=7" in said
    assert seen() == first

    for step in ("vhost", "publish"):   # at the latter the row and httpd have it already
        operation = kills.Operation(stack, "update", "mine", yes=True)
        assert operation.until(step), operation.answer
        kills.kill_job(stack, stack.watcher)
        operation.end()
        kills.settle(stack)
        if page(stack) == b"two":   # it had been done
            stack.ctl("rollback", "mine", "--yes")
        assert page(stack) == b"one" and seen() == first, step
    stack.ctl("update", "mine", "--yes")
    assert page(stack) == b"two" and seen() == second
    stack.ctl("rollback", "mine", "--yes")
    assert page(stack) == b"one" and seen() == first


# --- many at once ----------------------------------------------------------------------------------

def skipped(done):
    """{app: (digits of the revision it is at, reason)}"""
    found = [re.fullmatch(r"# (?:\S+@)?([0-9a-f]+) -> \S+ (\S+): (.*)", line) for line in done.stderr.splitlines()]
    return {match[2]: (match[1], match[3]) for match in found if match}


def test_migrate(stack):
    """One job for each app; those that stay have a line each, and do not hinder the others."""
    stack.announced += [r"update \w+"]
    needs = {"id": "owner", "kind": "environment", "label": "Owner", "service": "web", "target": "OWNER", "required": True}
    opens = {"ports": [f"{free_port()}:81"]}
    for id, more in (("shop", {}), ("still", {}), ("gone", {}), ("asks", {}), ("opens", {}), ("busy", {}), ("ends", {})):
        bring(stack, entry(stack, id=id, automatic_updates=True, **more))
        stack.ctl("install", id, "--yes")
    stack.ctl("install", "shop", "--name", "shop2", "--yes")
    stack.ctl("stop", "shop2")
    stack.ctl("install", "shop", "--name", "at-rest", "--yes")
    was = {app["name"]: stack.json("status", app["name"])["revision"] for app in stack.json("list")["apps"]}
    for id, tag, more in (("shop", "2", {}), ("still", "2", {"automatic_updates": False}), ("gone", "2", {"obsolete": True}),
                          ("asks", "2", {"questions": [needs]}), ("opens", "2", {"web": opens}), ("busy", "2", {}),
                          ("ends", "ends", {})):
        bring(stack, entry(stack, tag, id, 2, **({"automatic_updates": True} | more)), "--obsolete")

    dry = stack.ctl("revision", "migrate", "--dry-run", check=False)
    assert dry.returncode == 2
    assert sorted(line.split()[-1] for line in dry.stdout.splitlines()) == [
        "at-rest", "busy", "ends", "shop", "shop2"]
    assert set(skipped(dry)) == {"still", "gone", "asks", "opens"}

    before = len(stack.json("jobs")["jobs"])
    stack.gate.hold(r"^POST /v[0-9.]+/containers/[^ ]*/stop")
    held = kills.Operation(stack, "stop", "busy")
    assert stack.gate.held.wait(60)
    done = stack.ctl("revision", "migrate", check=False)
    stack.gate.may_pass.set()
    held.end()
    assert done.returncode == 2
    assert sorted(line.split()[-1] for line in done.stdout.splitlines()) == ["at-rest", "shop", "shop2"]
    left = skipped(done)
    assert set(left) == {"still", "gone", "asks", "opens", "busy", "ends"}, done.stderr
    for name, word in (("still", "no automatic updates"), ("gone", "obsolete"), ("asks", "owner (Owner)"),
                       ("opens", "consent"), ("busy", "busy"), ("ends", "no such option")):
        assert word in left[name][1] and was[name].startswith(left[name][0]), left[name]
    assert done.stderr.splitlines()[-1] == "# 3 updated, 6 skipped."
    jobs = stack.json("jobs")["jobs"]
    asked = [j["name"] for j in jobs[:len(jobs) - before] if j["op"] == "update"]
    assert len(asked) == len(set(asked)) and {"at-rest", "shop", "shop2", "asks", "opens", "ends"} <= set(asked)
    now = {name: stack.json("status", name)["revision"] for name in was}
    assert {name for name in was if was[name] != now[name]} == {"at-rest", "shop", "shop2"}
    assert page(stack, "shop") == b"two" and page(stack, "ends") == b"one"
    assert stack.json("status", "shop2")["state"] == "stopped"

    # Who is named is moved though nobody is moved by itself; and what is obsolete stays.
    assert stack.ctl("revision", "migrate", "still").stdout.split()[-1] == "still"
    assert page(stack, "still") == b"two"
    stay = stack.ctl("revision", "migrate", "gone", "shop", check=False)
    assert stay.returncode == 2 and "obsolete" in stay.stderr and stay.stdout == ""
