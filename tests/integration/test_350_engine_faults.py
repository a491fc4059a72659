# SPDX-License-Identifier: Apache-2.0
"""What a healthy engine never shows: one that lies, breaks off, refuses, hangs or goes away half-way.
A relay stands before the real engine and does it on demand."""
import os
import threading
import time

import pytest

from engine_env import KIND, WEB, busybox_files
from relay import Relay
from stack_env import wait_for

IMAGE = f"apphost-test-fault-{os.getpid()}:1"
MUTE = '  command: ["/bin/busybox", "sleep", "1000"]\n'


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def relayed(new_stack, engine, image, tmp_path):
    """A stack that reaches the engine through a relay only."""
    relay = Relay(str(tmp_path / "engine.sock"), engine.path)
    relay.start()
    stack = new_stack(httpd=False, Socket=relay.path)
    stack.relay = relay
    yield stack
    relay.answers, relay.answers_once, relay.rewrites = [], [], []
    relay.stop()


def no_trace(stack):
    assert stack.ours() == ([], [])
    assert all(os.listdir(f"{stack.state}/{folder}") == [] for folder in ("apps", "data")
               if os.path.isdir(f"{stack.state}/{folder}"))
    assert stack.json("list") in ([], {"apps": []})


def test_an_engine_that_lies_about_privileges(relayed):
    relayed.announced += [r"job \d+: install app: rolled-back"]
    relayed.relay.rewrites = [(b'"Privileged":false', b'"Privileged":true ')]
    done = relayed.install("app", IMAGE, check=False)
    assert done.returncode == 3, done.stderr
    assert "Privileged" in done.stderr and "web" in done.stderr
    no_trace(relayed)


@pytest.mark.parametrize("octets", [
    b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 24\r\n'
    b'\r\n{"message":"no backend"}',
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n[{"Id":"a',
    b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html></html',
    b'HTTP/1.1 2',
], ids=["refusal", "half", "no JSON", "no HTTP"])
def test_an_engine_that_answers_wrongly(relayed, octets):
    relayed.announced += [r"job \d+: install app: ", "the engine is"]
    relayed.relay.answers = [(r"^GET /v1\.\d+/networks ", octets)]
    done = relayed.install("app", IMAGE, check=False)
    assert done.returncode == 9, done.stderr
    assert "engine" in done.stderr
    relayed.relay.answers = []
    no_trace(relayed)
    relayed.install("app", IMAGE)
    relayed.ctl("uninstall", "app", "--purge", "--yes")


def test_an_engine_that_refuses_to_remove(relayed):
    """The undo cannot be completed: the row stays and says so, and uninstalling works later."""
    relayed.announced += [r"job \d+: (install|uninstall) app: ", "the engine is", "app: "]
    relayed.install("app", IMAGE)
    refusal = (b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n'
               b'Content-Length: 21\r\n\r\n{"message":"not now"}')
    relayed.relay.answers = [(r"^DELETE /v1\.\d+/containers/", refusal)]
    done = relayed.ctl("uninstall", "app", "--purge", "--yes", check=False)
    assert done.returncode == 9 and "not now" in done.stderr, done.stderr
    assert "uninstall it again" in str(relayed.json("status", "app"))
    relayed.relay.answers = []
    relayed.ctl("uninstall", "app", "--purge", "--yes")
    no_trace(relayed)


@pytest.mark.skipif(KIND != "podman", reason="only Podman looks at a container while it is ending")
def test_an_engine_that_refuses_to_stop_once(relayed):
    """It is asked again while the container runs; only a refusal that stays is the answer."""
    relayed.install("app", IMAGE, "  stop_grace_period: 1s\n")
    refusal = (b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n'
               b'Content-Length: 28\r\n\r\n{"message":"state improper"}')
    relayed.relay.answers_once = [(r"^POST /v1\.\d+/containers/[0-9a-f]+/stop", refusal)] * 2
    relayed.ctl("stop", "app")
    assert relayed.relay.answers_once == []
    assert relayed.ours()[0][0]["State"] == "exited"
    relayed.ctl("uninstall", "app", "--purge", "--yes")
    no_trace(relayed)


def test_an_engine_that_goes_away_half_way(relayed):
    """What was begun is taken back by itself once the engine is there again."""
    relayed.announced += ["job ", "the engine is", "app: ", "recover", "watcher"]
    done = []
    thread = threading.Thread(target=lambda: done.append(
        relayed.install("app", IMAGE, MUTE, check=False)))
    thread.start()
    wait_for(lambda: relayed.ours()[0], 20, "a container of the app")
    time.sleep(1)
    relayed.relay.stop()
    time.sleep(2)
    relayed.relay.start()
    thread.join(90)
    assert done and done[0].returncode != 0, "the installation did not end"
    try:
        wait_for(lambda: relayed.ours() == ([], []), 30, "nothing of the app in the engine")
    except AssertionError as slow:
        raise AssertionError(f"{relayed.ours()}\n{relayed.daemon_log()}\n{done[0].stderr}") from slow
    wait_for(lambda: relayed.json("list") in ([], {"apps": []}), 30, "an empty list")
    no_trace(relayed)


def test_an_engine_that_restarts_under_a_running_app(relayed):
    """The watcher comes back to it, and starts what should run and has ended meanwhile."""
    relayed.announced += ["the engine is", "app: ", "watcher"]
    relayed.install("app", IMAGE)
    relayed.relay.stop()
    wait_for(lambda: relayed.json("status")["engine"]["state"] == "down", 20, "the engine seen down")
    container = relayed.ours()[0][0]["Id"]
    relayed.engine.request("POST", f"/containers/{container}/kill")
    wait_for(lambda: relayed.ours()[0][0]["State"] == "exited", 20, "an ended container")
    relayed.relay.start()
    wait_for(lambda: relayed.ours()[0][0]["State"] == "running", 40, "the container")
    wait_for(lambda: relayed.json("status", "app")["state"] == "running", 40, "the app")
    relayed.ctl("uninstall", "app", "--purge", "--yes")
    no_trace(relayed)
