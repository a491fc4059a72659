# SPDX-License-Identifier: Apache-2.0
"""What is told of an entry, and when: how to log in, once, also to who comes later; what its author says to
those who have it; what is worth a backup; and whether a word is a file or an entry."""
import os
import subprocess

from daemon_env import Client
from stack_env import PREFIX, wait_for
from test_200_socket import as_web_server
from test_740_entry_install import IMAGE, bare, bring, environment, image, manifest, sh  # noqa: F401

SECRET = {"id": "pw", "kind": "environment", "label": "Password", "service": "web", "target": "PW", "type": "secret",
          "generate": 20}
DOOR = {"questions": [SECRET], "credentials": [{"label": "Door", "user": "me", "password": "{{answer.pw}}"}]}


def of_the_web(stack, job_id):
    """The job as an admin's token shows it."""
    def ask(op, **more):
        with Client(stack.socket) as client:
            client.frame({"v": 1, "op": op, **more})
            return client.rest()[-1]["ok"]
    ask("person-add", args={"name": "ada", "role": "admin"})
    token = ask("token-add", args={"name": "ada", "label": "t", "scopes": ["read"]})["token"]
    with as_web_server():
        return ask("job", args={"job_id": job_id}, auth={"token": token})


def test_how_to_log_in_waits_for_who_asks(bare, image):
    stack = bare
    wait = sh("while test ! -e /data/go; do sleep 0.2; done")
    bring(stack, manifest(services={"web": {"image": IMAGE, "volumes": ["./d:/data"]},
                                    "first": {"image": IMAGE, "volumes": ["./d:/data"], "command": wait}},
                          prepare="first", health={"path": "/index.html", "seconds": 60}, **DOOR))
    client = subprocess.Popen([f"{PREFIX}/bin/apphostctl", "install", "notes", "--yes"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env={**os.environ, "APPHOST_SOCKET": stack.socket})
    data = f"{stack.state}/data"
    wait_for(lambda: any(os.path.isdir(f"{data}/{name}/d") for name in os.listdir(data)), 60)
    client.kill()
    assert client.communicate()[0] == b""
    for name in os.listdir(data):
        open(f"{data}/{name}/d/go", "w").close()
    wait_for(lambda: stack.json("jobs")["jobs"][0]["state"] == "ended", 60)
    row = stack.json("jobs")["jobs"][0]
    password = environment(stack, "web")["PW"]
    assert row["op"] == "install" and row["result"] == "done" and row["untold"] is True
    assert "credentials" not in row["answer"] and f"apphostctl job {row['job_id']}" in stack.ctl("jobs").stdout

    # Not everybody who may read jobs: by way of the web, only who began it.
    assert "credentials" not in of_the_web(stack, row["job_id"])["answer"]

    # The first who asks on the machine is told; then it is forgotten.
    told = stack.ctl("job", str(row["job_id"])).stdout
    assert "Door" in told and password in told
    assert password not in stack.ctl("job", str(row["job_id"])).stdout
    assert "credentials" not in stack.json("job", str(row["job_id"]))["answer"]
    assert stack.json("jobs")["jobs"][0]["untold"] is False
    stack.ctl("uninstall", "notes", "--purge", "--yes")

    # Who waited has it, and nobody after him; who follows a job that is over is told as well.
    bring(stack, manifest("other", **DOOR))
    answer = stack.json("install", "other", "--yes")
    row = stack.json("jobs")["jobs"][0]
    assert answer["credentials"][0]["password"] == environment(stack, "web")["PW"]
    assert row["untold"] is False and "credentials" not in stack.json("job", str(row["job_id"]))["answer"]


def test_what_the_author_says_reaches_who_has_it(bare, image):
    stack = bare
    services = {"web": {"image": IMAGE, "volumes": ["./d:/d", "./cache:/cache"]}}
    data = [{"path": "d", "backup": "keep", "text": "all your pages"},
            {"path": "cache", "backup": "rebuild", "text": "small pictures"}]
    bring(stack, manifest(services=services, data=data))
    shown = stack.ctl("show", "notes").stdout
    assert "all your pages; to be backed up" in shown and "small pictures; can be rebuilt" in shown
    plan = stack.ctl("install", "notes", "--plan").stdout
    assert "new, to be backed up" in plan and "new, needs no backup" in plan
    stack.ctl("install", "notes", "--yes")
    assert "NOTICE" not in stack.ctl("list").stdout

    bring(stack, manifest(services=services, data=data, revision=2, advisory="passwords leak, update at once",
                          deprecated="nobody looks after it"))
    listed = stack.ctl("list").stdout
    assert "NOTICE" in listed and "advisory, deprecated" in listed
    status = stack.ctl("status", "notes").stdout
    assert "passwords leak, update at once" in status and "nobody looks after it" in status
    assert stack.json("list")["apps"][0]["advisory"] == "passwords leak, update at once"
    gone = stack.ctl("uninstall", "notes").stdout
    assert "d  (to be backed up)" in gone and "cache  (can be rebuilt)" in gone


def test_a_word_that_is_a_file_and_an_entry(bare, image, tmp_path, monkeypatch):
    stack = bare
    bring(stack, manifest())
    script = "services:\n  web:\n    image: elsewhere/image\n    ports: ['HOST_PORT:80']\n"
    for name in ("notes", "plain", "notes.yml"):
        (tmp_path / name).write_text(script)
    monkeypatch.chdir(tmp_path)
    both = stack.ctl("install", "notes", "--plan", check=False)
    assert both.returncode == 2 and "./notes" in both.stderr and "local/notes" in both.stderr
    entry = stack.ctl("install", "local/notes", "--plan")
    assert "From local/notes" in entry.stdout
    for name in ("./notes", "plain", "notes.yml"):
        script = stack.ctl("install", name, "--name", "w3", "--plan", check=False)
        assert "elsewhere/image" in script.stdout + script.stderr and "From local/" not in script.stdout
