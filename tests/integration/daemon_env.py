# SPDX-License-Identifier: Apache-2.0
"""apphostd alone: the real program from an installed prefix, with a configuration and folders of its
own, and clients that speak raw frames to it."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import pytest

PREFIX = os.environ.get("APPHOST_PREFIX", "/usr/local")


class Client:
    """A connection. Octets go out as they are given; frames come back as objects."""

    def __init__(self, path, timeout=8):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)   # blocking: waits while the daemon's queue is full
        self.socket.settimeout(timeout)

    def send(self, octets):
        self.socket.sendall(octets)

    def frame(self, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send(struct.pack(">I", len(body)) + body)

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            try:
                more = self.socket.recv(count - len(octets))
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            octets += more
        return octets

    def receive(self):
        """The next frame; None when the daemon has hung up."""
        head = self.exactly(4)
        body = head and self.exactly(struct.unpack(">I", head)[0])
        return json.loads(body) if body else None

    def ask(self, op, **args):
        """All frames up to the answer."""
        self.frame({"v": 1, "op": op, "args": args})
        return self.rest()

    def rest(self):
        frames = []
        while True:
            frames.append(self.receive())
            if frames[-1] is None or "ok" in frames[-1] or "code" in frames[-1]:
                return frames

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Daemon:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="aph-daemon-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.state, self.runtime = f"{self.folder}/state", f"{self.folder}/run"
        self.socket_path = f"{self.runtime}/apphostd.sock"
        self.database = f"{self.state}/apphost.db"
        self.config, self.log_path = f"{self.folder}/apphostd.conf", f"{self.folder}/log"
        self.process = None
        with open(self.config, "w", encoding="ascii") as f:
            # No engine answers there: these tests are about the daemon itself.
            f.write(f"[apphost]\nDomain = home.arpa example.org\nStateDir = {self.state}\n"
                    f"RuntimeDir = {self.runtime}\nPublicPort = 8080\n"
                    f"[engine]\nSocket = {self.folder}/no-engine.sock\n")

    def run(self, *options, **more):
        """One that is expected to end by itself."""
        return subprocess.run([f"{PREFIX}/sbin/apphostd", "-c", self.config, *options], text=True,
                              capture_output=True, timeout=20, check=False, **more)

    def start(self, **more):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([f"{PREFIX}/sbin/apphostd", "-c", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with Client(self.socket_path) as client:   # an answer counts: who takes the connection
                    if client.ask("status")[-1]:            # may be what a killed daemon had just forked
                        return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"apphostd does not listen:\n{self.log()}")

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(20) if self.process is not None else None
        self.process = None
        return code

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def client(self, **more):
        return Client(self.socket_path, **more)

    def ask(self, op, **args):
        with self.client() as client:
            return client.ask(op, **args)[-1]

    def memory_kib(self, line_name):
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(line_name))

    def pss_kib(self):
        return self.memory_kib("Pss:")

    def anonymous_kib(self):
        """What it has of its own; who else shares its libraries makes no difference."""
        return self.memory_kib("Anonymous:")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def idle_daemon():
    """Configured, not started."""
    if os.geteuid() != 0:
        pytest.fail("these tests start the daemon, which needs root")
    made = Daemon()
    yield made
    made.close()


@pytest.fixture
def daemon(idle_daemon):
    return idle_daemon.start()
