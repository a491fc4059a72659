# SPDX-License-Identifier: Apache-2.0
"""apphostctl doctor: faults are planted one at a time, and each must be named with its cure."""
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from engine_env import KIND, WEB, busybox_files, free_port

PREFIX = os.environ.get("APPHOST_PREFIX", "/usr/local")
IMAGE = "aph-doctor-web:1"
RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"


def doctor(config):
    done = subprocess.run([f"{PREFIX}/bin/apphostctl", "doctor", "--config", config, "--json"],
                          text=True, capture_output=True, timeout=60, env={"PATH": "/usr/bin:/bin"})
    said = json.loads(done.stdout)
    assert (done.returncode == 0) == (said["faults"] == 0), (done.returncode, said)
    assert done.returncode in (0, 21) and done.stderr == ""
    return said["checks"]


def faults(checks):
    return [c for c in checks if c["verdict"] == "fault"]


def named(checks, check, *words, cure=(), verdict="fault"):
    """The finding of that check whose cause has all words and whose cure has all of cure."""
    found = [c for c in checks if c["check"] == check and c["verdict"] == verdict
             and all(w in c["cause"] for w in words) and all(w in c["cure"] for w in cure)]
    assert found, f"{check} {words} {cure} is not named in:\n{json.dumps(checks, indent=1)}"
    return found[0]


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def sick(new_stack, web_image):
    """A whole apphost with one app, its logs not judged: what is planted shows there as well."""
    stack = new_stack("event")
    stack.install("photos", web_image)
    stack.announced += [r"."]
    assert faults(doctor(stack.config)) == []
    yield stack
    stack.stop_daemon()


@pytest.fixture
def bare_config():
    """A configuration and the folders it names, and nothing that runs."""
    folder = tempfile.mkdtemp(prefix="aph-doc-", dir="/var/tmp")

    def make(socket_path="/nonexistent/engine.sock", **more):
        for name, mode in (("state", 0o755), ("run", 0o755), ("state/apps", 0o700), ("state/data", 0o755)):
            os.makedirs(f"{folder}/{name}", exist_ok=True)
            os.chmod(f"{folder}/{name}", mode)
        lines = {"Domain": "test.example", "StateDir": f"{folder}/state", "RuntimeDir": f"{folder}/run",
                 "PublicPort": free_port()} | more
        with open(f"{folder}/c.conf", "w", encoding="ascii") as f:
            f.write("[apphost]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())
                    + f"[engine]\nSocket = {socket_path}\n")
        return folder, f"{folder}/c.conf"
    os.chmod(folder, 0o755)
    yield make
    shutil.rmtree(folder, ignore_errors=True)


# -- apphostd ------------------------------------------------------------------------------------------
def test_apphostd_not_running(sick):
    sick.stop_daemon()
    if os.path.exists(sick.socket):
        os.unlink(sick.socket)
    named(doctor(sick.config), "apphostd", "not running", sick.socket, cure=["start apphostd"])


def test_apphostd_died(sick):
    sick.stop_daemon(signal.SIGKILL)
    named(doctor(sick.config), "apphostd", "nobody listens", sick.socket, cure=["start", "journalctl"])


def test_apphostd_hangs(bare_config):
    folder, config = bare_config()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/run/apphostd.sock")
        listener.listen(4)
        named(doctor(config), "apphostd", "hangs", cure=["restart"])


def test_socket_is_a_file(bare_config):
    folder, config = bare_config()
    open(f"{folder}/run/apphostd.sock", "w").close()
    named(doctor(config), "apphostd", "not a socket", cure=["move"])


def test_nothing_is_changed(sick):
    sick.stop_daemon()

    def seen():
        return sorted((path, tuple(files)) for path, _, files in os.walk(sick.state))
    before = seen()
    doctor(sick.config)
    assert seen() == before


# -- what it reads and writes --------------------------------------------------------------------------
def test_configuration(bare_config):
    _, config = bare_config(MaxAppId="many")
    checks = doctor(config)
    named(checks, "config", config, "MaxAppId", cure=["apphostd.conf"])
    assert {c["verdict"] for c in checks if c["check"] in ("database", "routes", "ports")} == {"unchecked"}


def test_database_damaged(sick):
    sick.stop_daemon()
    with sqlite3.connect(f"{sick.state}/apphost.db") as db:
        db.execute("pragma wal_checkpoint(truncate)")
    with open(f"{sick.state}/apphost.db", "r+b") as f:
        f.seek(4096)
        f.write(b"\xa5" * 8192)
    named(doctor(sick.config), "database", "damaged", cure=["copy"])


def test_database_of_a_newer_apphost(sick):
    sick.stop_daemon()
    with sqlite3.connect(f"{sick.state}/apphost.db") as db:
        db.execute("pragma user_version = 99")
    named(doctor(sick.config), "database", "99", "newer", cure=["newer apphost"])


@pytest.mark.parametrize("plant,words", [
    (lambda path: os.truncate(path, 20), ["cannot be used"]), (os.unlink, ["no routes file"]),
    (lambda path: os.chmod(path, 0o600), ["httpd cannot read"])])
def test_routes_file(sick, plant, words):
    plant(f"{sick.state}/routes")
    named(doctor(sick.config), "routes", *words)


def test_routes_of_yesterday(sick):
    shutil.copy(f"{sick.state}/routes", f"{sick.folder}/old")
    sick.ctl("stop", "photos")
    shutil.copy(f"{sick.folder}/old", f"{sick.state}/routes")
    named(doctor(sick.config), "routes", "photos.test.example", "running", "stopped", cure=["restart apphostd"])


def test_folders(bare_config):
    folder, config = bare_config()
    os.chmod(f"{folder}/state/apps", 0o777)
    os.rename(f"{folder}/state/data", f"{folder}/elsewhere")
    os.symlink(f"{folder}/elsewhere", f"{folder}/state/data")
    checks = doctor(config)
    named(checks, "folders", "apps", "0777", cure=["chmod 0700"])
    named(checks, "folders", "state/data", "symbolic link", cure=["mount"])
    os.chown(f"{folder}/state", 65534, 0)
    named(doctor(config), "folders", "user 65534", cure=["chown root"])


def test_leftovers(bare_config):
    folder, config = bare_config()
    os.mkdir(f"{folder}/state/apps/7")
    for path in (f"{folder}/state/routes.aB3xYz", f"{folder}/state/apps/7/compose.json.000000"):
        open(path, "w").close()
        os.utime(path, (time.time() - 3600,) * 2)
        named(doctor(config), "leftovers", path, cure=[f"rm {path}"], verdict="warning")
    open(f"{folder}/state/routes.zzzzzz", "w").close()
    assert not [c for c in doctor(config) if "zzzzzz" in c["cause"]], "it may still be under way"


def test_disk_full(bare_config):
    folder, config = bare_config()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", f"{folder}/state"], check=True)
    try:
        named(doctor(config), "space", f"{folder}/state", cure=["room"])
    finally:
        subprocess.run(["umount", f"{folder}/state"], check=True)


def test_clock_went_back(bare_config):
    folder, config = bare_config()
    open(f"{folder}/state/apphost.db", "w").close()
    os.utime(f"{folder}/state/apphost.db", (time.time() + 10 * 86400,) * 2)
    named(doctor(config), "clock", "went back", cure=["set the clock"])


# -- engine, compose, containers -----------------------------------------------------------------------
def test_engine_absent(bare_config):
    _, config = bare_config("/nonexistent/engine.sock")
    named(doctor(config), "engine", "/nonexistent/engine.sock", cure=["docker.io"])


@contextlib.contextmanager
def pretended_engine(path, api="1.44", name="Engine", network="netavark", **info):
    """Something that answers like an engine."""
    answers = {"/version": {"ApiVersion": api, "Components": [{"Name": name}]}, "/info": info, "/containers/json": [],
               "/networks": [], "/v4.0.0/libpod/info": {"host": {"networkBackend": network}}}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(8)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    wanted = connection.recv(4096).split(b" ")
                    if len(wanted) < 2:
                        continue
                    body = json.dumps(answers[wanted[1].decode().partition("?")[0]]).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
                                       + str(len(body)).encode() + b"\r\n\r\n" + body)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("info,check,verdict,words,cure", [
    ({"SecurityOptions": ["name=rootless"]}, "engine-kind", "fault", "rootless", "podman.socket"),
    ({"SecurityOptions": ["name=seccomp,profile=default", "name=userns"]}, "engine-kind", "warning", "userns-remap",
     "daemon.json"),
    ({"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, "engine-kind", "fault", "snap", "snap remove docker"),
    ({"name": "Podman Engine", "network": "cni"}, "engine-kind", "warning", "CNI", "netavark"),
    ({"api": "1.24"}, "engine", "fault", "too old", "20.10")])
def test_engines_of_other_kinds(bare_config, info, check, verdict, words, cure):
    folder = bare_config()[0]
    _, config = bare_config(f"{folder}/engine.sock")
    with pretended_engine(f"{folder}/engine.sock", **info):
        named(doctor(config), check, words, cure=[cure], verdict=verdict)


def test_an_engine_of_a_user(bare_config):
    folder = bare_config()[0]
    _, config = bare_config(f"{folder}/engine.sock")
    with pretended_engine(f"{folder}/engine.sock"):
        assert [c["verdict"] for c in doctor(config) if c["check"] == "engine-kind"] == ["ok"]
        os.chown(f"{folder}/engine.sock", 65534, 65534)
        named(doctor(config), "engine-kind", f"{folder}/engine.sock", "user 65534", cure=["docker.sock", "podman.socket"])


@pytest.mark.parametrize("path,words,cure", [
    ("/run/user/65534/podman/podman.sock", "rootless", "podman.socket"),
    ("/var/snap/docker/common/run/docker.sock", "snap", "snap remove docker")])
def test_sockets_that_tell_by_their_place(bare_config, path, words, cure):
    """Also where nothing answers."""
    _, config = bare_config(path)
    checks = doctor(config)
    named(checks, "engine-kind", path, words, cure=[cure])
    named(checks, "engine", path, "does not exist", cure=["docker.io", "podman.socket"])


@pytest.mark.skipif(os.path.exists("/snap"), reason="this machine has snap: its Docker cannot be planted")
def test_only_snaps_docker_is_there(bare_config):
    _, config = bare_config("/nonexistent/engine.sock")
    os.makedirs("/snap/bin")
    try:
        open("/snap/bin/docker", "w").close()
        named(doctor(config), "engine-kind", "/snap/bin/docker", cure=["snap remove docker"])
    finally:
        shutil.rmtree("/snap")


def test_compose_does_not_run(bare_config):
    folder, config = bare_config()
    with open(f"{folder}/compose", "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexit 3\n")
    os.chmod(f"{folder}/compose", 0o755)
    with open(config, "a", encoding="ascii") as f:
        f.write(f"Compose = {folder}/compose\n")
    named(doctor(config), "compose", f"{folder}/compose", "exit code 3", cure=["docker-compose"])
    os.unlink(f"{folder}/compose")
    named(doctor(config), "compose", f"{folder}/compose", "cannot be run")


def container_of(stack, app="photos"):
    ident = stack.json("status", app)["app_id"]
    return stack.engine.containers(**{"org.apphost.instance": stack.instance_label,
                                      "org.apphost.app": str(ident)})[0]


def test_container_missing(sick):
    sick.engine.request("DELETE", f"/containers/{container_of(sick)['Id']}?force=1")
    named(doctor(sick.config), "containers", "photos", "no container", cure=["apphostctl restart photos"])


def test_container_stopped(sick):
    container = container_of(sick)
    sick.stop_daemon()      # which starts again what ended while the engine came back
    sick.engine.request("POST", f"/containers/{container['Id']}/stop?t=1")
    named(doctor(sick.config), "containers", container["Names"][0][1:], "exited", cure=["logs photos"])


def test_container_with_a_name_of_ours(sick, web_image):
    name = f"apphost-{sick.instance_label[:8]}-{sick.json('status', 'photos')['app_id']}-impostor"
    sick.engine.json("POST", f"/containers/create?name={name}", {"Image": web_image})
    try:
        named(doctor(sick.config), "containers", name, "not ours", cure=["rename"])
    finally:
        sick.engine.request("DELETE", f"/containers/{name}?force=1")


def test_orphans(sick, web_image):
    labels = {"org.apphost.instance": sick.instance_label, "org.apphost.app": "998"}
    sick.engine.json("POST", "/containers/create?name=aph-doc-orphan", {"Image": web_image, "Labels": labels})
    sick.engine.json("POST", "/networks/create", {"Name": "aph-doc-orphan-net", "Labels": labels})
    try:
        checks = doctor(sick.config)
        named(checks, "orphans", "aph-doc-orphan", "998", cure=[f"{KIND} rm -f aph-doc-orphan"])
        named(checks, "orphans", "aph-doc-orphan-net", cure=[f"{KIND} network rm"])
    finally:
        sick.engine.request("DELETE", "/containers/aph-doc-orphan?force=1")
        sick.engine.request("DELETE", "/networks/aph-doc-orphan-net")


# -- the firewall ----------------------------------------------------------------------------------------
def test_firewall(sick):
    """Each is what somebody else's program does to a firewall, with nobody there to put it right."""
    sick.stop_daemon()
    chain = f"APPHOST-{sick.instance_label[:8]}"

    def iptables(*words):
        return subprocess.run(["iptables", *words], check=False, capture_output=True, text=True)
    rival, pool = "APPHOST-00000000", "10.214.128.0/17"
    for words in (("-N", rival), ("-N", f"{rival}-IN"), ("-A", rival, "-d", pool, "-j", f"{rival}-IN")):
        assert iptables(*words).returncode == 0
    named(doctor(sick.config), "firewall", rival, "SubnetPool", cure=["of its own"])
    for words in (("-F", rival), ("-X", rival), ("-X", f"{rival}-IN")):
        assert iptables(*words).returncode == 0
    place = "DOCKER-USER" if iptables("-C", "DOCKER-USER", "-j", chain).returncode == 0 else "FORWARD"
    assert iptables("-I", place, "1", "-s", "192.0.2.1", "-j", "ACCEPT").returncode == 0
    named(doctor(sick.config), "firewall", "another rule comes before", place, cure=[f"iptables -S {place}"])
    iptables("-D", place, "-s", "192.0.2.1", "-j", "ACCEPT")
    iptables("-t", "raw", "-F", chain)
    named(doctor(sick.config), "firewall", "table raw", chain, cure=["restart apphostd"], verdict="warning")
    iptables("-D", f"{chain}-IN", "1")
    named(doctor(sick.config), "firewall", "does not say", f"{chain}-IN", cure=["restart apphostd"])
    iptables("-D", place, "-j", chain)
    named(doctor(sick.config), "firewall", "leads to", place, cure=["restart apphostd"])
    for words in (("-F", chain), ("-F", f"{chain}-IN"), ("-X", chain), ("-X", f"{chain}-IN")):
        iptables(*words)
    named(doctor(sick.config), "firewall", "no chain", chain, cure=["restart apphostd"])
    sick.start_daemon()
    for _ in range(100):
        if not faults(doctor(sick.config)):
            break
        time.sleep(0.05)
    assert [c["verdict"] for c in doctor(sick.config) if c["check"] == "firewall"] == ["ok"]


def test_firewall_without_iptables(sick):
    hide = " && ".join(f"mount --bind /dev/null /usr/sbin/{p}" for p in ("iptables-save", "iptables-restore"))
    done = subprocess.run(["unshare", "-m", "sh", "-c", f"{hide} && exec {PREFIX}/bin/apphostctl doctor --json "
                           f"--config {sick.config}"], check=False, capture_output=True, text=True, timeout=60)
    named(json.loads(done.stdout)["checks"], "firewall", "no iptables", cure=["apt-get install iptables"])


# -- ports, httpd, names -------------------------------------------------------------------------------
def test_port_held_by_somebody_else(sick):
    sick.ctl("stop", "photos")
    port = sick.json("status", "photos")["port"]
    thief = subprocess.Popen([sys.executable, "-c", "import socket, time; s = socket.socket();"
                              f"s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', {port})); s.listen(); print(flush=True);"
                              "time.sleep(60)"], stdout=subprocess.PIPE)
    try:
        thief.stdout.readline()
        named(doctor(sick.config), "ports", str(port), "photos", "python3", f"pid {thief.pid}",
              cure=[f"kill {thief.pid}"])
    finally:
        thief.kill()
        thief.wait()


def test_reserved_ports(bare_config):
    """The machine is left as it is: what is expected follows from what it says of itself."""
    _, config = bare_config(MaxAppId="998")
    with open(RANGE, encoding="ascii") as f:
        low, high = map(int, f.read().split())
    with open(RESERVED, encoding="ascii") as f:
        reserved = f.read().strip()
    covered = set()
    for part in filter(None, reserved.split(",")):
        first, _, last = part.partition("-")
        covered |= set(range(int(first), int(last or first) + 1))
    exposed = set(range(max(low, 35001), min(high, 35998) + 1)) - covered
    checks = doctor(config)
    if exposed:
        line = f"net.ipv4.ip_local_reserved_ports={reserved + ',' if reserved else ''}35001-35998"
        named(checks, "reserved-ports", str(min(exposed)), cure=[line, "sysctl --system"], verdict="warning")
    else:
        assert [c["verdict"] for c in checks if c["check"] == "reserved-ports"] == ["ok"]


def test_httpd_down(sick):
    sick.stop_httpd()
    named(doctor(sick.config), "httpd", f"127.0.0.1:{sick.port}", cure=["start httpd", "PublicPort"])


def test_httpd_with_other_routes(sick):
    sick.stop_httpd()
    other = sick.state
    os.makedirs(f"{sick.folder}/other")
    subprocess.run(["cp", f"{other}/routes", f"{sick.folder}/other/routes"], check=True)
    sick.state = f"{sick.folder}/other"
    sick.start_httpd()
    sick.state = other
    sick.ctl("stop", "photos")
    named(doctor(sick.config), "httpd", "other routes", "photos.test.example",
          cure=[f"AppHostRoutes {other}/routes"])


def test_httpd_without_the_module(bare_config):
    folder = bare_config()[0]
    port = free_port()
    _, config = bare_config(PublicPort=port)
    os.mkdir(f"{folder}/www")
    server = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1",
                               "--directory", f"{folder}/www"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        named(doctor(config), "httpd", "not by mod_apphost", "*.test.example", cure=["AppHostDomain test.example"])
    finally:
        server.kill()
        server.wait()


def test_names_do_not_resolve(bare_config):
    _, config = bare_config(Domain="nowhere.invalid")
    named(doctor(config), "names", "nowhere.invalid", cure=["wildcard", "/etc/hosts"], verdict="warning")


def test_what_a_person_sees(sick):
    sick.stop_daemon(signal.SIGKILL)
    done = sick.ctl("doctor", check=False)
    assert done.returncode == 21
    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("fault"))
    assert "apphostd" in lines[at] and lines[at + 1].strip().startswith("cure:")
    assert lines[-1].startswith("1 fault, ")
