# SPDX-License-Identifier: Apache-2.0
"""Whatever dies, and in whatever order things come up: state, engine and routes agree again. What dies
in the middle of an operation is in test_360_kills.py."""
import itertools
import os
import signal
import threading
import time

import pytest

from engine_env import WEB, busybox_files
from own_engine import IMAGE
from stack_env import wait_for


@pytest.fixture
def pair(new_stack, own_engine):
    stack = new_stack(Socket=own_engine.path)
    stack.engine = own_engine
    stack.install("up", IMAGE)
    stack.install("down", IMAGE)
    stack.ctl("stop", "down")
    stack.announced += [r"engine", r"proxy", r"AH0", r"watch"]
    return stack


def agree(stack, seconds=30):
    wait_for(lambda: stack.get("up").status == 200, seconds, "the running app")
    wait_for(lambda: {r["name"]: r["state"] for r in stack.invariants()}
             == {"up": "running", "down": "stopped"}, seconds, "the states")
    assert stack.get("down").status == 503
    running = {c["Labels"]["org.apphost.app"]: c["State"] for c in stack.ours()[0]}
    assert sorted(running.values()) in (["exited", "running"], ["running"]), running


@pytest.mark.parametrize("order", list(itertools.permutations(["engine", "httpd", "daemon"])), ids="-".join)
def test_boot_orders(pair, own_engine, order):
    pair.stop_httpd()
    pair.stop_daemon()
    own_engine.stop()
    for what in order:
        {"engine": own_engine.start, "httpd": pair.start_httpd, "daemon": pair.start_daemon}[what]()
    agree(pair)


@pytest.mark.parametrize("victim", ["engine", "httpd", "daemon"])
def test_kill_9(pair, own_engine, victim):
    if victim == "engine":
        own_engine.stop(signal.SIGKILL)
        own_engine.start()
    elif victim == "httpd":
        os.killpg(pair.httpd.pid, signal.SIGKILL)
        pair.httpd.wait()
        pair.start_httpd()
    else:
        pair.stop_daemon(signal.SIGKILL)
        pair.start_daemon()
    agree(pair)


def test_daemon_killed_under_load(new_stack, engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = new_stack()
    stack.install("busy", IMAGE)
    answers, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            answers.append(stack.get("busy").status)
    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.3)
        stack.stop_daemon(signal.SIGKILL)
        time.sleep(0.3)
        stack.start_daemon()
    stop.set()
    for thread in threads:
        thread.join()
    assert len(answers) > 100 and set(answers) == {200}
