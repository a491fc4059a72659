# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback that says what a test tells it to."""
import contextlib
import hashlib
import http.server
import json
import threading
import time

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(octets):
    return "sha256:" + hashlib.sha256(octets).hexdigest()


class Image:
    """A manifest and its configuration; its layers are sizes only."""

    def __init__(self, sizes=(1000, 2000), user="", env=(), ids=None, padding=""):
        ids = ids or [digest(f"{padding}{n}{size}".encode()) for n, size in enumerate(sizes)]
        self.config = json.dumps({"config": {"User": user, "Env": list(env)}, "rootfs": {"diff_ids": ids}}).encode()
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"digest": digest(self.config), "size": len(self.config)},
            "layers": [{"digest": digest(f"layer {padding}{n} {size}".encode()), "size": size}
                       for n, size in enumerate(sizes)]}).encode()


class ScriptedRegistry:
    """answers: path -> (status, headers, body) or a function (handler) that answers itself."""

    def __init__(self):
        self.answers, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Authorization")))
                answer = outer.answers.get(self.path.split("?")[0], (404, {"Content-Type": "application/json"}, b"{}"))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    if callable(answer):
                        answer(self)
                    else:
                        self.say(*answer)

            def say(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, name, image, tag="1", wrap=True, platforms=("linux/amd64", "linux/arm64")):
        """Serves image under name:tag, behind an index."""
        base = f"/v2/{name}"
        self.answers[f"{base}/manifests/{digest(image.manifest)}"] = (200, {"Content-Type": MANIFEST}, image.manifest)
        self.answers[f"{base}/blobs/{digest(image.config)}"] = (200, {"Content-Type": "application/octet-stream"}, image.config)
        top, kind = image.manifest, MANIFEST
        if wrap:
            entries = [{"mediaType": MANIFEST, "digest": digest(image.manifest), "size": len(image.manifest),
                        "platform": dict(zip(("os", "architecture"), p.split("/")))} for p in platforms]
            entries.append({"mediaType": MANIFEST, "digest": digest(b"attestation"), "size": 5,
                            "platform": {"os": "unknown", "architecture": "unknown"}})
            top, kind = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode(), INDEX
        self.answers[f"{base}/manifests/{tag}"] = (200, {"Content-Type": kind, "Docker-Content-Digest": digest(top)}, top)
        return digest(top)

    def demand_token(self, token="secret-of-nobody"):
        """From now on every answer wants a token, which /token gives to everybody."""
        inner = dict(self.answers)

        def guarded(path):
            def answer(handler):
                if handler.headers.get("Authorization") == f"Bearer {token}":
                    handler.say(*inner[path])
                else:
                    handler.say(401, {"WWW-Authenticate": f'Bearer realm="http://{self.host}/token",'
                                      f'service="the \\"service\\"",scope="repository:x:push"'}, b"{}")
            return answer
        self.answers = {path: guarded(path) for path in inner}
        self.answers["/token"] = (200, {"Content-Type": "application/json"}, json.dumps({"token": token}).encode())


def stall(handler):
    """Takes the request and says nothing until the other side gives up."""
    handler.connection.settimeout(20)
    with contextlib.suppress(OSError):
        handler.connection.recv(1)


def drip(handler):
    """One octet at a time, without end."""
    handler.send_response(200)
    handler.send_header("Content-Type", MANIFEST)
    handler.end_headers()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        handler.wfile.write(b" ")
        time.sleep(0.2)
