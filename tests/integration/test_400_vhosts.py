# SPDX-License-Identifier: Apache-2.0
"""Aliases, options, kinds and templates: what an app is to httpd, through the ordinary path."""
import base64
import os
import re
import shutil
import signal
import subprocess

import pytest

import kills
from engine_env import WEB, busybox_files
from stack_env import PREFIX, wait_for

IMAGE = f"apphost-test-web-{os.getpid()}:1"
SCRIPT = ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE
          + "'\n  ports:\n    - 'HOST_PORT:80'\nEOF\ndocker-compose up -d\n")
HEADLESS = SCRIPT.replace("  ports:\n    - 'HOST_PORT:80'\n", "")
SHIPPED = f"{PREFIX}/share/apphost/templates/vhost/container.conf"


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def site(new_stack, web_image):
    return new_stack()


@pytest.fixture
def folder(tmp_path_factory):
    """A folder the web user can read, below one that is not the system's."""
    path = f"/srv/apphost-test-{os.getpid()}"
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def install(stack, name, *more, script=SCRIPT, check=True):
    return stack.ctl("install", stack.script(script, f"{name}.sh"), "--name", name, "--yes", *more, check=check)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def enabled(stack):
    path = f"{stack.state}/vhosts-enabled"
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def generation(stack):
    return stack.get("apphost-probe").body


# -- aliases ---------------------------------------------------------------------------------------
def test_an_alias_below_the_domain_is_a_route_and_no_reload(site):
    before = generation(site)
    install(site, "photos", "--alias", f"Pics.{site.domain}", "-a", f"deep.er.{site.domain}")
    for host in ("photos", "pics", "deep.er"):
        assert site.get(host).body == b"hello from the app\n"
    assert generation(site).split(b'"set"')[0] == before.split(b'"set"')[0], "httpd was reloaded"
    assert enabled(site) == []
    (row,) = site.json("list")["apps"]
    assert f"http://pics.{site.domain}:{site.port}/" in row["url"]
    site.ctl("uninstall", "photos", "--purge", "--yes")
    assert site.get("pics").status == 404


def test_an_alias_elsewhere_gets_a_virtual_host(site):
    install(site, "photos", "--alias", "photos.example.net")
    assert enabled(site) == ["00001.conf"]
    assert site.get("", host="photos.example.net").body == b"hello from the app\n"
    assert site.get("photos").body == b"hello from the app\n"
    shown = site.ctl("vhost", "photos").stdout
    assert "ServerAlias photos.example.net" in shown and f"ServerName photos.{site.domain}" in shown
    assert site.json("vhost", "photos")["enabled"] is True
    site.ctl("stop", "photos")
    assert site.get("", host="photos.example.net").status == 503
    site.ctl("uninstall", "photos", "--purge", "--yes")
    assert enabled(site) == []
    assert not os.path.exists(f"{site.state}/sites/1") and os.listdir(f"{site.state}/vhosts-available") == []


def test_every_app_has_its_virtual_host_rendered(site):
    install(site, "photos")
    answer = site.json("vhost", "photos")
    assert answer["enabled"] is False and f"ServerName photos.{site.domain}" in answer["text"]
    assert enabled(site) == []


# -- options ---------------------------------------------------------------------------------------
def test_a_password_and_addresses_in_front_of_any_app(site, folder):
    users = f"{folder}/users"
    subprocess.run(["htpasswd", "-bc", users, "ada", "secret"], check=True, capture_output=True)
    os.chmod(users, 0o644)
    install(site, "diary", "--option", f"auth-file={users}", "--option", "allow-ip=127.0.0.0/8")
    site.announced.append(r"AH01617|AH01618|AH01797|AH01630")  # who was kept out
    assert site.get("diary").status == 401
    assert site.get("diary", headers=basic("ada", "wrong")).status == 401
    assert site.get("diary", headers=basic("ada", "secret")).body == b"hello from the app\n"
    site.ctl("stop", "diary")
    assert site.get("diary").status == 401, "the state page is behind the same password"
    assert site.get("diary", headers=basic("ada", "secret")).status == 503


def test_addresses_that_may_not(site):
    install(site, "diary", "--option", "allow-ip=192.0.2.0/24")
    site.announced.append(r"AH01797|AH01630")
    assert site.get("diary").status == 403


def test_without_its_virtual_host_a_guarded_app_is_not_served(site):
    install(site, "diary", "--option", "allow-ip=127.0.0.1")
    assert site.get("diary").status == 200
    os.rename(f"{site.state}/vhosts-enabled", f"{site.state}/vhosts-away")
    site.stop_httpd()
    site.start_httpd()
    assert site.get("diary").status == 503
    os.rename(f"{site.state}/vhosts-away", f"{site.state}/vhosts-enabled")


def test_options_of_the_virtual_host_and_of_the_route(site):
    install(site, "wiki", "--option", "header=X-Frame-Options:DENY", "--option", "max-body=10",
            "--option", "max-requests=7")
    assert site.get("wiki").headers["X-Frame-Options"] == "DENY"
    site.announced.append(r"AH01587|AH01588")  # the body was larger than it may be
    assert site.get("wiki", method="POST", body=b"x" * 11).status == 413
    assert site.json("status", "wiki")["max_requests"] == 7


def tls_files(folder):
    """A program that speaks https, the libraries it wants, and a certificate nobody signed."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nobody", "-days", "2",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
    libraries = re.findall(r"(/\S+\.so\S*)", subprocess.run(["ldd", "/usr/bin/openssl"], check=True,
                                                             capture_output=True, text=True).stdout)
    files = {}
    for path in ("/usr/bin/openssl", *libraries):
        with open(path, "rb") as f:
            files[path.lstrip("/")] = (f.read(), 0o755)
    for name in ("key.pem", "cert.pem"):
        with open(f"{folder}/{name}", "rb") as f:
            files[name] = f.read()
    return files


def test_an_app_that_speaks_https(new_stack, engine, folder):
    image = f"apphost-test-tls-{os.getpid()}:1"
    engine.import_image(image, tls_files(folder),
                        'CMD ["/usr/bin/openssl","s_server","-accept","443","-key","/key.pem","-cert","/cert.pem","-www"]')
    stack = new_stack(httpd=False)
    stack.MODULES_LOADED += ("ssl",)
    stack.announced.append(r"AH01882|AH01873")  # which OpenSSL it is, and that sessions are not kept
    with open(f"{PREFIX}/share/apphost/apphost.conf", encoding="utf-8") as f:
        stack.start_httpd(sites=re.search(r"<IfModule ssl_module>.*?</IfModule>", f.read(), re.S)[0])
    try:
        script = SCRIPT.replace(IMAGE, image).replace(":80'", ":443'")
        install(stack, "safe", "--option", "backend-https", script=script)
        assert b"s_server" in stack.get("safe").body
        stack.ctl("uninstall", "safe", "--purge", "--yes")
    finally:
        engine.remove_image(image)


@pytest.mark.parametrize("more,word", [
    (("--option", "colour=blue"), "colour"),
    (("--option", "timeout"), "timeout"),
    (("--option", "header=X-Powered-By:me"), "header"),
    (("--option", "header=X-Frame-Options:DENY\nLoadModule x y"), "header"),
    (("--option", "auth-file=/etc/shadow"), "/etc/shadow"),
    (("--alias", "*.example.net"), "*.example.net"),
    (("--alias", "192.0.2.1"), "192.0.2.1"),
    (("--alias", "apps.test.example"), "apps.test.example"),
    (("--kind", "docker"), "docker"),
    (("--kind", "headless", "--alias", "x.example.net"), "headless"),
])
def test_refused_by_name_and_without_a_trace(site, more, word):
    done = install(site, "app", *more, check=False)
    assert done.returncode not in (0, 1) and word in done.stderr, done.stderr
    assert site.invariants() == [] and site.ours() == ([], []) and enabled(site) == []


def test_an_address_belongs_to_one(new_stack, web_image):
    stack = new_stack(httpd=False)
    stack.start_httpd(sites=f"""
<VirtualHost *:{stack.port}>
  ServerName old.{stack.domain}
  ServerAlias older.example.net
</VirtualHost>""")
    line = 1 + open(f"{stack.folder}/httpd.conf", encoding="ascii").read().split("ServerName old")[0].count("\n") - 1
    for more in (("old",), ("new", "--alias", "older.example.net")):
        done = install(stack, *more, check=False)
        assert done.returncode == 9 or "taken" in done.stderr or "served" in done.stderr, done.stderr
        assert f"{stack.folder}/httpd.conf:{line}" in done.stderr, done.stderr
    install(stack, "photos", "--alias", f"pics.{stack.domain}")
    for more in (("pics",), ("other", "--alias", f"pics.{stack.domain}"), ("other", "-a", f"photos.{stack.domain}")):
        done = install(stack, *more, check=False)
        assert done.returncode != 0 and "belongs to the app photos" in done.stderr, done.stderr
    assert [row["name"] for row in stack.invariants()] == ["photos"]


# -- kinds -----------------------------------------------------------------------------------------
def test_a_webapp_is_files_and_nothing_else(site, folder):
    write(f"{folder}/index.html", "hello from a folder\n")
    write(f"{folder}/run.php", "<?php echo 1; ?>\n", 0o755)
    write(f"{folder}/.htaccess", "Redirect / http://example.net/\n")
    write(f"{folder}/sub/page.txt", "a page\n")
    site.ctl("install", "--webapp", folder, "--name", "album", "--yes")
    assert site.get("album").body == b"hello from a folder\n"
    assert site.get("album", "/run.php").body == b"<?php echo 1; ?>\n"
    assert site.get("album", "/sub/page.txt").body == b"a page\n"
    site.announced.append(r"AH01797|AH01630|AH01276|AH00036|AH10244|AH00037")
    assert site.get("album", "/.htaccess").status == 403
    assert site.get("album", "/sub/").status in (403, 404), "no listing"
    os.symlink("/etc/passwd", f"{folder}/passwd")
    assert site.get("album", "/passwd").status in (403, 404)
    assert site.get("album", method="POST", body=b"x").status in (403, 405)
    (row,) = site.invariants()
    assert row["state"] == "running" and row["kind"] == "webapp"
    site.ctl("stop", "album")
    assert site.get("album").status == 503
    site.ctl("start", "album")
    assert site.get("album").status == 200
    assert folder in site.ctl("uninstall", "album", "--purge", "--yes").stdout
    assert site.get("album").status == 404
    assert os.path.exists(f"{folder}/index.html"), "the folder is not ours"


@pytest.mark.parametrize("path", ["/", "/etc", "/root", "/proc/1", "/var", "/var/lib", "/home", "relative", "/srv/../etc",
                                  "/nowhere/at/all", "/etc/passwd"])
def test_folders_that_are_not_ours_to_serve(site, path):
    done = site.ctl("install", "--webapp", path, "--name", "album", "--yes", check=False)
    assert done.returncode not in (0, 1) and path in done.stderr, done.stderr
    assert site.invariants() == [] and enabled(site) == []


def test_a_folder_nobody_may_read_says_how_to_cure_it(site, folder):
    os.makedirs(f"{folder}/private/album")
    os.chmod(f"{folder}/private", 0o700)
    done = site.ctl("install", "--webapp", f"{folder}/private/album", "--name", "album", "--yes", check=False)
    assert done.returncode != 0 and "chmod" in done.stderr and f"{folder}/private" in done.stderr, done.stderr


def test_headless(site):
    install(site, "worker", "--kind", "headless")
    (row,) = site.invariants()
    assert row["web"] is False and row["state"] == "running"
    assert site.get("worker").status == 404
    done = site.ctl("vhost", "worker", check=False)
    assert done.returncode != 0 and "no web page" in done.stderr


# -- templates -------------------------------------------------------------------------------------
AMAHI = """<VirtualHost *:PORT>

	ServerName HDA_APP_NAME
	ServerAlias HDA_APP_NAME.HDA_DOMAIN

	APP_ALIASES

	APP_CUSTOM_OPTIONS

	ProxyPreserveHost On

    ProxyPass / http://localhost:APP_PORT/
    ProxyPassReverse / http://localhost:APP_PORT/

	ErrorLog  APP_ROOT_DIR/logs/error_log
   	CustomLog APP_ROOT_DIR/logs/access_log combined env=!dontlog
</VirtualHost>
"""


def test_render_after_an_edit_lists_and_applies(site):
    for name in ("one", "two"):
        install(site, name)
    shipped = open(SHIPPED, encoding="utf-8").read()
    template = f"{site.folder}/templates/vhost/container.conf"
    write(template, shipped.replace("    HDA_ACCESS\n", '    HDA_ACCESS\n    Header set X-Edited "yes"\n'))
    os.chmod(f"{site.folder}/templates", 0o755)
    answer = site.json("render")
    assert [c["name"] for c in answer["changed"]] == ["one", "two"]
    for name in ("one", "two"):
        assert site.get(name).headers["X-Edited"] == "yes"
    assert site.json("render")["changed"] == []

    write(template, shipped.replace("    HDA_ACCESS\n", "    HDA_ACCESS\n    Headr set X y\n"))
    done = site.ctl("render", check=False)
    assert done.returncode != 0 and "Headr" in done.stderr and "container.conf" in done.stderr, done.stderr
    assert site.get("one").headers["X-Edited"] == "yes", "the old one goes on"

    os.unlink(template)
    assert len(site.json("render")["changed"]) == 2
    assert enabled(site) == [] and site.get("one").headers["X-Edited"] is None


def test_amahis_template(site, folder):
    write(f"{site.folder}/templates/vhost/container.conf", AMAHI.replace("PORT>", f"{site.port}>"))
    site.announced.append(r"AH01797|AH01630")
    install(site, "photos")
    assert site.get("photos").body == b"hello from the app\n"
    assert "ServerName photos" in site.ctl("vhost", "photos").stdout
    site.ctl("stop", "photos")
    assert site.get("photos").status == 503, "the page comes before the template's ProxyPass"
    install(site, "diary", "--option", "allow-ip=192.0.2.1")
    assert site.get("diary").status == 403
    with open(f"{site.state}/sites/1/logs/access_log", encoding="utf-8") as log:
        assert len(log.readlines()) >= 2


def test_a_template_for_each_kind(site):
    write(f"{site.folder}/templates/vhost/quiet-container.conf",
          open(SHIPPED, encoding="utf-8").read().replace("HDA_ACCESS\n", 'HDA_ACCESS\n    Header set X-Kind "quiet"\n'))
    install(site, "loud")
    install(site, "calm", "--kind", "quiet-container")
    assert site.get("loud").headers["X-Kind"] is None
    assert site.get("calm").headers["X-Kind"] == "quiet"


def test_folders_of_logs_that_are_gone_stop_nobody(site):
    install(site, "diary", "--option", "allow-ip=127.0.0.1")
    shutil.rmtree(f"{site.state}/sites")
    site.httpd.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.isdir(f"{site.state}/sites/1/logs"), 20, "the folder made again")
    assert site.get("diary").status == 200 and site.httpd.poll() is None
    shutil.rmtree(f"{site.state}/sites")
    site.stop_httpd()
    site.start_httpd()
    assert site.get("diary").status == 200


def test_vhosts_always(new_stack, web_image):
    stack = new_stack(Vhosts="always")
    install(stack, "photos")
    assert enabled(stack) == ["00001.conf"] and stack.get("photos").status == 200


# -- reload ----------------------------------------------------------------------------------------
def test_reload_names_what_is_wrong_and_httpd_goes_on(site):
    install(site, "photos")
    assert "generation" in site.ctl("reload").stdout
    with open(f"{site.folder}/httpd.conf", "a", encoding="ascii") as f:
        f.write("ServerNmae x\n")
    line = len(open(f"{site.folder}/httpd.conf", encoding="ascii").readlines())
    done = site.ctl("reload", check=False)
    assert done.returncode != 0 and f"{site.folder}/httpd.conf, line {line}:" in done.stderr, done.stderr
    assert site.get("photos").status == 200
    done = install(site, "diary", "--option", "allow-ip=127.0.0.1", check=False)
    assert done.returncode != 0 and "ServerNmae" in done.stderr, done.stderr
    assert [row["name"] for row in site.invariants()] == ["photos"] and enabled(site) == []


@pytest.mark.parametrize("step", ["vhost", "publish"])
def test_killed_at_its_virtual_host(site, step):
    operation = kills.Operation(site, "install", "photos", script=SCRIPT, yes=True, aliases=["p.example.net"])
    assert operation.until(step)
    watching = kills.watcher(site)
    for pid in kills.running(site.daemon.pid, "apphost-job"):
        if pid != watching:
            os.kill(pid, signal.SIGKILL)
    operation.end()
    kills.settle(site)
    site.announced.append(r"job \d+")
    rows = site.invariants()
    assert enabled(site) == (["00001.conf"] if rows else [])
    if not rows:
        assert site.ours() == ([], []) and not os.path.exists(f"{site.state}/sites/1")
        install(site, "photos", "--alias", "p.example.net")
    assert site.get("", host="p.example.net").status == 200
