# SPDX-License-Identifier: Apache-2.0
"""Virtual hosts of apps: On by their place, their rules hold, and nothing of theirs can stop httpd."""
import base64
import json
import os
import shutil
import stat
import subprocess
import threading
import time

import pytest

import backends
from httpd_env import DOMAIN, HTTPD, free_port, wait_until
from vhost_env import FILES, OWN_VHOST, configure, enable, in_the_manner_of_amahi, vhost

ACCESS = ("authn_core", "authn_file", "authz_user", "authz_host", "auth_basic")


def told(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return json.loads(answer.body)


def test_the_shipped_layout(server):
    app = server.app(backends.echo("a"))
    server.routes(a=app.port, b={"port": app.port, "state": "stopped"})
    configure(server).start()
    assert told(server.get("a"))["app"] == "a" and server.get("b").status == 503
    assert server.get("nobody").status == 404
    for host in ("other.example", DOMAIN, "127.0.0.1", "default.invalid", "machine." + DOMAIN):
        assert server.own_page(host) or host.startswith("machine."), host


@pytest.mark.parametrize("flags, state, port, status, word", [
    (OWN_VHOST, "running", 1, 503, "not-here"), (OWN_VHOST, "stopped", 1, 503, "not-here"),
    (OWN_VHOST, "installing", 1, 503, "installing"), (FILES, "running", 0, 503, "not-here"),
    (FILES, "installing", 0, 503, "installing"), (0, "stopped", 1, 503, "stopped")])
def test_not_without_its_own_vhost(server, flags, state, port, status, word):
    """The wildcard virtual host has no rules of the app's; nor has one that names it by a wildcard only."""
    server.routes(a={"port": port, "flags": flags, "state": state})
    configure(server, before=f"<VirtualHost *:{server.port}>\nServerName x.invalid\nServerAlias a.*\nAppHost On\n"
                             f"AppHostDomain {DOMAIN}\nAppHostRoutes {server.routes_path}\n</VirtualHost>").start()
    for headers in ({"Accept": "application/json"}, {}):
        answer = server.get("a", headers=headers)
        assert answer.status == status
    assert json.loads(server.get("a", headers={"Accept": "application/json"}).body)["state"] == word
    wait_until(lambda: f"503 a 1 a.{DOMAIN}" in server.access_log(), what="the note")


def test_own_vhost_and_the_port_where_it_is_not(server):
    """It stands on one port only: the wildcard of another one must not serve the app without its rules."""
    app = server.app(backends.websocket("a"))
    other = free_port()
    server.routes(a={"port": app.port, "flags": OWN_VHOST}, alias={"port": app.port, "app_id": 1, "flags": OWN_VHOST,
                                                                   "name": "a", "host": "a.elsewhere.example"})
    enable(server, _1=vhost(server, "a", aliases="a.elsewhere.example"))
    configure(server, before=f"""Listen 127.0.0.1:{other}
<VirtualHost *:{other}>
ServerName apphost-probe.{DOMAIN}
ServerAlias *.{DOMAIN} *.elsewhere.example
AppHost On
</VirtualHost>""").start()
    for host in (f"a.{DOMAIN}", f"A.{DOMAIN}.", "a.elsewhere.example"):
        assert told(server.get("a", host=host))["app"] == "a"
    asked = len(app.requests)
    here, server.port = server.port, other
    for host in (f"a.{DOMAIN}", f"A.{DOMAIN}.", f"a.{DOMAIN}:{here}", "a.elsewhere.example"):
        answer = server.get("a", host=host)
        assert answer.status == 503 and b"Not served here" in answer.body
    s, head = server.upgrade("a")
    s.close()
    assert " 503 " in head and len(app.requests) == asked
    server.port = here
    server.routes(a={"port": app.port, "flags": OWN_VHOST})
    assert told(server.get("a"))["app"] == "a"
    assert server.get("a", host="a.elsewhere.example").status == 404, "an alias that is none any more"


def test_password_and_addresses(server):
    """Rules in the app's virtual host hold for the app, its pages and upgrades; what the client sent stays."""
    subprocess.run(["htpasswd", "-bc", f"{server.folder}/users", "anna", "secret"], check=True, capture_output=True)
    app, other = server.app(backends.websocket("a")), server.app(backends.echo("b"))
    apps = {"b": {"port": other.port, "flags": OWN_VHOST, "app_id": 2}}
    server.routes(a={"port": app.port, "flags": OWN_VHOST, "app_id": 1}, **apps)
    enable(server, _1=vhost(server, "a", f"""<Location "/">
AuthType Basic
AuthName "a"
AuthUserFile {server.folder}/users
Require valid-user
</Location>"""), _2=vhost(server, "b", '<Location "/">\nRequire ip 192.0.2.0/24\n</Location>'))
    configure(server, modules=ACCESS).start()
    server.announced += ["AH01630", "AH01617", "AH01618"]
    key = "Basic " + base64.b64encode(b"anna:secret").decode()
    assert server.get("a").status == 401 and server.get("b").status == 403
    assert server.get("a", headers={"Authorization": "Basic YW5uYTp4"}).status == 401
    s, head = server.upgrade("a")
    s.close()
    assert " 401 " in head and not app.requests and not other.requests
    answer = told(server.get("a", headers={"Authorization": key}))
    assert ["Authorization", key] in answer["headers"]
    server.routes(a={"port": app.port, "flags": OWN_VHOST, "state": "stopped", "app_id": 1},
                  b={"port": other.port, "flags": OWN_VHOST, "state": "failing", "app_id": 2})
    assert server.get("a").status == 401 and server.get("a", headers={"Authorization": key}).status == 503
    assert server.get("b").status == 403
    s, head = server.upgrade("b")
    s.close()
    assert " 403 " in head


def test_files(server):
    """Kind webapp: httpd serves the folder, the module only looks after state, name and number."""
    site = f"{server.folder}/pages"
    os.makedirs(f"{site}/sub")
    for path, text in (("index.html", "front"), ("sub/a.txt", "inside")):
        with open(f"{site}/{path}", "w", encoding="ascii") as f:
            f.write(text)
    server.routes(w={"port": 0, "flags": FILES})
    enable(server, _1=vhost(server, "w", f'DocumentRoot "{site}"\n<Directory "{site}">\nRequire all granted\n</Directory>'))
    configure(server, modules=("dir",)).start()
    assert server.get("w").body == b"front" and server.get("w", "/sub/a.txt").body == b"inside"
    assert server.get("w", "/none").status == 404
    for line in (f"200 w 1 w.{DOMAIN} GET / HTTP/1.1", f"404 w 1 w.{DOMAIN} GET /none HTTP/1.1"):
        wait_until(lambda: line in server.access_log().splitlines(), what=line)
    for state in ("installing", "starting", "stopped", "failing"):
        server.routes(w={"port": 0, "flags": FILES, "state": state})
        answer = server.get("w", "/sub/a.txt", headers={"Accept": "application/json"})
        assert answer.status == 503 and json.loads(answer.body)["state"] == state
    server.routes()
    assert server.get("w").status == 404 and b"No such app" in server.get("w").body


def test_in_the_manner_of_amahi(server):
    """A template with a ProxyPass of its own and the bare name as ServerName: all goes through the module."""
    own = []
    app = server.app(lambda request: request.respond(b"hello", headers=own))
    server.routes(a={"port": app.port, "max_inflight": 1})
    enable(server, _1=in_the_manner_of_amahi(server, "a", 1, app.port))
    configure(server, extra=f'<Location "/private">\nRequire all denied\n</Location>').start()
    for host in ("a", f"a.{DOMAIN}", "A", f"a.{DOMAIN}:8080"):
        own[:] = [("Location", f"http://localhost:{app.port}/x"), ("Set-Cookie", f"a=1; Domain={DOMAIN}")]
        answer = server.get("a", "/%2f", host=host)
        assert (answer.status, answer.body) == (200, b"hello")
        assert answer.headers["Location"] == f"http://{host.lower() if ':' not in host else host}/x"
        assert answer.headers["Set-Cookie"] == "a=1"
        assert server.get("a", "/private/x", host=host).status == 403
    assert all(request.target == "/%2f" for request in app.requests)
    server.announced.append("AH01630")
    for state in ("stopped", "failing"):
        server.routes(a={"port": app.port, "state": state})
        asked = len(app.requests)
        for host in ("a", f"a.{DOMAIN}"):
            assert server.get("a", host=host).status == 503
        assert len(app.requests) == asked
    server.routes()
    for host in ("a", f"a.{DOMAIN}"):
        assert server.get("a", host=host).status == 404, "its virtual host outlived it"
    with open(f"{server.folder}/sites/1/logs/access_log", encoding="ascii") as f:
        assert ' 200\n' in f.read()


def test_shares_hold_in_the_manner_of_amahi(server):
    gate, waiting = threading.Event(), []

    def slow(request):
        waiting.append(request)
        return gate.wait(20) and request.respond(b"late")
    app = server.app(slow)
    server.routes(a={"port": app.port, "max_inflight": 2})
    enable(server, _1=in_the_manner_of_amahi(server, "a", 1, app.port))
    configure(server).start()
    held = [threading.Thread(target=server.get, args=("-",), kwargs={"host": host}) for host in ("a", f"a.{DOMAIN}")]
    for t in held:
        t.start()
    wait_until(lambda: len(waiting) == 2, what="two that wait")
    for host in ("a", f"a.{DOMAIN}"):
        answer = server.get("-", host=host)
        assert answer.status == 503 and b"Too busy" in answer.body
    gate.set()
    for t in held:
        t.join()


def test_headers_and_redirects_of_a_vhost(server):
    """What mod_headers adds is there on answers and on pages. A Redirect counts in <Location>: at the level of
    the server it is a mapping, and those come after the app."""
    app = server.app(backends.echo("a"))
    server.routes(a=app.port, b={"port": app.port, "state": "stopped"}, c=app.port, d=app.port)
    hsts = 'Header always set Strict-Transport-Security "max-age=1"\nRequestHeader set X-Known "yes"'
    elsewhere = f'Redirect 302 "https://secure.{DOMAIN}/"'
    enable(server, _1=vhost(server, "a", hsts), _2=vhost(server, "b", hsts), _4=vhost(server, "d", f"Redirect 302 / "
           f"https://secure.{DOMAIN}/"), _3=vhost(server, "c", f'<Location "/">\n{elsewhere}\n</Location>'))
    configure(server, modules=("headers", "alias")).start()
    answer = server.get("a")
    assert answer.headers["Strict-Transport-Security"] == "max-age=1" and ["X-Known", "yes"] in told(answer)["headers"]
    assert server.get("b").headers["Strict-Transport-Security"] == "max-age=1"
    redirected = server.get("c", "/x")
    assert redirected.status == 302 and redirected.headers["Location"].startswith(f"https://secure.{DOMAIN}/")
    assert server.get("d", "/x").status == 200


def test_only_by_place(server):
    """A virtual host elsewhere says AppHost On itself, or nothing of it changes."""
    server.routes(a=1, b=1)
    elsewhere = f"{server.folder}/elsewhere/vhosts-enabled"
    os.makedirs(elsewhere)
    with open(f"{elsewhere}/00001.conf", "w", encoding="ascii") as f:
        f.write(vhost(server, "a"))
    with open(f"{server.folder}/vhosts-enabled.conf", "w", encoding="ascii") as f:
        f.write(vhost(server, "b"))
    configure(server, before=f'Include {elsewhere}/*.conf\nInclude {server.folder}/vhosts-enabled.conf').start()
    assert server.own_page(f"a.{DOMAIN}") and server.own_page(f"b.{DOMAIN}")


def test_by_place_without_domains_in_the_main_server(server):
    """As quickstart has it: everything in one virtual host. By another path to the same folder, too."""
    app = server.app(backends.echo("a"))
    server.routes(a={"port": app.port, "flags": OWN_VHOST})
    enable(server, _1=vhost(server, "a"))
    os.symlink(server.folder, f"{server.folder}/way")
    server.configure(apphost="", vhosts=f"""IncludeOptional {server.folder}/way//vhosts-enabled/*.conf
<VirtualHost *:{server.port}>
ServerName any.invalid
ServerAlias *.{DOMAIN}
AppHost On
AppHostDomain {DOMAIN}
AppHostRoutes {server.routes_path}
</VirtualHost>""").start()
    assert told(server.get("a"))["app"] == "a"


def test_candidate(server):
    """What is being checked counts as if it were in place, and only for the check."""
    server.routes(a=1)
    enable(server, _1=vhost(server, "a"))
    enable(server, "vhosts-candidate", _1=vhost(server, "a", "Nonsense On"), _2=vhost(server, "b"))
    configure(server)
    assert server.check().returncode == 0
    checked = subprocess.run([HTTPD, "-D", "APPHOST_CANDIDATE", "-t", "-f", f"{server.folder}/httpd.conf"],
                             capture_output=True, text=True, timeout=30)
    assert checked.returncode != 0 and "vhosts-candidate/00001.conf" in checked.stderr and "Nonsense" in checked.stderr
    assert os.listdir(f"{server.folder}/sites") == ["1"], "of the enabled set, and only of that"


# -- what disappears later ---------------------------------------------------------------------------
def logging_vhost(server, name, app_id):
    logs = f"{server.folder}/sites/{app_id}/logs"
    return vhost(server, name, f'ErrorLog "{logs}/error_log"\nCustomLog "{logs}/access_log" "%r"')


def test_missing_log_folders(server):
    app = server.app(backends.echo("a"))
    server.routes(a=app.port, b=app.port)
    enable(server, _1=logging_vhost(server, "a", 1), _22=logging_vhost(server, "b", 22))
    mask = os.umask(0o077)
    try:
        configure(server).start()
    finally:
        os.umask(mask)
    assert server.get("a").status == 200
    sites = f"{server.folder}/sites"
    for path, mode in ((sites, 0o755), (f"{sites}/1", 0o755), (f"{sites}/22", 0o755)):
        assert stat.S_IMODE(os.stat(path).st_mode) == mode and os.stat(path).st_uid == 0
    assert stat.S_IMODE(os.stat(f"{sites}/22/logs").st_mode) in (0o750, 0o700)
    for gone in (f"{sites}/22/logs", f"{sites}/1", sites):
        shutil.rmtree(gone)
        server.reload()
        assert server.get("a").status == 200 and server.get("b").status == 200
        assert os.path.exists(f"{sites}/22/logs/access_log") and os.path.exists(f"{sites}/1/logs/error_log")
    shutil.rmtree(sites)
    server.stop()
    server.start()
    assert server.get("a").status == 200


def test_log_folders_are_made_nowhere_else(server):
    """Not through a link and not in a folder others can write to; it is said once and httpd goes on."""
    server.routes(a=1)
    enable(server, _1=vhost(server, "a"), _2=vhost(server, "b"), _3=vhost(server, "c"))
    outside = f"{server.folder}/outside"
    os.makedirs(outside)
    os.makedirs(f"{server.folder}/sites/2")
    os.symlink(outside, f"{server.folder}/sites/1")
    os.chmod(f"{server.folder}/sites/2", 0o777)
    configure(server).start()
    assert os.listdir(outside) == [] and os.listdir(f"{server.folder}/sites/2") == []
    assert os.path.isdir(f"{server.folder}/sites/3/logs"), "the others are made all the same"
    server.announced.append("APH025[34].*log folders in")


@pytest.mark.parametrize("loss", ["dangling link", "no link", "empty set", "file gone", "state gone"])
def test_sets_that_disappear(server, loss):
    app = server.app(backends.echo("a"))
    server.routes(a=app.port)
    enable(server, _1=vhost(server, "a"))
    configure(server).start()
    assert server.get("a").status == 200
    if loss == "dangling link":
        shutil.rmtree(f"{server.folder}/vhosts-sets")
    elif loss == "no link":
        os.unlink(f"{server.folder}/vhosts-enabled")
    elif loss == "empty set":
        os.unlink(f"{server.folder}/vhosts-sets/1/00001.conf")
    elif loss == "file gone":
        os.rename(f"{server.folder}/vhosts-sets/1/00001.conf", f"{server.folder}/vhosts-sets/1/gone")
        os.symlink("/nowhere", f"{server.folder}/vhosts-sets/1/00001.conf")
    else:
        shutil.rmtree(f"{server.folder}/vhosts-sets")
        os.unlink(f"{server.folder}/vhosts-enabled")
        os.unlink(server.routes_path)
        server.announced.append("APH0044")
    server.reload()
    # A child of before may answer one request more.
    wait_until(lambda: server.get("a").status == (503 if loss == "state gone" else 200), what="the answer")


# -- options that stand in a virtual host ------------------------------------------------------------
def test_timeout_of_one_vhost(server):
    """Two names of one app, one in a virtual host with a timeout of its own: no worker serves both."""
    def slow(request):
        time.sleep(1.3 if request.target == "/slow" else 0)
        return request.respond(b"done")
    app = server.app(slow)
    server.routes(a=app.port, alias={"port": app.port, "app_id": 1, "name": "a", "host": f"quick.{DOMAIN}"})
    enable(server, _1=vhost(server, "quick", "AppHostTimeout 1"))
    configure(server, children=1).start()
    server.announced += ["AH01102", "AH00898", "AH10159", "AH00287"]  # the last two: so few threads
    assert server.get("quick").status == 200 and server.get("a").status == 200
    assert server.get("a", "/slow").status == 200
    assert server.get("quick", "/slow").status == 503
    assert server.get("a", "/slow").status == 200


def test_body_limits(server):
    """Said: it holds for apps. Not said: httpd's own 1 GiB does not."""
    app, echo = server.app(lambda request: any(request.body())), server.app(backends.websocket("e"))
    server.routes(a={"port": app.port}, b={"port": echo.port})
    enable(server, _2=vhost(server, "b", "LimitRequestBody 1000"))
    configure(server).start()

    def head(name, length):
        return f"POST /{length} HTTP/1.1\r\nHost: {name}.{DOMAIN}\r\nContent-Length: {length}\r\n\r\n".encode()
    for length in (2 ** 30 + 1, 2 ** 40):
        with server.connect() as s:
            s.sendall(head("a", length) + b"x" * 10)
            wait_until(lambda: app.requests and app.requests[-1].target == f"/{length}", what="the head at the app")
    assert told(server.get("b", method="POST", body=b"x" * 1000))["body"] == 1000
    assert server.get("b", method="POST", body=b"x" * 1001).status == 413
    assert server.raw(head("b", 2 ** 40)).startswith(b"HTTP/1.1 413 ")
    assert server.get("b", method="POST", body=iter([b"x" * 100] * 30), chunked=True).status == 413
    s, head_of_answer = server.upgrade("b")
    with s:
        assert " 101 " in head_of_answer
        for _ in range(30):
            s.sendall(backends.frame("x" * 100))
            assert s.recv(4096) == backends.frame("x" * 100)
    wait_until(lambda: "101 b 2 " in server.access_log(), what="the end of the WebSocket")
    server.announced += ["AH02608", "AH01097", "AH01588", "AH01587", "AH01084", "AH01086", "AH01095"]


def test_one_log_for_all_apps(server):
    app = server.app(backends.echo("a"))
    server.routes(a=app.port, b={"port": app.port, "flags": OWN_VHOST})
    enable(server, _2=logging_vhost(server, "b", 2))
    configure(server)
    with open(f"{server.folder}/httpd.conf", encoding="utf-8") as f:
        text = f.read()
    with open(f"{server.folder}/httpd.conf", "w", encoding="utf-8") as f:
        f.write(text.replace("#GlobalLog", "GlobalLog"))
    server.start()
    server.get("a", "/x")
    server.get("b", "/y")
    server.get("-", "/index.html", host="other.example")

    def lines():
        with open(f"{server.folder}/apps.log", encoding="ascii") as f:
            return [line.split(" ")[0] + " " + line.split('"')[1] for line in f]
    wait_until(lambda: len(lines()) >= 2, what="two lines")
    assert lines() == ["a GET /x HTTP/1.1", "b GET /y HTTP/1.1"]
