# SPDX-License-Identifier: Apache-2.0
"""What a machine still has that loses its power the moment it gave an answer: all of it.

apphostd and everything it starts run under strace, and what they do to files below StateDir is retold to a model of a
disk that keeps only what was synced: octets by an fsync of their file, names by an fsync of their folder. When an
operation has been answered nothing may be left that such a disk would forget, and no file may get its final name
before its octets are there."""
import os
import re
import shutil

import pytest

import kills
from engine_env import WEB, busybox_files

IMAGE = f"apphost-test-unsynced-{os.getpid()}:1"
STRACE = shutil.which("strace")
CALLS = ("open openat openat2 creat mkdir mkdirat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat "
         "rmdir write pwrite64 writev pwritev ftruncate fchmod fchown fsync fdatasync syncfs").split()
pytestmark = pytest.mark.skipif(STRACE is None, reason="needs strace")

# What need not last: SQLite's map of its log, which it makes anew; locks; and what only a check of httpd looks at.
PASSING = re.compile(r"-shm$|\.lock$|/lock$|/scratch(/|$)")


class Disk:
    """Names and octets below root that a loss of power would take back."""

    def __init__(self, root):
        self.root, self.octets, self.names, self.faults = root, set(), {}, []
        self.seen, self.ever = set(), set()     # names that are there; all there ever were

    def mine(self, path):
        return path.startswith(self.root + "/") and not PASSING.search(path)

    def write(self, path):
        if self.mine(path):
            self.octets.add(path)

    def sync(self, path):
        self.octets.discard(path)
        self.names = {name: what for name, what in self.names.items() if os.path.dirname(name) != path}

    def made(self, path):
        self.ever.add(os.path.basename(path))
        if self.mine(path):
            self.names[path] = "made"

    def gone(self, path):
        below = {name for name in self.names if name.startswith(path + "/")}
        self.octets -= {path} | {name for name in self.octets if name.startswith(path + "/")}
        self.names = {name: what for name, what in self.names.items() if name not in below}
        if self.names.pop(path, None) != "made" and self.mine(path):
            self.names[path] = "gone"

    def rename(self, old, new):
        if old in self.octets:
            self.faults.append(f"{new} got its name before its octets were on the disk")
        moved = [name for name in self.names if name.startswith(old + "/")]
        self.faults += [f"{new} got its name before {name} was on the disk" for name in moved]
        self.gone(old)
        self.made(new)

    def left(self):
        return sorted(self.octets) + sorted(f"{name} ({what})" for name, what in self.names.items())


LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?.*$")
PART = re.compile(r'(\d+|AT_FDCWD)<((?:[^<>\\]|\\.)*)>|"((?:[^"\\]|\\.)*)"')


def paths_of(words):
    """The paths a call names, each with the folder it is relative to."""
    folder, found = None, []
    for number, held, text in PART.findall(words):
        if held or number:
            folder = held
            found.append(("fd", held))
        elif text:
            path = text if text.startswith("/") else os.path.normpath(os.path.join(folder or "/", text))
            found.append(("path", path))
    return found


def retell(disk, call, words, result):
    paths = paths_of(words)
    named = [path for kind, path in paths if kind == "path"]
    held = paths[0][1] if paths and paths[0][0] == "fd" else None
    if call in ("write", "pwrite64", "writev", "pwritev", "ftruncate", "fchmod", "fchown") and held:
        if os.path.isdir(held) or held.endswith("(deleted)"):
            return
        disk.write(held)
    elif call in ("fsync", "fdatasync") and held:
        disk.sync(held)
    elif call == "syncfs":
        disk.octets.clear()
        disk.names.clear()
    elif call in ("open", "openat", "openat2", "creat") and "O_CREAT" in words and result:
        if result not in disk.seen:
            disk.made(result)
        disk.seen.add(result)
    elif call in ("mkdir", "mkdirat", "symlink", "symlinkat") and named:
        disk.made(named[-1])
    elif call in ("rename", "renameat", "renameat2") and len(named) == 2:
        disk.rename(*named)
        disk.seen.discard(named[0])
        disk.seen.add(named[1])
    elif call in ("link", "linkat") and len(named) == 2:
        disk.made(named[1])
    elif call in ("unlink", "unlinkat", "rmdir") and named:
        disk.gone(named[-1])
        disk.seen.discard(named[-1])


class Traced:
    def __init__(self, stack):
        self.stack, self.log, self.at, self.open = stack, f"{stack.folder}/strace.log", 0, {}
        stack.before_daemon = [STRACE, "-D", "-f", "-y", "-qq", "-s", "4096", "--seccomp-bpf", "-o", self.log,
                               "-e", f"trace={','.join('?' + call for call in CALLS)}"]
        self.disk = Disk(stack.state)

    def lines(self):
        """What came since; a call that another process interrupted is put together again."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(self.at)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.at += len(whole.encode("utf-8", "replace"))
        for line in whole.splitlines():
            pid = line.split(" ", 1)[0]
            if line.endswith("<unfinished ...>"):
                self.open[pid] = line[:-len("<unfinished ...>")]
                continue
            resumed = re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line)
            yield self.open.pop(pid, "") + resumed.group(1) if resumed else line

    def settle(self):
        for line in self.lines():
            match = LINE.match(line)
            if match and int(match.group(3)) >= 0:
                retell(self.disk, match.group(1), match.group(2), match.group(4))
        faults, self.disk.faults = self.disk.faults, []
        return faults, self.disk.left()


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def traced(new_stack):
    stack = new_stack(daemon=False)
    made = Traced(stack)
    stack.start_daemon()
    stack.instance_label = stack.instance()
    stack.announced.append("APH0044")
    return made


SCRIPT = """mkdir -p a/b
chmod 700 a/b
cat > a/b/settings << 'EOF'
as the script has it
EOF
cat > docker-compose.yml << 'EOF'
services:
  web:
    image: '{}'
    ports: ['HOST_PORT:80']
    volumes:
      - ./c/d:/d
      - {{type: bind, source: ./e/text, target: /text, content: beside}}
EOF
docker-compose up -d
"""


def test_what_is_answered_lasts(traced, image):
    stack, told = traced.stack, []
    script = stack.script(SCRIPT.format(image))
    for words in (("install", script, "--name", "victim", "--yes"), ("stop", "victim"), ("start", "victim"),
                  ("uninstall", "victim", "--yes"), ("uninstall", "victim", "--purge", "--yes")):
        stack.ctl(*words)
        kills.settle(stack)
        faults, left = traced.settle()
        told += [f"{words[0]}: {fault}" for fault in faults] + [f"{' '.join(words)}: forgotten: {name}" for name in left]
        traced.disk.octets.clear()
        traced.disk.names.clear()
    assert traced.disk.ever >= {"settings", "text", "d", "routes", "apphost.db-wal"}, traced.disk.ever
    assert not told, "\n".join(told)
