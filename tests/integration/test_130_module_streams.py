# SPDX-License-Identifier: Apache-2.0
"""Long answers, long questions and upgraded connections, passed on as they come."""
import hashlib
import threading
import time

import pytest

import backends
from httpd_env import DOMAIN, wait_until


def test_websocket(running):
    running.routes(a=running.app(backends.websocket("a")).port)
    s, head = running.upgrade("a")
    with s:
        assert head.startswith("HTTP/1.1 101 ") and "s3pplmbitxaq9kygzzhzrbk+xoo=" in head.lower()
        for text in ("hello", "again", "x" * 100):
            s.sendall(backends.frame(text))
            assert s.recv(4096) == backends.frame(text)
    assert running.get("a").status == 200


def test_other_upgrades_are_not_passed_on(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    answer = running.get("a", headers={"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "x"})
    assert answer.status == 200 and app.requests[0].header("Upgrade") is None


def test_app_that_does_not_upgrade(running):
    running.routes(a=running.app(backends.echo("a")).port)
    s, head = running.upgrade("a")
    with s:
        assert head.startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("filters", [(), ("deflate", "filter")])
def test_events_arrive_as_they_are_sent(server, filters):
    """Event n + 1 is only sent once event n has arrived, so that nothing here depends on time."""
    server.configure(modules=filters,
                     extra="AddOutputFilterByType DEFLATE text/event-stream" if filters else "").start()
    arrived = threading.Semaphore(1)

    def events(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n in range(20):
            if not arrived.acquire(timeout=10):
                return False
            event = f"data: {n}\n\n".encode()
            request.send(b"%x\r\n%s\r\n" % (len(event), event))
        request.send(b"0\r\n\r\n")
        return True
    server.routes(a=server.app(events).port)
    with server.connect() as s:
        s.sendall(f"GET /events HTTP/1.1\r\nHost: a.{DOMAIN}\r\nAccept: text/event-stream\r\n\r\n".encode())
        got = b""
        for n in range(20):
            while f"data: {n}\n\n".encode() not in got:
                piece = s.recv(65536)
                assert piece, got
                got += piece
            arrived.release()


def test_upload_arrives_as_it_is_sent(running):
    """A piece of a body reaches the app before the next one exists."""
    seen = []

    def collect(request):
        for piece in request.body():
            seen.append(piece)
        return request.respond(b"done")
    running.routes(a=running.app(collect).port)
    for chunked in (True, False):
        seen.clear()
        pieces = [b"%05d" % n * 200 for n in range(5)]
        with running.connect() as s:
            length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {sum(map(len, pieces))}"
            s.sendall(f"POST / HTTP/1.1\r\nHost: a.{DOMAIN}\r\n{length}\r\n\r\n".encode())
            sent = b""
            for piece in pieces:
                sent += piece
                s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                wait_until(lambda: b"".join(seen) == sent, 5, f"piece arrived (chunked: {chunked})")
            if chunked:
                s.sendall(b"0\r\n\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 200")


def test_big_bodies_both_ways(running):
    size, block = 300_000_000, b"0123456789abcdef" * 65536

    def answer(request):
        if request.method == "GET":
            request.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for start in range(0, size, len(block)):
                request.send(block[:size - start])
            return True
        return request.respond(str(sum(map(len, request.body()))).encode())
    running.routes(a=running.app(answer).port)

    def memory():
        total = 0
        for pid in running.children():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Private_Dirty"))
        return total
    running.get("a", method="POST", body=b"x")
    before = memory()
    with running.connect() as s:
        s.sendall(f"GET / HTTP/1.1\r\nHost: a.{DOMAIN}\r\nConnection: close\r\n\r\n".encode())
        got = 0
        while piece := s.recv(1 << 20):
            got += len(piece)
    assert size < got < size + 1000
    answer = running.get("a", method="POST", body=(block for _ in range(size // len(block))), chunked=True, timeout=60)
    assert answer.body == str(size // len(block) * len(block)).encode()
    assert memory() - before < 8192, "KiB: a body was collected"
    with open(f"/proc/{running.children()[0]}/cmdline", "rb") as f:
        assert f.read()


def test_early_hints_and_continue(running):
    def answer(request):
        if request.header("Expect"):
            request.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = b"".join(request.body())
            return request.respond(hashlib.sha256(body).hexdigest().encode())
        request.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        return request.respond(b"late")
    running.routes(a=running.app(answer).port)
    got = running.raw(f"GET / HTTP/1.1\r\nHost: a.{DOMAIN}\r\nConnection: close\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 103 ") and b"HTTP/1.1 200 OK" in got
    with running.connect() as s:
        s.sendall(f"POST / HTTP/1.1\r\nHost: a.{DOMAIN}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
                  "Connection: close\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 100 ")
        s.sendall(b"12345")
        got = b""
        while piece := s.recv(4096):
            got += piece
        assert got.endswith(hashlib.sha256(b"12345").hexdigest().encode())


def test_idle_connections_to_apps_are_not_kept_for_long(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    for _ in range(2):
        assert running.get("a").status == 200
        time.sleep(1.8)
    assert app.connections == 2
