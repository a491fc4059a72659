# SPDX-License-Identifier: Apache-2.0
"""apphost's units, without systemd: read, judged by systemd-analyze, and imitated."""
import contextlib
import functools
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import threading

PREFIX = os.environ.get("APPHOST_PREFIX", "/usr/local")
UNITS = f"{PREFIX}/lib/systemd/system"
HERE = os.path.dirname(os.path.abspath(__file__))


@functools.cache
def analyze():
    """The command, and where its own libraries are when it was unpacked and not installed."""
    program = os.environ.get("SYSTEMD_ANALYZE") or shutil.which("systemd-analyze")
    assert program, "these tests need systemd-analyze: install systemd, or unpack it and set SYSTEMD_ANALYZE"
    root = program.removesuffix("/usr/bin/systemd-analyze")
    libraries = glob.glob(f"{root}/**/libsystemd-shared*.so", recursive=True) if root else []
    return program, os.pathsep.join({os.path.dirname(path) for path in libraries})


def ask(*words):
    program, libraries = analyze()
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"} | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    return subprocess.run([program, "--no-pager", *words], text=True, capture_output=True, timeout=60,
                          check=False, env=environment)


def settings(unit):
    """The unit's [Service]: each name with all values it was given."""
    found, service = {}, False
    with open(f"{UNITS}/{unit}", encoding="ascii") as f:
        text = f.read().replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("["):
            service = line == "[Service]"
        elif service and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


@functools.cache
def call_set(name):
    """System calls of a set of systemd's, with those of the sets in it."""
    calls = set()
    for line in ask("syscall-filter", name).stdout.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= call_set(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    assert calls, name
    return calls


def calls_of(lines):
    """As systemd reads SystemCallFilter=: the first line decides which kind of list it is."""
    allow, listed = not lines[0].startswith("~"), set()
    for line in lines:
        named = set()
        for word in line.lstrip("~").split():
            named |= call_set(word) if word.startswith("@") else {word}
        listed = listed | named if line.startswith("~") != allow else listed - named
    return sorted(listed), allow


def as_unit(unit, folder, writable=()):
    """The command that becomes the program behind it, under the unit's rules."""
    rules = settings(unit)
    calls, allow = calls_of(rules["SystemCallFilter"])
    path = f"{folder}/{unit}.json"
    with open(path, "w", encoding="ascii") as f:
        json.dump({"settings": rules, "calls": calls, "allow": allow, "writable": list(writable)}, f)
    return [sys.executable, f"{HERE}/as_unit.py", path]


class JobSocket:
    """What systemd does for apphost-job.socket: each connection is the descriptor 3 of a job."""

    def __init__(self, path, config, command=(), log=None):
        self.path, self.log, self.jobs, self.ended = path, log, [], False
        self.words = [*command, f"{PREFIX}/libexec/apphost/apphost-job", "-c", config]
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(64)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            if self.ended:
                connection.close()
                return
            with connection, open(self.log, "ab") if self.log else contextlib.nullcontext(None) as log:
                self.jobs.append(self.start(connection.fileno(), log))

    def start(self, fd, log):
        # A descriptor of 3 itself would lose nothing but its close-on-exec flag.
        os.set_inheritable(fd, True)
        return subprocess.Popen(
            [sys.executable, "-c", "import os, sys; fd = int(sys.argv[1]); fd != 3 and (os.dup2(fd, 3), "
             "os.close(fd)); os.execv(sys.argv[2], sys.argv[2:])", str(fd), *self.words], pass_fds=(fd,),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "LISTEN_FDS": "1"})

    def close(self):
        self.ended = True
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.connect(self.path)
        self.thread.join(20)
        self.listener.close()
        for job in self.jobs:
            job.wait(20)
