# SPDX-License-Identifier: Apache-2.0
"""Whatever dies, and in whatever order things come up: state, engine and routes agree again."""
import contextlib
import http.client
import itertools
import os
import signal
import subprocess
import threading
import time

import pytest

from engine_env import WEB, Engine, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-web-{os.getpid()}:1"


class OwnEngine(Engine):
    """An engine of this test's own, which may be stopped and killed. containerd is a process beside
    dockerd, as on any machine with services, so that a killed dockerd leaves the containers alone. Its
    bridge is its own: with none at all, dockerd would take down docker0, which is another engine's."""

    bridge = "aphtest0"

    def __init__(self, folder):
        super().__init__(f"{folder}/docker.sock")
        self.folder, self.process, self.containerd = folder, None, None
        with open(f"{folder}/containerd.toml", "w", encoding="ascii") as f:
            f.write(f'version = 2\nroot = "{folder}/cd-root"\nstate = "{folder}/cd-state"\n'
                    f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                    f'[grpc]\naddress = "{folder}/containerd.sock"\n')

    def spawn(self, *command):
        with open(f"{self.folder}/log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def start(self):
        if self.containerd is None:
            subprocess.run(["ip", "link", "add", self.bridge, "type", "bridge"], check=True)
            subprocess.run(["ip", "addr", "add", "10.217.0.1/24", "dev", self.bridge], check=True)
            self.containerd = self.spawn("/usr/bin/containerd", "--config", f"{self.folder}/containerd.toml")
            wait_for(lambda: os.path.exists(f"{self.folder}/containerd.sock"), 30, "containerd")
        self.process = self.spawn(
            "/usr/sbin/dockerd", "--host", f"unix://{self.path}", "--data-root", f"{self.folder}/data",
            "--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid", "--bridge", self.bridge,
            "--containerd", f"{self.folder}/containerd.sock")
        wait_for(self.alive, 60, "the engine")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.folder}/pid")

    def close(self):
        if self.process is None:
            self.start()
        for c in self.containers():
            self.request("DELETE", f"/containers/{c['Id']}?force=1")
        self.stop()
        self.containerd.terminate()
        self.containerd.wait(30)
        subprocess.run(["ip", "link", "del", self.bridge], check=True)
        # A killed engine leaves the mount it makes of its own folder.
        subprocess.run(["umount", "-l", f"{self.folder}/data"], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", self.folder], check=True)


@pytest.fixture(scope="module")
def own_engine():
    folder = f"/run/aph-test-{os.getpid()}"
    os.makedirs(folder)
    engine = OwnEngine(folder)
    engine.start()
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield engine
    engine.close()


@pytest.fixture
def pair(new_stack, own_engine):
    stack = new_stack(Socket=own_engine.path)
    stack.engine = own_engine
    stack.install("up", IMAGE)
    stack.install("down", IMAGE)
    stack.ctl("stop", "down")
    stack.announced += [r"engine", r"proxy", r"AH0", r"watch"]
    return stack


def agree(stack, seconds=30):
    wait_for(lambda: stack.get("up").status == 200, seconds, "the running app")
    wait_for(lambda: {r["name"]: r["state"] for r in stack.invariants()}
             == {"up": "running", "down": "stopped"}, seconds, "the states")
    assert stack.get("down").status == 503
    running = {c["Labels"]["org.apphost.app"]: c["State"] for c in stack.ours()[0]}
    assert sorted(running.values()) in (["exited", "running"], ["running"]), running


@pytest.mark.parametrize("order", list(itertools.permutations(["engine", "httpd", "daemon"])), ids="-".join)
def test_boot_orders(pair, own_engine, order):
    pair.stop_httpd()
    pair.stop_daemon()
    own_engine.stop()
    for what in order:
        {"engine": own_engine.start, "httpd": pair.start_httpd, "daemon": pair.start_daemon}[what]()
    agree(pair)


@pytest.mark.parametrize("victim", ["engine", "httpd", "daemon"])
def test_kill_9(pair, own_engine, victim):
    if victim == "engine":
        own_engine.stop(signal.SIGKILL)
        own_engine.start()
    elif victim == "httpd":
        os.killpg(pair.httpd.pid, signal.SIGKILL)
        pair.httpd.wait()
        pair.start_httpd()
    else:
        pair.stop_daemon(signal.SIGKILL)
        pair.start_daemon()
    agree(pair)


def test_daemon_killed_under_load(new_stack, engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = new_stack()
    stack.install("busy", IMAGE)
    answers, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            answers.append(stack.get("busy").status)
    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.3)
        stack.stop_daemon(signal.SIGKILL)
        time.sleep(0.3)
        stack.start_daemon()
    stop.set()
    for thread in threads:
        thread.join()
    assert len(answers) > 100 and set(answers) == {200}


def test_killed_in_the_middle_of_an_install(new_stack, engine):
    """However far an install was when apphostd died, the next one ends it one way or the other."""
    engine.import_image(IMAGE, busybox_files(), WEB)
    stack = new_stack(httpd=False)
    foreign = {c["Id"] for c in engine.json("GET", "/containers/json?all=1")}
    script = stack.script("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE
                          + "'\n  ports: ['HOST_PORT:80']\n  volumes: ['./d:/d']\nEOF\ndocker-compose up -d\n")
    for tenth in (0, 1, 3, 6, 10, 14, 20):
        client = subprocess.Popen(
            [f"{os.environ['APPHOST_PREFIX']}/bin/apphostctl", "install", script, "--name", "victim", "--yes"],
            env={"APPHOST_SOCKET": stack.socket, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 + tenth / 10)
        stack.stop_daemon(signal.SIGKILL)
        client.wait(20)
        stack.start_daemon()

        def settled():
            jobs = stack.json("jobs")
            jobs = jobs["jobs"] if isinstance(jobs, dict) else jobs
            return all(j.get("result") for j in jobs)
        wait_for(settled, 30, "the interrupted job's end")
        rows = stack.invariants()
        if rows:
            assert rows[0]["state"] == "running"
            stack.ctl("uninstall", "victim", "--purge", "--yes")
        assert stack.ours() == ([], []), f"left after a kill at {tenth / 10} s"
        assert os.listdir(f"{stack.state}/apps") == [], f"left after a kill at {tenth / 10} s"
    assert {c["Id"] for c in engine.json("GET", "/containers/json?all=1")} == foreign
