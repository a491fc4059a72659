# SPDX-License-Identifier: Apache-2.0
"""A private httpd with mod_apphost, without apphostd: own folder, own port, ended by its pid. What a
test does not announce must not stand in its error log."""
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import types

import pytest

import backends
from engine_env import free_port

DOMAIN = "home.example"
HTTPD = next(p for p in ("/usr/sbin/apache2", "/usr/sbin/httpd") if os.path.exists(p))
MODULES = subprocess.run(["apxs", "-q", "LIBEXECDIR"], check=True, capture_output=True, text=True).stdout.strip()
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def find_module():
    """APPHOST_MODULE, or what `make install` put beside httpd's own modules or under APPHOST_PREFIX."""
    prefix = os.environ.get("APPHOST_PREFIX", "/usr/local")
    candidates = [os.environ.get("APPHOST_MODULE"), f"{prefix}/modules/mod_apphost.so",
                  f"{prefix}{MODULES}/mod_apphost.so", f"{MODULES}/mod_apphost.so"]
    found = [c for c in candidates if c and os.path.exists(c)]
    assert found, "mod_apphost.so is not installed: set APPHOST_MODULE or APPHOST_PREFIX"
    return found[0]


def find_mkroutes():
    build = os.environ.get("APPHOST_BUILD", f"{ROOT}/build")
    path = f"{build}/tests/integration/mkroutes"
    assert os.path.exists(path), f"{path} is not built: make check_PROGRAMS, or set APPHOST_BUILD"
    return path


def wait_until(condition, seconds=10, what="the condition"):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not hold within {seconds} s")


class Httpd:
    """configuration -> start -> ask -> stop. Routes are given as {name: port or dict}."""

    def __init__(self, mpm="event"):
        self.mpm = mpm
        self.folder = tempfile.mkdtemp(prefix="aphm-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        self.routes_path = f"{self.folder}/routes"
        self.announced, self.backends, self.process, self.generation = [], [], None, 0
        self.seen = 0  # octets of the error log that were judged

    # -- configuration -----------------------------------------------------------------------------
    MODULES_NEEDED = ("authz_core", "log_config", "proxy", "proxy_http")

    def configure(self, apphost=None, extra="", vhosts="", modules=(), without=(), threads=25, children=4):
        loads = [f"LoadModule mpm_{self.mpm}_module {MODULES}/mod_mpm_{self.mpm}.so",
                 f"LoadModule apphost_module {find_module()}"]  # before proxy: the order must not matter
        for name in (*self.MODULES_NEEDED, *modules):
            built_in = not os.path.exists(f"{MODULES}/mod_{name}.so")
            if name not in without and not built_in:
                loads.append(f"LoadModule {name}_module {MODULES}/mod_{name}.so")
        if apphost is None:
            apphost = f'AppHost On\nAppHostDomain {DOMAIN}\nAppHostRoutes "{self.routes_path}"\n'
        lines = "\n".join(loads)
        workers = (f"""ThreadsPerChild {threads}
MaxRequestWorkers {threads * children}
MinSpareThreads {threads}
MaxSpareThreads {threads * children}""" if self.mpm != "prefork" else f"""MaxRequestWorkers {children}
MinSpareServers 1
MaxSpareServers {children}""")
        with open(f"{self.folder}/httpd.conf", "w", encoding="utf-8") as f:
            f.write(f"""ServerRoot "{self.folder}"
DefaultRuntimeDir "{self.folder}"
PidFile "{self.folder}/httpd.pid"
ServerName machine.{DOMAIN}
Listen 127.0.0.1:{self.port}
{lines}
User www-data
Group www-data
ErrorLog "{self.folder}/error_log"
LogLevel warn
LogFormat "%>s %{{apphost-name}}n %{{apphost-id}}n %{{Host}}i %r" apps
CustomLog "{self.folder}/access_log" apps
ServerLimit {children}
StartServers {min(2, children)}
{workers}
Timeout 20
DocumentRoot "{self.folder}/htdocs"
{apphost}
{extra}
{vhosts}
""")
        os.makedirs(f"{self.folder}/htdocs", exist_ok=True)
        with open(f"{self.folder}/htdocs/index.html", "w", encoding="ascii") as f:
            f.write("the server's own page\n")
        return self

    def check(self):
        return subprocess.run([HTTPD, "-t", "-f", f"{self.folder}/httpd.conf"], capture_output=True,
                              text=True, timeout=30)

    # -- the process -------------------------------------------------------------------------------
    def start(self):
        self.process = subprocess.Popen([HTTPD, "-DFOREGROUND", "-f", f"{self.folder}/httpd.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        start_new_session=True)
        wait_until(self._listens, 20, "httpd listening")
        return self

    def _listens(self):
        assert self.process.poll() is None, self.process.stderr.read().decode() + self.log()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def reload(self):
        """Graceful restart; returns when the new generation is up."""
        before = self.log().count("resuming normal operations")
        self.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: self.log().count("resuming normal operations") > before, 20, "the reload")

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            return [int(p) for p in f.read().split()]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        if self.process:
            self.process.stderr.close()

    def close(self):
        for backend in self.backends:
            backend.close()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- routes and apps ---------------------------------------------------------------------------
    def app(self, answer, **more):
        backend = backends.Backend(answer, **more)
        self.backends.append(backend)
        return backend

    def routes(self, path=None, **apps):
        """name=port, or name={port, state, flags, app_id, max_inflight, max_upgrades, host, name}."""
        self.generation += 1
        lines = []
        for number, (name, given) in enumerate(apps.items(), 1):
            r = {"app_id": number, "state": "running", "flags": 0, "max_inflight": 0, "max_upgrades": 0,
                 "host": f"{name}.{DOMAIN}", "name": name} | (given if isinstance(given, dict) else {"port": given})
            lines.append("{host} {app_id} {port} {state} {flags} {max_inflight} {max_upgrades} {name}".format(**r))
        subprocess.run([find_mkroutes(), path or self.routes_path, str(self.generation)], check=True,
                       input="\n".join(lines), text=True, timeout=30)
        time.sleep(0.01)  # the contract: seen by every child within 10 ms

    # -- asking ------------------------------------------------------------------------------------
    def host(self, name):
        return f"{name}.{DOMAIN}"

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, name, path="/", method="GET", host=None, headers=(), body=None, chunked=False, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or self.host(name))
            for key, value in dict(headers).items():
                connection.putheader(key, value)
            if body is not None and chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body, encode_chunked=chunked)
            answer = connection.getresponse()
            return types.SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())

    def own_page(self, host):
        """What httpd answers for a host that is no app's."""
        answer = self.get("-", "/index.html", host=host)
        return answer.status == 200 and answer.body == b"the server's own page\n"

    def raw(self, octets, until_close=True, timeout=20):
        """Sends octets as they are; everything that comes back until the server closes."""
        with self.connect(timeout) as s:
            s.sendall(octets)
            got = b""
            while piece := s.recv(65536):
                got += piece
                if not until_close and b"\r\n\r\n" in got:
                    break
            return got

    def upgrade(self, name, timeout=20, path="/ws"):
        """A client's socket after its upgrade request, and the status line it got."""
        s = self.connect(timeout)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.host(name)}\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = s.recv(4096)
            if not piece:
                break
            head += piece
        return s, head.decode("latin-1")

    # -- what must hold ----------------------------------------------------------------------------
    def log(self):
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/error_log", errors="replace",
                                                          encoding="utf-8") as f:
            return f.read()
        return ""

    def access_log(self):
        with open(f"{self.folder}/access_log", encoding="latin-1") as f:
            return f.read()

    def check_log(self):
        strange = [line for line in self.log().splitlines()
                   if re.search(r":(warn|error|crit|alert|emerg)\]|exit signal", line)
                   and not any(re.search(p, line) for p in self.announced)]
        assert not strange, "unannounced in the error log:\n" + "\n".join(strange)


@pytest.fixture(params=["event", "worker"])
def server(request):
    """A configured but not started httpd under each MPM, with a snapshot without routes; its log is
    judged at the end."""
    httpd = Httpd(request.param)
    try:
        httpd.routes()
        yield httpd.configure()
        httpd.check_log()
    finally:
        httpd.close()


@pytest.fixture
def running(server):
    """The same, started."""
    return server.start()
