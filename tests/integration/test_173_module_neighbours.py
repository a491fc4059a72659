# SPDX-License-Identifier: Apache-2.0
"""Sites that were there before answer as before: with apphost, with it off, with its routes damaged or gone."""
import os
import re

from httpd_env import DOMAIN
from vhost_env import enable, shipped, vhost


def sites(server, port):
    for name in ("plain", "guarded"):
        os.makedirs(f"{server.folder}/{name}/sub", exist_ok=True)
        with open(f"{server.folder}/{name}/index.html", "w", encoding="ascii") as f:
            f.write(f"the {name} site\n")
    with open(f"{server.folder}/guarded/.htaccess", "w", encoding="ascii") as f:
        f.write('Redirect 302 /old /new\nErrorDocument 404 "nothing here"\n')
    return f"""<VirtualHost *:{server.port}>
ServerName plain.example
DocumentRoot "{server.folder}/plain"
</VirtualHost>
<VirtualHost *:{server.port}>
ServerName guarded.example
ServerAlias wiki.{DOMAIN}
DocumentRoot "{server.folder}/guarded"
<Directory "{server.folder}/guarded">
AllowOverride All
</Directory>
</VirtualHost>
<VirtualHost *:{server.port}>
ServerName proxied.example
ProxyPass / http://127.0.0.1:{port}/
ProxyPassReverse / http://127.0.0.1:{port}/
LimitRequestBody 100
</VirtualHost>
"""


HOSTS = ("plain.example", "guarded.example", f"wiki.{DOMAIN}", "proxied.example", "nobody.example", "127.0.0.1", "[::1]",
         "bad_host!", "plain.example:8080", "PROXIED.example.", f"xhome.{DOMAIN}x", "apphost-probe.example")
TARGETS = ("/", "/old", "/none", "/sub", "/a%2Fb", "/%", "/../x", "*", "/index.html?q=http://127.0.0.1:35001/",
           "http://guarded.example/index.html")


def sort_allowed(found):
    return b"\r\nAllow: " + b",".join(sorted(found[1].split(b",")))


def everything(server):
    """Whole answers, octet for octet, but for dates and the order of Allow, which each httpd throws anew."""
    got = {}
    for host in HOSTS:
        for target in TARGETS:
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                body = "Content-Length: 3\r\n\r\nabc" if method == "POST" else "\r\n"
                answer = server.raw(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                                    f"X-Forwarded-For: 192.0.2.1\r\n{body}".encode())
                answer = re.sub(rb"\r\n(Date|Last-Modified|ETag): [^\r]*", b"", answer)
                got[method, host, target] = re.sub(rb"\r\nAllow: ([^\r]*)", sort_allowed, answer)
    return got


def test_the_main_server_keeps_its_site(server):
    """Fedora's layout: no virtual host at all before ours, and the commented one of conf/apphost.conf put to use."""
    server.announced += ["AH"]
    extra = f"""<Directory "{server.folder}/htdocs">
AllowOverride All
</Directory>
Alias /other "{server.folder}/htdocs"
"""
    server.configure(apphost="", extra=extra, modules=("alias", "dir")).start()
    before = everything(server)
    server.stop()
    ours, count = re.subn(r"#(<VirtualHost \*:\d+>)\n#    ServerName \S+\n#(</VirtualHost>)",
                          rf"\1\nServerName machine.{DOMAIN}\n\2", shipped(server))
    assert count == 1
    server.configure(apphost="", extra=extra, vhosts=ours, modules=("alias", "dir")).start()
    after = everything(server)
    unknown_app = f"wiki.{DOMAIN}"  # no site has this name here
    before = {key: answer for key, answer in before.items() if key[1] != unknown_app}
    after = {key: answer for key, answer in after.items() if key[1] != unknown_app}
    assert after == before


def test_neighbours_notice_nothing(server):
    app = server.app(lambda request: request.respond(
        request.line.encode() + b"".join(request.body()), headers=[
            ("Location", f"http://127.0.0.1:{app.port}/x"), ("Set-Cookie", "a=1; Domain=example"),
            ("Refresh", f"1; url=http://127.0.0.1:{app.port}/")]))
    server.routes(a={"port": app.port, "state": "stopped"}, proxied={"port": app.port, "state": "stopped"})
    enable(server, _1=vhost(server, "a"))
    theirs = sites(server, app.port)
    server.announced += ["AH", "APH004[0-9]"]
    server.configure(apphost="", vhosts=theirs, modules=("alias", "dir")).start()
    before = everything(server)
    assert len({answer for answer in before.values()}) > 20
    server.stop()
    server.configure(apphost="", vhosts=theirs + shipped(server), modules=("alias", "dir")).start()
    assert server.get("a").status == 503
    assert everything(server) == before
    os.truncate(server.routes_path, 100)
    assert everything(server) == before
    os.unlink(server.routes_path)
    assert everything(server) == before
    server.stop()
    server.configure(apphost="", vhosts=theirs + shipped(server).replace("AppHost On", "AppHost Off"),
                     modules=("alias", "dir")).start()
    assert everything(server) == before
