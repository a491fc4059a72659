# SPDX-License-Identifier: Apache-2.0
"""The admin handler against a hostile web: SECURITY's HTTP-01 to 12, as far as they are the module's."""
import hashlib
import random

import pytest

import backends
from admin_env import DOMAIN, HOST, SESSION, TOKEN, admin  # noqa: F401

CSRF = hashlib.blake2b(b"csrf", key=SESSION.encode(), digest_size=32).hexdigest()
COOKIE = f"apphost={SESSION}"
START = "/api/v1/apps/a/start"


@pytest.fixture
def ready(admin):
    admin.answers["start"] = [{"progress": {"job": 1}}]
    admin.answers["list"] = {"apps": []}
    return admin


def test_01_csrf(ready):
    def post(**headers):
        return ready.ask(START, "POST", token=None, cookie=COOKIE, headers={k.replace("_", "-"): v for k, v in headers.items()}).status
    other = hashlib.blake2b(b"csrf", key=b"R" * 43, digest_size=32).hexdigest()
    assert post() == 403 and post(X_Apphost_Csrf=other) == 403 and post(X_Apphost_Csrf="") == 403
    assert ready.ask(f"{START}?csrf={CSRF}", "POST", token=None, cookie=COOKIE).status == 403
    assert not ready.daemon.asked
    assert post(X_Apphost_Csrf=CSRF) == 202 and ready.daemon.asked[0]["auth"] == {"session": SESSION}
    assert ready.ask(START, "POST").status == 202  # a token is not sent by itself
    assert ready.ask("/api/v1/apps", token=None, cookie=COOKIE).status == 200


def test_02_other_sites(ready):
    good = {"X-Apphost-Csrf": CSRF}
    for site in ("cross-site", "same-site", "", "none, cross-site"):
        for method, path in (("POST", START), ("GET", "/api/v1/apps"), ("GET", "/metrics")):
            assert ready.ask(path, method, token=None, cookie=COOKIE, headers=good | {"Sec-Fetch-Site": site}).status == 403
    port = ready.httpd.port
    for origin in (f"http://app1.{DOMAIN}:{port}", "null", f"https://{HOST}:{port}", f"http://{HOST}", f"http://{HOST}:{port}.evil.example",
                   f"http://{HOST}:{port + 1}", "http://", f"http://evil@{HOST}:{port}"):
        assert ready.ask(START, "POST", token=None, cookie=COOKIE, headers=good | {"Origin": origin}).status == 403, origin
    assert not ready.daemon.asked
    answer = ready.ask(START, "POST", token=None, cookie=COOKIE,
                       headers=good | {"Origin": f"http://{HOST.upper()}:{port}", "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 202
    # A person may follow a link to a page, and no more than that.
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert ready.ask("/", token=None, headers=visit).status == 404
    assert ready.ask("/api/v1/apps", token=None, cookie=COOKIE, headers=visit).status == 403
    assert ready.ask("/", token=None, headers=visit | {"Sec-Fetch-Dest": "iframe"}).status == 403


def test_03_hosts(ready):
    for host in ("evil.example", "127.0.0.1", f"evil.{HOST}", f"apps.{DOMAIN}.evil", DOMAIN, f"apps..{DOMAIN}", "apps", "[::1]"):
        assert ready.ask("/api/v1/apps", host=host).status in (400, 404, 421), host
    for host in (HOST, f"{HOST}.", HOST.upper(), f"{HOST}:80"):
        assert ready.ask("/api/v1/apps", host=host).status == 200, host
    head = f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    for target, host in ((f"http://evil.example/api/v1/apps", HOST), ("/api/v1/apps", f"{HOST}\r\nHost: evil.example")):
        raw = ready.httpd.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{head}".encode())
        assert raw.split()[1] in (b"400", b"421"), raw
    assert len(ready.daemon.asked) == 4


@pytest.mark.parametrize("path", [
    "//api/v1/apps", "/api//v1/apps", "/api/v1/./apps", "/api/v1/x/../apps", "/api/v1/apps/..;/apps", "/api/v1/%61pps",
    "/api/v1%2fapps", "/api/v1/apps/%2e%2e", "/api/v1/apps/%00", "/api/v1/apps/a%0d%0ab", "/api/v1/apps;x", "/api\\v1\\apps",
    "/api/v1/apps/%c0%ae", "/api/v1/apps/" + "a" * 2000, "/.git/config", "/api/v1/apps/%5c", "/api/v1/apps/\xe9"])
def test_07_paths(ready, path):
    raw = ready.httpd.raw(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert raw.split()[1] in (b"400", b"404", b"414"), raw
    assert not ready.daemon.asked


def test_05_nothing_changes_by_looking(ready):
    random.seed(5)
    ready.answers["vhost"] = ready.answers["status"] = ready.answers["job"] = ready.answers["jobs"] = {}
    paths = ["/apps", "/apps/a", "/apps/a/start", "/apps/a/update", "/plans", "/jobs/1/cancel", "/revisions/clean", "/catalogs/refresh"]
    for i in range(300):
        headers = {"X-HTTP-Method-Override": "POST", "X-Apphost-Csrf": CSRF, "X-HTTP-Method": "DELETE"}
        method = random.choice(("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "PROPFIND"))
        answer = ready.ask(f"/api/v1{random.choice(paths)}", method, token=None, cookie=COOKIE, headers=headers)
        assert answer.status in (200, 204, 404, 405), (method, answer.body)
    assert set(ready.daemon.ops()) <= {"list", "status"}


def test_06_everywhere_signed_in(ready):
    for path in ("/api/v1/apps", "/metrics", "/api/v1/jobs"):
        answer = ready.ask(path, token=None)
        assert answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    for token in ("x", "aph_", "aph_" + "T" * 42, "aph_" + "T" * 44, "T" * 47, "aph_" + "T" * 42 + "!"):
        assert ready.ask("/api/v1/apps", token=token).status == 401
    assert ready.ask("/api/v1/apps", token=None, headers={"Authorization": "Basic YTpi"}, cookie=COOKIE).status == 401
    assert not ready.daemon.asked


def test_08_planted_cookies(ready):
    for cookie in (f"{COOKIE}; {COOKIE}", f"apphost={'E' * 43}; {COOKIE}", f"{COOKIE}, apphost={'E' * 43}", "apphost=", "apphost=x",
                   f"__Host-apphost={SESSION}", f"Apphost={SESSION}", f"apphost ={SESSION}"):
        assert ready.ask("/api/v1/apps", token=None, cookie=cookie).status == 401, cookie
    assert not ready.daemon.asked
    many = "; ".join(f"x{i}=y" for i in range(50))
    assert ready.ask("/api/v1/apps", token=None, cookie=f"{many}; {COOKIE}; zapphost=1").status == 200


def test_04_forwarded(ready):
    ready.ask("/api/v1/apps", headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil", "Forwarded": "for=6.6.6.6"})
    assert ready.daemon.asked[0]["from"] == "127.0.0.1"


def test_12_frames_and_sockets(ready):
    answer = ready.ask("/api/v1/apps", "OPTIONS", token=None, headers={
        "Origin": f"http://app1.{DOMAIN}", "Access-Control-Request-Method": "POST"})
    assert answer.status == 403 and not [h for h in answer.headers if h.lower().startswith("access-control")]
    answer = ready.ask("/api/v1/apps", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert answer.status == 200 and "Upgrade" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY" and answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_files_stay_inside(ready):
    ready.httpd.announced.append("AH10244")  # httpd itself refuses to leave the root
    import os
    os.symlink("/etc/passwd", f"{ready.pages}/link.txt")
    os.symlink("/etc", f"{ready.pages}/etc")
    os.mkfifo(f"{ready.pages}/pipe.txt")
    with open(f"{ready.pages}/secret", "w", encoding="ascii") as f:
        f.write("x")
    for path in ("/link.txt", "/etc/hosts.txt", "/pipe.txt", "/secret", "/../d.sock", "/a.php"):
        assert ready.ask(path, token=None).status in (400, 404), path


@pytest.mark.parametrize("sent, seen", [
    (COOKIE, None), (f"a=1; {COOKIE}; b=2", "a=1; b=2"), (f"a=1;  b=apphost", "a=1;  b=apphost"), ("xapphost=1;apphostx=2", "xapphost=1;apphostx=2"),
    (f"__Host-apphost={SESSION};a=1", "a=1"), (f"{COOKIE}; {COOKIE}; c=3", "c=3")])
def test_11_no_app_sees_our_cookie(admin, sent, seen):
    app = admin.httpd.app(backends.echo("photos"))
    admin.httpd.routes(photos=app.port)
    assert admin.httpd.get("photos", headers={"Cookie": sent}).status == 200
    assert app.requests[0].header("Cookie") == seen
