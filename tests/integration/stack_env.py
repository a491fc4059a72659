# SPDX-License-Identifier: Apache-2.0
"""The whole of apphost as one fixture: apphostd, httpd with mod_apphost, and apphostctl, all from an
installed prefix, with folders of their own and nothing left behind."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import types

import pytest

from engine_env import free_port

PREFIX = os.environ.get("APPHOST_PREFIX", "/usr/local")
MODULES = subprocess.run(["apxs", "-q", "LIBEXECDIR"], check=True, capture_output=True, text=True).stdout.strip()
HTTPD = "/usr/sbin/apache2" if os.path.exists("/usr/sbin/apache2") else "/usr/sbin/httpd"


def wait_for(condition, seconds=30, what="the condition"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not hold within {seconds} s")


class Stack:
    domain = "test.example"

    def __init__(self, engine, mpm, compose_options=""):
        self.engine, self.mpm = engine, mpm
        self.folder = tempfile.mkdtemp(prefix="aph-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.state = f"{self.folder}/state"
        self.runtime = f"{self.folder}/run"
        self.socket = f"{self.runtime}/apphostd.sock"
        self.config = f"{self.folder}/apphostd.conf"
        self.port = free_port()
        self.daemon = self.httpd = None
        self.announced = []      # patterns of log lines a test expects
        self.engine_socket = engine.path
        self.options = {}
        self.before_daemon, self.daemon_options = [], []   # words before and after the command

    # -- the two processes -------------------------------------------------------------------------
    def write_config(self, **overrides):
        self.options.update(overrides)
        o = {"Domain": self.domain, "StateDir": self.state, "RuntimeDir": self.runtime,
             "PublicPort": self.port, "MaxAppId": 999, "Socket": self.engine_socket,
             "SubnetPool": "10.214.0.0/16", "StartSeconds": 20, "Compose": "",
             "Command": f"{HTTPD} -f {self.folder}/httpd.conf", "Vhosts": "needed",
             "Templates": f"{self.folder}/templates"} | self.options
        with open(self.config, "w", encoding="ascii") as f:
            f.write("[apphost]\n" + "".join(f"{k} = {o[k]}\n" for k in
                    ("Domain", "StateDir", "RuntimeDir", "PublicPort", "MaxAppId"))
                    + "[engine]\n" + "".join(f"{k} = {o[k]}\n" for k in
                    ("Socket", "SubnetPool", "StartSeconds", "Compose"))
                    + "[httpd]\n" + "".join(f"{k} = {o[k]}\n" for k in
                    ("Command", "Templates", "Vhosts")))

    def start_daemon(self, wait=True):
        log = open(f"{self.folder}/apphostd.log", "ab")
        self.daemon = subprocess.Popen([*self.before_daemon, f"{PREFIX}/sbin/apphostd", "-c", self.config,
                                        *self.daemon_options],
                                       stdout=log, stderr=log, start_new_session=True)
        log.close()
        if wait:
            wait_for(lambda: self.daemon.poll() is not None or self.answers(), 20, "apphostd's socket")
            assert self.daemon.poll() is None, self.daemon_log()

    def answers(self):
        return os.path.exists(self.socket) and self.ctl("list", check=False).returncode == 0

    def stop_daemon(self, how=signal.SIGTERM):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(how)
            self.daemon.wait(30)

    def children(self):
        """Jobs and the watcher end after the daemon; one of them may be building the firewall's chain."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
                if words[0].endswith(b"/apphost-job") and self.config.encode() in words:
                    found.append(int(pid))
        return found

    MODULES_LOADED = ("authz_core", "authz_host", "authz_user", "authn_core", "authn_file", "auth_basic",
                      "alias", "dir", "headers", "mime", "setenvif", "proxy", "proxy_http")

    def start_httpd(self, extra="", sites=""):
        """sites: other virtual hosts, which come before ours as they do in an admin's httpd."""
        os.makedirs(f"{self.folder}/httpd", exist_ok=True)
        loads = "\n".join(f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in self.MODULES_LOADED)
        with open(f"{self.folder}/httpd.conf", "w", encoding="ascii") as f:
            f.write(f"""ServerRoot "{self.folder}/httpd"
PidFile "{self.folder}/httpd.pid"
DefaultRuntimeDir "{self.folder}/httpd"
ServerName 127.0.0.1
Listen 127.0.0.1:{self.port}
User www-data
Group www-data
LoadModule mpm_{self.mpm}_module {MODULES}/mod_mpm_{self.mpm}.so
{loads}
LoadModule apphost_module {PREFIX}/modules/mod_apphost.so
ErrorLog "{self.folder}/httpd/error_log"
LogLevel warn
StartServers 2
MaxRequestWorkers 100
ThreadsPerChild 25
TypesConfig /dev/null
LogFormat "%h %l %u %t \\"%r\\" %>s %b" combined
AppHostDomain {self.domain}
AppHostRoutes "{self.state}/routes"
{sites}
<IfDefine !APPHOST_CANDIDATE>
  IncludeOptional "{self.state}/vhosts-enabled/*.conf"
</IfDefine>
<IfDefine APPHOST_CANDIDATE>
  IncludeOptional "{self.state}/vhosts-candidate/*.conf"
</IfDefine>
<VirtualHost *:{self.port}>
  ServerName apphost-probe.{self.domain}
  ServerAlias *.{self.domain}
  AppHost On
  {extra}
</VirtualHost>
""")
        self.httpd = subprocess.Popen([HTTPD, "-DFOREGROUND", "-f", f"{self.folder}/httpd.conf"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                      start_new_session=True)

        def up():
            # An answer counts, not a connection: httpd opens its listeners twice when it starts.
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("nobody").status
        wait_for(up, 20, "httpd")

    def stop_httpd(self, how=signal.SIGTERM):
        if self.httpd and self.httpd.poll() is None:
            self.httpd.send_signal(how)
            self.httpd.wait(30)

    # -- what a person does ------------------------------------------------------------------------
    def ctl(self, *args, check=True, stdin=None, timeout=120):
        done = subprocess.run([f"{PREFIX}/bin/apphostctl", *map(str, args)], text=True, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, timeout=timeout,
                              env={"APPHOST_SOCKET": self.socket, "APPHOST_CONFIG": self.config,
                                   "PATH": "/usr/bin:/bin"})
        if check:
            assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.daemon_log()[-2000:]}"
        return done

    def json(self, *args, **more):
        return json.loads(self.ctl(*args, "--json", **more).stdout)

    def script(self, text, name="script.sh"):
        path = f"{self.folder}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def install(self, name, image, body="", port="'HOST_PORT:80'", check=True, uninstall=None):
        ports = f"  ports:\n    - {port}\n" if port else ""
        text = f"cat > docker-compose.yml << 'EOF'\nweb:\n  image: '{image}'\n{ports}{body}EOF\ndocker-compose up -d\n"
        more = ["--uninstall-script", self.script(uninstall, f"{name}-un.sh")] if uninstall else []
        return self.ctl("install", self.script(text, f"{name}.sh"), "--name", name, "--yes", *more, check=check)

    def get(self, name, path="/", host=None, headers=None, method="GET", body=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", host or f"{name}.{self.domain}")
            for key, value in (headers or {}).items():
                connection.putheader(key, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
            return types.SimpleNamespace(status=answer.status, headers=answer.headers, body=text)
        finally:
            connection.close()

    # -- what must hold ----------------------------------------------------------------------------
    def daemon_log(self):
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/apphostd.log", errors="replace") as f:
            return f.read()
        return ""

    def httpd_log(self):
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/httpd/error_log", errors="replace") as f:
            return f.read()
        return ""

    def database(self):
        return sqlite3.connect(f"file:{self.state}/apphost.db?mode=ro", uri=True)

    def instance(self):
        return self.json("status")["instance"]

    def check_logs(self):
        strange = [line for line in self.httpd_log().splitlines()
                   if re.search(r":(warn|error|crit|alert|emerg)\]", line)]
        strange += [line for line in self.daemon_log().splitlines() if re.search(r"warning|error|fault", line, re.I)]
        strange = [line for line in strange if not any(re.search(p, line) for p in self.announced)]
        assert not strange, "unannounced in the logs:\n" + "\n".join(strange)

    def ours(self):
        instance = self.instance_label
        return (self.engine.containers(**{"org.apphost.instance": instance}),
                self.engine.networks(f"org.apphost.instance={instance}"))

    def invariants(self):
        """SECURITY's I1, I3, I4, I5 and I6, as far as they can be seen from outside."""
        rows = self.json("list")
        rows = rows["apps"] if isinstance(rows, dict) else rows
        with contextlib.closing(self.database()) as db:
            assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
        containers, networks = self.ours()
        ids = {str(r["app_id"]) for r in rows}
        labelled = {c["Labels"].get("org.apphost.app") for c in containers}
        assert labelled <= ids, f"containers without a row: {labelled - ids}"
        assert {n["Labels"].get("org.apphost.app") for n in networks} <= ids, "networks without a row"
        assert len({r["port"] for r in rows}) == len(rows), "a port twice"
        left = [f for _, _, files in os.walk(self.state) for f in files if re.search(r"\.(tmp|new)(\.|$)|~$", f)]
        assert not left, f"temporary files left: {left}"
        return rows

    def close(self):
        with contextlib.suppress(Exception):
            self.stop_httpd()
        with contextlib.suppress(Exception):
            self.stop_daemon()
        wait_for(lambda: not self.children(), 20, "the end of what the daemon began")
        if getattr(self, "instance_label", None):
            # Podman removes none that another depends on, and a network from under a container.
            for _ in range(20):
                for c in self.ours()[0]:
                    self.engine.request("DELETE", f"/containers/{c['Id']}?force=1&v=1")
            for n in self.ours()[1]:
                self.engine.request("DELETE", f"/networks/{n['Id']}")
            subprocess.run([f"{PREFIX}/libexec/apphost/apphost-job", "-c", self.config, "-w", self.instance_label],
                           check=True, timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(params=["event", "worker"])
def mpm(request):
    return request.param


@pytest.fixture
def new_stack(engine):
    """A function that makes stacks; each is checked and cleared away at the end of the test."""
    stacks = []

    def make(mpm=os.environ.get("APPHOST_MPM", "event"), daemon=True, httpd=True, **config):
        stack = Stack(engine, mpm)
        stacks.append(stack)
        stack.write_config(**config)
        if daemon:
            stack.start_daemon()
            stack.instance_label = stack.instance()
        if httpd:
            stack.start_httpd()
        return stack
    yield make
    try:
        for stack in stacks:
            if stack.daemon and stack.daemon.poll() is None:
                stack.invariants()
            stack.check_logs()
    finally:
        for stack in stacks:
            stack.close()


@pytest.fixture
def stack(new_stack, mpm):
    return new_stack(mpm)
