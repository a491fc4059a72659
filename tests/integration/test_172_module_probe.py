# SPDX-License-Identifier: Apache-2.0
"""What apphostd asks httpd before and after a reload."""
import json
import os
import socket
import subprocess
import threading

import pytest

import backends
from httpd_env import DOMAIN, MODULES, Httpd, wait_until
from vhost_env import configure, enable, vhost

PROBE = f"apphost-probe.{DOMAIN}"


@pytest.fixture(params=["event", "worker", "prefork"])
def server(request):
    httpd = Httpd(request.param)
    try:
        httpd.routes()
        yield httpd
        httpd.check_log()
    finally:
        httpd.close()


def ask(server, **more):
    answer = server.get("-", host=PROBE, **more)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json", answer.body
    assert answer.headers["Connection"] == "close" and answer.headers["Cache-Control"] == "no-store"
    return json.loads(answer.body)


def settled(server, threads):
    return lambda: sum((told := ask(server))["threads"].values()) == threads and told["threads"]["busy"] == 1 and told


def test_what_it_says(server):
    configure(server, threads=5, children=8).start()
    told = wait_until(settled(server, 2 if server.mpm == "prefork" else 10), what="two children")
    assert told.pop("restart_time") > 1_500_000_000 and told.pop("module")[0].isdigit()
    assert told == {"parent": server.process.pid, "generation": 0, "set": "", "routes": server.routes_path,
                    "start_servers": 2, "slots": {"total": 8, "used": 2, "quiescing": 0},
                    "threads": {"busy": 1, "idle": 1 if server.mpm == "prefork" else 9}}


def test_sets_and_generations(server):
    """It tells the set as it was when the configuration was read, not where the link points now."""
    configure(server, threads=5, children=8)
    first = enable(server, _1=vhost(server, "a"))
    server.start()
    assert (ask(server)["set"], ask(server)["generation"]) == (first, 0)
    for generation in (1, 2):
        wanted = enable(server, _1=vhost(server, "a"))
        assert ask(server)["set"] != wanted
        server.reload()
        told = wait_until(lambda: (t := ask(server))["generation"] == generation and t, what="the new generation")
        assert told["set"] == wanted and told["parent"] == server.process.pid
    os.unlink(f"{server.folder}/vhosts-enabled")
    server.reload()
    wait_until(lambda: ask(server)["generation"] == 3, what="the new generation")
    assert ask(server)["set"] == ""


def test_room(server):
    """Held WebSockets keep the slots of old generations; what quiesces is told, and so is what is left."""
    if server.mpm == "prefork":
        pytest.skip("one connection in each process")
    server.routes(a={"port": server.app(backends.websocket("a")).port, "max_upgrades": 4})
    configure(server, threads=5, children=8).start()
    held = []
    for n in range(3):
        s, head = server.upgrade("a")
        assert " 101 " in head
        held.append(s)
        server.reload()
        told = wait_until(lambda: (t := ask(server))["generation"] == n + 1 and t["slots"]["quiescing"] == n + 1 and t,
                          20, "one process more that quiesces")
        assert told["slots"]["used"] >= told["slots"]["quiescing"] + 1
    for s in held:
        s.close()
    wait_until(lambda: ask(server)["slots"]["quiescing"] == 0, 20, "room again")


def test_idle_and_busy_threads(server):
    go_on = threading.Event()
    server.routes(a=server.app(lambda request: go_on.wait(20) and request.respond(b"")).port)
    configure(server, threads=5, children=8).start()
    askers = [threading.Thread(target=server.get, args=("a",)) for _ in range(3)]
    for t in askers:
        t.start()
    wait_until(lambda: ask(server)["threads"]["busy"] == 4, what="four that are busy")
    go_on.set()
    for t in askers:
        t.join()
    wait_until(lambda: ask(server)["threads"]["busy"] == 1, what="one that is busy")


def is_unknown(answer):
    return answer.status == 404 and b"No such app" in answer.body


def test_nobody_else_gets_it(server):
    configure(server, modules=("remoteip",), extra="RemoteIPHeader X-Real-Client\nRemoteIPInternalProxy 127.0.0.0/8"
              ).start()
    assert ask(server, headers={"X-Real-Client": "198.51.100.9"})["parent"] == server.process.pid
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"Via": "1.1 front"}):
        assert is_unknown(server.get("-", host=PROBE, headers=headers))
    assert is_unknown(server.get("-", host=PROBE, method="POST", body=b"x"))
    server.routes(sneaky={"port": 1, "host": PROBE})
    assert is_unknown(server.get("-", host=PROBE, headers={"Via": "1.1 front"})), "no route takes the name"
    assert ask(server)["set"] == ""
    head = server.get("-", host=PROBE.upper() + ".:80", method="HEAD")
    assert head.status == 200 and head.body == b""
    for other in ("apphost-probe.example", "apphost-probe", f"x.{PROBE}", f"apphost-probe2.{DOMAIN}"):
        assert b"generation" not in server.get("-", host=other).body


def own_address():
    """An address of this machine that is not loopback; made where there is none."""
    found = subprocess.run(["ip", "-4", "-o", "addr", "show", "scope", "global"], capture_output=True, text=True,
                           check=True).stdout.split()
    return found[3].split("/")[0] if found else None


def test_from_another_address(server):
    added = own_address() is None
    if added:
        subprocess.run(["ip", "addr", "add", "192.0.2.77/32", "dev", "lo"], check=True)
    address = own_address() or "192.0.2.77"
    try:
        configure(server, extra=f"Listen {address}:{server.port}").start()
        with socket.create_connection((address, server.port), 20, source_address=(address, 0)) as s:
            s.sendall(f"GET / HTTP/1.1\r\nHost: {PROBE}\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while piece := s.recv(65536):
                got += piece
        assert got.startswith(b"HTTP/1.1 404 ") and b"generation" not in got
        assert ask(server)["generation"] == 0
    finally:
        if added:
            subprocess.run(["ip", "addr", "del", "192.0.2.77/32", "dev", "lo"], check=True)


def test_rules_of_the_admin_do_not_blind_it(server):
    """Nor does a virtual host of his for just this address."""
    configure(server, extra='<Location "/">\nRequire all denied\n</Location>', before=f"""
<VirtualHost 127.0.0.1:{server.port}>
ServerName special.invalid
Redirect 410 /
</VirtualHost>""", modules=("alias",)).start()
    assert ask(server)["slots"]["total"] == 4


def test_default_of_start_servers(server):
    configure(server)
    with open(f"{server.folder}/httpd.conf", encoding="utf-8") as f:
        text = f.read()
    with open(f"{server.folder}/httpd.conf", "w", encoding="utf-8") as f:
        f.write(text.replace("StartServers 2\n", ""))
    server.start()
    assert ask(server)["start_servers"] == (4 if server.mpm == "prefork" else 3)
    assert os.path.exists(f"{MODULES}/mod_mpm_{server.mpm}.so")
