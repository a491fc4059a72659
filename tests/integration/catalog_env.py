# SPDX-License-Identifier: Apache-2.0
"""Catalogs: makers with keys, folders of manifests, and an https server that does what a test tells it
to, behind a certificate authority of its own."""
import contextlib
import datetime
import hashlib
import http.server
import json
import os
import sqlite3
import ssl
import subprocess
import threading

import pytest

from daemon_env import PREFIX, Daemon

CTL = f"{PREFIX}/bin/apphostctl"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def openssl(*words, stdin=None):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, input=stdin).stdout


def stamp(days=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()


def manifest(entry, revision=1, **more):
    value = {"apphost": 1, "id": entry, "revision": revision, "version": f"{revision}.0", "title": entry.capitalize(),
             "summary": "An app", "category": "media", "web": {"service": "web", "port": 80},
             "compose": {"services": {"web": {"image": "team/web:1"}}}} | more
    return json.dumps(value).encode()


class Maker:
    """Who signs catalogs."""

    def __init__(self, folder, name="maker"):
        self.path = f"{folder}/{name}.pem"
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        self.key = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:].hex()
        self.scratch = f"{folder}/{name}.in"

    def sign(self, octets):
        with open(self.scratch, "wb") as f:
            f.write(octets)
        raw = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", self.scratch)
        return raw.hex().encode() + b"\n"


class Files(dict):
    """What a catalog's folder holds: name -> octets."""

    def __init__(self, maker, entries=None, **more):
        super().__init__()
        self.maker, self.entries = maker, dict(entries or {})
        self.index(**more)

    def index(self, version=1, generated=0, expires=30, rows=None, sign=None, **more):
        """Writes the index of self.entries (id -> octets) anew."""
        for entry, octets in self.entries.items():
            self[f"{entry}.json"] = octets
        value = {"apphost-catalog": 1, "name": "test", "version": version, "generated": stamp(generated),
                 "expires": stamp(expires),
                 "entries": rows if rows is not None else
                 [{"id": entry, "format": "apphost", "file": f"{entry}.json", "sha256": sha256(octets),
                   "length": len(octets)} for entry, octets in self.entries.items()]} | more
        self.put(json.dumps(value).encode(), sign)

    def put(self, octets, sign=None):
        self["index.json"] = octets
        self["index.json.sig"] = (sign or self.maker).sign(octets)

    def write(self, folder):
        for name, octets in self.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(octets)
            os.chmod(path, 0o644)


class Authority:
    """A certificate authority, and certificates of hosts made by it."""

    def __init__(self, folder):
        self.folder, self.ca = folder, f"{folder}/ca.pem"
        openssl("req", "-x509", *KEY, "-nodes", "-keyout", f"{folder}/ca.key", "-out", self.ca,
                "-days", "9", "-subj", "/CN=authority of the tests")
        self.made = {}

    def certificate(self, name="good", alternative="IP:127.0.0.1", days=5, own=False):
        """Key and certificate in one file."""
        path = f"{self.folder}/{name}.pem"
        if path in self.made:
            return path
        key, request, ext = (f"{self.folder}/{name}.{end}" for end in ("key", "csr", "ext"))
        openssl("req", *KEY, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        with open(ext, "w", encoding="ascii") as f:
            f.write(f"subjectAltName={alternative}\n")
        begins = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=min(days, 0) - 1)
        signer = ["-signkey", key] if own else ["-CA", self.ca, "-CAkey", f"{self.folder}/ca.key", "-CAcreateserial"]
        if days > 0:
            text = openssl("x509", "-req", "-in", request, "-days", str(days), "-extfile", ext, *signer)
        else:
            text = self.expired(request, ext, begins)
        with open(path, "wb") as f, open(key, "rb") as k:
            f.write(text + k.read())
        self.made[path] = True
        return path

    def expired(self, request, ext, begins):
        base = f"{self.folder}/past"
        os.makedirs(base, exist_ok=True)
        for name, text in (("index.txt", ""), ("serial", "77\n")):
            with open(f"{base}/{name}", "w", encoding="ascii") as f:
                f.write(text)
        with open(f"{base}/ca.cnf", "w", encoding="ascii") as f:
            f.write(f"[ca]\ndefault_ca=a\n[a]\ndatabase={base}/index.txt\nserial={base}/serial\nnew_certs_dir={base}\n"
                    "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-config", f"{base}/ca.cnf", "-cert", self.ca, "-keyfile", f"{self.folder}/ca.key",
                "-in", request, "-extfile", ext, "-out", f"{base}/past.pem", "-startdate",
                begins.strftime("%Y%m%d%H%M%SZ"), "-enddate",
                (begins + datetime.timedelta(hours=20)).strftime("%Y%m%d%H%M%SZ"))
        return openssl("x509", "-in", f"{base}/past.pem")


class CatalogServer:
    """files: name -> octets, (status, headers, octets), or a function that is handed the handler."""

    def __init__(self, certificate, files, adjust=None):
        self.files, self.asked = files, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                answer = outer.files.get(self.path.lstrip("/"))
                with contextlib.suppress(OSError):
                    if callable(answer):
                        answer(self)
                    elif isinstance(answer, tuple):
                        self.say(*answer)
                    elif answer is None:
                        self.say(404, {}, b"")
                    else:
                        self.say_octets(answer)

            def say_octets(self, octets):
                tag = f'"{sha256(octets)[:16]}"'
                if self.headers.get("If-None-Match") == tag:
                    self.say(304, {"ETag": tag}, b"")
                else:
                    self.say(200, {"ETag": tag}, octets)

            def say(self, status, headers, body):
                lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}"] if status != 304 else ["HTTP/1.1 304 x"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, request, address):
                pass   # a client that does not like the certificate hangs up

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if adjust:
            adjust(context)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Shop(Daemon):
    """apphostd with catalogs and no engine."""

    def __init__(self):
        super().__init__()
        self.authority = Authority(self.folder)
        self.maker = Maker(self.folder)
        self.servers = []
        with open(self.config, "a", encoding="ascii") as f:
            f.write(f"[catalog]\nCaFile = {self.authority.ca}\n")

    def ctl(self, *words, check=True, stdin=None, timeout=120):
        done = subprocess.run([CTL, *map(str, words)], text=True, capture_output=True, timeout=timeout, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, check=False,
                              env={"APPHOST_SOCKET": self.socket_path, "PATH": "/usr/bin:/bin"})
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def serve(self, files, adjust=None, **certificate):
        server = CatalogServer(self.authority.certificate(**certificate), files, adjust)
        self.servers.append(server)
        return server

    def publish(self, name, entries, **more):
        """A catalog over https that was added and not refreshed: its files."""
        files = Files(self.maker, entries, **more)
        server = self.serve(files)
        files.server = server
        self.add(name, server.url)
        return files

    def add(self, name, url, key=None):
        self.ctl("catalog", "add", name, url, "--key", key or self.maker.key, "--private")

    def refresh(self, *words, code=0):
        """What it prints. code: how apphostctl ends."""
        done = self.ctl("catalog", "refresh", *words, check=False)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def catalog(self, name):
        rows = self.ask("catalog-list")["ok"]["catalogs"]
        return next(row for row in rows if row["name"] == name)

    def rows(self, what="revision", where="activated IS NOT NULL"):
        """{"CATALOG/ID": what} of the revisions in the store."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/catalog.db?mode=ro", uri=True)) as db:
            return {f"{catalog}/{entry}": value for catalog, entry, value in
                    db.execute(f"SELECT catalog, id, {what} FROM revisions WHERE {where}")}

    def store(self):
        return sqlite3.connect(f"{self.state}/catalog.db", timeout=20)

    def active(self):
        return self.rows()

    def close(self):
        for server in self.servers:
            server.close()
        super().close()


@pytest.fixture
def shop():
    if os.geteuid() != 0:
        pytest.fail("these tests start the daemon, which needs root")
    made = Shop()
    try:
        yield made.start()
    finally:
        made.close()
