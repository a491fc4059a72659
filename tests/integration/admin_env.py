# SPDX-License-Identifier: Apache-2.0
"""The admin handler in a real httpd, before an apphostd that says what a test tells it to: httpd's children
may open its socket, and many may ask at once."""
import contextlib
import json
import os
import socket
import struct
import threading
import types

import pytest

from httpd_env import DOMAIN, Httpd
from scripted_peer import frame, read_exactly

HOST = f"apps.{DOMAIN}"
TOKEN = "aph_" + "T" * 43
SESSION = "S" * 43


class Daemon:
    """answers: op -> a value (the end), a list of frames, or a function (request, send)."""

    def __init__(self, folder, answers):
        self.path, self.answers, self.asked = f"{folder}/d.sock", answers, []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError, TypeError):
            head = read_exactly(connection, 4)
            request = json.loads(read_exactly(connection, struct.unpack(">I", head)[0]))
            self.asked.append(request)

            def send(value):
                connection.sendall(frame(value))
            answer = self.answers[request["op"]]
            if callable(answer):
                answer(request, send)
            elif isinstance(answer, list):
                for value in answer:
                    send(value)
            else:
                send({"ok": answer})

    def ops(self):
        return [request["op"] for request in self.asked]

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Admin:
    def __init__(self, mpm="event", threads=25, children=4, directives=""):
        self.httpd = Httpd(mpm)
        self.answers = {}
        self.daemon = Daemon(self.httpd.folder, self.answers)
        self.httpd.routes()
        self.pages = f"{self.httpd.folder}/pages"
        os.makedirs(self.pages)
        vhosts = f"""{directives}
<VirtualHost *:{self.httpd.port}>
  ServerName first.example
</VirtualHost>
<VirtualHost *:{self.httpd.port}>
  ServerName {HOST}
  ServerAlias *
  AppHostAdminSocket "{self.daemon.path}"
  AppHostAdminRoot "{self.pages}"
  <Location "/">
    SetHandler apphost-admin
    Require all granted
  </Location>
</VirtualHost>"""
        self.httpd.configure(vhosts=vhosts, threads=threads, children=children).start()

    def ask(self, path, method="GET", token=TOKEN, cookie=None, host=None, headers=(), body=None, **more):
        sent = dict(headers)
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if cookie:
            sent.setdefault("Cookie", cookie)
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        octets = body.encode() if isinstance(body, str) else body
        answer = self.httpd.get("-", path, method=method, host=host or f"{HOST}:{self.httpd.port}", headers=sent,
                                body=octets, **more)
        with contextlib.suppress(ValueError):
            answer.json = json.loads(answer.body)
        return answer

    def close(self):
        self.daemon.close()
        self.httpd.close()


@pytest.fixture
def admin():
    made = Admin()
    try:
        yield made
        made.httpd.check_log()
    finally:
        made.close()


def read_events(response):
    """(name, value) of server-sent events as they come."""
    name = None
    for line in response:
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])
