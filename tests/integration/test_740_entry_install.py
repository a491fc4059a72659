# SPDX-License-Identifier: Apache-2.0
"""An entry of a catalog becomes an app: its questions, its secrets, what it runs once, what is told once,
what is kept for the next try; and what does not become one."""
import contextlib
import json
import os
import re
import sqlite3

import pytest

import terminal_env
from daemon_env import Client
from engine_env import KIND, WEB, busybox_files, free_port
from stack_env import PREFIX

PID = os.getpid()
IMAGE = f"apphost-test-entry-{PID}:1"
ENV = b'#!/bin/sh\necho "Content-Type: text/plain"\necho\nexec env\n'


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the entry\n"}, {"env": ENV}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def bare(new_stack):
    return new_stack(httpd=False)


def sh(line):
    return ["/bin/busybox", "sh", "-c", line]


def manifest(id="notes", services=None, **more):
    """One service that serves, and whatever else a test is about."""
    services = services or {"web": {"image": IMAGE}}
    return {"apphost": 1, "id": id, "revision": 1, "version": "2.1", "title": "Notes",
            "web": {"service": "web", "port": 80}, "compose": {"services": services}} | more


def bring(stack, entry, *more, name="entry.json"):
    """Into the catalog called local, and active."""
    path = stack.script(json.dumps(entry) if isinstance(entry, dict) else entry, name)
    stack.ctl("revision", "import", path, "--activate", *more)
    return f"local/{entry['id']}" if isinstance(entry, dict) else None


def in_container(stack, service):
    """What the engine says of the container of a service."""
    found = [c for c in stack.ours()[0] if c["Labels"]["com.docker.compose.service"] == service]
    assert len(found) == 1, [c["Names"] for c in stack.ours()[0]]
    return stack.engine.inspect(found[0]["Id"])


def environment(stack, service):
    return dict(line.split("=", 1) for line in in_container(stack, service)["Config"]["Env"])


def story(port, prepare="echo prepared >> /data/prepared"):
    """Two services and one that prepares them, with a question of every kind."""
    slow = "/bin/busybox sh -c 'trap \"exit 0\" TERM; while :; do sleep 1 & wait; done'"
    return manifest(
        services={
            "web": {"image": IMAGE, "depends_on": ["db"], "volumes": ["./data:/www/data", "./conf:/www/conf"],
                    "environment": {"URL": "{{url}}"},
                    "command": sh('test "$$GREETING" != break || { echo "cannot greet like that"; exit 3; }; trap "exit 0" TERM; '
                                  "/bin/busybox httpd -f -p 80 -h /www & wait")},
            "db": {"image": IMAGE, "command": slow, "environment": {"PASSWORD": "{{answer.password}}"}},
            "setup": {"image": IMAGE, "volumes": ["./data:/data"], "command": sh(prepare)}},
        web={"service": "web", "port": 80, "path": "/data/"},
        prepare="setup", health={"path": "/index.html", "seconds": 60},
        files=[{"path": "conf/app.ini", "text": "admin={{answer.admin}}\nurl={{url}}\n"}],
        credentials=[{"label": "Administration", "user": "{{answer.admin}}", "password": "{{answer.password}}"}],
        notes="Log in at {{url}} first.",
        permissions=[{"id": f"ports.{port}/tcp", "reason": "Phones synchronise through it."}],
        questions=[
            {"id": "sync", "kind": "port", "label": "Port for phones", "service": "db", "target": "9000", "protocol": "tcp",
             "default": port},
            {"id": "password", "kind": "environment", "label": "Database password", "service": "web", "target": "DB_PASSWORD",
             "type": "secret", "generate": 24},
            {"id": "admin", "kind": "custom", "label": "Name of the administrator", "required": True, "pattern": "[a-z]+"},
            {"id": "greeting", "kind": "environment", "label": "Greeting", "service": "web", "target": "GREETING",
             "default": "hello"},
            {"id": "mode", "kind": "environment", "label": "Mode", "service": "web", "target": "MODE", "type": "choice",
             "choices": [{"value": "small", "label": "For a few"}, {"value": "large", "label": "For many"}], "default": "small"},
            {"id": "level", "kind": "environment", "label": "Level", "service": "web", "target": "LEVEL", "type": "integer",
             "min": 1, "max": 9},
            {"id": "debug", "kind": "environment", "label": "Debugging", "service": "web", "target": "DEBUG", "type": "boolean",
             "default": False, "advanced": True},
            {"id": "card", "kind": "device", "label": "Graphics", "service": "web"}])


# --- the whole story ------------------------------------------------------------------------------

def test_an_entry_becomes_an_app(new_stack, image):
    stack = new_stack()
    port = free_port()
    bring(stack, story(port))
    stack.announced += [r"install notes"]

    # What is missing or wrong is told at once.
    wrong = stack.ctl("install", "notes", "--yes", "--set", "mode=huge", "--set", "level=12", "--set", "admin=", check=False)
    assert wrong.returncode == 2
    for said in ("3 answers", "mode (Mode)", "level (Level)", "admin (Name of the administrator)"):
        assert said in wrong.stderr, wrong.stderr
    unknown = stack.ctl("install", "notes", "--yes", "--set", "colour=red", check=False)
    assert unknown.returncode == 2 and "does not ask for colour" in unknown.stderr

    # A device it may not have is refused, whatever the answer.
    denied = stack.ctl("install", "notes", "--plan", "--set", "admin=ada", "--set", "card=/dev/mem", check=False)
    assert denied.returncode != 0 and "/dev/mem" in denied.stdout + denied.stderr

    # The plan says where it comes from, what is answered, and why its author wants what he wants.
    plan = stack.ctl("install", "notes", "--plan", "--set", "admin=ada").stdout
    for said in ("From local/notes, version 2.1, revision", "Its service setup runs once", "(made up)", "Port for phones",
                 "its author: Phones synchronise", "not pinned: apphost-test-entry", f"notes.{stack.domain}"):
        assert said in plan, plan

    # It fails; what was answered is kept, and nothing else.
    failed = stack.ctl("install", "notes", "--yes", "--set", "admin=ada", "--set", "level=4", "--set", "greeting=break",
                       check=False)
    assert failed.returncode == 12 and "cannot greet like that" in failed.stderr
    assert "your answers are kept for the next try" in failed.stderr
    assert stack.ours() == ([], []) and os.listdir(f"{stack.state}/data") == []

    # The next try only says what was wrong.
    answer = stack.json("install", "notes", "--yes", "--set", "greeting=welcome")
    assert answer["url"].endswith("/data/") and answer["entry"] == "local/notes"
    assert answer["notes"].startswith("Log in at http://notes.") and len(answer["credentials"]) == 1
    web, db = environment(stack, "web"), environment(stack, "db")
    assert web["GREETING"] == "welcome" and web["LEVEL"] == "4" and web["MODE"] == "small" and web["DEBUG"] == "false"
    assert re.fullmatch("[A-Za-z0-9]{24}", web["DB_PASSWORD"]) and db["PASSWORD"] == web["DB_PASSWORD"]
    assert answer["credentials"][0] == {"label": "Administration", "user": "ada", "password": web["DB_PASSWORD"]}
    assert in_container(stack, "db")["HostConfig"]["PortBindings"]["9000/tcp"][0]["HostPort"] == str(port)
    assert in_container(stack, "db")["Created"] < in_container(stack, "web")["Created"]
    assert len(stack.ours()[0]) == 2, "what prepares it is gone"
    assert stack.get("notes", "/data/prepared").body == b"prepared\n"
    assert stack.get("notes", "/conf/app.ini").body.startswith(b"admin=ada\nurl=http://notes.")

    # Secrets are told once, and shown nowhere.
    shown = stack.ctl("status", "notes", "--json").stdout + stack.ctl("jobs", "--json").stdout
    shown += "".join(stack.ctl("job", j["job_id"], "--json").stdout for j in stack.json("jobs")["jobs"])
    assert web["DB_PASSWORD"] not in shown
    row = stack.json("status", "notes")
    assert row["entry"] == "local/notes" and row["version"] == "2.1" and len(row["revision"]) == 64
    with contextlib.closing(sqlite3.connect(f"{stack.state}/catalog.db")) as db:
        tables = [name for name, in db.execute("select name from sqlite_master where type = 'table' and name like '%answers%'")]
        assert tables and all(db.execute(f"select count(*) from {name}").fetchone() == (0,) for name in tables)

    # It needs its catalog no more: neither to start again, nor to be made again, nor to go.
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{stack.state}/catalog.db{suffix}")
    stack.ctl("restart", "notes")
    if KIND == "docker":    # compose does not take up a network of Podman's
        stack.engine.request("DELETE", f"/containers/{in_container(stack, 'web')['Id']}?force=1")
        stack.ctl("restart", "notes")
    assert stack.get("notes", "/data/prepared").body == b"prepared\n", "it is prepared once"
    stack.ctl("uninstall", "notes", "--purge", "--yes")
    assert stack.ours() == ([], []) and os.listdir(f"{stack.state}/data") == []


# --- secrets --------------------------------------------------------------------------------------

SECRET = "Tr0ub4dor-and-3"


def where_it_is(stack, secret=SECRET):
    """Columns of the databases and files below the state folder in which the secret stands."""
    found = set()
    for database in ("apphost.db", "catalog.db"):
        with contextlib.closing(sqlite3.connect(f"file:{stack.state}/{database}?mode=ro", uri=True)) as db:
            for table, in db.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in db.execute(f"select * from {table}").fetchall():
                    names = [column[1] for column in db.execute(f"pragma table_info({table})")]
                    found |= {f"{table}.{name}" for name, value in zip(names, row) if secret in str(value)}
    for folder, _, names in os.walk(stack.state):
        for name in names:
            path = f"{folder}/{name}"
            with open(path, "rb") as f:
                if ".db" not in name and secret.encode() in f.read():
                    assert os.stat(path).st_mode & 0o077 == 0, path
                    found.add(os.path.relpath(path, stack.state))
    return found


def all_said(stack, *names):
    """Whatever people can ask for."""
    said = stack.ctl("list", "--json").stdout + stack.ctl("jobs", "--json").stdout
    said += "".join(str(stack.ctl("job", job["job_id"], *more, check=False)) for job in stack.json("jobs")["jobs"]
                    for more in (["--json"], ["-f"], []))
    return said + "".join(stack.ctl("status", name, *more).stdout for name in names for more in (["--json"], []))


def try_secret(stack, id, *more, secret=SECRET):
    """Installs it in every way that says something; what was said, and how the last one ended."""
    words = ["install", id, "--set", f"password={secret}", *more]
    said = [stack.ctl(*words, *how, check=False) for how in (["--plan"], ["--plan", "--json"], ["--json"], ["--yes"])]
    with Client(stack.socket, timeout=120) as client:
        raw = client.ask("install", entry=id, name=id, answers=json.dumps({"password": secret}), yes=True)
    return "".join(done.stdout + done.stderr for done in said) + json.dumps(raw), said[-1]


def test_a_secret_is_told_nowhere(bare, image):
    """Wherever its author puts it: in what is refused, in what is asked, in what cannot be read, in what an app
    says when it fails."""
    bare.announced += [r"install \w+"]
    asks = [{"id": "password", "kind": "custom", "label": "Password", "type": "secret", "required": True}]
    word = "{{answer.password}}"
    cases = {
        "refused": ({"volumes": [f"/srv/{word}:/x"], "pid": word, "cap_add": [word]}, 3, "(a secret)"),
        "cut": ({"volumes": ["/srv/" + "x" * 70 + f"{word}:/x"], "devices": [f"/dev/{'y' * 90}{word}"]}, 3, "(a secret)"),
        "asked": ({"devices": [f"/dev/snd/{word}"]}, 3, "answer to password, which is a secret"),
        "named": ({"image": f"team/{word}:1"}, None, ""),
        "unread": ({"ports": [f"{word}:90"]}, None, ""),
        "typed": ({"mem_limit": word, "shm_size": word, "stop_grace_period": word}, None, ""),
        "failing": ({"environment": {"PASSWORD": word},
                     "command": sh("echo the word is $$PASSWORD; echo again $$PASSWORD >&2; exit 3")}, 12, "(a secret)"),
        "mute": ({"environment": {"PASSWORD": word}, "command": ["/none/" + word]}, None, ""),
    }
    for id, (service, code, words) in cases.items():
        bring(bare, manifest(id, {"web": {"image": IMAGE} | service}, questions=asks))
        said, last = try_secret(bare, id)
        assert SECRET not in said and SECRET[:8] not in said, (id, said)
        assert last.returncode == code if code is not None else last.returncode != 0, (id, last)
        assert words in last.stderr, (id, last.stderr)
    # A short one hides what it is all of, and an accident is none.
    bring(bare, manifest("short", {"web": {"image": IMAGE, "cap_add": [word]}}, questions=asks))
    said, last = try_secret(bare, "short", secret="xyz")
    assert "xyz" not in said and "(a secret)" in last.stderr
    bring(bare, manifest("plain", {"web": {"image": IMAGE, "environment": {"P": word}}}, questions=asks))
    assert bare.ctl("install", "plain", "--plan", "--set", f"password={IMAGE[:12]}").returncode == 0
    # Answers of a try that failed are kept for the next, and nothing else knows it.
    assert where_it_is(bare) == {"answers.answers"}
    assert SECRET not in all_said(bare)


def test_a_secret_of_an_app_and_of_a_rockon(new_stack, image):
    stack = new_stack()
    stack.announced += [r"start told", r"update told"]
    name, _, tag = IMAGE.rpartition(":")
    rockon = {"Told": {"description": "x", "version": "1.0", "website": "https://example.org", "ui": {"slug": "index.html"},
                       "containers": {"told": {
                           "image": name, "tag": tag, "launch_order": 1,
                           "environment": {"DB_PASSWORD": {"description": "x", "label": "Password", "index": 1}},
                           "ports": {"80": {"description": "x", "label": "Web", "host_default": 8080,
                                            "protocol": "tcp", "ui": True}}}}}}
    bring(stack, json.dumps(rockon), "--format", "rockon")
    said = stack.ctl("install", "told", "--plan", "--set", f"db_password={SECRET}").stdout
    plan = stack.ctl("install", "told", "--plan", "--json", "--set", f"db_password={SECRET}").stdout
    done = stack.ctl("install", "told", "--yes", "--set", f"db_password={SECRET}")
    assert SECRET not in said + plan + done.stderr and "(not shown)" in said
    assert done.stdout.count(SECRET) == 1, "once, to who installs it"
    assert environment(stack, "told")["DB_PASSWORD"] == SECRET
    # The page it begins with is the one that is told.
    url = f"http://told.{stack.domain}:{stack.port}/index.html"
    assert url in done.stdout and url in stack.ctl("list").stdout and url in stack.ctl("status", "told").stdout
    assert all(one.endswith("/index.html") for one in stack.json("status", "told")["url"])
    # Later it is not known any more which answer was one, but for the app's own row.
    stack.ctl("restart", "told")
    stack.engine.request("DELETE", f"/containers/{in_container(stack, 'told')['Id']}?force=1")
    stack.ctl("start", "told", check=False)
    stack.ctl("vhost", "told", check=False)
    bring(stack, json.dumps(rockon).replace('"x"', '"y"'), "--format", "rockon", "--force")
    for words in (["--plan"], ["--plan", "--json"], ["--yes"]):
        done = stack.ctl("update", "told", *words)
        assert SECRET not in done.stdout + done.stderr
    assert SECRET not in all_said(stack, "told")
    app_id = stack.json("status", "told")["app_id"]
    assert where_it_is(stack) == {"apps.answers", "apps.compose", "apps.previous", f"apps/{app_id}/compose.json"}


# --- several of one, and data that was kept -------------------------------------------------------

def test_two_of_one_entry_and_one_that_comes_back(bare, image):
    port = free_port()
    entry = manifest(services={"web": {"image": IMAGE, "volumes": ["./data:/data"]}},
                     files=[{"path": "data/once.txt", "text": "first"}, {"path": "data/mine.txt", "text": "first", "when": "update"}],
                     questions=[{"id": "token", "kind": "environment", "label": "Token", "service": "web", "target": "TOKEN",
                                 "type": "secret", "generate": 16},
                                {"id": "sync", "kind": "port", "label": "Phones", "service": "web", "target": "9000",
                                 "protocol": "tcp", "default": port}])
    bring(bare, entry)

    def token(name):
        app_id = bare.json("status", name)["app_id"]
        (found,) = [c for c in bare.ours()[0] if c["Labels"]["org.apphost.app"] == str(app_id)]
        inspected = bare.engine.inspect(found["Id"])
        published = inspected["HostConfig"]["PortBindings"]["9000/tcp"][0]["HostPort"]
        return dict(v.split("=", 1) for v in inspected["Config"]["Env"])["TOKEN"], int(published)
    bare.ctl("install", "notes", "--yes")
    # The default is taken by the first: the plan says what the second gets, and the second gets that.
    plan = bare.ctl("install", "notes", "--name", "more", "--plan").stdout
    moved = int(re.search(rf"port {port} is in use by .*, so Phones gets port (\d+)", " ".join(plan.split()))[1])
    assert moved > port
    bare.ctl("install", "notes", "--name", "more", "--yes")
    (first, at), (second, elsewhere) = token("notes"), token("more")
    assert first != second and (at, elsewhere) == (port, moved)

    # Its data was made with its token: both come back together.
    app_id = bare.json("status", "notes")["app_id"]
    data = f"{bare.state}/data/{app_id}/data"
    bare.ctl("uninstall", "notes")
    for name in ("once.txt", "mine.txt"):
        with open(f"{data}/{name}", "w", encoding="ascii") as f:
            f.write("changed")
    assert "data/mine.txt stays as it is" in " ".join(bare.ctl("install", "notes", "--plan").stdout.split())
    bare.ctl("install", "notes", "--yes")
    assert token("notes") == (first, port)
    assert open(f"{data}/once.txt", encoding="ascii").read() == "changed", "a person's by now"
    assert open(f"{data}/mine.txt", encoding="ascii").read() == "changed", "an update would ask"


# --- what is not installed ------------------------------------------------------------------------

def test_not_for_this_machine_nor_any_more(bare, image):
    bare.announced += [r"install (other|old|nothing)"]
    bring(bare, manifest("other", architectures=["riscv64", "s390x"]))
    wrong = bare.ctl("install", "other", "--yes", check=False)
    assert wrong.returncode == 2 and "riscv64, s390x" in wrong.stderr and "cannot be installed here" in wrong.stderr
    bring(bare, manifest("old", obsolete=True, deprecated="Use the new one."), "--obsolete")
    gone = bare.ctl("install", "old", "--yes", check=False)
    assert gone.returncode == 3 and "--obsolete" in gone.stderr
    plan = bare.ctl("install", "old", "--obsolete", "--plan").stdout
    assert "Use the new one." in plan and "obsolete" in plan
    assert bare.ctl("install", "nothing-of-that-name", "--yes", check=False).returncode == 6
    assert bare.ctl("install", bare.script("x"), "--name", "x", "--set", "a=b", check=False).returncode == 2


def test_not_from_a_catalog_that_expired(bare, image):
    bare.announced += [r"install home/notes|install notes"]
    bring(bare, manifest())
    with contextlib.closing(sqlite3.connect(f"{bare.state}/catalog.db")) as db:
        db.execute("update revisions set catalog = 'home'")
        db.execute("insert into catalogs(name, url, private, version, sha256, generated, expires, etag, checked, refreshed, error)"
                   " values('home', 'file:///nowhere', 0, 3, '', 1000, 2000, '', 1000, 1000, '')")
        db.commit()
    stale = bare.ctl("install", "home/notes", "--yes", check=False)
    assert stale.returncode == 3 and "home" in stale.stderr and "expired" in stale.stderr, stale.stderr
    assert bare.ours() == ([], [])


def test_a_folder_of_a_storage_location(bare, image):
    """Where a person says so, and only there."""
    bare.announced += [r"install notes"]
    place = f"{bare.folder}/media"
    os.makedirs(f"{place}/films")
    bare.ctl("storage", "add", "media", place)
    asks = {"id": "films", "kind": "storage", "label": "Films", "service": "web", "target": "/films"}
    bring(bare, manifest(questions=[asks]))
    wrong = bare.ctl("install", "notes", "--yes", "--set", "films=/etc", check=False)
    assert wrong.returncode == 2 and "films (Films)" in wrong.stderr
    absent = bare.ctl("install", "notes", "--yes", "--set", "films=music/old", check=False)
    assert absent.returncode == 6 and "music" in absent.stderr
    bare.ctl("install", "notes", "--yes", "--set", "films=media/films")
    assert [m["Source"] for m in in_container(bare, "web")["Mounts"]] == [f"{place}/films"]
    bare.ctl("uninstall", "notes", "--purge", "--yes")
    assert os.path.isdir(f"{place}/films")


def test_a_digest_is_the_only_one(bare, engine, registry):
    """What the registry has under the tag is pulled where it is what the entry names, and nothing else is."""
    ref = f"{registry.host}/entry{PID}/web:1"
    bare.announced += [r"install pinned", r"install strange"]
    engine.import_image(ref, busybox_files(), WEB)
    engine.push(ref)
    digest = registry.manifest(ref)[1]
    engine.remove_image(ref)
    try:
        services = {"web": {"image": ref}}
        bring(bare, manifest("strange", services, digests={ref: "sha256:" + "0" * 64}))
        strange = bare.ctl("install", "strange", "--yes", check=False)
        assert strange.returncode == 10 and digest in strange.stderr and "0" * 64 in strange.stderr
        assert engine.image_id(ref) is None, "it was not even pulled"
        bring(bare, manifest("pinned", services, digests={ref: digest}))
        assert "not pinned" not in bare.ctl("install", "pinned", "--plan").stdout
        bare.ctl("install", "pinned", "--yes")
        bare.ctl("uninstall", "pinned", "--purge", "--yes")
    finally:
        engine.remove_image(ref)


def test_what_prepares_it_fails_with_its_reason(bare, image):
    bare.announced += [r"install notes"]
    bring(bare, story(free_port(), "echo looking for the old data; echo there is no room for it >&2; exit 4"))
    failed = bare.ctl("install", "notes", "--yes", "--set", "admin=ada", check=False)
    assert failed.returncode == 12
    said = failed.stderr.splitlines()[-1]
    assert "service setup, which prepares the app, failed (exit code 4)" in said
    assert "looking for the old data" in said and "there is no room for it" in said
    assert bare.ours() == ([], []) and os.listdir(f"{bare.state}/data") == []


# --- rock-ons -------------------------------------------------------------------------------------

def test_a_rockon_of_two_containers(new_stack, image):
    stack = new_stack()
    port = free_port()
    name, _, tag = IMAGE.rpartition(":")
    asks = {"description": "Who writes", "label": "Owner", "index": 1}
    entry = {"Diary": {"description": "<p>Keeps <b>notes</b>.</p>", "version": "1.0", "website": "https://example.org",
                       "ui": {"slug": "index.html"},
                       "container_links": {"diary": [{"name": "db", "source_container": "diary-db"}]},
                       "containers": {
                           "diary": {"image": name, "tag": tag, "launch_order": 2, "environment": {"DIARY_OWNER": asks},
                                     "volumes": {"/www/data": {"description": "Where notes are kept", "label": "Notes"}},
                                     "ports": {"80": {"description": "Web page", "label": "Web", "host_default": 8080,
                                                      "protocol": "tcp", "ui": True},
                                               "9000": {"description": "For phones", "label": "Phones", "host_default": port,
                                                        "protocol": "tcp"}}},
                           "diary-db": {"image": name, "tag": tag, "launch_order": 1, "environment": {
                               "DB_PASSWORD": {"description": "Of the database", "label": "Password", "index": 1}}}}}}
    bring(stack, json.dumps(entry), "--format", "rockon")
    stack.announced += [r"install diary"]
    missing = stack.ctl("install", "diary", "--yes", check=False)
    assert missing.returncode == 2 and "diary_owner (Owner)" in missing.stderr
    answer = stack.json("install", "diary", "--yes", "--set", "diary_owner=ada")
    assert answer["url"].endswith("/index.html")
    assert stack.get("diary", "/index.html").body == b"hello from the entry\n"
    assert environment(stack, "diary")["DIARY_OWNER"] == "ada" and len(environment(stack, "diary-db")["DB_PASSWORD"]) == 24
    assert in_container(stack, "diary-db")["Created"] < in_container(stack, "diary")["Created"]
    assert in_container(stack, "diary")["HostConfig"]["PortBindings"]["9000/tcp"][0]["HostPort"] == str(port)
    stack.ctl("restart", "diary")
    stack.ctl("uninstall", "diary", "--purge", "--yes")
    assert stack.ours() == ([], [])


# --- on a terminal --------------------------------------------------------------------------------

def test_a_person_is_asked(bare, image):
    bring(bare, story(free_port()))
    words = [f"{PREFIX}/bin/apphostctl", "install", "notes", "--name", "asked"]
    person = terminal_env.Typist(words, {"APPHOST_SOCKET": bare.socket, "PATH": "/usr/bin:/bin"})
    person.until("Port for phones")
    person.until("> ")
    person.type("70000")
    person.until("This has to be 65535 or less.")
    person.until("> ")
    person.type("")
    person.until("Database password")
    person.until("[made up]> ")
    person.type("hunter2 hunter2")
    person.until("Name of the administrator")
    person.until("> ")
    person.type("")
    person.until("This needs an answer.")
    person.until("> ")
    person.type("ada")
    person.until("Greeting")
    person.until("[hello]> ")
    person.type("")
    person.until("1) For a few")
    person.until("[small]> ")
    person.type("2")
    person.until("Level")
    person.until("> ")
    person.type("")
    person.until("Graphics")
    person.until("> ")
    person.type("")
    assert "Debugging" not in person.until("The plan for asked"), "advanced, and has a default"
    assert "hunter2" not in person.until("Consent to this, and install it?")
    person.type("y")
    code, rest = person.end()
    assert code == 0, rest
    assert "asked is installed" in rest and "hunter2 hunter2" in rest and "Log in at http://asked." in rest
    assert environment(bare, "web")["MODE"] == "large" and environment(bare, "db")["PASSWORD"] == "hunter2 hunter2"


def test_a_person_gives_up(bare, image):
    bring(bare, story(free_port()))
    words = [f"{PREFIX}/bin/apphostctl", "install", "notes"]
    person = terminal_env.Typist(words, {"APPHOST_SOCKET": bare.socket, "PATH": "/usr/bin:/bin"})
    person.until("> ")
    person.type("")
    person.until("[made up]> ")
    os.write(person.ours, b"\x03")
    code, rest = person.end(30)
    assert code == 17 and "nothing is installed" in rest
    assert bare.ours() == ([], [])


def test_answers_of_a_file(bare, image):
    bring(bare, story(free_port()))
    lines = bare.script("# who and how\nadmin=ada\nmode=large\n\ngreeting=a = b\n", "answers.txt")
    plan = bare.json("install", "notes", "--answers", lines, "--set", "mode=small", "--plan")["plan"]
    assert {a["question"]: a["value"] for a in plan["answers"] if not a["secret"]} | {"sync": 0} == {
        "sync": 0, "admin": "ada", "greeting": "a = b", "mode": "small", "debug": "false"}
    (secret,) = [a for a in plan["answers"] if a["secret"]]
    assert secret["value"] is None and secret["made"]
    assert plan["content"]["answers"]["password"] == {"secret": "made"}
