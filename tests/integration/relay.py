# SPDX-License-Identifier: Apache-2.0
"""What stands between apphost and its engine: a relay that lies on demand, and one that writes down
every request that passes."""
import contextlib
import os
import re
import socket
import threading
import types


class Relay:
    """Passes octets on. answers: [(regular expression on a request's first line, octets)...] are given
    in the engine's place, and the connection is closed; those in answers_once one time; rewrites: [(old, new)...] of equal length are
    applied to what the engine says."""

    def __init__(self, path, engine_path):
        self.path, self.engine_path = path, engine_path
        self.answers, self.answers_once, self.rewrites, self.open = [], [], [], []
        self.listener = None

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        for s in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.open = []

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.engine_path)
            self.open += [client, engine]
            threading.Thread(target=self.pass_on, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(engine, client, False), daemon=True).start()

    def pass_on(self, source, target, from_client):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and self.answered(source, data):
                    return
                for old, new in [] if from_client else self.rewrites:
                    assert len(old) == len(new)
                    data = data.replace(old, new)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def answered(self, client, data):
        line = data.split(b"\r\n", 1)[0].decode("latin-1")
        for answer in [*self.answers_once, *self.answers]:
            pattern, octets = answer
            if re.search(pattern, line):
                if answer in self.answers_once:
                    self.answers_once.remove(answer)
                if octets is None:          # never answered
                    return True
                client.sendall(octets)
                client.shutdown(socket.SHUT_RDWR)
                return True
        return False


class Recorder(Relay):
    """Writes down every request that passes, whole: .requests is a list of things with method, path
    (without the version), head and body. What it cannot read as a request it keeps in .strange."""

    def __init__(self, path, engine_path):
        super().__init__(path, engine_path)
        self.requests, self.strange = [], []

    def pass_on(self, source, target, from_client):
        kept = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client:
                    kept = self.read(kept + data)
                target.sendall(data)
        if from_client and kept:
            self.strange.append(kept)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def read(self, octets):
        """Takes the whole requests off the front, and returns the rest."""
        while b"\r\n\r\n" in octets:
            head, rest = octets.split(b"\r\n\r\n", 1)
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            if re.search(rb"(?im)^transfer-encoding: *chunked", head):
                body, rest = self.dechunk(rest)
            else:
                size = int(length.group(1)) if length else 0
                body, rest = (rest[:size], rest[size:]) if len(rest) >= size else (None, rest)
            if body is None:
                return octets
            method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            self.requests.append(types.SimpleNamespace(
                method=method, path=re.sub(r"^/v[0-9.]+(?=/)", "", path), head=head, body=body))
            octets = rest
        return octets

    @staticmethod
    def dechunk(rest):
        body, left = b"", rest
        while b"\r\n" in left:
            line, left = left.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            if len(left) < size + 2:
                break
            body, left = body + left[:size], left[size + 2:]
            if size == 0:
                return body, left
        return None, rest
