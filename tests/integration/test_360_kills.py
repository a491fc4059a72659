# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each program of ours at each step of each operation. What was begun is taken back or
brought to its end; nothing of others is touched; whoever waits is told."""
import os
import signal
import subprocess
import time

import pytest

import kills
from engine_env import WEB, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-kill-{os.getpid()}:1"
PAUSES = (0, 0.06)   # at the border of a step, and within it


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def stack(new_stack, image):
    stack = new_stack(httpd=False)
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    return stack


def state_of(stack, name):
    return {row["name"]: row["state"] for row in stack.invariants()}.get(name)


def strike(stack, victim):
    """Kills the job of the operation under way, or the monitor with a new one taking over."""
    if victim == "job":
        kills.kill_job(stack, stack.watcher)
    else:
        stack.stop_daemon(signal.SIGKILL)
        stack.start_daemon()
        stack.watcher = kills.watcher(stack)


@pytest.fixture(params=["job", "monitor"])
def victim(request, stack):
    stack.watcher = kills.watcher(stack)
    return request.param


@pytest.mark.parametrize("pause", PAUSES)
def test_install(stack, bystanders, victim, pause):
    others = bystanders(stack, IMAGE)
    hit = 0
    for step in kills.INSTALL:
        where = f"{victim} killed {pause} s after the beginning of step {step}"
        operation = kills.install(stack, "victim", IMAGE)
        if operation.until(step):
            time.sleep(pause)
            strike(stack, victim)
            hit += 1
        answer = operation.end()
        kills.settle(stack)
        if state_of(stack, "victim") is not None:
            assert state_of(stack, "victim") == "running", where
            stack.ctl("uninstall", "victim", "--purge", "--yes")
        elif victim == "job":
            assert answer.get("message"), f"{where}: nobody was told: {answer}"
        kills.no_trace(stack, where, "victim")
        others.check(where)
    assert hit == len(kills.INSTALL)


@pytest.mark.parametrize("purge", [True, False], ids=["purge", "keep"])
def test_uninstall(stack, bystanders, victim, purge):
    """Forward only: an app that was half removed is removed."""
    others = bystanders(stack, IMAGE)
    for pause in PAUSES if purge else PAUSES[:1]:
        for step in kills.UNINSTALL:
            where = f"{victim} killed {pause} s after the beginning of step {step}"
            assert "ok" in kills.install(stack, "victim", IMAGE).end()
            app = stack.json("status", "victim")["app_id"]
            data = f"{stack.state}/data/{app}/d/page"
            with open(data, "w", encoding="ascii") as f:
                f.write("mine")
            operation = kills.Operation(stack, "uninstall", "victim", purge=purge)
            assert operation.until(step), where
            time.sleep(pause)
            strike(stack, victim)
            operation.end()
            kills.settle(stack)
            if state_of(stack, "victim") == "running":   # nothing was begun yet
                stack.ctl("uninstall", "victim", *(["--purge", "--yes"] if purge else []))
            if not purge:
                assert state_of(stack, "victim") in (None, "kept"), where
                with open(data, encoding="ascii") as f:
                    assert f.read() == "mine", where
                stack.ctl("uninstall", "victim", "--purge", "--yes")
            kills.no_trace(stack, where, "victim")
            others.check(where)


@pytest.mark.parametrize("op", ["start", "stop", "restart"])
def test_start_and_stop(stack, bystanders, victim, op):
    """What was asked for is brought about, or nothing was begun."""
    others = bystanders(stack, IMAGE)
    kills.install(stack, "victim", IMAGE).end()
    steps = {"start": kills.START, "stop": ("stop", "containers"),
             "restart": ("stop", "containers", "start", "verify", "health")}[op]
    for step in steps:
        where = f"{victim} killed at step {step} of {op}"
        stack.ctl("stop" if op == "start" else "start", "victim")
        operation = kills.Operation(stack, op, "victim")
        assert operation.until(step), where
        strike(stack, victim)
        operation.end()
        kills.settle(stack)
        wait_for(lambda: state_of(stack, "victim") in ("running", "stopped"), 30, where)
        stack.ctl("start", "victim")
        assert state_of(stack, "victim") == "running", where
        others.check(where)
    stack.ctl("uninstall", "victim", "--purge", "--yes")
    kills.no_trace(stack, op, "victim")


def test_the_watcher(stack, image):
    """Another one takes over, and sees what happened while there was none."""
    stack.announced += ["watcher ended", "app: "]
    stack.install("app", IMAGE)
    os.kill(kills.watcher(stack), signal.SIGKILL)
    container = stack.ours()[0][0]["Id"]
    stack.engine.request("POST", f"/containers/{container}/stop?t=0")
    wait_for(lambda: kills.running(stack.daemon.pid, "apphost-job"), 20, "another watcher")
    # It meets an app that should run and does not, as after a start of the machine.
    wait_for(lambda: stack.engine.inspect(container)["State"]["Running"], 20, "the container")
    wait_for(lambda: state_of(stack, "app") == "running", 20, "the state")
    stack.ctl("uninstall", "app", "--purge", "--yes")


def test_the_reader(stack, image):
    """The text is refused with a reason, and the next one is read."""
    stack.announced += ["reader"]
    long = "\n".join(f"# {'x' * 90}" for _ in range(480)) + "\n" + kills.script(IMAGE)
    stack.watcher = kills.watcher(stack)
    for _ in range(40):
        operation = kills.Operation(stack, "install", "victim", script=long, yes=True)
        assert operation.until("read")
        deadline = time.monotonic() + 2
        readers = []
        while not readers and time.monotonic() < deadline:
            readers = kills.running(stack.daemon.pid, "apphost-read")
        for pid in readers:
            subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)
        answer = operation.end()
        if "code" in answer:
            break
        stack.ctl("uninstall", "victim", "--purge", "--yes")
    assert "code" in answer and len(answer["message"]) > 20, answer
    kills.no_trace(stack, "the reader was killed", "victim")
    assert "ok" in kills.install(stack, "victim", IMAGE).end()
    stack.ctl("uninstall", "victim", "--purge", "--yes")
