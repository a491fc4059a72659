# SPDX-License-Identifier: Apache-2.0
"""The admin handler: routes, answers, jobs, conditions, live data."""
import contextlib
import http.client
import json
import time

import pytest

import admin_env
import backends
from admin_env import HOST, SESSION, TOKEN, admin  # noqa: F401

APPS = {"apps": [{"app_id": i, "name": f"app{i}", "state": "running", "desired": "running"} for i in range(1, 8)]}


def progress(job, text="working"):
    return {"progress": {"job": job, "step": "run", "text": text}}


def test_a_list_in_pieces(admin):
    admin.answers["list"] = APPS
    answer = admin.ask("/api/v1/apps?limit=3&offset=3")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert [a["name"] for a in answer.json["items"]] == ["app4", "app5", "app6"] and answer.json["total"] == 7
    link = answer.headers["Link"]
    assert 'rel="first"' in link and 'rel="prev"' in link and "offset=6" in link
    assert 'rel="next"' not in admin.ask("/api/v1/apps?limit=3&offset=6").headers["Link"]
    sent = admin.daemon.asked[-1]
    assert sent == {"v": 1, "op": "list", "args": {}, "auth": {"token": TOKEN}, "from": "127.0.0.1"}


def test_lists_that_count_themselves(admin):
    admin.answers["search"] = {"revisions": [{"id": "x"}], "total": 250}
    answer = admin.ask("/api/v1/entries?category=media&text=a+b%C3%A9&all=true")
    assert answer.json == {"items": [{"id": "x"}], "total": 250} and "offset=100" in answer.headers["Link"]
    assert admin.daemon.asked[-1]["args"] == {"category": "media", "text": "a bé", "all": True, "limit": 100, "offset": 0}


def test_parts_of_the_path(admin):
    admin.answers["show"] = {"revision": {}}
    assert admin.ask("/api/v1/entries/main/radarr").status == 200
    assert admin.daemon.asked[-1]["args"] == {"entry": "main/radarr"}
    assert admin.ask("/api/v1/entries/radarr").status == 200
    assert admin.daemon.asked[-1]["args"] == {"entry": "radarr"}
    admin.answers["revision-diff"] = {"same": True}
    assert admin.ask("/api/v1/revisions/diff?a=12345678&b=87654321").status == 200


def test_an_error_is_a_problem(admin):
    admin.answers["status"] = [{"code": "not-found", "tag": "APH0777", "message": "there is no app photos"}]
    answer = admin.ask("/api/v1/apps/photos")
    assert answer.status == 404 and answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json == {"type": "about:blank", "title": "Not Found", "status": 404, "code": "not-found",
                           "tag": "APH0777", "detail": "there is no app photos"}


@pytest.mark.parametrize("path, method, status", [
    ("/api/v1/nothing", "GET", 404), ("/api/v1", "GET", 404), ("/api/v2/apps", "GET", 404), ("/nothing.html", "GET", 404),
    ("/api/v1/apps", "PUT", 405), ("/api/v1/apps/a", "POST", 405), ("/index.html", "POST", 405),
    ("/api/v1/apps?unknown=1", "GET", 400), ("/api/v1/apps?limit=0", "GET", 400), ("/api/v1/apps?limit=x", "GET", 400),
    ("/api/v1/apps?limit=1&limit=2", "GET", 400), ("/api/v1/apps?limit=%zz", "GET", 400), ("/api/v1/apps/A_B", "GET", 400),
    ("/api/v1/jobs/x", "GET", 400), ("/api/v1/apps/a/logs?tail=-1", "GET", 400), ("/api/v1/apps?limit=%00", "GET", 400)])
def test_refusals(admin, path, method, status):
    answer = admin.ask(path, method=method)
    assert answer.status == status, answer.body
    assert answer.json["status"] == status and answer.json["tag"].startswith(("APH31", "APH006"))
    assert ("Allow" in answer.headers) == (status == 405) and not admin.daemon.asked


def test_methods(admin):
    admin.answers["list"] = APPS
    answer = admin.ask("/api/v1/apps", method="OPTIONS", token=None)
    assert answer.status == 204 and answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    head, get = admin.ask("/api/v1/apps", method="HEAD"), admin.ask("/api/v1/apps")
    assert head.body == b"" and head.headers["Content-Length"] == str(len(get.body)) and head.headers["ETag"] == get.headers["ETag"]


def test_etags(admin):
    admin.answers["status"] = {"name": "a", "state": "running"}
    admin.answers["uninstall"] = [progress(7)]
    tag = admin.ask("/api/v1/apps/a").headers["ETag"]
    again = admin.ask("/api/v1/apps/a", headers={"If-None-Match": tag})
    assert again.status == 304 and again.body == b""
    assert admin.ask("/api/v1/apps/a", method="DELETE", headers={"If-Match": '"other"'}).status == 412
    assert "uninstall" not in admin.daemon.ops()
    assert admin.ask("/api/v1/apps/a?purge=true", method="DELETE", headers={"If-Match": tag}).status == 202
    assert admin.daemon.asked[-1]["args"] == {"name": "a", "purge": True}


def test_accept(admin):
    admin.answers["vhost"] = {"name": "a", "text": "<VirtualHost *:80>\n"}
    assert admin.ask("/api/v1/apps/a/vhost", headers={"Accept": "text/plain"}).body == b"<VirtualHost *:80>\n"
    assert admin.ask("/api/v1/apps/a/vhost", headers={"Accept": "text/html, */*;q=0.1"}).json["name"] == "a"
    assert admin.ask("/api/v1/apps/a/vhost", headers={"Accept": "image/png"}).status == 406
    assert admin.ask("/api/v1/apps", headers={"Accept": "application/json;q=0"}).status == 406


def test_a_job_begins(admin):
    admin.answers["install"] = [progress(12), progress(12)]
    answer = admin.ask("/api/v1/apps", method="POST", headers={"Idempotency-Key": "k-1"},
                       body={"name": "a", "entry": "main/a", "answers": {"q": "é"}, "plan_hash": "ab", "consents": None})
    assert answer.status == 202 and answer.headers["Location"] == "/api/v1/jobs/12", answer.body
    assert answer.json == {"job_id": 12, "op": "install", "state": "running"}
    sent = admin.daemon.asked[-1]
    assert sent["key"] == "k-1" and sent["args"] == {"name": "a", "entry": "main/a", "answers": '{"q":"é"}', "plan_hash": "ab"}
    admin.ask("/api/v1/plans", method="POST", body={"name": "a", "entry": "main/a"})
    assert admin.daemon.asked[-1]["args"] == {"name": "a", "entry": "main/a", "plan_only": True}


def test_a_job_that_is_refused(admin):
    admin.answers["start"] = [{"code": "busy", "tag": "APH0001", "message": "another job"}]
    assert admin.ask("/api/v1/apps/a/start", method="POST").status == 409
    admin.answers["start"] = [{"code": "forbidden", "tag": "APH0067", "message": "needs the scope run"}]
    assert admin.ask("/api/v1/apps/a/start", method="POST").status == 403
    admin.answers["start"] = [{"code": "too-fast", "tag": "APH0002", "message": "wait"}]
    answer = admin.ask("/api/v1/apps/a/start", method="POST")
    assert answer.status == 429 and answer.headers["Retry-After"]


def test_waiting_for_the_end(admin):
    def ends(request, send):
        send(progress(3))
        time.sleep(0.3)
        send({"ok": {"credentials": [1]}})
    admin.answers["install"] = ends
    body = {"name": "a", "entry": "main/a"}
    answer = admin.ask("/api/v1/apps?wait=20", method="POST", body=body)
    assert answer.status == 200 and answer.json == {"job_id": 3, "op": "install", "state": "ended", "result": "done",
                                                    "answer": {"credentials": [1]}}

    def fails(request, send):
        send(progress(4))
        send({"code": "image", "tag": "APH0009", "message": "no image"})
    admin.answers["install"] = fails
    answer = admin.ask("/api/v1/apps?wait=20", method="POST", body=body)
    assert answer.status == 502 and answer.headers["Location"] == "/api/v1/jobs/4" and answer.json["code"] == "image"
    admin.httpd.announced.append("APH0009")
    jobs = iter([{"job_id": 5, "state": "running"}, {"job_id": 5, "state": "ended"}])
    admin.answers["job"] = lambda request, send: send({"ok": next(jobs)})
    assert admin.ask("/api/v1/jobs/5?wait=20").json["state"] == "ended"


def test_bodies(admin):
    def post(body, kind="application/json", **more):
        return admin.ask("/api/v1/apps", method="POST", body=body, headers={"Content-Type": kind}, **more).status
    assert post("{}", "text/plain") == 415 and post("a=b", "application/x-www-form-urlencoded") == 415
    assert post("{}", "application/jsonp") == 415 and post("{}", "multipart/form-data") == 415
    assert post("[]") == 400 and post("{") == 400 and post('{"name":"a","name":"b"}') == 400
    assert post("{}") == 400 and post('{"script":"x","name":"a"}') == 400 and post('{"name":1}') == 400
    assert post('{"name":"' + "a" * 60000 + '"}') == 413 and post("[" * 30 + "]" * 30) == 400
    assert post('{"a":"' + "b" * 70000, chunked=False) == 413
    assert post(b'{"name":"\xff"}') == 400 and not admin.daemon.asked


def test_logs(admin):
    admin.answers["logs"] = [{"log": "one"}, {"log": "two"}, {"ok": None}]
    assert admin.ask("/api/v1/apps/a/logs?tail=5").json == {"lines": ["one", "two"], "more": False}
    assert admin.daemon.asked[-1]["args"] == {"name": "a", "tail": 5}


@contextlib.contextmanager
def events(admin, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", admin.httpd.port, timeout=20)
    connection.request(method, path, headers={"Host": HOST, "Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"})
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        answer.close()
        connection.close()


def test_following(admin):
    def follow(request, send):
        assert request["args"] == {"name": "a", "follow": True}
        send({"log": "one"})
        time.sleep(0.2)
        send({"log": "two"})
        send({"ok": None})
    admin.answers["logs"] = follow
    with events(admin, "/api/v1/apps/a/logs") as answer:
        assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
        assert list(admin_env.read_events(answer)) == [("log", "one"), ("log", "two"), ("end", None)]
    admin.answers["start"] = [progress(9), {"code": "unhealthy", "tag": "APH0003", "message": "no"}]
    with events(admin, "/api/v1/apps/a/start", "POST") as answer:
        assert [name for name, _ in admin_env.read_events(answer)] == ["progress", "problem"]
    jobs = iter([{"job_id": 5, "state": "running", "log": "a\n"}, {"job_id": 5, "state": "ended", "log": "a\nb\n"}])
    admin.answers["job"] = lambda request, send: send({"ok": next(jobs)})
    with events(admin, "/api/v1/jobs/5") as answer:
        assert [(n, v if n == "log" else v["state"]) for n, v in admin_env.read_events(answer)] == [
            ("log", "a"), ("job", "running"), ("log", "b"), ("end", "ended")]


def test_one_person_follows_only_so_much(admin):
    admin.answers["job"] = {"job_id": 5, "state": "running"}
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            answer = stack.enter_context(events(admin, "/api/v1/jobs/5"))
            assert answer.status == 200 and next(admin_env.read_events(answer))[0] == "job"
        refused = stack.enter_context(events(admin, "/api/v1/jobs/5"))
        assert refused.status == 503 and refused.headers["Retry-After"]
        started = time.monotonic()  # a long poll beyond the limit is answered at once
        assert admin.ask("/api/v1/jobs/5?wait=30").json["state"] == "running" and time.monotonic() - started < 5


def test_a_silent_daemon_holds_nobody(admin):
    backend = admin.httpd.app(backends.echo("photos"))
    admin.httpd.routes(photos=backend.port)
    admin.answers["list"] = lambda request, send: time.sleep(15)
    started = time.monotonic()
    answer = admin.ask("/api/v1/apps")
    assert answer.status == 503 and answer.headers["Retry-After"] and 9 < time.monotonic() - started < 13
    started = time.monotonic()
    assert admin.ask("/api/v1/apps").status == 503 and time.monotonic() - started < 1
    assert admin.httpd.get("photos").status == 200
    admin.daemon.close()
    time.sleep(2.1)
    assert admin.ask("/api/v1/apps").status == 503


def test_pages(admin):
    with open(f"{admin.pages}/index.html", "w", encoding="ascii") as f:
        f.write("<!DOCTYPE html>")
    with open(f"{admin.pages}/openapi.json", "w", encoding="ascii") as f:
        f.write("{}")
    answer = admin.ask("/", token=None)
    assert answer.status == 200 and answer.body == b"<!DOCTYPE html>" and answer.headers["Content-Type"].startswith("text/html")
    assert admin.ask("/api/v1/openapi.json", token=None).json == {}
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and answer.headers["X-Frame-Options"] == "DENY"


def test_metrics(admin):
    admin.answers["list"] = APPS
    admin.answers["status"] = {"engine": {"state": "up"}, "apps": 7, "apps_running": 7, "started": 5}
    answer = admin.ask("/metrics")
    text = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'apphost_app_running{app="app3"} 1\n' in text and "apphost_engine_up 1\n" in text
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    assert admin.ask("/metrics", token=None).status == 401
