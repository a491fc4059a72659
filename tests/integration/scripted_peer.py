# SPDX-License-Identifier: Apache-2.0
"""An apphostd that says what a test tells it to, and remembers what it was asked."""
import contextlib
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import threading
import time

PREFIX = os.environ.get("APPHOST_PREFIX", "/usr/local")
CTL = f"{PREFIX}/bin/apphostctl"


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def frame(value):
    body = json.dumps(value).encode()
    return struct.pack(">I", len(body)) + body


class Peer:
    """answers: op -> list of frames, or a function (args, send) that sends them itself."""

    def __init__(self, folder, answers):
        self.path = str(folder / "d.sock")
        self.answers = answers
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                head = read_exactly(connection, 4)
                if head is None:
                    continue
                request = json.loads(read_exactly(connection, struct.unpack(">I", head)[0]))
                self.asked.append(request)
                answer = self.answers[request["op"]]
                if callable(answer):
                    answer(request["args"], lambda value: connection.sendall(frame(value)))
                elif isinstance(answer, bytes):
                    connection.sendall(answer)
                else:
                    for value in answer:
                        connection.sendall(frame(value))

    def close(self):
        with contextlib.suppress(OSError):  # closed by the test already
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def ops(self):
        return [request["op"] for request in self.asked]

    def ctl(self, *args, stdin=""):
        return subprocess.run([CTL, "--socket", self.path, *map(str, args)], input=stdin, text=True,
                              capture_output=True, timeout=30, env={"PATH": "/usr/bin:/bin"})


class Terminal:
    """apphostctl as a person sees it: on a terminal of its own, columns wide."""

    def __init__(self, peer, *args, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve("/usr/bin/env", ["env", "-i", "TERM=xterm", "sh", "-c",
                                       f"stty cols {columns} && exec \"$@\"", "sh", CTL,
                                       "--socket", peer.path, *map(str, args)],
                      {"PATH": "/usr/bin:/bin"})
        self.text = ""

    def wait_for(self, words, seconds=15):
        end = time.monotonic() + seconds
        while words not in self.plain():
            left = end - time.monotonic()
            assert left > 0, f"{words!r} did not come; what came is:\n{self.plain()}"
            poll = select.poll()  # takes descriptors above 1023, which a long run may have
            poll.register(self.fd, select.POLLIN)
            if poll.poll(left * 1000):
                self.text += os.read(self.fd, 4096).decode(errors="replace")

    def plain(self):
        return re.sub(r"\x1b\[[0-9;]*[mK]", "", self.text)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        with contextlib.suppress(OSError):  # EIO: the other side of the terminal is gone
            while True:
                data = os.read(self.fd, 4096)
                if not data:
                    break
                self.text += data.decode(errors="replace")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
