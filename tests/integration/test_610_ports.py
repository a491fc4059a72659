# SPDX-License-Identifier: Apache-2.0
"""The port of an app is the app's: whoever else has it gets no visitors, whenever they came."""
import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

import kills
from engine_env import KIND, WEB, busybox_files, free_port
from stack_env import wait_for

IMAGE = f"apphost-test-ports-{os.getpid()}:1"


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


STRANGER = """
import http.server, os, socket, sys
os.setuid(int(sys.argv[2]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"a stranger")
    def log_message(self, *words): pass
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@contextlib.contextmanager
def stranger(port, uid=65534):
    """A local process that answers http on the port."""
    process = subprocess.Popen([sys.executable, "-c", STRANGER, str(port), str(uid)])
    try:
        def up():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
        wait_for(up, 10, "the stranger")
        yield process
    finally:
        process.kill()
        process.wait()


def listeners(port):
    """Addresses somebody listens on at port, as the kernel writes them."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as f:
            for line in f:
                words = line.split()
                if words[1].endswith(f":{port:04X}") and words[3] == "0A":
                    found.append(words[1].partition(":")[0])
    return found


def proxies(port):
    """docker-proxy processes of the port, of the engine in this network."""
    found = []
    here = os.readlink("/proc/self/ns/net")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
            if b"-host-port" not in words or words[words.index(b"-host-port") + 1] != str(port).encode():
                continue
            if os.readlink(f"/proc/{pid}/ns/net") == here:
                found.append(int(pid))
    return found


def bound(taken, port):
    """A process that ends has no name any more while it still has its sockets: only the port tells."""
    with contextlib.suppress(OSError):
        taken.bind(("0.0.0.0", port))
        return True
    return False


def test_only_loopback_is_bound(new_stack, web_image):
    stack = new_stack(httpd=False)
    stack.install("photos", web_image)
    assert listeners(stack.json("status", "photos")["port"]) == ["0100007F"]


def test_a_port_that_is_taken_between_the_look_and_the_start(new_stack, web_image):
    stack = new_stack()
    operation = kills.install(stack, "late", web_image)
    assert operation.until("folders")
    with contextlib.closing(stack.database()) as db:
        ((first,),) = db.execute("select app_id from apps").fetchall()
    with stranger(35000 + first) as process:
        assert "ok" in operation.end(), operation.answer
        row = stack.json("status", "late")
        assert row["app_id"] != first and stack.get("late").body == b"the app\n"
        (job,) = stack.json("jobs")["jobs"]
        log = str(stack.json("job", job["job_id"]))
        assert f"taken by process {process.pid} (" in log, log
    assert stack.ours()[0][0]["Labels"]["org.apphost.app"] == str(row["app_id"])


def test_a_port_that_is_taken_while_the_app_rests(new_stack, web_image):
    stack = new_stack()
    stack.announced += ["is taken by process", "a port of the app is in use"]   # of start, of the watcher
    stack.install("rest", web_image)
    port = stack.json("status", "rest")["port"]
    stack.ctl("stop", "rest")
    with stranger(port) as process:
        assert stack.get("rest").status == 503
        done = stack.ctl("start", "rest", check=False)
        assert done.returncode == 7 and f"taken by process {process.pid} (" in done.stderr, done.stderr
        assert b"stranger" not in stack.get("rest").body
        assert "taken by process" in stack.json("status", "rest")["reason"]
    stack.ctl("start", "rest")
    assert stack.get("rest").body == b"the app\n"


PROXIES = pytest.mark.skipif(KIND == "podman", reason="a port of Podman's is its conmon's, which is the container's life")


@PROXIES
@pytest.mark.parametrize("uid", [0, 65534])
def test_a_port_the_engine_lost_without_a_word(new_stack, web_image, uid):
    """Its proxy dies, and somebody else is there at once: the engine still calls the port published, and
    what answers is not the app."""
    stack = new_stack()
    stack.install("lost", web_image)
    port = stack.json("status", "lost")["port"]
    (proxy,) = proxies(port)
    os.kill(proxy, 9)
    wait_for(lambda: not listeners(port), 10, "the end of the proxy")
    with stranger(port, uid) as process:
        done = stack.ctl("start", "lost", check=False)
        assert done.returncode == 7 and f"127.0.0.1:{port} is taken by process {process.pid} (" in done.stderr, done
        until = time.monotonic() + 2
        while time.monotonic() < until: # nor does the watcher take it for the app's
            answer = stack.get("lost")
            assert answer.status == 503 and b"stranger" not in answer.body
            time.sleep(0.05)


def test_a_route_is_withdrawn_before_its_container_stops(new_stack, web_image):
    stack = new_stack()
    stack.install("slow", web_image, "  stop_grace_period: 5s\n  command: [/bin/busybox, sh, -c, "
                  "\"trap '' TERM; /bin/busybox httpd -f -p 80 -h /www & while :; do sleep 1; done\"]\n")
    port = stack.json("status", "slow")["port"]
    stop = threading.Thread(target=stack.ctl, args=("stop", "slow"))
    stop.start()
    try:
        wait_for(lambda: stack.get("slow").status == 503, 5, "the page of a stopped app")
        with socket.create_connection(("127.0.0.1", port), 2) as direct:
            direct.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert direct.recv(100).startswith(b"HTTP/1."), "the container was stopped first"
    finally:
        stop.join()


def script_with(ports):
    return ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE + "'\n  ports:\n    - 'HOST_PORT:80'\n"
            + "".join(f"    - '{p}'\n" for p in ports) + "EOF\ndocker-compose up -d\n")


def test_extra_ports_are_named_and_watched(new_stack, web_image):
    stack = new_stack(httpd=False)
    tcp, udp = free_port(), free_port()
    script = stack.script(script_with([f"{tcp}:22", f"{udp}:53/udp"]))
    plan = stack.ctl("install", script, "--name", "voice", "--plan").stdout
    assert f"{tcp}/tcp to 22 inside" in plan and f"{udp}/udp to 53 inside" in plan
    done = stack.ctl("install", script, "--name", "voice", "--yes")
    said = done.stdout + done.stderr
    for port in (f"{tcp}/tcp", f"{udp}/udp"):
        assert re.search(f"port {port} of this machine will be open to your network", said), said
    if KIND == "podman":
        return
    for proxy in proxies(udp):
        os.kill(proxy, 9)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        wait_for(lambda: bound(taken, udp), 10, "the port the proxies had")
        done = stack.ctl("start", "voice", check=False)
        assert done.returncode == 7 and f"{udp}/udp is taken by process {os.getpid()} (" in done.stderr, done.stderr


def test_an_extra_udp_port_that_is_taken(new_stack, web_image):
    stack = new_stack(httpd=False)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        done = stack.ctl("install", stack.script(script_with([f"{port}:53/udp"])), "--name", "voice", "--yes", check=False)
    assert done.returncode == 7 and str(port) in done.stderr
    assert stack.invariants() == []


def test_reserved_ports_never_connect_to_themselves():
    """A connection to a closed port of the range, made a million times: where the kernel may draw the
    source port from it as well, some of them meet themselves."""
    program = f"{os.environ['APPHOST_BUILD']}/tests/integration/self_connects"
    done = subprocess.run(["unshare", "--net", program, "1000000"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("0 of 1000000"), done.stdout
