# SPDX-License-Identifier: Apache-2.0
"""What long use does to apphostd and its watcher: descriptors and memory before and after."""
import os
import time

import kills
from daemon_env import Client


def own_kib(pid):
    """Memory that is no file's: what others share of the program's pages does not show in it."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss_Anon:"))


def seen(stack):
    """For the monitor and the watcher: (descriptors, KiB of its own), once they have come to rest."""
    time.sleep(2)
    return {name: (len(os.listdir(f"/proc/{pid}/fd")), own_kib(pid))
            for name, pid in (("monitor", stack.daemon.pid), ("watcher", kills.watcher(stack)))}


def use(stack, image, requests, cycles):
    """Both kinds of client: one connection for many requests, and one each; and apps that come and go."""
    for cycle in range(cycles):
        name = f"wear{cycle}"
        answer = kills.install(stack, name, image).end()
        assert "ok" in answer, answer
        with Client(stack.socket) as client:
            for _ in range(requests // cycles // 2):
                assert "ok" in client.ask("list")[-1] and "ok" in client.ask("status", name=name)[-1]
        for _ in range(requests // cycles // 20):
            with Client(stack.socket) as client:
                assert "ok" in client.ask("status")[-1]
        answer = kills.Operation(stack, "uninstall", name, purge=True).end()
        assert "ok" in answer, answer
