# SPDX-License-Identifier: Apache-2.0
"""Killing at a chosen moment of an operation, and what must not be touched by it."""
import contextlib
import hashlib
import json
import os
import signal
import time

import pytest

from daemon_env import Client
from stack_env import PREFIX, wait_for

INSTALL = ("engine", "read", "names", "plan", "consent", "folders", "images", "render", "start", "health", "vhost", "publish")
UNINSTALL = ("withdraw", "containers", "images", "data")
START = ("start", "images", "containers", "verify", "health")


class Operation:
    """One under way: what apphostctl would have sent, and its frames as they come."""

    def __init__(self, stack, op, name, **args):
        self.client = Client(stack.socket, timeout=90)
        self.client.frame({"v": 1, "op": op, "args": {"name": name} | args})
        self.answer = None

    def until(self, step):
        """True once the operation begins step; False where it ended before."""
        while self.answer is None:
            frame = self.client.receive()
            if frame is None or "ok" in frame or "code" in frame:
                self.answer = frame or {}
                self.client.close()
            elif step is not None and frame.get("progress", {}).get("step") == step:
                return True
        return False

    def end(self):
        """The answer; {} where the connection broke."""
        self.until(None)
        return self.answer


def script(image, folder="d"):
    return (f"cat > docker-compose.yml << 'EOF'\nweb:\n  image: '{image}'\n  ports: ['HOST_PORT:80']\n"
            f"  volumes: ['./{folder}:/{folder}']\nEOF\ndocker-compose up -d\n")


def install(stack, name, image):
    return Operation(stack, "install", name, script=script(image), yes=True)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def running(pid, program):
    """Processes below pid that run a program of ours."""
    found = []
    for child in children(pid):
        try:
            if os.readlink(f"/proc/{child}/exe") == f"{PREFIX}/libexec/apphost/{program}":
                found.append(child)
            found += running(child, program)
        except FileNotFoundError:   # it has ended meanwhile
            pass
    return found


def watcher(stack):
    """The job child without an operation: the only one while nothing is under way."""
    return wait_for(lambda: running(stack.daemon.pid, "apphost-job"), 20, "a watcher")[0]


def settle(stack, seconds=60):
    """Every job has come to an end."""
    wait_for(lambda: all(j.get("result") for j in stack.json("jobs")["jobs"]), seconds, "the end of every job")


def kill_job(stack, keep):
    """kill -9 of the child that does an operation, whatever it runs below it."""
    for pid in running(stack.daemon.pid, "apphost-job"):
        if pid != keep:
            with contextlib.suppress(ProcessLookupError):   # it was done
                os.kill(pid, signal.SIGKILL)


class Bystanders:
    """Containers, networks and volumes without our labels, as any machine has them; and an app of ours
    that the operation is not about, with data. None of it may change."""

    def __init__(self, stack, image):
        self.stack, self.engine = stack, stack.engine
        name = f"bystander-{os.getpid()}-{time.monotonic_ns()}"
        spec = {"Image": image, "Labels": {"app": "apphost"}, "HostConfig": {"Binds": [f"{name}:/data"]}}
        self.volume = self.engine.json("POST", "/volumes/create", {"Name": name})["Name"]
        self.container = self.engine.json("POST", f"/containers/create?name={name}", spec)["Id"]
        self.network = self.engine.json("POST", "/networks/create", {"Name": name, "Internal": True, "IPAM": {
            "Config": [{"Subnet": f"10.215.{os.getpid() % 256}.0/28"}]}})["Id"]
        self.engine.request("POST", f"/containers/{self.container}/start")
        install(stack, "neighbour", image).end()
        self.app = stack.json("status", "neighbour")["app_id"]
        with open(f"{stack.state}/data/{self.app}/d/precious", "w", encoding="ascii") as f:
            f.write("do not lose me")
        self.before = self.seen()

    def seen(self):
        """All that the engine says of them, and the neighbour's files."""
        told = {what: self.engine.json("GET", f"/{what}") for what in
                (f"containers/{self.container}/json", f"networks/{self.network}", f"volumes/{self.volume}")}
        ours = self.engine.containers(**{"org.apphost.instance": self.stack.instance_label,
                                         "org.apphost.app": str(self.app)})
        told["neighbour"] = [self.engine.inspect(c["Id"]) for c in ours]
        told["files"] = sorted(
            (path, hashlib.sha256(open(path, "rb").read()).hexdigest())
            for top, _, files in os.walk(f"{self.stack.state}/data/{self.app}")
            for path in (f"{top}/{name}" for name in files))
        return json.dumps(told, sort_keys=True, indent=1).splitlines()

    def check(self, where):
        changed = [line for pair in zip(self.before, self.seen()) if pair[0] != pair[1] for line in pair]
        assert not changed and len(self.before) == len(self.seen()), f"{where}: touched what is not its own: {changed}"

    def close(self):
        self.engine.request("DELETE", f"/containers/{self.container}?force=1")
        self.engine.request("DELETE", f"/networks/{self.network}")
        self.engine.request("DELETE", f"/volumes/{self.volume}?force=1")


@pytest.fixture
def bystanders():
    """A function that makes them for a stack, beside an app called neighbour."""
    made = []

    def make(stack, image):
        made.append(Bystanders(stack, image))
        return made[-1]
    yield make
    for each in made:
        each.close()


def no_trace(stack, where, *names):
    """Nothing of the apps called names, or of no app at all, in rows, engine or folders."""
    settle(stack)
    rows = {row["name"]: str(row["app_id"]) for row in stack.invariants()}
    assert not set(names) & set(rows), f"{where}: {rows}"
    containers, networks = stack.ours()
    left = {x["Labels"]["org.apphost.app"] for x in containers + networks} - set(rows.values())
    assert not left, f"{where}: left in the engine: {left}"
    for folder in ("apps", "data"):
        assert set(os.listdir(f"{stack.state}/{folder}")) <= set(rows.values()), f"{where}: left in {folder}"
