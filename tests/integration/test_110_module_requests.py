# SPDX-License-Identifier: Apache-2.0
"""Which requests are an app's, and what of them reaches it."""
import http.client
import json
import random
import threading

import pytest

import backends
from httpd_env import DOMAIN, wait_until


def told(answer):
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("host", [
    "photos." + DOMAIN, "PHOTOS." + DOMAIN.upper(), f"photos.{DOMAIN}.", f"photos.{DOMAIN}:8080",
    f"Photos.{DOMAIN}.:80"])
def test_host_forms(running, host):
    app = running.app(backends.echo("photos"))
    running.routes(photos=app.port)
    answer = told(running.get("photos", host=host))
    assert answer["app"] == "photos"
    assert ["Host", host] in answer["headers"]


@pytest.mark.parametrize("host", [DOMAIN, "apps." + DOMAIN, "machine." + DOMAIN, "other.example", "127.0.0.1",
                                  "[::1]", "photos", "photos.home.example.evil", "xphotos.nothome.example"])
def test_hosts_that_are_not_apps(running, host):
    running.routes(photos=1)
    assert running.own_page(host)


def test_site_of_the_admin_in_our_domain(server):
    server.configure(vhosts=f"""<VirtualHost *:{server.port}>
ServerName default.invalid
</VirtualHost>
<VirtualHost *:{server.port}>
ServerName wiki.{DOMAIN}
ServerAlias docs.{DOMAIN} *.{DOMAIN}
</VirtualHost>""").start()
    server.routes(photos={"port": 1, "state": "stopped"})
    assert server.own_page("wiki." + DOMAIN) and server.own_page("docs." + DOMAIN)
    assert server.get("photos").status == 503
    assert server.get("nobody").status == 404


def test_international_domain_and_short_names(server):
    server.configure(apphost=f'AppHost On\nAppHostDomain bücher.example {DOMAIN}\nAppHostShortNames On\n'
                             f'AppHostRoutes "{server.routes_path}"\n').start()
    a, b = server.app(backends.echo("a")), server.app(backends.echo("b"))
    server.routes(a={"port": a.port, "host": "a.xn--bcher-kva.example"}, b=b.port,
                  b2={"port": b.port, "app_id": 2, "host": "alias.elsewhere.example"})
    assert told(server.get("a", host="a.xn--bcher-kva.example"))["app"] == "a"
    assert told(server.get("a", host="a"))["app"] == "a"
    assert told(server.get("b", host="B:8080"))["app"] == "b"
    assert told(server.get("b", host="alias.elsewhere.example"))["app"] == "b"
    assert server.own_page("localhost") and server.own_page("xn--bcher-kva.example")


URLS = ["/", "/a%2Fb", "//", "//a//b", "/%252F", "/a%252Fb%25", "/?", "/a?", "/?a=b&c=%20d?e", "/a;b=c/d;e", "/a%20b",
        "/%C3%BC?%C3%BC", "/a+b?c+d", "/a/./b", "/a/../b", "/~a_-.!$&'()*,:@=", "/%7Ea", "/a%5Cb", "/a%3Fb%23c",
        "/" + "x" * 6000, "/a?http://127.0.0.1:1/", "/http://other.example/", "/:80", "/@evil.example/", "/a%0Ab"]


@pytest.mark.parametrize("everywhere", ["", "ProxyPass / http://127.0.0.1:1/", "Alias /a /nowhere"])
def test_urls_arrive_byte_for_byte(server, everywhere):
    server.configure(modules=("alias",), vhosts=f"""<VirtualHost *:{server.port}>
ServerName any.invalid
ServerAlias *
{everywhere}
</VirtualHost>""").start()
    app = server.app(backends.echo("a"))
    server.routes(a=app.port)
    for url in URLS:
        assert told(server.get("a", url))["line"] == f"GET {url} HTTP/1.1"


def test_absolute_form(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    for given, arrives in (("/a%2Fb?c", "/a%2Fb?c"), ("", "/"), ("?q", "/?q"), ("/", "/")):
        got = running.raw(f"GET http://a.{DOMAIN}{given} HTTP/1.1\r\nHost: a.{DOMAIN}\r\n"
                          "Connection: close\r\n\r\n".encode())
        assert f'"line": "GET {arrives} HTTP/1.1"'.encode() in got, got
    # RFC 9112 section 3.2.2: the request target's host counts, not the header's.
    got = running.raw(f"GET http://a.{DOMAIN}/ HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n".encode())
    assert b'"app": "a"' in got


def test_access_control_sees_the_decoded_path(server):
    server.configure(extra='<Location "/private area">\nRequire all denied\n</Location>').start()
    app = server.app(backends.echo("a"))
    server.routes(a=app.port)
    for path in ("/private%20area", "/%70rivate%20area/x", "/x/../private%20area", "//private%20area"):
        assert server.get("a", path).status == 403, path
    assert server.get("a", "/public").status == 200
    assert len(app.requests) == 1
    server.announced.append("AH01630")


def test_methods_and_bodies(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "QUIRK"):
        assert told(running.get("a", "/x", method=method))["line"] == f"{method} /x HTTP/1.1"
    head = running.get("a", method="HEAD")
    assert head.status == 200 and head.body == b"" and int(head.headers["Content-Length"]) > 10
    assert told(running.get("a", method="POST", body=b"x" * 3_000_000))["body"] == 3_000_000
    assert told(running.get("a", method="POST", body=iter([b"x" * 100_000] * 30), chunked=True))["body"] == 3_000_000


def test_forwarded_headers(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "1", "X-Forwarded-Server": "evil", "Forwarded": "for=6.6.6.6",
            "X-Real-IP": "6.6.6.6", "x-forwarded-prefix": "/evil", "X-Mine": "kept",
            "X-Forwarded-User": "root", "x_forwarded_for": "6.6.6.6"}
    headers = told(running.get("a", headers=lies))["headers"]
    seen = {}
    for name, value in headers:
        seen.setdefault(name.lower(), []).append(value)
    assert seen["x-forwarded-for"] == ["127.0.0.1"]
    assert seen["x-forwarded-host"] == [f"a.{DOMAIN}"]
    assert seen["x-forwarded-proto"] == ["http"]
    assert seen["x-forwarded-port"] == ["80"]
    assert ["X-Forwarded-Port", "8443"] in told(running.get("a", host=f"a.{DOMAIN}:8443"))["headers"]
    assert seen["x-mine"] == ["kept"]
    for gone in ("forwarded", "x-real-ip", "x-forwarded-server", "x-forwarded-prefix", "x-forwarded-user",
                 "x_forwarded_for"):
        assert gone not in seen


def test_forwarded_headers_cannot_be_named_away(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    headers = told(running.get("a", headers={"Connection": "X-Forwarded-For, X-Forwarded-Proto"}))["headers"]
    assert ["X-Forwarded-For", "127.0.0.1"] in headers and ["X-Forwarded-Proto", "http"] in headers


def test_cookies_stay_with_the_app(running):
    headers = [("Set-Cookie", c) for c in (
        f"a=1; Domain={DOMAIN}; Path=/", "b=2; path=/; domain=127.0.0.1", f"c=3; Domain=a.{DOMAIN}; Secure",
        f"d=4; Domain=.{DOMAIN}", "e=5", "f=domain=x; DOMAIN = evil.example ;HttpOnly", "g=6; Domain=x; Domain=y; Path=/",
        f"h=7; Domain=a.{DOMAIN}; Domain={DOMAIN}; Path=/", "i=8; Domain", "j=9; Domains=x;", "k=10;domain=;;")]
    app = running.app(lambda request: request.respond(headers=headers))
    running.routes(a=app.port)
    assert running.get("a").headers.get_all("Set-Cookie") == [
        "a=1; Path=/", "b=2; path=/", f"c=3; Domain=a.{DOMAIN}; Secure", "d=4", "e=5", "f=domain=x;HttpOnly",
        "g=6; Path=/", f"h=7; Domain=a.{DOMAIN}; Path=/", "i=8", "j=9; Domains=x;", "k=10;;"]


def test_fifty_apps_are_never_mixed_up(running):
    apps = {f"app{i}": running.app(backends.echo(f"app{i}")) for i in range(50)}
    running.routes(**{name: app.port for name, app in apps.items()})
    wrong, names = [], list(apps)

    def ask(seed):
        order = random.Random(seed)
        for _ in range(5):
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
            for _ in range(50):
                name = order.choice(names)
                connection.request("GET", "/", headers={"Host": f"{name}.{DOMAIN}"})
                if json.loads(connection.getresponse().read())["app"] != name:
                    wrong.append(name)
            connection.close()
    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert sum(len(a.requests) for a in apps.values()) == 1000


def test_connections_to_apps_are_used_again(running):
    app = running.app(backends.echo("a"))
    running.routes(a=app.port)
    for _ in range(100):
        assert running.get("a").status == 200
    assert len(app.requests) == 100 and app.connections <= 2 * len(running.children())


def test_more_apps_than_workers_are_kept(running):
    apps = {f"app{i}": running.app(backends.echo(f"app{i}")) for i in range(80)}
    running.routes(**{name: app.port for name, app in apps.items()})
    for _ in range(3):
        for name in apps:
            assert told(running.get(name))["app"] == name


def test_https_app(server):
    server.configure(modules=("ssl", "socache_shmcb"), extra='''<Proxy "https://127.0.0.1:*">
SSLProxyEngine On
SSLProxyVerify none
SSLProxyCheckPeerCN Off
SSLProxyCheckPeerName Off
SSLProxyCheckPeerExpire Off
</Proxy>''').start()
    server.announced += ["AH01882", "AH01873"]  # mod_ssl about its library's version and the missing session cache
    app = server.app(backends.echo("a"), certificate=backends.make_certificate(server.folder))
    server.routes(a={"port": app.port, "flags": 1})
    for _ in range(3):
        assert told(server.get("a"))["app"] == "a"


def test_https_app_without_ssl_module(running):
    running.routes(a={"port": 1, "flags": 1})
    assert running.get("a").status == 503
    running.announced.append("APH0251.*a2enmod ssl")
    assert "APH0251" in running.log()


def test_notes_for_the_log(running):
    app = running.app(backends.echo("a"))
    running.routes(other=1, a=app.port)
    running.get("a", "/x")
    running.get("-", "/index.html", host="other.example")
    for line in (f"200 a 2 a.{DOMAIN} GET /x HTTP/1.1", "200 - - other.example GET /index.html HTTP/1.1"):
        wait_until(lambda: line in running.access_log().splitlines(), what=line)
