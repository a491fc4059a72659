# SPDX-License-Identifier: Apache-2.0
"""The container engine as the tests use it: images made here, a registry on loopback, and a way to
look at the engine without apphost."""
import contextlib
import hashlib
import http.client
import io
import json
import os
import random
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.parse

import pytest

BUSYBOX = "/bin/busybox"
MANIFESTS = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """A thin view of the Docker Engine API over its Unix socket."""

    def __init__(self, path):
        self.path = path

    def request(self, method, target, body=None, headers=None):
        connection = _UnixConnection(self.path)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, method, target, body=None):
        data = None if body is None else json.dumps(body)
        status, text = self.request(method, target, data, {"Content-Type": "application/json"})
        if status >= 400:
            raise RuntimeError(f"{method} {target}: {status} {text[:300]!r}")
        return json.loads(text) if text.strip() else None

    def alive(self):
        try:
            return self.request("GET", "/_ping")[0] == 200
        except OSError:
            return False

    def containers(self, **labels):
        filters = {"label": [f"{k}={v}" if v else k for k, v in labels.items()]}
        return self.json("GET", "/containers/json?all=1&filters=" + urllib.parse.quote(json.dumps(filters)))

    def networks(self, label):
        filters = {"label": [label]}
        return self.json("GET", "/networks?filters=" + urllib.parse.quote(json.dumps(filters)))

    def inspect(self, container):
        return self.json("GET", f"/containers/{container}/json")

    def image_id(self, ref):
        status, text = self.request("GET", f"/images/{urllib.parse.quote(ref, safe='/:@')}/json")
        return json.loads(text)["Id"] if status == 200 else None

    def import_image(self, ref, files, *changes):
        """Makes an image from {path: bytes | (bytes, mode)}."""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            for path, content in files.items():
                content, mode = content if isinstance(content, tuple) else (content, 0o644)
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(content), mode
                tar.addfile(info, io.BytesIO(content))
        # The tag stands in repo: Docker takes it there as well, and Podman 4.3 nowhere else.
        query = [("fromSrc", "-"), ("repo", ref)] + [("changes", c) for c in changes]
        status, text = self.request("POST", "/images/create?" + urllib.parse.urlencode(query),
                                    raw.getvalue(), {"Content-Type": "application/x-tar"})
        assert status == 200 and b'"error"' not in text, text

    def remove_image(self, ref):
        self.request("DELETE", f"/images/{urllib.parse.quote(ref, safe='/:@')}?force=1")

    def push(self, ref):
        name, _, tag = ref.rpartition(":")
        status, text = self.request("POST", f"/images/{urllib.parse.quote(name, safe='/:')}/push?tag={tag}",
                                    b"", {"X-Registry-Auth": "e30="})
        assert status == 200 and b'"error"' not in text, text


def busybox_files(www=None, scripts=None):
    """Files of an image that serves www with busybox's httpd; scripts land in /cgi-bin."""
    with open(BUSYBOX, "rb") as f:
        files = {"bin/busybox": (f.read(), 0o755)}
    for name, content in (www or {"index.html": b"hello\n"}).items():
        files[f"www/{name}"] = content
    for name, content in (scripts or {}).items():
        files[f"www/cgi-bin/{name}"] = (content, 0o755)
    for applet in ("sh", "sleep", "cat", "echo", "env", "grep", "head", "tr"):
        files[f"bin/{applet}"] = (b"#!/bin/busybox sh\nexec /bin/busybox " + applet.encode() + b' "$@"\n', 0o755)
    files["bin/sh"] = files["bin/busybox"]
    return files



def serve_on(port):
    """CMD of an image that serves /www. Process 1 of a container has no default action for SIGTERM, and
    busybox's httpd sets none: the shell in front of it ends at once when the container is stopped."""
    return ('CMD ["/bin/busybox","sh","-c","trap \'exit 0\' TERM; '
            f'/bin/busybox httpd -f -p {port} -h /www & wait"]')


WEB = serve_on(80)


GIVEN = set()


def free_port():
    """Nobody gets it twice, and nobody by chance: it lies below what the kernel hands out by itself."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            if port not in GIVEN:
                GIVEN.add(port)
                return port


KIND = os.environ.get("APPHOST_ENGINE", "docker")   # or podman: one of the tests' own


@pytest.fixture(scope="session")
def engine():
    if KIND == "podman":
        from podman_env import Podman   # which is an Engine, too
        podman = Podman()
        try:
            podman.start()
            yield podman
        finally:
            podman.close()
        return
    path = os.environ.get("DOCKER_SOCKET", "/run/docker.sock")
    engine = Engine(path)
    assert engine.alive(), f"no engine answers on {path}; ./quickstart check starts one"
    yield engine


class Registry:
    def __init__(self, program, port):
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self.folder = tempfile.mkdtemp(prefix="aph-registry-")
        self.program = program
        self.process = None
        with open(f"{self.folder}/config.yml", "w", encoding="ascii") as f:
            f.write("version: 0.1\nlog: {level: error}\n"
                    f"storage: {{filesystem: {{rootdirectory: {self.folder}/data}}, delete: {{enabled: true}}}}\n"
                    f"http: {{addr: '{self.host}'}}\n")

    def start(self):
        self.process = subprocess.Popen([self.program, "serve", f"{self.folder}/config.yml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
                connection.request("GET", "/v2/")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError("the registry did not come up")

    def manifest(self, ref, put=None):
        """What it has under a name: octets and digest; with put, that from now on. Engines push what they like:
        Docker its own form, Podman the one of OCI."""
        name, _, tag = ref.removeprefix(f"{self.host}/").rpartition(":")
        form = json.loads(put).get("mediaType", MANIFESTS[1]) if put else ""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request("GET" if put is None else "PUT", f"/v2/{name}/manifests/{tag}", put,
                           {"Accept": ", ".join(MANIFESTS)} | ({"Content-Type": form} if put else {}))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status in (200, 201), text
        return text, "sha256:" + hashlib.sha256(put or text).hexdigest()

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture(scope="session")
def registry():
    registry = Registry(os.environ.get("REGISTRY", "/usr/bin/docker-registry"), free_port())
    registry.start()
    yield registry
    registry.stop()
    subprocess.run(["rm", "-rf", registry.folder], check=True)
