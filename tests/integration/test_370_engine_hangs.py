# SPDX-License-Identifier: Apache-2.0
"""An engine that is frozen, or starts anew in the middle of something. Every verb ends in bounded time
and says why; once the engine answers again, everything agrees by itself."""
import concurrent.futures
import signal
import time

import pytest

import kills
from own_engine import IMAGE
from stack_env import wait_for

BOUND = 60   # seconds in which any verb must have ended


@pytest.fixture
def stack(new_stack, own_engine):
    stack = new_stack(httpd=False, Socket=own_engine.path)
    stack.engine = own_engine
    stack.announced += ["job ", "the engine is", "watch", "app: ", "up: ", "down: ", "victim: "]
    stack.install("up", IMAGE)
    return stack


def timed(stack, *verb):
    begin = time.monotonic()
    done = stack.ctl(*verb, check=False)
    return " ".join(verb), done, time.monotonic() - begin


def states(stack):
    return {row["name"]: row["state"] for row in stack.invariants()}


def test_every_verb_ends(stack, own_engine):
    stack.install("down", IMAGE)
    stack.ctl("stop", "down")
    stack.install("gone", IMAGE)
    script = stack.script(kills.script(IMAGE), "fourth.sh")
    need_the_engine = [("stop", "up"), ("start", "down"), ("uninstall", "gone", "--purge", "--yes"),
                       ("install", script, "--name", "fourth", "--yes"), ("logs", "up")]
    with own_engine.frozen(), concurrent.futures.ThreadPoolExecutor(8) as pool:
        for verb, done, took in pool.map(lambda verb: timed(stack, *verb), need_the_engine):
            assert took < BOUND, f"{verb} took {took:.0f} s"
            assert done.returncode == 9 and "did not answer in time" in done.stderr, f"{verb}: {done}"
        for verb in ("list", "status", "jobs"):
            _, done, took = timed(stack, verb)
            assert done.returncode == 0 and took < 5, f"{verb}: {done}"
        _, done, took = timed(stack, "doctor")
        assert done.returncode != 0 and took < BOUND and "engine" in done.stdout, f"{took:.0f} s {done}"
    # Nothing was begun, so nothing has changed.
    wait_for(lambda: states(stack) == {"up": "running", "down": "stopped", "gone": "running"}, 30, "the states")
    stack.ctl("uninstall", "gone", "--purge", "--yes")
    kills.no_trace(stack, "a frozen engine", "gone", "fourth")


@pytest.mark.parametrize("op,step", [("install", "start"), ("uninstall", "containers"), ("start", "containers")])
def test_frozen_in_the_middle(stack, own_engine, op, step):
    if op != "install":
        stack.install("victim", IMAGE)
    if op == "start":
        stack.ctl("stop", "victim")
    operation = (kills.install(stack, "victim", IMAGE) if op == "install"
                 else kills.Operation(stack, op, "victim", **({"purge": True} if op == "uninstall" else {})))
    assert operation.until(step)
    with own_engine.frozen():
        begin = time.monotonic()
        answer = operation.end()
        assert time.monotonic() - begin < BOUND
        assert answer.get("code") == "engine" and "did not answer in time" in answer["message"], answer
        wait_for(lambda: stack.json("status")["engine"]["state"] == "down", BOUND, "the engine seen down")
    wait_for(lambda: stack.json("status")["engine"]["state"] == "up", 60, "the engine seen up")
    kills.settle(stack)
    if op == "start":
        wait_for(lambda: states(stack) == {"up": "running", "victim": "running"}, 30, "the states")
    if op != "install":
        stack.ctl("uninstall", "victim", "--purge", "--yes")
    kills.no_trace(stack, f"frozen at {step} of {op}", "victim")
    assert states(stack) == {"up": "running"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_started_anew_during_an_install(stack, own_engine, how):
    for step in ("plan", "start", "health"):
        operation = kills.install(stack, "victim", IMAGE)
        assert operation.until(step)
        own_engine.stop(how)
        time.sleep(0.5)
        own_engine.start()
        answer = operation.end()
        assert "ok" in answer or answer.get("message"), f"nobody was told at {step}"
        kills.settle(stack)
        wait_for(lambda: stack.json("status")["engine"]["state"] == "up", 60, "the engine seen up")
        if "victim" in states(stack):
            try:
                wait_for(lambda: states(stack)["victim"] == "running", 30, f"the app installed before {step}")
            except AssertionError as why:
                told = [(c["Names"], c["State"], c["Status"]) for c in stack.ours()[0]]
                raise AssertionError(f"{stack.json('status', 'victim')}\n{told}\n{stack.daemon_log()}") from why
            stack.ctl("uninstall", "victim", "--purge", "--yes")
        kills.no_trace(stack, f"a new engine at {step}", "victim")
        try:
            wait_for(lambda: states(stack) == {"up": "running"}, 60, "the other app")
        except AssertionError as why:
            raise AssertionError(f"{step}: {stack.json('status', 'up')}\n{stack.ours()[0]}\n{stack.daemon_log()}") from why
