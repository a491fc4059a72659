# SPDX-License-Identifier: Apache-2.0
"""No space is left: said with its own exit code, everything taken back, and the journal closed as soon
as there is room again."""
import contextlib
import os
import subprocess

import pytest

from engine_env import WEB, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-full-{os.getpid()}:1"


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def small(new_stack, web_image):
    """A stack whose StateDir is a disk of 3 MiB."""
    stack = new_stack(daemon=False, httpd=False)
    os.makedirs(stack.state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=755", "tmpfs", stack.state], check=True)
    try:
        stack.start_daemon()
        stack.instance_label = stack.instance()
        yield stack
    finally:
        stack.stop_daemon()
        subprocess.run(["umount", stack.state], check=True)


def fill(stack, left_kib):
    path = f"{stack.state}/fill"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if left_kib is None:
        return
    room = os.statvfs(stack.state)
    with open(path, "wb") as f:
        os.posix_fallocate(f.fileno(), 0, max(4096, room.f_bavail * room.f_bsize - left_kib * 1024))


def trace(stack):
    return sorted(os.path.join(d, f) for d, folders, files in os.walk(stack.state)
                  for f in folders + files if not f.startswith("apphost.db") and f != "fill")


def test_state_folder_full(small):
    stack = small
    stack.announced += [r"job \d+: ", "full", "No space", "routes"]
    body = "  volumes: ['./data:/data']\n"
    stack.install("first", IMAGE, body)
    before = trace(stack)
    codes = {}
    for left in (12, 24, 64):
        fill(stack, left)
        done = stack.install("second", IMAGE, body, check=False)
        codes[left] = done.returncode
        assert done.returncode in (0, 11), f"{left} KiB left: {done.returncode} {done.stderr}\n{stack.daemon_log()}"
        fill(stack, None)
        wait_for(lambda: stack.json("status")["open_jobs"] == 0, 15, "an empty queue")
        if done.returncode == 0:
            stack.ctl("uninstall", "second", "--purge", "--yes")
        else:
            assert "free some space" in done.stderr or "No space" in done.stderr, done.stderr
        wait_for(lambda: trace(stack) == before, 10, f"no trace ({left} KiB left)")
        assert [r["name"] for r in stack.invariants()] == ["first"]
        assert len(stack.ours()[0]) == 1
    assert 11 in codes.values(), codes
    assert stack.json("status", "first")["state"] == "running"
    stack.ctl("uninstall", "first", "--purge", "--yes")


def test_what_is_asked_on_a_full_disk_is_answered(small):
    """Nobody waits for ever: also a job that cannot even be noted as begun has its end."""
    stack = small
    stack.announced += [r"job \d+: ", "full", "No space", "routes"]
    stack.install("first", IMAGE)
    for left in (0, 12):
        fill(stack, left)
        for verb in ("stop", "start", "restart"):
            done = stack.ctl(verb, "first", check=False, timeout=30)
            # 8: the end of the job before could not be stored yet, so the app still counts as busy.
            assert done.returncode in (0, 8, 11), (left, verb, done.stderr)
        assert stack.json("list")["apps"][0]["name"] == "first"
    fill(stack, None)
    wait_for(lambda: stack.json("status")["open_jobs"] == 0, 15, "an empty queue")
    stack.ctl("start", "first")
    stack.ctl("uninstall", "first", "--purge", "--yes")


def test_the_last_of_the_disk_is_left_to_the_machine(new_stack, web_image):
    """No app comes where little is left, and nothing is begun; those that are there run and go."""
    stack = new_stack(daemon=False, httpd=False)
    os.makedirs(stack.state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m,mode=755", "tmpfs", stack.state], check=True)
    try:
        stack.start_daemon()
        stack.instance_label = stack.instance()
        stack.install("first", web_image)
        before = trace(stack)
        fill(stack, 4000)
        done = stack.install("second", web_image, check=False)
        assert done.returncode == 11, done
        assert "only 3 MB are free" in done.stderr and "the last 5 MB" in done.stderr, done.stderr
        assert trace(stack) == before and [r["name"] for r in stack.invariants()] == ["first"]
        for verb in ("stop", "start", "restart"):
            stack.ctl(verb, "first")
        fill(stack, None)
        stack.install("second", web_image)
        fill(stack, 4000)
        for name in ("first", "second"):
            stack.ctl("uninstall", name, "--purge", "--yes")
    finally:
        stack.stop_daemon()
        subprocess.run(["umount", stack.state], check=True)
