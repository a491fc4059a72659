# SPDX-License-Identifier: Apache-2.0
"""What root overrides by name runs as it was judged, is written down, and is shown ever after."""
import os
import subprocess
import urllib.request

import pytest

from engine_env import WEB, busybox_files

IMAGE = f"apphost-test-socket-{os.getpid()}:1"
SOCKET = os.environ.get("DOCKER_SOCKET", "/var/run/docker.sock")
PORTAINER = ("cat > docker-compose.yml << 'EOF'\nportainer-container:\n"
             f"  image: '{IMAGE}'\n  container_name: 'APP_IDENTIFIER'\n  hostname: 'APP_HOSTNAME'\n"
             "  restart: unless-stopped\n  ports:\n    - 'HOST_PORT:80'\n  volumes:\n"
             f"    - '{SOCKET}:{SOCKET}'\n"
             "EOF\ndocker-compose up -d\n")
WEB_APP = f"services:\n  a:\n    image: '{IMAGE}'\n    ports: ['HOST_PORT:80']\n"


@pytest.fixture(scope="module")
def image(engine, tmp_path_factory):
    program = tmp_path_factory.mktemp("ask") / "ask_socket"
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ask_socket.c")
    subprocess.run(["cc", "-static", "-o", program, source], check=True)
    page = f"#!/bin/sh\necho Content-Type: text/plain\necho\n/bin/ask_socket {SOCKET}\n".encode()
    files = busybox_files(scripts={"ask": page})
    files["bin/ask_socket"] = (program.read_bytes(), 0o755)
    engine.import_image(IMAGE, files, WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def bare(new_stack, image):
    return new_stack(httpd=False)


def install(stack, script, *more):
    done = stack.ctl("install", stack.script(script), "--name", "app", *more, check=False)
    return done.returncode, done.stdout + done.stderr


def test_portainer(bare):
    code, said = install(bare, PORTAINER, "--yes")
    assert code == 3 and "--allow docker-socket" in said and "as root" in said
    code, said = install(bare, PORTAINER, "--allow", "host-path", "--yes")
    assert code == 3, said
    code, said = install(bare, PORTAINER, "--allow", "docker-socket")
    assert code == 4 and SOCKET in said
    code, said = install(bare, PORTAINER, "--allow", "docker-socket", "--yes")
    assert code == 0, said
    row = bare.json("status", "app")
    with urllib.request.urlopen(f"http://127.0.0.1:{row['port']}/cgi-bin/ask", timeout=10) as page:
        assert b"ApiVersion" in page.read()
    assert row["allowed"] == ["docker-socket"] and len(row["consents"]) == 1
    assert [f["rule"] for f in row["plan"]["overridden"]] == ["docker-socket"] and row["plan"]["refused"] == []
    assert bare.json("list")["apps"][0]["allowed"] == ["docker-socket"]
    assert "docker-socket" in bare.ctl("list").stdout and "docker-socket" in bare.ctl("status", "app").stdout
    assert "app is installed with --allow docker-socket" in bare.ctl("doctor", check=False).stdout
    bare.ctl("restart", "app")
    assert bare.json("status", "app")["state"] == "running"
    bare.ctl("uninstall", "app")


def all_rights():
    """Whether this machine lets its root have every right, so that a container can."""
    with open("/proc/self/status", encoding="ascii") as status, open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as last:
        (bound,) = [line.split()[1] for line in status if line.startswith("CapBnd")]
        return int(bound, 16) == (2 << int(last.read())) - 1


@pytest.mark.parametrize("keys, rules", [
    *([("privileged: true", ["privileged"])] if all_rights() else []),
    ("pid: host\n    ipc: host\n    cap_add: [CAP_SYS_CHROOT, sys_admin]", ["cap-add", "ipc-host", "pid-host"]),
    ("security_opt: ['seccomp=unconfined', 'no-new-privileges:false']", ["security-opt"]),
    ("devices: ['/dev/null:/dev/zero9']\n    volumes: ['/etc/hostname:/h:ro']\n    userns_mode: host",
     ["device", "host-path", "userns-host"]),
])
def test_each_override_runs(bare, keys, rules):
    script = f"{WEB_APP}    {keys}\n"
    code, said = install(bare, script, "--yes")
    assert code == 3, said
    code, said = install(bare, script, "--yes", *(word for rule in rules for word in ("--allow", rule)))
    assert code == 0, said
    assert sorted(bare.json("status", "app")["allowed"]) == rules
    bare.ctl("restart", "app")
    bare.ctl("uninstall", "app")


def test_the_machines_own_network_has_no_web_page(bare):
    head = f"services:\n  a:\n    image: '{IMAGE}'\n    network_mode: host\n"
    code, said = install(bare, head + "    ports: ['HOST_PORT:80']\n", "--allow", "network-host", "--yes")
    assert code == 3 and "cannot be the app's web page" in said
    code, said = install(bare, head + "    command: [/bin/busybox, sleep, '1000']\n    ports: ['9000:9000']\n",
                         "--allow", "network-host", "--yes")
    assert code == 0, said
    row = bare.json("status", "app")
    assert row["allowed"] == ["network-host"] and not row["web"]
    bare.ctl("uninstall", "app")


def test_only_what_was_overridden(bare):
    """Rules that do not exist, or that nothing needs, give nothing."""
    code, said = install(bare, WEB_APP, "--allow", "include", "--yes")
    assert code == 2 and "apphostctl help rules" in said
    code, said = install(bare, WEB_APP + "    use_api_socket: true\n", "--allow", "docker-socket", "--yes")
    assert code == 3 and "use_api_socket" in said
    code, said = install(bare, WEB_APP, "--allow", "privileged", "--yes")
    assert code == 0, said
    assert bare.json("status", "app")["allowed"] == []
    bare.ctl("uninstall", "app")


def test_consent_one_by_one(bare):
    script = WEB_APP + "    cap_add: [NET_ADMIN, SYS_NICE]\n"
    first, second = "a.cap_add.NET_ADMIN", "a.cap_add.SYS_NICE"
    code, said = install(bare, script, "--consent", first)
    assert code == 4 and second in said
    code, said = install(bare, script, "--consent", first, "--consent", second, "--consent", "a.cap_add.SYS_TIME")
    assert code == 2 and "SYS_TIME" in said
    code, said = install(bare, script, "--consent", first, "--consent", second)
    assert code == 0, said
    assert sorted(bare.json("status", "app")["consents"]) == [first, second]
    bare.ctl("uninstall", "app")
