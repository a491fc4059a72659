#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What apphost weighs and does while nothing is asked of it: memory (PSS) and CPU of the monitor and of
its one child, the watcher, with no app and with some.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/idle.py [APPS]
"""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import crowd  # noqa: E402
import kills  # noqa: E402
from engine_env import WEB, Engine, busybox_files  # noqa: E402
from figures import Figure, pss_kib, show  # noqa: E402
from stack_env import Stack  # noqa: E402

IMAGE = f"apphost-bench-idle-{os.getpid()}:1"
AIM_MONITOR = 6
REST, WATCHED = 8, 35   # seconds: until it is idle; that its CPU is looked at


def cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e6


def weigh(stack, with_what):
    time.sleep(REST)
    watcher = kills.watcher(stack)
    monitor_mib, watcher_mib = (pss_kib(pid) / 1024 for pid in (stack.daemon.pid, watcher))
    yield Figure(f"idle monitor, {with_what}", monitor_mib, "MiB PSS", AIM_MONITOR)
    yield Figure(f"its watcher, {with_what}", watcher_mib, "MiB PSS")
    yield Figure(f"all of apphost but httpd, {with_what}", monitor_mib + watcher_mib, "MiB PSS")
    before = cpu_ms(stack.daemon.pid) + cpu_ms(watcher)
    time.sleep(WATCHED)
    spent = cpu_ms(stack.daemon.pid) + cpu_ms(watcher) - before
    yield Figure(f"its CPU at rest, {with_what}", spent / WATCHED * 60, "ms/minute")


def figures(apps=20):
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    try:
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        yield from weigh(stack, "no app")
        crowd.install_all(stack, [f"idle{n}" for n in range(apps)], IMAGE)
        yield from weigh(stack, f"{apps} apps")
    finally:
        stack.close()
        engine.remove_image(IMAGE)


if __name__ == "__main__":
    sys.exit(show(list(figures(*map(int, sys.argv[1:2])))))
