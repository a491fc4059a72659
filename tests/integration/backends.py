# SPDX-License-Identifier: Apache-2.0
"""Apps for the tests of the module: one thread per connection, no library that would tidy up what
arrives. Each backend keeps what it received, octet for octet."""
import base64
import contextlib
import hashlib
import json
import socket
import ssl
import struct
import subprocess
import threading


class Backend:
    """Listens on 127.0.0.1 and gives every request to `answer(request)`, see Request."""

    def __init__(self, answer, certificate=None, port=0):
        self.answer, self.requests, self.connections = answer, [], 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self.open.add(connection)
        with contextlib.suppress(OSError, ValueError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = connection.makefile("rb")
            while True:
                request = Request.read(stream, connection)
                if request is None:
                    break
                self.requests.append(request)
                if not self.answer(request):
                    break
        # The stream still holds the descriptor: only a shutdown ends the connection now.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        self.open.discard(connection)

    def close(self):
        self.listener.close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Request:
    @classmethod
    def read(cls, stream, connection):
        line = stream.readline(65536)
        if not line:
            return None
        self = cls()
        self.stream, self.connection = stream, connection
        self.line = line.rstrip(b"\r\n").decode("latin-1")
        self.method, self.target, self.version = self.line.split(" ")
        self.headers = []
        while (line := stream.readline(65536)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
            self.headers.append((name, value.strip()))
        return self

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None

    def body(self):
        """Pieces of the body as they arrive."""
        if "chunked" in (self.header("Transfer-Encoding") or ""):
            while size := int(self.stream.readline().split(b";")[0], 16):
                yield self.stream.read(size)
                self.stream.readline()
            self.stream.readline()
            return
        left = int(self.header("Content-Length") or 0)
        while left:
            piece = self.stream.read1(min(left, 65536))
            if not piece:
                return
            left -= len(piece)
            yield piece

    def send(self, octets):
        self.connection.sendall(octets)

    def respond(self, body=b"", status="200 OK", headers=()):
        head = "".join(f"{n}: {v}\r\n" for n, v in headers)
        self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode("latin-1")
                  + (b"" if self.method == "HEAD" else body))
        return True


def echo(name):
    """Says which app it is and what arrived."""
    def answer(request):
        size = sum(len(piece) for piece in request.body())
        told = {"app": name, "line": request.line, "headers": request.headers, "body": size}
        return request.respond(json.dumps(told).encode(), headers=[("Content-Type", "application/json")])
    return answer


def websocket(name):
    """Upgrades and sends every frame back; other requests are answered like echo."""
    plain = echo(name)

    def answer(request):
        if (request.header("Upgrade") or "").lower() != "websocket":
            return plain(request)
        digest = hashlib.sha1((request.header("Sec-WebSocket-Key") +
                               "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        request.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n")
        while data := request.connection.recv(65536):
            request.send(data)
        return False
    return answer


def frame(text):
    """A masked text frame of a client, RFC 6455 section 5.2, payload under 126 octets."""
    payload, mask = text.encode(), b"\x01\x02\x03\x04"
    return (struct.pack("!BB", 0x81, 0x80 | len(payload)) + mask
            + bytes(c ^ mask[i % 4] for i, c in enumerate(payload)))


def make_certificate(folder):
    path = f"{folder}/backend.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=someone.else.example", "-keyout", path + ".key",
                    "-out", path], check=True, capture_output=True)
    with open(path, "ab") as out, open(path + ".key", "rb") as key:
        out.write(key.read())
    return path
