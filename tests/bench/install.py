#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time of `apphostctl install` against a bare `docker-compose up -d` of the file it rendered, and the
memory of an idle apphostd. Both sides alternate in one run; what counts is the ratio.

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
from stack_env import Stack  # noqa: E402

IMAGE = "apphost-bench-web:1"


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: *(\d+)", f.read(), re.M).group(1)) / 1024


def timed(command, **more):
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    return time.monotonic() - begin


def bare_up(engine, rendered):
    folder = tempfile.mkdtemp()
    text = pathlib.Path(folder, "docker-compose.yml")
    text.write_text(re.sub(r'(org\.apphost\.instance"\s*:\s*")\w+', r"\1bench", pathlib.Path(rendered).read_text()))
    command = ["docker-compose", "-p", "aphbench", "-f", str(text)]
    env = {"PATH": "/usr/bin:/bin", "DOCKER_HOST": f"unix://{engine.path}", "HOME": "/nonexistent"}
    try:
        return timed([*command, "up", "-d"], env=env)
    finally:
        timed([*command, "down"], env=env)
        shutil.rmtree(folder)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    engine = Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock"))
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = Stack(engine, "event")
    stack.write_config()
    stack.start_daemon()
    stack.instance_label = stack.instance()
    ours, bare = [], []
    try:
        script = stack.script("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE
                              + "'\n  ports: ['HOST_PORT:80']\nEOF\ndocker-compose up -d\n")
        env = {"APPHOST_SOCKET": stack.socket, "PATH": "/usr/bin:/bin"}
        for _ in range(rounds):
            ours.append(timed([f"{os.environ['APPHOST_PREFIX']}/bin/apphostctl", "install", script,
                               "--name", "bench", "--yes"], env=env))
            rendered = f"{stack.folder}/rendered.json"
            shutil.copy(f"{stack.state}/apps/1/compose.json", rendered)
            stack.ctl("uninstall", "bench", "--purge", "--yes")
            bare.append(bare_up(engine, rendered))
        print(f"install {statistics.median(ours):.2f} s, bare compose up {statistics.median(bare):.2f} s, "
              f"ratio {statistics.median(ours) / statistics.median(bare):.2f} (aim: at most 1.30)")
        print(f"apphostd idle: {pss(stack.daemon.pid):.1f} MiB PSS (aim: at most 6.0)")
    finally:
        stack.close()


main()
