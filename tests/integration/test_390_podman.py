# SPDX-License-Identifier: Apache-2.0
"""What is Podman's alone: nothing of it runs at boot, it starts again without a pause what ended, and
its service holds the ports of what it could not start."""
import os
import signal
import time

import pytest

from engine_env import KIND
from own_engine import IMAGE
from stack_env import wait_for

pytestmark = pytest.mark.skipif(KIND != "podman", reason="Docker's daemon starts containers at boot, waits before "
                                "it restarts what ended, and holds no port of what it could not start")
LOOPS = '  restart: unless-stopped\n  command: ["/bin/busybox", "sh", "-c", "test -e /data/ill && exit 3; exec /bin/busybox '
LOOPS += 'httpd -f -p 80 -h /www"]\n  volumes: ["./data:/data"]\n'


@pytest.fixture
def stack(new_stack, own_engine):
    stack = new_stack(Socket=own_engine.path)
    stack.engine = own_engine
    stack.announced += [r"engine", r"proxy", r"AH0", r"watch", r"app: ", r"job \d+: "]
    return stack


def states(stack):
    return {row["name"]: row["state"] for row in stack.invariants()}


def pid_of(stack, name):
    ident = str(stack.json("status", name)["app_id"])
    (container,) = [c for c in stack.ours()[0] if c["Labels"]["org.apphost.app"] == ident]
    return stack.engine.inspect(container["Id"])["State"]["Pid"]


@pytest.mark.parametrize("first", ["engine", "daemon"])
def test_after_a_power_loss_everything_runs_again(stack, first):
    stack.install("up", IMAGE)
    stack.install("never", IMAGE, "  restart: 'no'\n")
    stack.install("down", IMAGE)
    stack.ctl("stop", "down")
    pair = stack.script(
        f"cat > docker-compose.yml << 'EOF'\nweb:\n  image: '{IMAGE}'\n  ports: ['HOST_PORT:80']\n  links: ['db:mysql']\n"
        f"db:\n  image: '{IMAGE}'\nEOF\ndocker-compose up -d\n", "pair.sh")
    stack.ctl("install", pair, "--name", "pair", "--yes")
    stack.stop_daemon(signal.SIGKILL)
    stack.engine.lose_power()
    for what in sorted(["engine", "daemon"], key=lambda what: what != first):
        {"engine": stack.engine.start, "daemon": stack.start_daemon}[what]()
    wait_for(lambda: [stack.get(name).status for name in ("up", "never", "pair", "down")] == [200, 200, 200, 503], 20,
             "the answers")
    wait_for(lambda: states(stack) == {"up": "running", "never": "running", "pair": "running", "down": "stopped"}, 20,
             "the states")
    for name in ("up", "never", "down", "pair"):
        stack.ctl("uninstall", name, "--purge", "--yes")
    assert stack.ours() == ([], [])


def test_what_dies_comes_back(stack):
    stack.install("up", IMAGE)
    before = pid_of(stack, "up")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: pid_of(stack, "up") not in (0, before), 10, "another process")
    wait_for(lambda: stack.get("up").status == 200, 10, "an answer")
    wait_for(lambda: states(stack) == {"up": "running"}, 10, "the state")


def test_what_keeps_dying_can_be_stopped(stack):
    stack.install("ill", IMAGE, LOOPS)
    virus = f"{stack.state}/data/{stack.json('status', 'ill')['app_id']}/data/ill"
    open(virus, "w").close()
    os.kill(pid_of(stack, "ill"), signal.SIGKILL)
    wait_for(lambda: states(stack) == {"ill": "failing"}, 20, "the state")
    stack.ctl("stop", "ill")
    (container,), _ = stack.ours()
    assert states(stack) == {"ill": "stopped"} and container["State"] == "exited"
    os.unlink(virus)
    stack.ctl("start", "ill")
    assert stack.get("ill").status == 200


def test_what_keeps_dying_is_given_pauses(stack):
    """And comes back by itself once it is well."""
    stack.install("ill", IMAGE, LOOPS)
    virus = f"{stack.state}/data/{stack.json('status', 'ill')['app_id']}/data/ill"
    open(virus, "w").close()
    os.kill(pid_of(stack, "ill"), signal.SIGKILL)

    def restarts():
        return stack.engine.inspect(stack.ours()[0][0]["Id"])["RestartCount"]

    def rests():
        before = restarts()
        time.sleep(3)     # without pauses it is started several times a second
        return before >= 5 and restarts() == before
    wait_for(rests, 60, "a pause")
    assert states(stack) == {"ill": "failing"}
    os.unlink(virus)
    wait_for(lambda: stack.get("ill").status == 200, 60, "the end of the pause")
    wait_for(lambda: states(stack) == {"ill": "running"}, 10, "the state")


def test_a_port_that_the_engine_still_holds(stack):
    """Somebody's container, which could not start, had been given the port of a stopped app."""
    stack.install("up", IMAGE)
    stack.ctl("stop", "up")
    port = stack.json("status", "up")["port"]
    other = stack.engine.json("POST", "/containers/create", {
        "Image": IMAGE, "Cmd": ["/nothing"],
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}}})["Id"]
    assert stack.engine.request("POST", f"/containers/{other}/start")[0] == 500
    stack.engine.request("DELETE", f"/containers/{other}?force=1")
    stack.ctl("start", "up")
    assert stack.get("up").status == 200
