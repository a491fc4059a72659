#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time of `apphostctl install` against a bare `docker-compose up -d` of the file it rendered. Both
alternate in one run; what counts is the ratio. Compose returns when the container was started; the
installation has judged, verified and heard the app answer by then.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/install.py [ROUNDS]
"""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from engine_env import WEB, Engine, busybox_files  # noqa: E402
from figures import Figure, show  # noqa: E402
from stack_env import PREFIX, Stack  # noqa: E402

IMAGE = f"apphost-bench-install-{os.getpid()}:1"
AIM = 1.3


def timed(command, **more):
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    return time.monotonic() - begin


def bare_up(engine, rendered):
    """Its labels name no instance of ours, so that nothing of ours looks at it."""
    folder = tempfile.mkdtemp()
    text = pathlib.Path(folder, "docker-compose.yml")
    text.write_text(re.sub(r'(org\.apphost\.instance"\s*:\s*")[\w-]+', r"\1bench", rendered), encoding="utf-8")
    command = ["docker-compose", "-p", "aphbench", "-f", str(text)]
    env = {"PATH": "/usr/bin:/bin", "DOCKER_HOST": f"unix://{engine.path}", "HOME": "/nonexistent"}
    try:
        return timed([*command, "up", "-d"], env=env)
    finally:
        timed([*command, "down", "-t", "0"], env=env)
        shutil.rmtree(folder)


def one_round(stack, engine, script):
    env = {"APPHOST_SOCKET": stack.socket, "PATH": "/usr/bin:/bin"}
    ours = timed([f"{PREFIX}/bin/apphostctl", "install", script, "--name", "bench", "--yes"], env=env)
    app = stack.json("status", "bench")["app_id"]
    rendered = pathlib.Path(f"{stack.state}/apps/{app}/compose.json").read_text(encoding="utf-8")
    stack.ctl("uninstall", "bench", "--purge", "--yes")
    return ours, bare_up(engine, rendered)


def figures(rounds=7):
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    try:
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        script = stack.script("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE
                              + "'\n  ports: ['HOST_PORT:80']\nEOF\ndocker-compose up -d\n")
        one_round(stack, engine, script)   # the first one reads the programs from the disk
        ours, bare = zip(*(one_round(stack, engine, script) for _ in range(rounds)))
    finally:
        stack.close()
        engine.remove_image(IMAGE)
    yield Figure("install, from the command to the first answer", statistics.median(ours), "s")
    yield Figure("bare compose up of the same file", statistics.median(bare), "s")
    yield Figure("install against bare compose up", statistics.median(ours) / statistics.median(bare), "", AIM)


if __name__ == "__main__":
    sys.exit(show(list(figures(*map(int, sys.argv[1:2])))))
