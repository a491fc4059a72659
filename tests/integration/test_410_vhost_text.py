# SPDX-License-Identifier: Apache-2.0
"""Rendered virtual hosts in a real httpd: what it reads is what was meant, who is kept out stays out, and
a webapp never runs a file. APPHOST_MUTATIONS and APPHOST_SEED set how many mutated ones, and which."""
import base64
import hashlib
import json
import os
import random
import re
import subprocess

import pytest

import backends
from httpd_env import DOMAIN, HTTPD, MODULES, ROOT, Httpd

MUTATIONS = int(os.environ.get("APPHOST_MUTATIONS", "400"))
SEED = int(os.environ.get("APPHOST_SEED", "1"))

# In the shape of the templates people bring along from Amahi.
PROXIED = """<VirtualHost *:APP_PUBLIC_PORT>
\tServerName HDA_APP_NAME
\tServerAlias HDA_APP_NAME.HDA_DOMAIN
\tAPP_ALIASES
\tAPP_CUSTOM_OPTIONS
\tProxyPreserveHost On
\tProxyPass / http://127.0.0.1:APP_PORT/
\tProxyPassReverse / http://127.0.0.1:APP_PORT/
\tErrorLog APP_ROOT_DIR/logs/error_log
\tCustomLog APP_ROOT_DIR/logs/access_log combined env=!dontlog
</VirtualHost>
"""
IN_DIRECTORY = """<VirtualHost *:APP_PUBLIC_PORT>
    ServerName HDA_APP_NAME.HDA_DOMAIN
    APP_ALIASES
    DocumentRoot APP_ROOT_DIR/html
    <Directory "APP_ROOT_DIR/html">
        Options FollowSymLinks
        Require all granted
        APP_CUSTOM_OPTIONS
        HDA_ACCESS
        <If "-s 'HDA_AUTHFILE'">
            AuthType Basic
            AuthName "Files"
            AuthUserFile HDA_AUTHFILE
            Require valid-user
        </If>
    </Directory>
    ErrorLog APP_ROOT_DIR/logs/error_log
</VirtualHost>
"""
ALL_OPTIONS = ["auth-file=/etc/apphost/users", "auth-name=Our photos", "allow-ip=127.0.0.1,10.0.0.0/8",
               "allow-ip=fd00::/8,::1", "max-body=2G", "hsts=60", "header=X-Frame-Options: DENY",
               "header=Content-Security-Policy:default-src 'self'; img-src * data:;",
               "header=Referrer-Policy:no-referrer, same-origin", "header=Permissions-Policy:camera=(), usb=(self)",
               "header=X-Robots-Tag:noindex, max-snippet:-1", "no-access-log", "max-requests=5", "max-websockets=5",
               "backend-https"]
NEEDED = ("auth_basic", "authn_core", "authn_file", "authz_user", "authz_host", "headers", "setenvif", "alias", "dir",
          "mime")


def shipped(kind):
    with open(f"{ROOT}/templates/vhost/{kind}.conf", encoding="utf-8") as f:
        return f.read()


def render(*wishes):
    """What became of each wish, see mkvhost.c."""
    build = os.environ.get("APPHOST_BUILD", f"{ROOT}/build")
    base = {"template": shipped("container"), "shipped": True, "kind": "container", "name": "photos",
            "domains": [DOMAIN], "port": 35007, "public_port": 80, "root_dir": "/nowhere/7"}
    lines = "".join(json.dumps(base | wish) + "\n" for wish in wishes)
    ran = subprocess.run([f"{build}/tests/integration/mkvhost"], input=lines, check=True, capture_output=True,
                         text=True, timeout=300)
    return [json.loads(line) for line in ran.stdout.split("\n") if line]


@pytest.fixture
def httpd():
    server = Httpd()
    try:
        os.makedirs(f"{server.folder}/site/logs")
        os.makedirs(f"{server.folder}/site/html")
        yield server
        server.check_log()
    finally:
        server.close()


# The module is loaded and serves nothing: here the text of the virtual host is on its own.
OFF = 'AppHost Off\nLogFormat "%h %r %>s" combined\nTypesConfig /dev/null\n'


def ask(server, text, *options, modules=(*NEEDED, "ssl", "socache_shmcb"), extra=""):
    with open(f"{server.folder}/vhosts.conf", "w", encoding="utf-8") as f:
        f.write(text)
    server.configure(apphost=OFF, modules=modules, extra=extra,
                     vhosts=f'Include "{server.folder}/vhosts.conf"')
    return subprocess.run([HTTPD, "-f", f"{server.folder}/httpd.conf", *options, "-t"], capture_output=True,
                          text=True, timeout=60)


def timeout_is_known(server):
    return ask(server, "<VirtualHost *:80>\nAppHostTimeout 5\n</VirtualHost>\n").returncode == 0


# -- what httpd reads ------------------------------------------------------------------------------

@pytest.mark.parametrize("template, kind", [(None, "container"), (None, "webapp"), (PROXIED, "container"),
                                            (IN_DIRECTORY, "webapp")],
                         ids=["container", "webapp", "proxied", "in-directory"])
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("options", [[], ALL_OPTIONS], ids=["plain", "all-options"])
def test_templates_pass_the_check(httpd, template, kind, options, tls):
    if options and timeout_is_known(httpd):
        options = [*options, "timeout=5"]
    wish = {"template": template or shipped(kind), "shipped": template is None, "kind": kind, "options": options,
            "aliases": ["photos.example.net", "xn--bcher-kva.example"], "root_dir": f"{httpd.folder}/site",
            "domains": [DOMAIN, "lan.example"], "files_dir": f"{httpd.folder}/site/html"}
    [made] = render(wish)
    assert "error" not in made, made
    assert made["access"] == (bool(options) or template is IN_DIRECTORY)
    assert made["says_more"]
    definitions = ["-C", f"Define APPHOST_TLS {httpd.folder}/tls.conf"] if tls else []
    certificate = backends.make_certificate(httpd.folder) if tls else None
    if tls:
        with open(f"{httpd.folder}/tls.conf", "w", encoding="ascii") as f:
            f.write(f'SSLCertificateFile "{certificate}"\n')
    checked = ask(httpd, made["text"], *definitions)
    assert checked.returncode == 0, checked.stderr
    first = "".join(f"<VirtualHost *:{port}>\nServerName first.invalid\n</VirtualHost>\n" for port in (80, 443))
    hosts = ask(httpd, first + made["text"], "-D", "DUMP_VHOSTS", *definitions).stdout
    assert f"photos.{DOMAIN}" in hosts and "alias photos.lan.example" in hosts
    assert "alias photos.example.net" in hosts and "alias xn--bcher-kva.example" in hosts
    assert hosts.count(f"namevhost photos") == (2 if tls and template is None else 1)


def read_back(server, text):
    """The directives httpd found in text, as mod_info tells them."""
    answer = ask(server, text, "-D", "DUMP_CONFIG", modules=(*NEEDED, "info"))
    assert answer.returncode == 0, answer.stderr
    own = answer.stdout.split(f"# In file: {server.folder}/vhosts.conf")[1].split("# In file:")[0]
    lines = (line.strip().replace(" >", ">") for line in own.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def meant(text):
    """The directives of text, without what an IfDefine leaves out; blanks as mod_info writes them."""
    text = re.sub(r"<IfDefine APPHOST_TLS>.*?</IfDefine>", "", text, flags=re.S)
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")
            and not re.match(r"</?IfModule", line)]


HOSTILE = ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\\", '"', "'", "<", ">", "</VirtualHost>",
           "<IfModule x>",
           '<If "%{HTTPS}">', "#", " ", "\t", "%{reqenv:x}", "${HOME}", "$1", "*", "_default_", "-", "", "x" * 300,
           "\xff", "b\xfccher", "..", "/", "APP_CUSTOM_OPTIONS", "HDA_ACCESS", "LoadModule x y", "`", ";", "|cat"]
FIELDS = ("name", "domains", "aliases", "root_dir", "files_dir", "options")


def mutate(dice, folder):
    """A wish with one value that was tampered with, or with sound ones all along. Paths stay below folder."""
    sound = {
        "name": dice.choice(["a", "photos", "x-1", "0" * 63]),
        "domains": dice.sample(["home.arpa", "example.org", "a.b.c.example"], dice.randint(1, 3)),
        "aliases": dice.sample(["one.example", "two.home.arpa", "xn--bcher-kva.example", "1.2.x"], dice.randint(0, 4)),
        "root_dir": f"{folder}/" + dice.choice(["7", "a@b,c+d=e.f-g_h"]),
        "files_dir": f"{folder}/" + dice.choice(["files", "Fotos,2024"]),
        "options": dice.sample(ALL_OPTIONS[:1] + ALL_OPTIONS[2:], dice.randint(0, 6)),
    }
    kind = dice.choice(["container", "webapp"])
    wish = sound | {"kind": kind, "template": shipped(kind), "shipped": True, "public_port": 80}
    if dice.random() < 0.6:
        field = dice.choice(FIELDS)
        octets = dice.choice(HOSTILE) if dice.random() < 0.7 else chr(dice.randint(1, 255))
        value = wish[field]
        if isinstance(value, list):
            spot = dice.randrange(len(value) or 1)
            before = value[spot] if value else "a.example"
            cut = dice.randint(0, len(before))
            wish[field] = [*value[:spot], before[:cut] + octets + before[cut:], *value[spot + 1:]]
        else:
            cut = dice.randint(len(folder) + 1 if field.endswith("dir") else 0, len(value))
            wish[field] = value[:cut] + octets + value[cut:]
    return wish


def test_mutated_ones_are_refused_or_read_as_meant(httpd):
    """However a value was tampered with: httpd finds the directives that were rendered, one to a line, each
    of them one we write."""
    dice = random.Random(SEED)
    wishes = [mutate(dice, httpd.folder) for _ in range(MUTATIONS)]
    made = render(*wishes)
    texts = [m["text"] for m in made if "text" in m]
    assert len(texts) > MUTATIONS // 4 and len(texts) < MUTATIONS
    for wish, one in zip(wishes, made):
        assert "text" in one or one["tag"].startswith("APH20"), (wish, one)
        assert "APH2059" not in one.get("tag", ""), (wish, one)
        if "text" in one:
            os.makedirs(f"{wish['root_dir']}/logs", exist_ok=True)
    for start in range(0, len(texts), 100):
        text = "".join(texts[start:start + 100])
        found, wanted = read_back(httpd, text), meant(text)
        assert found == wanted
        assert sum(line == "</VirtualHost>" for line in found) == len(texts[start:start + 100])


# -- who gets in -----------------------------------------------------------------------------------

def serve(server, wish, extra="", modules=NEEDED, apphost=OFF):
    wish = {"domains": [DOMAIN], "public_port": server.port, "root_dir": f"{server.folder}/site"} | wish
    [made] = render(wish)
    assert "error" not in made, made
    server.configure(apphost=apphost, modules=modules, extra=extra, vhosts=made["text"]).start()
    return made


def basic(user, word):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()}


def users_file(server):
    digest = base64.b64encode(hashlib.sha1(b"secret").digest()).decode()
    with open(f"{server.folder}/users", "w", encoding="ascii") as f:
        f.write(f"anna:{{SHA}}{digest}\n")
    return f"{server.folder}/users"


@pytest.mark.parametrize("template, allowed, status", [
    (PROXIED, "127.0.0.1,::1", 200), (PROXIED, "10.0.0.0/8", 403), (IN_DIRECTORY, "127.0.0.0/8", 200),
    (IN_DIRECTORY, "192.0.2.1", 403), (None, "127.0.0.1", 200), (None, "192.0.2.0/24", 403)],
    ids=["proxied-in", "proxied-out", "directory-in", "directory-out", "shipped-in", "shipped-out"])
def test_password_and_address_are_both_asked_for(httpd, template, allowed, status):
    """Also where the template has its words in a <Directory> that grants everything, which a proxied request
    would never see and another Require would outvote; and where the module takes the request to the app."""
    app = httpd.app(lambda request: request.respond(b"the app"))
    httpd.announced += ["AH01617", "AH01630", "AH01797", "AH10520", "client denied"]
    with open(f"{httpd.folder}/site/html/index.html", "w", encoding="ascii") as f:
        f.write("the app")
    httpd.routes(photos=app.port)
    on = OFF.replace("Off", "On") + f"AppHostDomain {DOMAIN}\nAppHostRoutes {httpd.routes_path}\n"
    serve(httpd, {"template": template or shipped("container"), "shipped": template is None, "port": app.port,
                  "options": [f"auth-file={users_file(httpd)}", f"allow-ip={allowed}"]},
          apphost=on if template is None else OFF)
    with_word = httpd.get("photos", headers=basic("anna", "secret"))
    assert with_word.status == status and (status != 200 or with_word.body == b"the app")
    assert httpd.get("photos").status in (401, 403)
    assert httpd.get("photos", headers=basic("anna", "wrong")).status in (401, 403)


def test_options_at_work(httpd):
    """A header takes the place of the app's own, and nothing is logged."""
    app = httpd.app(lambda request: request.respond(
        b"x", headers=[("X-Frame-Options", "ALLOWALL"), ("Strict-Transport-Security", "max-age=1")]))
    serve(httpd, {"template": PROXIED, "shipped": False, "port": app.port,
                  "options": ["header=X-Frame-Options:SAMEORIGIN", "hsts=60", "no-access-log"]})
    answer = httpd.get("photos")
    assert answer.headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=1"]  # this was not over TLS
    assert os.path.getsize(f"{httpd.folder}/site/logs/access_log") == 0


# -- webapp ----------------------------------------------------------------------------------------

RUNS = """
AddHandler cgi-script .cgi .php .pl
AddType application/x-httpd-cgi .xcgi
<FilesMatch "\\.(py|phtml)$">
    SetHandler cgi-script
</FilesMatch>
<LocationMatch "\\.run$">
    SetHandler cgi-script
</LocationMatch>
<Location "/">
    Options +ExecCGI +Includes +Indexes
    DirectoryIndex start.cgi
    AddOutputFilter INCLUDES .shtml .html
    XBitHack On
    DirectoryCheckHandler On
</Location>
<Directory "/">
    Options +ExecCGI +Includes +Indexes +FollowSymLinks
    AllowOverride All
    Require all granted
</Directory>
<If "%{{REQUEST_URI}} =~ /if/">
    SetHandler cgi-script
</If>
Action runner /cgi-bin/run.sh
AddHandler runner .act
Action x/acted /cgi-bin/run.sh
AddType x/acted .acted
Script GET /cgi-bin/run.sh
ScriptAlias "/cgi-bin/" "{folder}/cgi/"
ScriptAliasMatch "^/matched/(.*)$" "{folder}/cgi/$1"
Alias "/elsewhere/" "{folder}/cgi/"
ProxyPass "/proxied" "http://127.0.0.1:{port}/"
ProxyPassMatch "^/(.*\\.fpm)$" "http://127.0.0.1:{port}/$1"
"""


def test_a_webapp_runs_nothing(httpd):
    """Whatever the main server runs, by handler, type, location, alias, filter or proxy: here it is text."""
    app = httpd.app(lambda request: request.respond(b"ran"))
    files, ran = f"{httpd.folder}/files", f"{httpd.folder}/ran"
    script = f"#!/bin/sh\ntouch {ran}\nprintf 'Content-Type: text/plain\\n\\nran\\n'\n"
    names = [f"x.{e}" for e in ("cgi", "php", "pl", "xcgi", "py", "phtml", "run", "act", "acted", "txt", "shtml", "fpm")]
    names += ["if", "start.cgi", "folder/start.cgi", "cgi-bin/run.sh", ".hidden", ".git/config", ".htaccess",
              ".well-known/x", "proxied"]
    for name in (*names, "../cgi/run.sh"):
        path = os.path.normpath(f"{files}/{name}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write(script)
        os.chmod(path, 0o755)
    with open(f"{files}/.htaccess", "w", encoding="ascii") as f:
        f.write("SetHandler cgi-script\n")
    with open(f"{files}/page.html", "w", encoding="ascii") as f:
        f.write('<!--#echo var="DATE_LOCAL" --> <!--#exec cmd="id" -->')
    os.chmod(f"{files}/page.html", 0o755)
    os.symlink("/etc/passwd", f"{files}/link")
    httpd.announced += ["AH01630", "AH00037", "AH00025", "AH01276", "AH01374", "client denied", "Symbolic link"]
    serve(httpd, {"template": shipped("webapp"), "kind": "webapp", "port": 0, "files_dir": files,
                  "options": ["header=X-Frame-Options:DENY"]},
          extra=RUNS.format(folder=httpd.folder, port=app.port),
          modules=(*NEEDED, "cgid", "actions", "include", "autoindex", "negotiation"))
    for name in names:
        answer = httpd.get("photos", f"/{name}")
        hidden = name.startswith(".") and not name.startswith(".well-known")
        assert answer.status == (403 if hidden else 200), name
        assert (answer.body == script.encode()) != hidden, name
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert httpd.get("photos", "/x.txt?by=script").status != 500  # Script GET spoils it, and runs nothing
    assert httpd.get("photos", "/page.html").body.startswith(b"<!--#echo")
    for path, status in (("/link", 403), ("/", 404), ("/folder/", 404), ("/folder", 301), ("/%2egit/config", 403),
                         ("/elsewhere/run.sh", 404), ("/matched/run.sh", 404), ("/folder/../.hidden", 403),
                         ("//.hidden", 403), ("/x.cgi/more", 404), ("/proxied/x", 404), ("/~root/x", 404)):
        assert httpd.get("photos", path).status == status, path
    for method in ("POST", "PUT", "DELETE", "PROPFIND", "TRACE", "PATCH", "BREW"):
        assert httpd.get("photos", "/x.txt", method=method).status in (403, 405, 501), method
    assert httpd.get("photos", "/x.cgi", method="HEAD").status == 200
    assert httpd.get("photos", "/x.cgi", method="OPTIONS").status == 200
    with open(f"{files}/index.html", "w", encoding="ascii") as f:
        f.write("welcome")
    assert httpd.get("photos", "/").body == b"welcome"
    assert not os.path.exists(ran) and not app.requests
