#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many apps on one machine, in real containers: how long they take to install, that requests which
alternate over most of them are never answered by another app, that none fails while apphostd is killed
and started again meanwhile, and what the idle whole then weighs.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/many_apps.py [APPS [REQUESTS]]     (60, 20000)
"""
import contextlib
import os
import pathlib
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import crowd  # noqa: E402
from engine_env import WEB, Engine, busybox_files  # noqa: E402
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


def measure(stack, names, requests):
    begin = time.monotonic()
    crowd.install_all(stack, names, IMAGE)
    took = time.monotonic() - begin
    running = sum(r["state"] == "running" for r in stack.invariants())
    print(f"{running} of {len(names)} apps run at once; {took / len(names):.2f} s per install, "
          f"{took:.0f} s for all, four at a time", flush=True)
    asked = names[:50]
    first = crowd.alternate(stack, asked, 1000)
    print(f"1000 alternations over {len(asked)} apps: {first.good} right, {first.wrong} wrong, "
          f"{sum(first.failed.values())} failed {dict(first.failed) or ''}", flush=True)

    stop, killed = threading.Event(), []
    killer = threading.Thread(target=lambda: killed.append(kill_now_and_then(stack, stop, 2)))
    killer.start()
    begin = time.monotonic()
    second = crowd.alternate(stack, asked, requests)
    took = time.monotonic() - begin
    stop.set()
    killer.join()
    print(f"{requests} alternations with {killed[0]} kill -9 of apphostd: {second.good} right, "
          f"{second.wrong} wrong, {sum(second.failed.values())} failed {dict(second.failed) or ''}; "
          f"{requests / took:.0f} a second", flush=True)
    wait_for(lambda: all(r["state"] == "running" for r in stack.invariants()), 60, "all apps running")
    return (running == len(names) and first.clean() and second.clean() and killed[0] == KILLS)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    names = [f"many{n}" for n in range(count)]
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    try:
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        stack.start_httpd()
        well = measure(stack, names, requests)
        begin = time.monotonic()
        crowd.uninstall_all(stack, names)
        gone = stack.ours() == ([], []) and stack.invariants() == []
        print(f"{(time.monotonic() - begin) / count:.2f} s per uninstall; "
              f"{'nothing' if gone else 'SOMETHING'} of them is left")
        return 0 if well and gone else 1
    finally:
        stack.close()
        with contextlib.suppress(OSError):
            engine.remove_image(IMAGE)


if __name__ == "__main__":
    sys.exit(main())
