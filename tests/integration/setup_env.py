# SPDX-License-Identifier: Apache-2.0
"""An httpd with sites of its own, in Debian's and in Fedora's shape, for setup to get into: a private
tree, private folders below /etc (bound in a mount namespace of each apphostctl that is run), and never
the system's httpd."""
import contextlib
import glob
import http.client
import http.server
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from engine_env import free_port
from stack_env import HTTPD, MODULES, PREFIX, Stack, wait_for

RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"
STOCK = "/etc/apache2"
DEBIAN_ENABLED = ("mpm_event", "access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core",
                  "authz_host", "authz_user", "autoindex", "deflate", "dir", "env", "filter", "mime",
                  "negotiation", "reqtimeout", "setenvif", "status")


class Backend(http.server.BaseHTTPRequestHandler):
    """What the proxy site stands before."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"backend saw {self.path} for {self.headers['Host']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Farm(Stack):
    """httpd with three sites (Debian's shape) or with none but the main server (Fedora's)."""

    def __init__(self, engine, shape, sites=True, domain="test.example"):
        super().__init__(engine, "event")
        self.domain = domain
        self.shape, self.sites = shape, sites
        self.tls_port, self.instance_label = free_port(), None
        self.root = f"{self.folder}/{'apache2' if shape == 'debian' else 'httpd'}"
        self.etc = f"{self.folder}/etc"
        for name in ("sysctl.d", "logrotate.d", "logs", "run", "lock", "www/files/deep", "www/default", "www/main"):
            os.makedirs(f"{self.folder}/{name}" if name[0] in "lrw" and name != "logrotate.d" else f"{self.etc}/{name}")
        self.backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        threading.Thread(target=self.backend.serve_forever, daemon=True).start()
        with open(RESERVED, encoding="ascii") as f:
            self.reserved = f.read()
        self.content()
        self.write_command()
        getattr(self, shape)()
        self.write_config()

    # -- the tree ----------------------------------------------------------------------------------
    def write(self, path, text, mode=0o644):
        path = path if path[0] == "/" else f"{self.root}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def content(self):
        www = f"{self.folder}/www"
        self.write(f"{www}/default/index.html", "the default site\n")
        self.write(f"{www}/main/index.html", "the main server\n")
        os.makedirs(f"{www}/main/folder")
        self.write(f"{www}/files/index.html", "files\n")
        self.write(f"{www}/files/deep/page.html", "deep\n")
        self.write(f"{www}/files/.htaccess", 'Redirect 302 /gone http://elsewhere.example/\nErrorDocument 404 "no such file\n'
                   "<Files secret.html>\n  Require all denied\n</Files>\n")
        self.write(f"{www}/files/secret.html", "secret\n")
        for top, _, files in os.walk(www):  # what is younger than a second gets a weak ETag
            for name in files:
                os.utime(f"{top}/{name}", (1e9, 1e9))

    def environment(self):
        return {"APACHE_RUN_USER": "www-data", "APACHE_RUN_GROUP": "www-data", "LANG": "C",
                "APACHE_PID_FILE": f"{self.folder}/run/httpd.pid", "APACHE_RUN_DIR": f"{self.folder}/run",
                "APACHE_LOCK_DIR": f"{self.folder}/lock", "APACHE_LOG_DIR": f"{self.folder}/logs"}

    @property
    def command(self):
        return [f"{self.folder}/httpd-command"]

    def write_command(self):
        """What Debian's apache2ctl is: httpd with an environment. A line of apphostd.conf must hold its name."""
        conf = f"{self.root}/apache2.conf" if self.shape == "debian" else f"{self.root}/conf/httpd.conf"
        lines = "".join(f"export {k}={v}\n" for k, v in self.environment().items())
        self.write(self.command[0], f'#!/bin/sh\n{lines}exec {HTTPD} -d {self.root} -f {conf} "$@"\n', 0o755)

    def debian(self):
        """Debian's own files where they are installed; else the same shape."""
        if os.path.isdir(f"{STOCK}/mods-available"):
            subprocess.run(["cp", "-a", STOCK, self.root], check=True)
            for path in glob.glob(f"{self.root}/sites-enabled/*"):
                os.unlink(path)
        else:
            self.debian_by_hand()
        self.write("ports.conf", f"Listen 127.0.0.1:{self.port}\n<IfModule ssl_module>\n  Listen 127.0.0.1:{self.tls_port}\n"
                   "</IfModule>\n")
        self.write("conf-enabled/test.conf", f"ServerName machine.example\n<Directory {self.folder}/www>\n"
                   "  Require all granted\n  AllowOverride All\n</Directory>\n")
        if self.sites:
            self.three_sites()

    def debian_by_hand(self):
        for path in glob.glob(f"{MODULES}/mod_*.so"):
            name = os.path.basename(path)[4:-3]
            self.write(f"mods-available/{name}.load", f"LoadModule {name}_module {path}\n")
        for folder in ("mods-enabled", "sites-available", "sites-enabled", "conf-available", "conf-enabled"):
            os.makedirs(f"{self.root}/{folder}", exist_ok=True)
        for name in DEBIAN_ENABLED:
            self.enable(f"{name}.load", "mods")
        self.write("apache2.conf", """DefaultRuntimeDir ${APACHE_RUN_DIR}
PidFile ${APACHE_PID_FILE}
User ${APACHE_RUN_USER}
Group ${APACHE_RUN_GROUP}
ErrorLog ${APACHE_LOG_DIR}/error.log
LogLevel warn
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
<IfModule mime_module>
  TypesConfig /dev/null
</IfModule>
Include ports.conf
<Directory />
  AllowOverride None
  Require all denied
</Directory>
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
""")

    def enable(self, name, what="sites"):
        if os.path.exists(f"{self.root}/{what}-available/{name}"):
            with contextlib.suppress(FileExistsError):
                os.symlink(f"../{what}-available/{name}", f"{self.root}/{what}-enabled/{name}")

    def three_sites(self):
        www = f"{self.folder}/www"
        self.site("000-default.conf", f"DocumentRoot {www}/default")
        self.site("020-files.conf", f"ServerName files.example\nDocumentRoot {www}/files")
        for name in ("proxy", "proxy_http", "ssl", "socache_shmcb"):
            self.enable(f"{name}.load", "mods")
        self.site("030-proxy.conf", "ServerName proxy.example\nServerAlias *.proxy.example\nProxyPreserveHost On\n"
                  f"ProxyPass / http://127.0.0.1:{self.backend.server_address[1]}/")
        keys = f"{self.root}/keys"
        os.makedirs(keys, 0o700)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", f"{keys}/key.pem", "-out", f"{keys}/cert.pem", "-days", "30", "-subj",
                        "/CN=secure.example"], check=True, capture_output=True)
        os.chmod(f"{keys}/key.pem", 0o600)
        os.chmod(keys, 0o700)
        self.site("010-tls.conf", f"ServerName secure.example\nDocumentRoot {www}/default\nSSLEngine On\n"
                  f"SSLCertificateFile {keys}/cert.pem\nSSLCertificateKeyFile {keys}/key.pem", self.tls_port)

    def site(self, name, body, port=None, address="*"):
        text = f"<VirtualHost {address}:{port or self.port}>\n{body}\n</VirtualHost>\n"
        if self.shape == "debian":
            self.write(f"sites-available/{name}", text)
            self.enable(name)
        else:
            self.write(f"conf.d/{name}", text)

    def fedora(self):
        """/etc/httpd as Fedora packs it: modules by conf.modules.d, the rest by conf.d, no virtual host."""
        os.makedirs(self.root)
        os.symlink(MODULES, f"{self.root}/modules")
        os.symlink(f"{self.folder}/logs", f"{self.root}/logs")
        self.write("conf/httpd.conf", f"""ServerRoot "{self.root}"
Listen 127.0.0.1:{self.port}
Include conf.modules.d/*.conf
User www-data
Group www-data
PidFile {self.folder}/run/httpd.pid
ServerAdmin root@localhost
<Directory />
    AllowOverride none
    Require all denied
</Directory>
DocumentRoot "{self.folder}/www/main"
<Directory "{self.folder}/www">
    AllowOverride None
    Options Indexes FollowSymLinks
    Require all granted
</Directory>
<IfModule dir_module>
    DirectoryIndex index.html
</IfModule>
ErrorLog "logs/error_log"
LogLevel warn
AddDefaultCharset UTF-8
TypesConfig /etc/mime.types
IncludeOptional conf.d/*.conf
""")
        built_in = subprocess.run([HTTPD, "-l"], capture_output=True, text=True, check=True).stdout

        def load(*names):
            return "".join(f"LoadModule {n}_module modules/mod_{n}.so\n" for n in names if f"mod_{n}.c" not in built_in)
        self.write("conf.modules.d/00-base.conf", load("alias", "authz_core", "authz_host", "autoindex", "dir", "mime",
                                                       "rewrite", "unixd", "log_config"))
        self.write("conf.modules.d/00-mpm.conf", load("mpm_event"))
        self.write("conf.modules.d/00-proxy.conf", load("proxy", "proxy_http"))
        self.write("conf.modules.d/README", "This directory holds configuration files that load modules.\n")
        self.write("conf.d/autoindex.conf", "IndexOptions FancyIndexing\n")
        self.write("conf.d/welcome.conf", 'Alias /welcome "%s/www/default"\nRewriteEngine On\nRewriteRule ^/old$ /index.html [R=301,L]\n'
                   % self.folder)

    # -- apphost -----------------------------------------------------------------------------------
    def write_config(self, **overrides):
        """An admin's own file: what is in it stays, but for what must change."""
        self.write(self.config, f"""# my own
[apphost]
Domain = {self.domain}
StateDir = {self.state}
RuntimeDir = {self.runtime}
# PublicPort = 80 is the default

[engine]
Socket = {self.engine_socket}
Compose = {"/bin/true" if isinstance(self.engine, NoEngine) else ""}
SubnetPool = 10.214.0.0/16
StartSeconds = 20
""".replace("# PublicPort", "".join(f"{k} = {v}\n" for k, v in overrides.items()) + "# PublicPort"), 0o640)

    def apart(self, *words, wrapper=(), fakes=(), said="", timeout=100):
        """Runs words where /etc/sysctl.d and /etc/logrotate.d are ours and no systemd is seen. fakes: {file: over}."""
        run = f"{self.folder}/run-systemd"
        os.makedirs(run, exist_ok=True)
        script = ("set -e; for d in sysctl.d logrotate.d; do [ -d /etc/$d ] || continue; mount --bind \"$1/$d\" /etc/$d; done;"
                  "if [ -d /run/systemd ] || mkdir /run/systemd 2>/dev/null; then mount --bind \"$2\" /run/systemd; fi;"
                  "shift 2; while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\"; shift 2; done; shift; exec \"$@\"")
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh", self.etc, run,
                               *fakes, "--", *wrapper, *map(str, words)], text=True, capture_output=True,
                              input=said, timeout=timeout, check=False,
                              env={"APPHOST_SOCKET": self.socket, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def setup(self, *options, expect=0, **more):
        done = self.apart(f"{PREFIX}/bin/apphostctl", "setup", "--config", self.config, "--httpd", " ".join(self.command),
                          *(["--port", self.port] if self.sites and self.shape == "debian" else []), *options, **more)
        assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}\n{self.httpd_log()[-3000:]}"
        return done

    def teardown(self, *options, expect=0, **more):
        done = self.apart(f"{PREFIX}/bin/apphostctl", "teardown", "--config", self.config, *options, **more)
        assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}\n{self.httpd_log()[-3000:]}"
        return done

    # -- httpd -------------------------------------------------------------------------------------
    def start_httpd(self, extra=""):
        self.httpd = subprocess.Popen([*self.command, "-DFOREGROUND"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.STDOUT, start_new_session=True)

        def up():
            assert self.httpd.poll() is None, self.httpd_log()
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("nobody").status and os.path.exists(f"{self.folder}/run/httpd.pid")
        wait_for(up, 20, "httpd")

    def reload(self):
        """As an admin would; done when a child of the new generation answers, which the log says."""
        before = len(re.findall("resuming normal operations", self.httpd_log_whole()))
        self.httpd.send_signal(signal.SIGUSR1)
        wait_for(lambda: len(re.findall("resuming normal operations", self.httpd_log_whole())) > before, 20, "the reload")

    def httpd_log_whole(self):
        text = ""
        for path in glob.glob(f"{self.folder}/logs/error*"):
            with open(path, errors="replace") as f:
                text += f.read()
        return text

    httpd_log = httpd_log_whole

    # -- what must be the same ---------------------------------------------------------------------
    QUESTIONS = [
        (host, path)
        for host in ("127.0.0.1", "unknown.example", "test.example", "machine.example", None)
        for path in ("/", "/folder", "/missing", "/old", "/welcome/", "/index.html?x=1")
    ] + [("files.example", p) for p in ("/", "/gone", "/missing", "/secret.html", "/deep", "/deep/", "/deep/page.html")] \
      + [("proxy.example", p) for p in ("/", "/a%2Fb?c", "/x/../y")] + [("any.proxy.example", "/"), ("secure.example", "/")]

    def answer(self, host, path, tls=False):
        raw = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), 10)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            raw = context.wrap_socket(raw, server_hostname=host or "secure.example")
        with raw:
            version = "1.1" if host else "1.0"
            raw.sendall(f"GET {path} HTTP/{version}\r\n{f'Host: {host}' if host else 'X-No: host'}\r\nConnection: close\r\n\r\n".encode())
            octets = b""
            while more := raw.recv(65536):
                octets += more
        return re.sub(rb"(?m)^Date: .*\r\n", b"", octets)

    def all_answers(self):
        asked = {(host, path): self.answer(host, path) for host, path in self.QUESTIONS}
        if self.shape == "debian" and self.sites:
            asked |= {("tls", host, path): self.answer(host, path, tls=True) for host, path in self.QUESTIONS[::6]}
        return asked

    def tree(self):
        """Every path of httpd's tree and of our /etc, with kind, mode, owner and content."""
        seen = {}
        for top in filter(os.path.exists, (self.root, self.etc, self.config)):
            paths = [top] + [os.path.join(d, n) for d, folders, files in os.walk(top) for n in folders + files]
            for path in paths:
                about = os.lstat(path)
                what = os.readlink(path) if stat.S_ISLNK(about.st_mode) else None
                if stat.S_ISREG(about.st_mode):
                    with open(path, "rb") as f:
                        what = f.read()
                seen[path] = (oct(about.st_mode), about.st_uid, about.st_gid, what)
        with open(RESERVED, encoding="ascii") as f:
            seen["reserved"] = f.read()
        return seen

    def same_tree(self, before, but=()):
        now = self.tree()
        differ = sorted(p for p in before.keys() | now.keys() if before.get(p) != now.get(p) and p not in but)
        assert differ == [], "\n".join(repr(d) for d in differ[:4])

    def same_answers(self, before):
        now = self.all_answers()
        differ = [(q, before[q], now[q]) for q in before if before[q] != now[q]]
        assert differ == [], "\n".join(repr(d) for d in differ[:4])

    def close(self):
        self.backend.shutdown()
        self.backend.server_close()
        with contextlib.suppress(Exception), open(RESERVED, "w", encoding="ascii") as f:
            f.write(self.reserved.strip() or "\n")
        super().close()


class NoEngine:
    """For tests that never get as far as a container."""
    path = "/nonexistent/engine.sock"


@pytest.fixture
def new_farm():
    farms = []

    def make(shape="debian", engine=None, start=True, **more):
        farm = Farm(engine or NoEngine(), shape, **more)
        farms.append(farm)
        if start:
            farm.start_httpd()
        return farm
    yield make
    for farm in farms:
        farm.close()
