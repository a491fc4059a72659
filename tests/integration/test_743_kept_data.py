# SPDX-License-Identifier: Apache-2.0
"""What stays of an app that is gone, and what an install over it may do: files of a person, secrets of the
data, folders in storage locations; and an install that was cut off when only its end was missing."""
import contextlib
import fcntl
import json
import os
import shutil
import sqlite3

import kills
import terminal_env
from stack_env import PREFIX, wait_for
from test_740_entry_install import IMAGE, bare, bring, environment, image, in_container, manifest, sh  # noqa: F401

SECRET = {"id": "pw", "kind": "environment", "label": "Password", "service": "web", "target": "PW", "type": "secret",
          "generate": 20}
LATE = SECRET | {"id": "late", "target": "LATE"}
DATA = {"web": {"image": IMAGE, "volumes": ["./d:/d"]}}
ENDS = {"web": {"image": IMAGE, "volumes": ["./d:/d"], "command": sh("exit 3")}}


def where(stack, name="w1"):
    return f"{stack.state}/data/{stack.json('status', name)['app_id']}"


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def kept_answers(stack):
    with contextlib.closing(sqlite3.connect(f"file:{stack.state}/catalog.db?mode=ro", uri=True)) as db:
        return {(entry, name): json.loads(text)
                for entry, name, text in db.execute("select entry, name, answers from answers")}


def install(stack, entry, *more):
    return stack.ctl("install", entry, "--name", "w1", "--yes", *more)


def test_files_of_a_person(bare, image):
    """An update sets them aside with consent; they stay with the data. An install over these leaves alone what no
    author wrote."""
    def files(text):
        return [{"path": f"d/{name}", "text": f"{text} {name} {{{{answer.word}}}}\n", "when": "update"} for name in "abc"]
    words = [{"id": "word", "kind": "custom", "label": "Word", "default": "one"}]
    services = {"web": DATA["web"] | {"configs": [{"source": "conf", "target": "/conf"}]}}

    def revision(number):
        entry = manifest("wiki", revision=number, services=services, files=files(f"v{number}"), questions=words)
        entry["compose"]["configs"] = {"conf": {"content": f"its author's {number}\n"}}
        bring(bare, entry)
    revision(1)
    install(bare, "wiki", "--set", "word=mine")
    data = where(bare)
    write(f"{data}/d/a", "a person's\n")
    revision(2)
    bare.ctl("update", "w1", "--yes")
    assert read(f"{data}/d/a") == "v2 a mine\n"
    write(f"{data}/d/b", "changed later\n")
    gone = bare.ctl("uninstall", "w1")
    (aside,) = os.listdir(f"{data}/.apphost")
    assert aside.startswith("before-"), aside
    (kept,) = os.listdir(f"{data}/.apphost/{aside}")
    assert read(f"{data}/.apphost/{aside}/{kept}") == "a person's\n"
    assert f".apphost/{aside}/{kept}" in gone.stdout + gone.stderr, gone

    # The text of the revision that left the data is its author's; another one is not.
    revision(3)
    warned = " ".join(w["text"] for w in bare.json("install", "wiki", "--name", "w1", "--plan")["plan"]["warnings"])
    assert "d/b stays as it is" in warned and "d/a" not in warned and "d/c" not in warned
    install(bare, "wiki")
    assert [read(f"{data}/d/{name}") for name in "abc"] == ["v3 a mine\n", "changed later\n", "v3 c mine\n"]
    assert read(f"{data}/.apphost/{aside}/{kept}") == "a person's\n"
    assert read(f"{data}/.apphost/configs/conf") == "its author's 3\n"

    # An update goes on from there, and is taken back.
    revision(4)
    bare.ctl("update", "w1", "--yes")
    assert read(f"{data}/d/b") == "v4 b mine\n"
    bare.ctl("rollback", "w1", "--yes")
    assert read(f"{data}/d/b") == "changed later\n"
    bare.ctl("uninstall", "w1", "--purge", "--yes")
    assert not os.path.exists(data)


def test_secrets_of_the_data(bare, image):
    """They stay with the data through a script, through another name of the entry, and a try that failed."""
    bring(bare, manifest("wiki", services=DATA, questions=[SECRET]))
    install(bare, "wiki")
    first = environment(bare, "web")["PW"]
    write(f"{where(bare)}/d/page", "x")
    bare.ctl("uninstall", "w1")
    script = bare.script(kills.script(IMAGE), "script.sh")
    install(bare, script)
    assert first not in json.dumps(bare.json("status", "w1"))
    bare.ctl("uninstall", "w1")

    # The entry under its new name makes up one more, and fails; data may be full of it.
    renamed = {"id": "wiki2", "was": ["wiki"], "questions": [SECRET, LATE]}
    bring(bare, manifest(services=ENDS, **renamed), name="bad.json")
    assert bare.ctl("install", "wiki2", "--name", "w1", "--yes", check=False).returncode != 0
    with contextlib.closing(sqlite3.connect(f"file:{bare.state}/apphost.db?mode=ro", uri=True)) as db:
        ((text,),) = db.execute("select answers from apps where name = 'w1'")
    made = json.loads(text)[".made"]
    assert made["pw"] == first and len(made["late"]) == 20
    bring(bare, manifest(revision=2, services=DATA, **renamed), name="good.json")
    install(bare, "wiki2")
    has = environment(bare, "web")
    assert (has["PW"], has["LATE"]) == (first, made["late"])

    # What an update made up that failed is forgotten with the data.
    bring(bare, manifest(revision=3, services=ENDS, **renamed | {"questions": [SECRET, LATE, SECRET | {"id": "x", "target": "X"}]}),
          name="bad2.json")
    assert bare.ctl("update", "w1", "--yes", check=False).returncode != 0
    assert list(kept_answers(bare)) == [("local/wiki2", "w1")]
    bare.ctl("uninstall", "w1")
    assert list(kept_answers(bare)) == [("local/wiki2", "w1")], "the data are there"
    bare.ctl("uninstall", "w1", "--purge", "--yes")
    assert kept_answers(bare) == {}


def test_the_answers_of_the_data_are_offered(bare, image):
    """Who installs over kept data on a terminal is asked with the answers of then, and a wrong location is
    said where it is typed."""
    place = f"/var/tmp/aph-743b-{os.getpid()}"
    os.makedirs(f"{place}/films")
    bare.ctl("storage", "add", "media", place)
    bring(bare, manifest("wiki", services=DATA, questions=[
        SECRET, {"id": "owner", "kind": "environment", "label": "Owner", "service": "web", "target": "OWNER", "required": True},
        {"id": "films", "kind": "storage", "label": "Films", "service": "web", "target": "/films", "required": True}]))
    words = [f"{PREFIX}/bin/apphostctl", "install", "wiki", "--name", "w1"]

    def person():
        return terminal_env.Typist(words, {"APPHOST_SOCKET": bare.socket, "PATH": "/usr/bin:/bin"})
    try:
        first = person()
        for question, answer in (("Password", ""), ("Owner", "ada"), ("There is: media.", "disk/films"),
                                 ("There is no storage location disk; there is: media.", "media/films"),
                                 ("nstall it?", "y")):
            first.until(question)
            first.until("] " if question == "nstall it?" else "> ")
            first.type(answer)
        assert first.end()[0] == 0
        had = environment(bare, "web")
        write(f"{where(bare)}/d/page", "x")
        bare.ctl("uninstall", "w1")
        again = person()
        for offered in ("answers of then", "[the one of before]> ", "[ada]> ", "[media/films]> "):
            again.until(offered)
            if offered.endswith("> "):
                again.type("")
        again.until("nstall it?")
        again.type("y")
        assert again.end()[0] == 0
        assert environment(bare, "web") == had and had["OWNER"] == "ada"
        bare.ctl("uninstall", "w1", "--purge", "--yes")
        bare.ctl("storage", "remove", "media")
    finally:
        shutil.rmtree(place)


def test_a_location_that_is_written_now(bare, image):
    """Its folder was only read, or stood elsewhere in the container: a later revision asks, over kept data, too."""
    def films(number, **more):
        bring(bare, manifest("wiki", revision=number, services=DATA, questions=[
            {"id": "films", "kind": "storage", "label": "Films", "service": "web", "target": "/films"} | more]))
    place = f"/var/tmp/aph-743-{os.getpid()}"
    os.makedirs(f"{place}/films")
    bare.ctl("storage", "add", "media", place)
    try:
        films(1, read_only=True)
        install(bare, "wiki", "--set", "films=media/films")
        write(f"{where(bare)}/d/page", "x")
        bare.ctl("uninstall", "w1")
        bare.ctl("install", "wiki", "--name", "w1")   # the same again: nothing to ask
        bare.ctl("uninstall", "w1")
        for number, more in ((2, {}), (3, {"read_only": True, "target": "/elsewhere"})):
            films(number, **more)
            said = bare.ctl("install", "wiki", "--name", "w1", check=False)
            assert said.returncode == 4 and "media/films" in said.stdout + said.stderr, said
        films(4)
        bare.ctl("install", "wiki", "--name", "w1", "--consent", "web.volumes.media/films")
        mounts = {m["Destination"]: m for m in in_container(bare, "web")["Mounts"]}
        assert mounts["/films"]["RW"] is True
        bare.ctl("uninstall", "w1", "--purge", "--yes")
    finally:
        bare.ctl("storage", "remove", "media", check=False)
        os.rmdir(f"{place}/films")
        os.rmdir(place)


def test_the_end_of_an_install_is_cut_off(bare, image):
    """What is told at the end is told all the same, and the answers of a try are over."""
    stack = bare
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    serve = sh('test "$$FAIL" != yes || exit 3; exec /bin/busybox httpd -f -p 80 -h /www')
    bring(stack, manifest("wiki", services={"web": {"image": IMAGE, "command": serve}},
                          web={"service": "web", "port": 80, "path": "/index.html"}, notes="Begin at {{url}}.",
                          credentials=[{"label": "Door", "user": "me", "password": "{{answer.pw}}"}],
                          questions=[SECRET, {"id": "fail", "kind": "environment", "label": "Fail", "service": "web",
                                              "target": "FAIL", "required": True}]))
    assert stack.ctl("install", "wiki", "--name", "w1", "--yes", "--set", "fail=yes", check=False).returncode == 12
    assert list(kept_answers(stack)) == [("local/wiki", "w1")]
    stack.watcher = kills.watcher(stack)
    with open(f"{stack.state}/catalog.db.lock", "r+b") as lock:
        operation = kills.Operation(stack, "install", "w1", entry="wiki", answers='{"fail":"no"}', yes=True)
        assert operation.until("health")
        fcntl.flock(lock, fcntl.LOCK_EX)   # its end waits to forget the answers of the try before
        assert operation.until("publish")
        wait_for(lambda: stack.json("status", "w1")["state"] == "running", 20)
        operation.client.close()
        kills.kill_job(stack, stack.watcher)
    kills.settle(stack)
    row = stack.json("jobs")["jobs"][0]
    password = environment(stack, "web")["PW"]
    assert row["op"] == "install" and row["result"] == "done" and row["untold"] is True
    answer = stack.json("job", str(row["job_id"]))["answer"]
    assert answer["entry"] == "local/wiki" and len(answer["revision"]) == 64
    assert answer["notes"].startswith("Begin at http://w1.") and answer["url"].endswith("/index.html")
    assert answer["credentials"] == [{"label": "Door", "user": "me", "password": password}]
    assert [p["host"] for p in answer["ports"]] == [stack.json("status", "w1")["port"]]
    assert kept_answers(stack) == {}
    assert password not in json.dumps(stack.json("job", str(row["job_id"]))), "told once"
