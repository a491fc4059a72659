#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many apps on one machine, in real containers: how long they take to install, that requests which
alternate over most of them are never answered by another app, that none fails while apphostd is killed
and started again meanwhile, and what the idle whole then weighs.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/many_apps.py [APPS [REQUESTS]]     (60, 20000)
"""
import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import crowd  # noqa: E402
from engine_env import WEB, Engine, busybox_files  # noqa: E402
from figures import Figure, show  # noqa: E402
from stack_env import Stack, wait_for  # noqa: E402

IMAGE = f"apphost-bench-many-{os.getpid()}:1"
KILLS = 3


def kill_now_and_then(stack, stop, every):
    """Each time the daemon is killed, it is away for a moment before it comes back."""
    killed = 0
    while killed < KILLS and not stop.wait(every):
        stack.stop_daemon(signal.SIGKILL)
        killed += 1
        time.sleep(0.5)
        stack.start_daemon()
    return killed


def not_right(tally, count):
    """Requests that were answered wrongly or not at all; what they got instead is said at once."""
    if tally.failed:
        print(f"failed: {dict(tally.failed)}", file=sys.stderr)
    return count - tally.good


def measure(stack, names, requests):
    begin = time.monotonic()
    crowd.install_all(stack, names, IMAGE)
    took = time.monotonic() - begin
    rows = stack.invariants()
    yield Figure("apps running at once", sum(r["state"] == "running" for r in rows), f"of {len(names)}")
    yield Figure("per install, four at a time", took / len(names), "s")
    asked = names[:50]
    first = crowd.alternate(stack, asked, 1000)
    yield Figure(f"1000 alternations over {len(asked)} apps: wrong or failed", not_right(first, 1000), "", 0)

    stop, killed = threading.Event(), []
    killer = threading.Thread(target=lambda: killed.append(kill_now_and_then(stack, stop, 2)))
    killer.start()
    begin = time.monotonic()
    second = crowd.alternate(stack, asked, requests)
    took = time.monotonic() - begin
    stop.set()
    killer.join()
    yield Figure("kill -9 of apphostd meanwhile", killed[0], f"of {KILLS}")
    yield Figure(f"{requests} alternations: wrong or failed", not_right(second, requests), "", 0)
    yield Figure("of them from another app", second.wrong, "", 0)
    yield Figure("throughput, both ends on this machine", requests / took, "a second")
    wait_for(lambda: all(r["state"] == "running" for r in stack.invariants()), 60, "all apps running")
    begin = time.monotonic()
    crowd.uninstall_all(stack, names)
    yield Figure("per uninstall, four at a time", (time.monotonic() - begin) / len(names), "s")
    yield Figure("containers, networks and rows left", len(stack.invariants()) + sum(map(len, stack.ours())), "", 0)


def figures(apps=60, requests=20000):
    names = [f"many{n}" for n in range(apps)]
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    try:
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        stack.start_httpd()
        yield from measure(stack, names, requests)
    finally:
        stack.close()
        engine.remove_image(IMAGE)


if __name__ == "__main__":
    sys.exit(show(list(figures(*map(int, sys.argv[1:3])))))
