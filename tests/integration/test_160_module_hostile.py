# SPDX-License-Identifier: Apache-2.0
"""Apps and clients that do not keep the rules."""
import contextlib
import re

import pytest

import backends
from httpd_env import DOMAIN

ODD_ANSWERS = {
    "no head": (b"", 503),
    "half a status line": (b"HTTP/1.1 2", 503),
    "half a head": (b"HTTP/1.1 200 OK\r\nX-Half: ", 503),
    "head without end": (b"HTTP/1.1 200 OK\r\nX-Whole: yes\r\n", 503),
    "header without colon": (b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok", 503),
    "huge header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n", 503),
    "huge status line": (b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n", 503),
    "another version": (b"HTTP/7.3 200 OK\r\nContent-Length: 2\r\n\r\nok", 503),
    "unasked upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: Upgrade\r\n\r\n", 503),
    "endless hints": (b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 1000, 503),
}


@pytest.mark.parametrize("kind", ODD_ANSWERS)
def test_odd_answers(running, kind):
    octets, status = ODD_ANSWERS[kind]

    def answer(request):
        with contextlib.suppress(OSError):
            request.send(octets)
        return False
    good = running.app(backends.echo("good"))
    running.routes(odd=running.app(answer).port, good=good.port)
    running.announced += ["proxy", "AH", "APH0252"]
    for _ in range(3):
        if kind == "endless hints":
            got = running.raw(f"GET / HTTP/1.1\r\nHost: odd.{DOMAIN}\r\nConnection: close\r\n\r\n".encode())
            assert got.count(b"HTTP/1.1 103 ") < 100 or b"503" in got
        else:
            assert running.get("odd").status == status
        assert running.get("good").status == 200
    assert len(running.children()) >= 1 and "exit signal" not in running.log()


@pytest.mark.parametrize("line", [b"Set-Cookie: a=b\r\n", b"X: " + b"x" * 4000 + b"\r\n"])
def test_head_without_end_takes_no_memory(running, line):
    def answer(request):
        with contextlib.suppress(OSError):
            request.send(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100_000_000 // len(line) // 1000):
                request.send(line * 1000)
        return False
    running.routes(a=running.app(answer).port)
    running.announced += ["APH0252", "AH10404", "AH01106"]
    assert running.get("a").status == 503
    assert "APH0252" in running.log()
    for pid in running.children():
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            peak = int(re.search(r"VmHWM:\s*(\d+)", f.read())[1])
        assert peak < 30_000, "KiB at most in a child"


def test_large_heads_pass(running):
    """Many cookies and long headers are bad taste, not an attack."""
    headers = [("Set-Cookie", f"c{n}=" + "x" * 4000) for n in range(40)] + [("X-Long", "y" * 7000)]
    app = running.app(lambda request: request.respond(b"ok", headers=headers))
    running.routes(a=app.port)
    for _ in range(3):
        with running.connect() as s:
            s.sendall(f"GET / HTTP/1.1\r\nHost: a.{DOMAIN}\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while piece := s.recv(65536):
                got += piece
        assert got.startswith(b"HTTP/1.1 200 ") and got.count(b"Set-Cookie: c") == 40 and got.endswith(b"ok")


def test_answer_that_breaks_off(running):
    def answer(request):
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        return False
    running.routes(a=running.app(answer).port)
    running.announced += ["AH01110"]
    got = running.raw(f"GET / HTTP/1.1\r\nHost: a.{DOMAIN}\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 200 OK") and got.endswith(b"only this"), "what was sent, then the end"


def test_redirects_are_never_followed_inside(running):
    app = running.app(lambda request: request.respond(b"", "200 OK", [("Location", "/index.html")]))
    running.routes(a=app.port)
    answer = running.get("a")
    assert (answer.status, answer.body, answer.headers["Location"]) == (200, b"", "/index.html")


HEAD = f"Host: a.{DOMAIN}\r\n"
SMUGGLING = {
    "length and chunked": f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                          f"0\r\n\r\nGET /smuggled HTTP/1.1\r\n{HEAD}\r\n",
    "two lengths": f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcdGET /s HTTP/1.1\r\n{HEAD}\r\n",
    "odd coding": f"POST / HTTP/1.1\r\n{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": f"POST / HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "blank before colon": f"POST / HTTP/1.1\r\n{HEAD}Content-Length : 4\r\n\r\nabcd",
    "bare line feed": f"GET / HTTP/1.1\nHost: a.{DOMAIN}\n\n",
    "folded": f"GET / HTTP/1.1\r\n{HEAD}X: a\r\n b\r\n\r\n",
    "two hosts": f"GET / HTTP/1.1\r\n{HEAD}Host: other.{DOMAIN}\r\n\r\n",
    "negative length": f"POST / HTTP/1.1\r\n{HEAD}Content-Length: -1\r\n\r\n",
    "bad chunk": f"POST / HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
}


@pytest.mark.parametrize("kind", SMUGGLING)
def test_the_app_sees_what_httpd_saw(running, kind):
    """For every answer the client gets there is at most one request at the app, and none it was not meant for."""
    a, other = running.app(backends.echo("a")), running.app(backends.echo("other"))
    running.routes(a=a.port, other=other.port)
    running.announced += ["AH0", "AH1"]
    got = b""
    with running.connect(5) as s, contextlib.suppress(TimeoutError):
        s.sendall(SMUGGLING[kind].encode())
        s.settimeout(1)
        while piece := s.recv(65536):
            got += piece
    answers = got.count(b"HTTP/1.1 ")
    assert len(a.requests) + len(other.requests) <= answers
    assert not (a.requests and other.requests)
    for request in a.requests:
        assert len([n for n, _ in request.headers if n.lower() == "host"]) == 1
        assert not (request.header("Content-Length") and request.header("Transfer-Encoding"))


@pytest.mark.parametrize("host", ["a.home.example@evil", "a.home.example/", "a.home.example:80:80", "a_b.home.example",
                                  "a.home.example:99999", "..home.example", "-a.home.example", "a .home.example",
                                  "a%2ehome.example", "\xe9.home.example", "x" * 300 + ".home.example"])
def test_odd_hosts_reach_no_app(running, host):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    got = running.raw(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert not app.requests
    running.announced += ["AH0"]


def test_cookie_of_attributes_takes_no_memory(running):
    """Every attribute is one to remove; doing so must not copy the cookie each time."""
    cookie = "a=b" + ";domain" * 1100
    running.routes(a=running.app(lambda request: request.respond(headers=[("Set-Cookie", cookie)] * 30)).port)
    assert running.get("a").headers.get_all("Set-Cookie") == ["a=b"] * 30
    for pid in running.children():
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            assert int(re.search(r"VmHWM:\s*(\d+)", f.read())[1]) < 60_000
