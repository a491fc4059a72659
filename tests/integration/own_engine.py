# SPDX-License-Identifier: Apache-2.0
"""An engine of the tests' own, beside the one that serves all others: this one may be stopped, frozen
and killed."""
import contextlib
import os
import signal
import subprocess

import pytest

from engine_env import KIND, WEB, Engine, busybox_files
from podman_env import Podman
from stack_env import wait_for

IMAGE = f"apphost-test-own-{os.getpid()}:1"


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

    @contextlib.contextmanager
    def frozen(self):
        """It takes connections, and that is all it does."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

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


def make_engine():
    if KIND == "podman":
        return Podman()
    folder = f"/run/aph-test-{os.getpid()}"
    os.makedirs(folder)
    return OwnEngine(folder)


@pytest.fixture(scope="module")
def own_engine():
    engine = make_engine()
    try:
        engine.start()
        engine.import_image(IMAGE, busybox_files(), WEB)
        yield engine
    finally:
        engine.close()
