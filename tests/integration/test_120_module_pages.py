# SPDX-License-Identifier: Apache-2.0
"""The module's own pages."""
import http.client
import json
import os

import pytest

import backends
from httpd_env import DOMAIN

STATES = {"installing": "5", "starting": "2", "stopped": "60", "failing": "15"}


def judge_page(answer, status):
    assert answer.status == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = answer.body.decode()
    assert text.startswith("<!DOCTYPE html>") and "<script" not in text and len(text) < 4096
    return text


@pytest.mark.parametrize("state, seconds", STATES.items())
def test_states(running, state, seconds):
    app = running.app(backends.echo("a"))
    running.routes(a={"port": app.port, "state": state})
    answer = running.get("a", "/some/path?x")
    text = judge_page(answer, 503)
    assert answer.headers["Retry-After"] == seconds
    assert f'<meta http-equiv="refresh" content="{seconds}">' in text and f"<b>a.{DOMAIN}</b>" in text
    assert app.connections == 0, "only a running app is ever connected to"


def test_unknown_host(running):
    running.routes(a=1)
    for host in (f"nobody.{DOMAIN}", f"deep.a.{DOMAIN}"):
        answer = running.get("-", host=host)
        text = judge_page(answer, 404)
        assert host in text and "refresh" not in text and answer.headers["Retry-After"] is None


def test_head_and_post(running):
    running.routes(a={"port": 1, "state": "stopped"})
    page = running.get("a")
    head = running.get("a", method="HEAD")
    assert (head.status, head.body) == (503, b"") and head.headers["Content-Length"] == str(len(page.body))
    post = running.get("a", method="POST", body=b"x" * 100_000)
    assert "refresh" not in judge_page(post, 503) and post.headers["Connection"] == "close"
    with running.connect() as s:
        s.sendall(f"POST / HTTP/1.1\r\nHost: a.{DOMAIN}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n".encode())
        assert s.recv(65536).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("accept, kind", [
    ("application/json", "json"), ("application/problem+json, */*;q=0.1", "json"), ("*/*", "html"), ("", "html"),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
    ("application/json, text/html", "html")])
def test_json_when_asked(running, accept, kind):
    running.routes(a={"port": 1, "state": "starting"})
    answer = running.get("a", headers={"Accept": accept})
    assert answer.status == 503 and answer.headers["Vary"] == "Accept"
    if kind == "html":
        judge_page(answer, 503)
    else:
        assert answer.headers["Content-Type"] == "application/problem+json"
        told = json.loads(answer.body)
        assert (told["status"], told["state"], told["app"]) == (503, "starting", "a") and DOMAIN in told["detail"]


def test_app_that_gives_no_answer(running):
    """mod_proxy's own 502, 503 and 504 become our page, whether the client's connection is new or not."""
    listening = running.app(lambda request: False)
    running.routes(gone=1, silent=listening.port)
    running.announced += ["AH00957", "AH01114", "AH01102", "AH00898", "AH01097"]
    for name in ("gone", "silent"):
        answer = running.get(name)
        text = judge_page(answer, 503)
        assert "No answer" in text and answer.headers["Retry-After"] == "5"
    running.routes(silent=listening.port, up=running.app(backends.echo("up")).port)
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
        for name, status in (("up", 200), ("up", 200), ("silent", 503)):
            connection.request("GET", "/", headers={"Host": f"{name}.{DOMAIN}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
        connection.close()


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad", "503 Later", "504 Slow", "404 No", "418 Teapot"])
def test_errors_of_the_app_pass_untouched(server, status):
    server.configure(modules=("proxy_balancer", "slotmem_shm"), without=("proxy_balancer", "slotmem_shm"),
                     extra="ProxyErrorOverride On\nErrorDocument 503 \"ours\"\nErrorDocument 404 \"ours\"").start()
    app = server.app(lambda request: request.respond(b"the app's own words", status, [("X-App", "1"),
                                                                                      ("Retry-After", "77")]))
    server.routes(a=app.port)
    answer = server.get("a")
    assert (answer.status, answer.body) == (int(status[:3]), b"the app's own words")
    assert (answer.headers["X-App"], answer.headers["Retry-After"]) == ("1", "77")


def test_no_snapshot_at_all(server):
    os.unlink(server.routes_path)
    server.start()
    text = judge_page(server.get("a"), 503)
    assert "Getting ready" in text
    assert server.own_page("other.example") and server.own_page(DOMAIN)
    server.announced.append("APH0044")
    assert 1 <= server.log().count("APH0044") <= 4, "once per child"
    app = server.app(backends.echo("a"))
    server.routes(a=app.port)
    assert server.get("a").status == 200


def test_access_control_comes_first(server):
    server.configure(extra='<Location "/">\nRequire all denied\n</Location>').start()
    server.routes(a={"port": 1, "state": "stopped"})
    assert server.get("a").status == 403
    assert server.get("nobody").status == 403
    server.announced.append("AH01630")
