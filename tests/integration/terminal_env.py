# SPDX-License-Identifier: Apache-2.0
"""apphostctl on a terminal of its own, and somebody who types."""
import os
import pty
import select
import subprocess
import time


class Typist:
    def __init__(self, words, environment):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
                                        start_new_session=True, env=environment | {"TERM": "dumb"})
        os.close(theirs)
        self.seen = ""

    def read(self, seconds):
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            octets = os.read(self.ours, 65536)
        except OSError:     # everybody on the other side is gone
            return False
        self.seen += octets.decode(errors="replace").replace("\r\n", "\n")
        return bool(octets)

    def until(self, text, seconds=60):
        """Reads up to text, and forgets what came before."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline and (self.read(1) or self.process.poll() is None), \
                f"{text!r} does not come; seen: {self.seen}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, line):
        os.write(self.ours, line.encode() + b"\n")

    def end(self, seconds=120):
        """All that is left to read, and how it ended."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.2)
        while self.read(0.2):
            pass
        if self.process.poll() is None:
            self.process.kill()
        os.close(self.ours)
        return self.process.wait(), self.seen
