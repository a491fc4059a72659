# SPDX-License-Identifier: Apache-2.0
"""An httpd that already serves sites, and apphost's virtual hosts in it: what conf/apphost.conf includes,
in a folder of its own. Changed by the program change_httpd, which calls helper/httpd."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import types

import pytest

import backends
from httpd_env import DOMAIN, HTTPD, MODULES, ROOT, Httpd, wait_until

# What httpd says when it is started again, and what a long connection of an old generation leaves.
RESTARTED = r"AH00098: pid file .* overwritten"


def find_program():
    path = os.environ.get("APPHOST_BUILD", f"{ROOT}/build") + "/tests/integration/change_httpd"
    assert os.path.exists(path), f"{path} is not built: make check_PROGRAMS, or set APPHOST_BUILD"
    return path


class Sites(Httpd):
    """The admin's sites in sites/, ours in state/. vhost(ID) makes the text of one of ours."""

    def __init__(self, mpm):
        super().__init__(mpm)
        self.state, self.run, self.wanted = f"{self.folder}/state", f"{self.folder}/run", f"{self.folder}/wanted"
        for path in (self.state, self.run, self.wanted, f"{self.folder}/sites"):
            os.mkdir(path, 0o755)
        self.routes_path = f"{self.state}/routes"
        self.settings = self.write("apphostd.conf", f"""[apphost]
Domain = {DOMAIN}
StateDir = {self.state}
RuntimeDir = {self.run}
PublicPort = {self.port}
[httpd]
Command = {HTTPD} -f {self.folder}/httpd.conf
""")
        self.site("admin", "blog.example", "the blog\n")

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="latin-1", newline="") as f:
            f.write(text)
        return path

    def site(self, name, host, page="", extra=""):
        """A site of the admin's."""
        os.makedirs(f"{self.folder}/www/{name}", exist_ok=True)
        self.write(f"www/{name}/index.html", page)
        return self.write(f"sites/{name}.conf", f"""<VirtualHost *:{self.port}>
    ServerName {host}
    DocumentRoot "{self.folder}/www/{name}"
    {extra}
</VirtualHost>
""")

    def configure(self, extra="", **more):
        apphost = f'AppHostDomain {DOMAIN}\nAppHostRoutes "{self.routes_path}"\n'
        ours = f"""IncludeOptional "{self.folder}/sites/*.conf"
<IfDefine !APPHOST_CANDIDATE>
    IncludeOptional "{self.state}/vhosts-enabled/*.conf"
</IfDefine>
<IfDefine APPHOST_CANDIDATE>
    IncludeOptional "{self.state}/vhosts-candidate/*.conf"
</IfDefine>
<VirtualHost *:{self.port}>
    ServerName apphost-probe.{DOMAIN}
    ServerAlias *.{DOMAIN}
    AppHost On
</VirtualHost>
"""
        more.setdefault("modules", ("headers", "alias"))
        return super().configure(apphost, extra, ours, **more)

    # -- ours --------------------------------------------------------------------------------------
    def vhost(self, app_id, mark="1", extra="", host=None):
        return f"""<VirtualHost *:{self.port}>
    ServerName {host or f"app{app_id}.{DOMAIN}"}
    Header always set X-Mark "{mark}"
    ErrorLog "{self.state}/sites/{app_id}/logs/error_log"
    CustomLog "{self.state}/sites/{app_id}/logs/access_log" "%h %r"
    {extra}
</VirtualHost>
"""

    def want(self, texts):
        """{app_id: text} as the wanted set; returns its folder."""
        shutil.rmtree(self.wanted)
        os.mkdir(self.wanted)
        for app_id, text in texts.items():
            self.write(f"wanted/{app_id:05d}.conf", text)
        return self.wanted

    def command(self, *words):
        return [find_program(), self.settings, *words]

    def change(self, *words, seconds=120, **environment):
        """What the program says: .ok, .said (its line), .error ("TAG WIRE: MESSAGE")."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=seconds,
                              env={"PATH": os.environ["PATH"]} | environment)
        assert done.returncode in (0, 1), f"ended by {done.returncode}: {done.stderr}"
        return types.SimpleNamespace(ok=done.returncode == 0, said=done.stdout, error=done.stderr)

    def apply(self, texts, **more):
        return self.change("apply", self.want(texts), **more)

    def probe(self):
        answer = self.change("probe")
        assert answer.ok, answer.error
        return {k: v for k, v in (pair.split("=") for pair in answer.said.split())}

    def mark(self, app_id):
        """Which text of an app's virtual host httpd serves with; None: none."""
        return self.get(f"app{app_id}").headers.get("X-Mark")

    def enabled(self):
        """{app_id: text} of the set that is linked."""
        folder = f"{self.state}/vhosts-enabled"
        if not os.path.lexists(folder):
            return {}
        texts = {}
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="latin-1", newline="") as f:
                texts[int(name[:5])] = f.read()
        return texts

    def blog(self):
        return self.get("-", "/index.html", host="blog.example").body

    def leftovers(self):
        """What is in the state folder beside the enabled set."""
        sets = f"{self.state}/vhosts-sets"
        enabled = os.path.basename(os.path.realpath(f"{self.state}/vhosts-enabled"))
        return sorted([n for n in os.listdir(self.state) if re.match("vhosts-(candidate|enabled.)", n)]
                      + [n for n in os.listdir(sets) if n != enabled])

    # -- the process -------------------------------------------------------------------------------
    def _listens(self):
        """It answers: only then its signals and its pid file are what they will be."""
        with contextlib.suppress(OSError):
            return super()._listens() and self.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 ")

    def pid(self):
        with contextlib.suppress(FileNotFoundError, ValueError), open(f"{self.folder}/httpd.pid",
                                                                      encoding="ascii") as f:
            return int(f.read())
        return None

    def stop(self):
        """Also the httpd that helper/httpd started."""
        super().stop()
        pid = self.pid()
        if pid and os.path.exists(f"/proc/{pid}") and self.folder in open(
                f"/proc/{pid}/cmdline", encoding="latin-1").read():
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 30, "the end of httpd")


class Load:
    """Many short connections at once; every request that fails is kept."""

    def __init__(self, server, ask, clients=4):
        self.server, self.ask = server, ask
        self.count, self.failed, self.over = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self):
        while not self.over.is_set():
            try:
                fault = self.ask(self.server)
            except Exception as e:  # whatever a client sees counts
                fault = repr(e)
            self.count += 1
            if fault:
                self.failed.append(fault)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


@pytest.fixture
def sites():
    """A running httpd with a site of the admin's, under the MPM of APPHOST_MPM; its log is judged."""
    server = Sites(os.environ.get("APPHOST_MPM", "event"))
    # httpd's own: a child that ends after a reload closes its pollset while a worker still lets a connection
    # linger.
    server.announced += [r"\(9\)Bad file descriptor: AH03092: process_lingering_close: apr_pollset_add"]
    try:
        server.routes()
        yield server.configure(children=8, threads=10).start()
        server.check_log()
    finally:
        server.close()
