#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Long use: apps that come and go and requests of both kinds of client; what apphostd and its watcher
have open and weigh afterwards, against before.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/endurance.py [CYCLES [REQUESTS]]
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import wear  # noqa: E402
from engine_env import WEB, Engine, busybox_files  # noqa: E402
from figures import Figure, show  # noqa: E402
from stack_env import Stack  # noqa: E402

IMAGE = f"apphost-bench-wear-{os.getpid()}:1"
AIM_KIB = 300   # a few pages more or less are the allocator's


def figures(cycles=30, requests=2000):
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    try:
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        wear.use(stack, IMAGE, 60, 3)
        before = wear.seen(stack)
        wear.use(stack, IMAGE, requests, cycles)
        after = wear.seen(stack)
    finally:
        stack.close()
        engine.remove_image(IMAGE)
    what = f"after {cycles} installs and {requests} requests"
    for name in before:
        yield Figure(f"descriptors more in the {name}, {what}", after[name][0] - before[name][0], "", 0)
        yield Figure(f"memory more in the {name}, {what}", after[name][1] - before[name][1], "KiB", AIM_KIB)


if __name__ == "__main__":
    sys.exit(show(list(figures(*map(int, sys.argv[1:3])))))
