# SPDX-License-Identifier: Apache-2.0
"""Podman's service as the tests' engine: storage, folders and configuration of its own, so that nothing
of the machine's own Podman is seen or touched."""
import contextlib
import os
import signal
import subprocess
import tempfile
import time

from engine_env import Engine

PODMAN = "/usr/bin/podman"

# Locks lie in a file below --tmpdir, not in shared memory that all of the machine's Podmans have in
# common: what reboot() wipes is this one's alone.
CONTAINERS_CONF = """[containers]
{ulimits}
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""


# Docker takes any registry on loopback as it is; Podman wants to be told that it speaks plain HTTP.
REGISTRIES_CONF = """unqualified-search-registries = ["docker.io"]
[[registry]]
location = "127.0.0.1"
insecure = true
"""

CAP_SYS_RESOURCE = 24


def may_raise_limits():
    """Podman gives containers larger limits than a root without that capability may."""
    with open("/proc/self/status", encoding="ascii") as f:
        effective = next(int(line.split()[1], 16) for line in f if line.startswith("CapEff:"))
    return effective >> CAP_SYS_RESOURCE & 1 == 1


class Podman(Engine):
    """The service is one process and may be stopped, frozen and killed: containers belong to a conmon
    each and live on, with nobody to start them again."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="aph-podman-", dir="/var/tmp")
        self.volatile = tempfile.mkdtemp(prefix="aph-podman-", dir="/run")
        super().__init__(f"{self.volatile}/podman.sock")
        self.process = None
        kind = subprocess.run(["stat", "-f", "-c", "%T", self.folder], check=True, capture_output=True, text=True)
        self.on_overlay = kind.stdout.strip() == "overlayfs"
        os.makedirs(f"{self.folder}/networks")
        for name, text in (("containers", CONTAINERS_CONF), ("registries", REGISTRIES_CONF)):
            with open(f"{self.folder}/{name}.conf", "w", encoding="ascii") as f:
                f.write(text.format(folder=self.folder, ulimits="" if may_raise_limits() else
                                    'default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]'))
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder,
                            "CONTAINERS_CONF": f"{self.folder}/containers.conf",
                            "CONTAINERS_REGISTRIES_CONF": f"{self.folder}/registries.conf"}

    def command(self, *words):
        # On overlayfs, as inside of containers, there is no other overlayfs.
        driver = ["--storage-driver", "vfs"] if self.on_overlay else []
        return [PODMAN, *driver, "--root", f"{self.folder}/storage", "--runroot", f"{self.volatile}/run",
                "--tmpdir", f"{self.volatile}/tmp", *words]

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                self.command("system", "service", "--time=0", f"unix://{self.path}"), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, env=self.environment)
        deadline = time.monotonic() + 60
        while not self.alive():
            assert time.monotonic() < deadline and self.process.poll() is None, self.log()
            time.sleep(0.05)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process = None
        # A killed service leaves its socket, and the next one takes its place.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    @contextlib.contextmanager
    def frozen(self):
        """It takes connections, and that is all it does."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def run(self, *words, check=True):
        return subprocess.run(self.command(*words), env=self.environment, check=check, capture_output=True, text=True)

    def lose_power(self):
        """What a machine finds that lost its power and starts again: no process of any container, nothing
        that lay in /run, and a database that thinks they still run. start() brings the service back."""
        self.stop(signal.SIGKILL)
        database = f"{self.folder}/storage/libpod/bolt_state.db"
        with open(database, "rb") as f:
            before = f.read()
        self.run("stop", "--all", "--time", "0")     # takes networks and mounts down, too
        with open(database, "wb") as f:
            f.write(before)
        subprocess.run(["rm", "-rf", f"{self.volatile}/run", f"{self.volatile}/tmp"], check=True)

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def close(self):
        self.stop()
        for words in (("rm", "--all", "--force", "--time", "0"), ("network", "prune", "--force")):
            self.run(*words, check=False)
        subprocess.run(["umount", "-l", f"{self.folder}/storage/overlay"], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", self.folder, self.volatile], check=True)
