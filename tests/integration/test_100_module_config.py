# SPDX-License-Identifier: Apache-2.0
"""What `httpd -t` says about the directives, before any reload meets them."""
import re

import pytest

import backends
from httpd_env import DOMAIN, ROOT


def on(path="routes", domain=DOMAIN, more=""):
    return f"AppHost On\nAppHostDomain {domain}\nAppHostRoutes {path}\n{more}\n"


@pytest.mark.parametrize("text, says", [
    (f"AppHost On\nAppHostRoutes routes", "no domain is named: add \"AppHostDomain"),
    (f"AppHost On\nAppHostDomain {DOMAIN}", "add \"AppHostRoutes"),
    (on(domain="a..b"), "AppHostDomain: \"a..b\" is not a host name"),
    (on(domain="10.0.0.1"), "is not a host name"),
    (on(domain="home.example:80"), "without port"),
    (on(domain="x" * 64), "is not a host name"),
    (on(more="AppHostMaxUpgrades 10 20"), "swap or correct the two numbers"),
    (on(more="AppHostMaxUpgrades 0"), "\"0\" is not a whole number from 1"),
    (on(more="AppHostMaxInFlight many"), "\"many\" is not a whole number"),
    (on(more="AppHostTimeout -3"), "\"-3\" is not a whole number"),
    (on(more="AppHostTimeout 99999999999999999999"), "is not a whole number"),
    (on(more="<VirtualHost *:1>\nAppHostMaxInFlight 3\n</VirtualHost>"), "cannot occur within <VirtualHost> section"),
    (on(more="<VirtualHost *:1>\nAppHostRoutes other\n</VirtualHost>"), "one httpd has one file of routes"),
    (f"<VirtualHost *:1>\n{on()}</VirtualHost>\n<VirtualHost *:2>\nAppHost On\n</VirtualHost>", "httpd.conf:"),
])
def test_mistakes(server, text, says):
    checked = server.configure(apphost=text).check()
    assert checked.returncode != 0 and says in checked.stderr, checked.stderr


@pytest.mark.parametrize("missing, says", [("proxy_http", "a2enmod proxy_http"), ("proxy", "a2enmod proxy)")])
def test_missing_modules(server, missing, says):
    without = ("proxy", "proxy_http") if missing == "proxy" else (missing,)
    checked = server.configure(without=without).check()
    assert checked.returncode != 0 and says in checked.stderr and "APH0201" in checked.stderr
    checked = server.configure(apphost="", without=without).check()
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("text", [
    "", "AppHost Off\nAppHostMaxUpgrades 5 5", on(), on(domain="bücher.example home.arpa Example.ORG."),
    on(more="AppHostShortNames On\nAppHostMaxUpgrades 50\nAppHostMaxInFlight 30\nAppHostTimeout 60"),
    f"<VirtualHost *:1>\n{on()}</VirtualHost>\n<VirtualHost *:2>\n{on()}</VirtualHost>"])
def test_accepted(server, text):
    checked = server.configure(apphost=text).check()
    assert checked.returncode == 0, checked.stderr


def test_off_in_one_virtual_host(server):
    server.routes(a={"port": 1, "state": "stopped"})
    server.configure(vhosts=f"<VirtualHost *:{server.port}>\nServerName x.invalid\nServerAlias *.{DOMAIN}\n"
                            "AppHost Off\n</VirtualHost>").start()
    assert server.own_page("a." + DOMAIN)


def test_the_shipped_snippet(server):
    """Every directive of the module is explained in conf/apphost.conf, and what stands there is accepted."""
    with open(f"{ROOT}/conf/apphost.conf", encoding="utf-8") as f:
        snippet = f.read()
    with open(f"{ROOT}/mod_apphost/config.c", encoding="utf-8") as f:
        directives = re.findall(r'AP_INIT_\w+\("(\w+)"', f.read())
    assert len(directives) >= 7
    for directive in directives:
        assert re.search(rf"^#? *{directive} ", snippet, re.M), directive
    snippet = snippet.replace("/var/lib/apphost", server.folder)
    certificate = backends.make_certificate(server.folder)
    eager = re.sub(r"^( *)#(?=AppHost|GlobalLog|SetEnvIf|</?VirtualHost| {4})", r"\1", snippet, flags=re.M)
    eager = re.sub(r'(SSLCertificate\w+) .*', rf'\1 "{certificate}"', eager)
    assert eager.count("#<VirtualHost") == 0 and eager.count("<VirtualHost") == 4
    for text in (snippet, eager):
        checked = server.configure(apphost=text, modules=("ssl", "socache_shmcb", "setenvif")).check()
        assert checked.returncode == 0, checked.stderr
