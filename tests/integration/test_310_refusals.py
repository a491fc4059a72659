# SPDX-License-Identifier: Apache-2.0
"""Bad input gets one sentence, its exit code, and leaves nothing."""
import contextlib
import os
import socket

import pytest

from engine_env import WEB, busybox_files, free_port
from stack_env import PREFIX

IMAGE = f"apphost-test-web-{os.getpid()}:1"
GOOD = ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE
        + "'\n  ports:\n    - 'HOST_PORT:80'\nEOF\ndocker-compose up -d\n")


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def bare(new_stack, web_image):
    return new_stack(httpd=False)


def refused(stack, code, *words, script=GOOD, name="app", more=()):
    done = stack.ctl("install", stack.script(script), "--name", name, "--yes", *more, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"exit {done.returncode}, expected {code}: {said}"
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"
    no_trace(stack)
    return said


def no_trace(stack):
    assert all(r["name"] != "app" for r in stack.invariants())
    assert stack.ours() == ([], [])
    assert os.listdir(f"{stack.state}/apps") == [] and os.listdir(f"{stack.state}/data") == []


@pytest.mark.parametrize("name", ["apps", "www", "localhost", os.uname().nodename.split(".")[0]])
def test_reserved_names(bare, name):
    if name == "app":
        name = "www"
    refused(bare, 7, name, name=name)


@pytest.mark.parametrize("name", ["Photos", "a_b", "-a", "a-", "a" * 64, "a.b", "ü", " "])
def test_malformed_names(bare, name):
    refused(bare, 2, name=name)


def test_taken_name(bare):
    bare.install("app", IMAGE)
    done = bare.ctl("install", bare.script(GOOD), "--name", "app", "--yes", check=False)
    assert done.returncode == 7 and "app" in done.stderr
    assert bare.json("status", "app")["state"] == "running"


@pytest.mark.parametrize("script, code, words", [
    ("docker-comose up -d\n", 5, ["docker-comose", "1"]),
    ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: x\n  EOF\ndocker-compose up -d\n", 5, ["EOF"]),
    (GOOD + "wget http://x/y\n", 5, ["wget"]),
    (GOOD.replace("'EOF'", "EOF").replace("HOST_PORT", "$HOST_PORT"), 5, ["$"]),
    ("", 5, []),
    (GOOD.replace("    - 'HOST", "    - '1HOST"), 3, []),
    (GOOD.replace("  ports", "  privileged: true\n  ports"), 3, ["privileged", "4"]),
    (GOOD.replace("  ports", "  volumes: ['/var/run/docker.sock:/s']\n  ports"), 3, ["docker.sock"]),
    (GOOD.replace("  ports", "  brand_new_key: 1\n  ports"), 3, ["brand_new_key"]),
    (GOOD.replace("  ports", "  network_mode: host\n  ports"), 3, ["network_mode"]),
], ids=["typo", "indented-end", "wget", "unquoted", "empty", "odd-port", "privileged", "socket",
        "unknown-key", "host-network"])
def test_scripts_that_are_refused(bare, script, code, words):
    refused(bare, code, *words, script=script)


def test_oversized_script(bare):
    refused(bare, 19, script="# " + "x" * 200_000 + "\n" + GOOD)


def test_image_not_found(bare, registry):
    refused(bare, 10, "nothing/here", script=GOOD.replace(IMAGE, f"{registry.host}/nothing/here:1"))


def test_registry_down(bare):
    refused(bare, 10, script=GOOD.replace(IMAGE, f"127.0.0.1:{free_port()}/nothing/here:1"))


def test_port_taken_is_skipped(bare):
    """The port the plan would use is taken by somebody before the app is installed."""
    plan = bare.json("install", bare.script(GOOD), "--name", "app", "--plan")
    port = plan["plan"]["port"]
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier app may linger
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = bare.install("app", IMAGE)
    row = bare.json("status", "app")
    assert row["port"] == 35000 + row["app_id"] != port
    said = done.stdout + done.stderr
    assert str(port) in said and str(os.getpid()) in said, "which port, and who has it"


def test_ids_exhausted(new_stack, web_image):
    stack = new_stack(httpd=False, MaxAppId=1)
    stack.install("one", IMAGE)
    done = stack.ctl("install", stack.script(GOOD), "--name", "two", "--yes", check=False)
    assert done.returncode == 16 and "MaxAppId" in done.stderr
    assert [r["name"] for r in stack.invariants()] == ["one"]


def test_ids_exhausted_by_ports(new_stack, web_image):
    """The only id has its port taken: the row that was reserved to find that out goes again."""
    stack = new_stack(httpd=False, MaxAppId=1)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # another app host of this machine may have it already
            taken.bind(("127.0.0.1", 35001))
            taken.listen()
        refused(stack, 16, "MaxAppId")


def test_engine_absent(new_stack, web_image):
    stack = new_stack(httpd=False, Socket="/run/there-is-no-engine.sock")
    stack.announced.append("there-is-no-engine")
    done = stack.ctl("install", stack.script(GOOD), "--name", "app", "--yes", check=False)
    assert done.returncode == 9 and "there-is-no-engine" in done.stderr
    assert stack.invariants() == []


def test_app_that_never_answers(new_stack, web_image):
    stack = new_stack(httpd=False, StartSeconds=3)
    script = GOOD.replace("  ports", "  command: ['/bin/busybox', 'sleep', '60']\n  ports")
    refused(stack, 12, script=script)


def test_app_that_crashes(new_stack, web_image):
    stack = new_stack(httpd=False, StartSeconds=15)
    script = GOOD.replace("  ports", "  command: ['/bin/busybox', 'sh', '-c', 'echo out of luck; exit 3']\n  ports")
    refused(stack, 12, "out of luck", script=script)


def test_foreign_container_with_our_name(bare, engine):
    instance = bare.instance_label[:8]
    name = f"apphost-{instance}-1-web"
    made = engine.json("POST", f"/containers/create?name={name}", {"Image": IMAGE})
    try:
        said = refused(bare, 7, name)
        assert engine.inspect(made["Id"])["Name"] == f"/{name}", said
    finally:
        engine.request("DELETE", f"/containers/{made['Id']}?force=1")


def test_second_daemon(bare):
    import subprocess
    second = subprocess.run([f"{PREFIX}/sbin/apphostd", "-c", bare.config], capture_output=True, text=True, timeout=20)
    assert second.returncode != 0 and "apphostd" in second.stderr
    assert bare.answers()


def test_no_daemon(new_stack, web_image):
    stack = new_stack(httpd=False)
    stack.stop_daemon()
    done = stack.ctl("list", check=False)
    assert done.returncode == 14 and "apphostd" in done.stderr


def test_no_such_app(bare):
    for verb in ("start", "stop", "restart", "uninstall", "logs", "status"):
        done = bare.ctl(verb, "ghost", check=False)
        assert done.returncode == 6 and "ghost" in done.stderr, (verb, done)
