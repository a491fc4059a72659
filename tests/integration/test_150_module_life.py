# SPDX-License-Identifier: Apache-2.0
"""Snapshots come and go, children die, httpd is reloaded: apps stay reachable."""
import collections
import contextlib
import fcntl
import os
import random
import signal
import threading
import time

import backends
from httpd_env import DOMAIN, wait_until


def test_new_routes_are_seen_without_a_reload(running):
    apps = [running.app(backends.echo(str(n))) for n in range(2)]
    for n in range(60):
        state = random.Random(n).choice(["running", "stopped"])
        running.routes(a={"port": apps[n % 2].port, "state": state})
        time.sleep(0.01)  # DESIGN: seen by all children within 10 ms
        for _ in range(3):
            answer = running.get("a")
            assert answer.status == (200 if state == "running" else 503)
            assert state == "stopped" or f'"app": "{n % 2}"'.encode() in answer.body


def test_damaged_snapshots_change_nothing(running):
    running.routes(a=running.app(backends.echo("a")).port, b={"port": 1, "state": "stopped"})
    # A child looks when it is asked: only what it has seen once can stay in use.
    children = len(running.children())
    for _ in range(20 * children):
        assert running.get("a").status == 200
    with open(running.routes_path, "rb") as f:
        good = f.read()
    running.announced += ["APH004[0-9].*stay in use"]
    chance = random.Random(7)
    for n in range(60):
        damaged = bytearray(good)
        if n % 3:
            damaged[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
        else:
            del damaged[chance.randrange(len(good)):]
        # In place and not by rename: nobody should, and no child may die of it.
        with open(running.routes_path, "r+b" if n % 2 else "wb") as f:
            f.write(damaged)
            f.truncate()
        time.sleep(0.006)
        assert running.get("a").status == 200 and running.get("b").status == 503
    os.unlink(running.routes_path)
    time.sleep(0.01)
    assert running.get("a").status == 200
    before = running.log().count("APH004")
    for _ in range(50):
        running.get("a")
    assert running.log().count("APH004") - before <= 4, "one line per child and file"
    running.routes(a={"port": 1, "state": "stopped"})
    time.sleep(0.01)
    assert running.get("a").status == 503


def test_snapshots_replaced_under_load(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    wrong, end = [], threading.Event()

    def ask():
        while not end.is_set():
            status = running.get("a").status
            if status != 200:
                wrong.append(status)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for t in threads:
        t.start()
    for n in range(200):
        running.routes(a=app.port, **{f"other{i}": 1 for i in range(n % 50)})
    end.set()
    for t in threads:
        t.join()
    assert not wrong


def test_reload_with_a_held_websocket(running):
    app = running.app(backends.websocket("a"))
    running.routes(a={"port": app.port, "max_upgrades": 2})
    s, head = running.upgrade("a")
    with s:
        assert " 101 " in head
        for _ in range(2):
            running.reload()
            s.sendall(backends.frame("still here"))
            assert s.recv(4096) == backends.frame("still here")
            assert running.get("a").status == 200
        second, head = running.upgrade("a")
        third, refused = running.upgrade("a")
        with second, third:
            assert " 101 " in head and " 503 " in refused, "the old generation's connection still counts"
    wait_until(lambda: running.upgrade("a")[1].startswith("HTTP/1.1 101"), what="room after they have gone")


def hold_three(httpd, what="room for three"):
    """Three upgraded connections. What a dead one held is given back a moment later, so the missing are asked for
    again; those we have are kept, for closing them would itself make places that are free only a moment later."""
    held, refused = [], collections.Counter()

    def three():
        try:
            s, head = httpd.upgrade("a")
        except OSError as e:
            refused[repr(e)] += 1
            return False
        if " 101 " in head:
            held.append((s, head))
        else:
            s.close()
            refused[head.split("\r\n")[0]] += 1
        return len(held) == 3
    try:
        wait_until(three, 20, what)
    except AssertionError as e:
        raise AssertionError(f"{e}: {len(held)} are held, the others got {dict(refused)}") from e
    return held


def test_killed_children_take_their_numbers_along(running):
    running.routes(a={"port": running.app(backends.websocket("a")).port, "max_upgrades": 3})
    running.announced += ["AH00051", "AH00052", "exit signal Killed"]
    for _ in range(3):
        held = hold_three(running)
        s, head = running.upgrade("a")
        s.close()
        assert " 503 " in head
        for pid in running.children():
            os.kill(pid, signal.SIGKILL)
        for s, _ in held:
            s.close()


def test_a_killed_server_leaves_no_numbers_behind(running):
    """What was under way when httpd was killed does not count for the next one."""
    running.routes(a={"port": running.app(backends.websocket("a")).port, "max_upgrades": 3})
    running.announced += ["AH00098"]
    held = hold_three(running)
    assert " 503 " in running.upgrade("a")[1]
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait(20)
    running.process.stderr.close()
    running.start()
    again = hold_three(running, "room for three again")
    assert " 503 " in running.upgrade("a")[1]
    for s, _ in held + again:
        s.close()


def test_many_reloads_leak_nothing(running):
    running.routes(a=running.app(backends.echo("a")).port)

    def of_parent():
        with open(f"/proc/{running.process.pid}/maps", encoding="ascii") as f:
            maps = sum("/dev/zero" in line for line in f)
        return maps, len(os.listdir(f"/proc/{running.process.pid}/fd"))
    running.reload()
    before = of_parent()
    for _ in range(8):
        running.reload()
        assert running.get("a").status == 200
    assert of_parent() == before


def test_stop_leaves_no_process(running):
    running.routes(a=running.app(backends.echo("a")).port)
    assert running.get("a").status == 200
    children = running.children()
    assert children
    running.stop()
    for pid in children:
        assert not os.path.exists(f"/proc/{pid}")
    assert running.process.returncode == 0
    assert DOMAIN in open(f"{running.folder}/httpd.conf", encoding="utf-8").read()


@contextlib.contextmanager
def leased(path):
    """As long as we hold a lease on the file, nobody else can open it, and nothing about it changes."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel asks for it back, and gets no answer
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        yield
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)


def test_routes_that_could_not_be_opened_are_opened_later(running):
    """No descriptor, no memory, or as here no right at the moment: that says nothing about the file."""
    running.routes(a=1)
    assert running.get("b").status == 404
    running.announced += ["APH0045"]
    running.routes(a=1, b={"port": 1, "state": "stopped"})
    with leased(running.routes_path):
        assert running.get("b").status == 404, "the routes of before"
    time.sleep(0.02)
    assert running.get("b").status == 503, "the page of a stopped app"
