# SPDX-License-Identifier: Apache-2.0
"""Redirects and cookies that name an app's private port. Which texts count is tests/unit/test_addresses.c."""
import http.client
import json
import os
import shutil
import ssl
import time

import pytest

import backends
from httpd_env import DOMAIN, ROOT, free_port, wait_until


def talkative(server, flags=0):
    """An app that says its own address in every way, as GitLab with external_url http://APP_HOSTNAME:HOST_PORT."""
    said = []
    app = server.app(lambda request: request.respond(headers=said))
    server.routes(gitlab={"port": app.port, "flags": flags})
    return app, said


def own_addresses(port):
    return [f"http://127.0.0.1:{port}", f"http://localhost:{port}", f"http://[::1]:{port}",
            f"http://gitlab.{DOMAIN}:{port}", f"https://GITLAB.{DOMAIN}:{port}"]


@pytest.mark.parametrize("host", [f"gitlab.{DOMAIN}", f"gitlab.{DOMAIN}:8080", f"GitLab.{DOMAIN}:80"])
def test_private_addresses_become_public(running, host):
    app, said = talkative(running)
    for own in own_addresses(app.port):
        said[:] = [("Location", own + "/x?y"), ("Content-Location", own), ("Refresh", f'3; URL="{own}/z"'),
                   ("Link", f"<{own}/>"), ("Set-Cookie", f"a=1; Domain={own.split('//')[1]}; Path=/")]
        answer = running.get("gitlab", host=host)
        assert answer.headers["Location"] == f"http://{host}/x?y"
        assert answer.headers["Content-Location"] == f"http://{host}"
        assert answer.headers["Refresh"] == f'3; URL="http://{host}/z"'
        assert answer.headers["Set-Cookie"] == "a=1; Path=/"
        assert answer.headers["Link"] == f"<{own}/>", "only what a browser follows by itself is changed"


def test_other_text_stays(running):
    app, said = talkative(running)
    port = app.port
    for kept in (f"http://127.0.0.1:{port + 1}/", "/x", f"http://other.example:{port}/", "http://127.0.0.1/",
                 f"http://127.0.0.1:{port}0/", f"http://gitlab2.{DOMAIN}:{port}/", f"http://127.0.0.1:{port}@evil.example/",
                 f"http://127.0.0.1:0{port}/", f"http://gitlab.anything.example:{port}/", f"http://gitlab:{port}/"):
        said[:] = [("Location", kept), ("Refresh", f"0; url={kept}")]
        answer = running.get("gitlab")
        assert (answer.headers["Location"], answer.headers["Refresh"]) == (kept, f"0; url={kept}")


def test_an_alias_has_the_same_private_address(running):
    app, said = talkative(running)
    running.routes(gitlab=app.port, alias={"port": app.port, "app_id": 1, "name": "gitlab", "host": f"code.{DOMAIN}"})
    for own in own_addresses(app.port) + [f"http://code.{DOMAIN}:{app.port}"]:
        said[:] = [("Location", own + "/")]
        assert running.get("code").headers["Location"] == f"http://code.{DOMAIN}/"
    wait_until(lambda: f"200 gitlab 1 code.{DOMAIN} " in running.access_log(), what="the app's name in the log")


def ask_with_tls(port, host):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def test_https(server):
    port = free_port()
    server.configure(modules=("ssl", "socache_shmcb"), vhosts=f"""Listen 127.0.0.1:{port}
<VirtualHost *:{port}>
ServerName any.invalid
ServerAlias *
SSLEngine On
SSLCertificateFile {backends.make_certificate(server.folder)}
</VirtualHost>""").start()
    server.announced += ["AH01882", "AH01873", "AH01906", "AH01909"]  # mod_ssl about its version, cache and certificate
    app, said = talkative(server)
    for host in (f"gitlab.{DOMAIN}", f"gitlab.{DOMAIN}:{port}"):
        said[:] = [("Location", f"http://gitlab.{DOMAIN}:{app.port}/users/sign_in")]
        assert ask_with_tls(port, host).headers["Location"] == f"https://{host}/users/sign_in"
    echo = server.app(backends.echo("e"))
    server.routes(e=echo.port)
    told = json.loads(ask_with_tls(port, f"e.{DOMAIN}").body)["headers"]
    assert ["X-Forwarded-Proto", "https"] in told and ["X-Forwarded-Port", "443"] in told


@pytest.mark.parametrize("known", ["ServerName https://any.invalid", "ServerName any.invalid\nSetEnvIf X-Forwarded-Proto "
                                                                     "^https$ HTTPS=on"])
def test_behind_a_front_proxy_with_tls(server, known):
    server.configure(modules=("setenvif",), vhosts=f"""<VirtualHost *:{server.port}>
{known}
ServerAlias *
</VirtualHost>""").start()
    app, said = talkative(server)
    said[:] = [("Location", f"http://127.0.0.1:{app.port}/")]
    front = {"X-Forwarded-Proto": "https"}
    assert server.get("gitlab", headers=front).headers["Location"] == f"https://gitlab.{DOMAIN}/"
    echo = server.app(backends.echo("e"))
    server.routes(e=echo.port)
    told = json.loads(server.get("e", headers=front).body)["headers"]
    assert ["X-Forwarded-Proto", "https"] in told and ["X-Forwarded-Port", "443"] in told
    if "SetEnvIf" in known:
        told = json.loads(server.get("e").body)["headers"]
        assert ["X-Forwarded-Proto", "http"] in told


def test_routes_of_version_1(server):
    """Left by an older apphostd: the host's first label is the app's name."""
    server.configure(apphost=f"AppHost On\nAppHostDomain home.arpa\nAppHostRoutes {server.routes_path}\n").start()
    for version in "12":
        shutil.copyfile(f"{ROOT}/tests/cases/routes/version-{version}", f"{server.routes_path}.next")
        os.rename(f"{server.routes_path}.next", server.routes_path)
        time.sleep(0.01)
        answer = server.get("-", host="w.home.arpa", headers={"Accept": "application/json"})
        assert answer.status == 503 and json.loads(answer.body)["app"] == "w"
        assert server.get("-", host="none.home.arpa").status == 404
