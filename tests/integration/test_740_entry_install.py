# SPDX-License-Identifier: Apache-2.0
"""An entry of a catalog becomes an app: its questions, its secrets, what it runs once, what is told once,
what is kept for the next try; and what does not become one."""
import contextlib
import json
import os
import re
import socket
import sqlite3
import threading
import time

import pytest

import terminal_env
from engine_env import WEB, busybox_files, free_port
from stack_env import wait_for

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


def bring(stack, entry, name="entry.json"):
    """Into the catalog called local, and active."""
    path = stack.script(json.dumps(entry) if isinstance(entry, dict) else entry, name)
    if stack.ctl("revision", "import", path, "--activate", check=False).returncode:   # DEV
        import hashlib
        stack.announced += ["not built yet"]
        os.makedirs("/srv/dev", exist_ok=True)
        stack.ctl("storage", "add", "dev", "/srv/dev", check=False)
        text = open(path).read()
        sha = hashlib.sha256(text.encode()).hexdigest()
        with contextlib.closing(sqlite3.connect(f"{stack.state}/catalog.db")) as db:
            form = "apphost" if isinstance(entry, dict) else "rockon"
            id_ = entry["id"] if isinstance(entry, dict) else next(iter(json.loads(entry))).lower().replace(" ", "-")
            db.execute("insert or ignore into texts values(?, ?)", (sha, text))
            db.execute("update revisions set activated = null where id = ?", (id_,))
            db.execute("insert into revisions(catalog,id,sha256,format,revision,version,title,summary,category,categories,obsolete,"
                       "automatic_updates,was,created,activated,labels,words) values('local',?,?,?,1,'2.1','T','','','[]',?,1,'[]',1,1,'','')",
                       (id_, sha, form, int(isinstance(entry, dict) and entry.get("obsolete", False))))
            db.commit()
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
    stack.engine.request("DELETE", f"/containers/{in_container(stack, 'web')['Id']}?force=1")
    stack.ctl("restart", "notes")
    assert stack.get("notes", "/data/prepared").body == b"prepared\n", "it is prepared once"
    stack.ctl("uninstall", "notes", "--purge", "--yes")
    assert stack.ours() == ([], []) and os.listdir(f"{stack.state}/data") == []
