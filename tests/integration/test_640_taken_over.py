# SPDX-License-Identifier: Apache-2.0
"""Parts of apphost in the hands of someone else: a reader that lies in every way its wire allows, and
code inside a child of httpd. Neither has an effect that no person approved."""
import contextlib
import copy
import json
import os
import pwd
import re
import signal
import stat
import struct
import subprocess
import sys
import time

import pytest

from engine_env import WEB, busybox_files
from stack_env import PREFIX, wait_for

IMAGE = f"apphost-test-lies-{os.getpid()}:1"
READER = f"{PREFIX}/libexec/apphost/apphost-read"


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


# --- the reader ---------------------------------------------------------------------------------------

LIAR = """#!{python} -I
import socket, struct
peer = socket.socket(fileno=0)
def exactly(count):
    octets = b""
    while len(octets) < count:
        octets += peer.recv(count - len(octets))
    return octets
head = exactly(struct.unpack(">I", exactly(4))[0])
import json, os
exactly(json.loads(head)["length"])
with open("{folder}/lie", "rb") as f:
    octets = f.read()
while octets:   # by write: sending is a call that a process in no network does not have
    octets = octets[os.write(0, octets):]
"""


def key(name, shape, value):
    return {"key": name, "line": 4, "shape": shape, "value": value}


def service(name="web", *more):
    port = {"line": 6, "host_ip": None, "published": "35001", "target": "80", "protocol": "tcp", "extra": []}
    return {"name": name, "line": 3,
            "keys": [key("image", "string", IMAGE), key("ports", "ports", [port]), *more]}


def answer(*services, **more):
    compose = {"format": 2, "top": [], "services": list(services) or [service()], "networks": [],
               "volumes": [], "configs": [], "secrets": []}
    return {"files": [], "folders": [], "modes": [], "up": True, "compose": compose} | more


def frame(value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack(">I", len(body)) + body


def ok(*services, **more):
    return frame({"ok": answer(*services, **more)})


def mount(source):
    return key("volumes", "mounts", [{"line": 7, "type": "bind", "source": source, "target": "/data",
                                      "read_only": False, "options": []}])


def without(member, of=None):
    value = answer()
    del (value if of is None else value["compose"] if of == "compose" else value["compose"]["services"][0])[member]
    return frame({"ok": value})


def replaced(member, instead):
    value = answer()
    value["compose"][member] = instead
    return frame({"ok": value})


ESCAPES = ["../../../../../../../etc/cron.d/x", "/etc/cron.d/x", "a/../../../x", "..", "", ".", "a\u0000b", "a/./b\n"]

LIES = {
    # what the policy denies, said to be there
    "privileged": ok(service("web", key("privileged", "bool", "true"))),
    "privileged-as-json": ok(service("web", key("privileged", "string", True))),
    "host-network": ok(service("web", key("network_mode", "string", "host"))),
    "pid-host": ok(service("web", key("pid", "string", "host"))),
    "cap": ok(service("web", key("cap_add", "list", [{"line": 5, "value": "SYS_ADMIN"}]))),
    "socket": ok(service("web", mount("/var/run/docker.sock"))),
    "root": ok(service("web", mount("/"))),
    "mount-up": ok(service("web", mount("../../../../../etc"))),
    "mount-nul": ok(service("web", mount("./a\u0000/../../etc"))),
    "mount-type": ok(service("web", key("volumes", "mounts", [{"line": 7, "type": "proc", "source": "/", "target": "/x"}]))),
    # keys that are in no table, and known ones in a wrong shape
    "unknown-key": ok(service("web", key("use_api_socket", "bool", "true"))),
    "invented-key": ok(service("web", key("a" * 5000, "string", "x"))),
    "docker-key": ok(service("web", key("HostConfig", "map", [{"line": 1, "key": "Privileged", "value": "true"}]))),
    "unknown-shape": ok(service("web", key("privileged", "never-heard", "true"))),
    "twice": ok(service("web", key("image", "string", "other:1"))),
    "image-query": ok({"name": "web", "line": 3, "keys": [key("image", "string", "a?fromSrc=-&repo=x#")]}),
    "image-option": ok({"name": "web", "line": 3, "keys": [key("image", "string", "--privileged")]}),
    "image-object": ok({"name": "web", "line": 3, "keys": [key("image", "string", {"a": 1})]}),
    "top-key": replaced("top", [{"key": "include", "line": 1, "shape": "string", "value": "/etc/passwd"}]),
    # names that would lead elsewhere
    "service-up": ok(service("../../x")), "service-empty": ok(service("")), "service-option": ok(service("--x")),
    "service-twice": ok(service(), service()), "service-number": ok(service(7)),
    "service-long": ok(service("a" * 70000)),
    # what is missing, or is something else
    "no-compose": without("compose"), "no-services": without("services", "compose"),
    "no-format": without("format", "compose"), "no-keys": without("keys", "service"),
    "no-name": without("name", "service"), "no-image": ok({"name": "web", "line": 3, "keys": []}),
    "services-object": replaced("services", {"web": {}}), "services-empty": replaced("services", []),
    "services-null": replaced("services", None), "format-text": replaced("format", "2"),
    "format-huge": replaced("format", 2**62), "volumes-number": replaced("volumes", 7),
    "files-object": ok(files={"path": "x"}), "files-number": ok(files=[7]), "modes-text": ok(modes="x"),
    # huge
    "many-services": ok(*[service(f"s{i}") for i in range(3000)]),
    "many-keys": ok(service("web", *[key("labels", "map", [])] * 9000)),
    "limits": ok(service("web", key("mem_limit", "string", "9" * 400))),
    "ports": ok(service("web", key("ports", "ports", [{"line": 1, "host_ip": None, "published": "0-99999999999",
                                                       "target": "-1", "protocol": "tcp", "extra": []}]))),
    "deep": frame(b'{"ok":' + b"[" * 100000 + b"]" * 100000 + b"}"),
    "number": frame(b'{"ok":' + b"9" * 100000 + b"}"), "real": frame(b'{"ok":1e400}'),
    "long-frame": struct.pack(">I", 2**32 - 1) + b"{}", "above": struct.pack(">I", 4194305) + b" " * 4194305,
    # no answer of the wire
    "array": frame([]), "nothing": frame({}), "null": frame({"ok": None}), "true": frame({"ok": True}),
    "no-utf8": frame(b'{"ok":"\xff"}'), "same-twice": frame(b'{"ok":{},"ok":{}}'), "cut": ok()[:-9],
    "garbage": b"\x00\xff" * 500, "ok-and-code": frame({"ok": answer(service("web", mount("/"))), "code": "usage"}),
    "code-unknown": frame({"code": "ok", "tag": "APH0000", "message": "fine"}),
    "code-number": frame({"code": 0, "tag": [], "message": {}}),
    "code-escapes": frame({"code": "unreadable", "tag": "\u001b]0;x\u0007", "message": "\u001b[2J\r\n\u001b]52;c;eA==\u0007" * 50}),
    "code-long": frame({"code": "unreadable", "tag": "A" * 9999, "message": "m" * 999999}),
} | {f"file-{i}": ok(files=[{"path": p, "line": 1, "text": "planted"}]) for i, p in enumerate(ESCAPES)} \
  | {f"folder-{i}": ok(folders=[{"path": p, "line": 1}]) for i, p in enumerate(ESCAPES)} \
  | {f"mode-{i}": ok(modes=[{"path": p, "line": 1, "mode": "6777", "recursive": True}]) for i, p in enumerate(ESCAPES)}


@pytest.fixture
def lying(new_stack, image):
    """A stack whose jobs start another program in the place of apphost-read, in a mount namespace of
    their own; .lie(octets) says what it answers."""
    stack = new_stack(httpd=False, daemon=False)
    program = f"{stack.folder}/liar"
    with open(program, "w", encoding="ascii") as f:
        f.write(LIAR.format(python=sys.executable, folder=stack.folder))
    os.chmod(program, 0o755)
    log = open(f"{stack.folder}/apphostd.log", "ab")
    stack.daemon = subprocess.Popen(
        ["unshare", "-m", "--propagation", "private", "sh", "-c",
         'mount --bind "$1" "$2" && exec "$3" -c "$4"', "sh", program, READER, f"{PREFIX}/sbin/apphostd", stack.config],
        stdout=log, stderr=log, start_new_session=True)
    log.close()
    wait_for(stack.answers, 20, "apphostd's socket")
    stack.instance_label = stack.instance()

    def lie(octets):
        with open(f"{stack.folder}/lie", "wb") as f:
            f.write(octets)
    stack.lie = lie
    return stack


def outside(stack):
    """What must not change: names below the folders a lie could aim at."""
    return {folder: sorted(os.listdir(folder)) for folder in
            ("/", "/etc", "/etc/cron.d", stack.folder, stack.state, f"{stack.state}/apps", f"{stack.state}/data")
            if os.path.isdir(folder)}


def test_a_reader_that_lies(lying):
    stack = lying
    script = stack.script("# whatever\n")
    stack.announced += [r"job \d+: install \w+: (failed|rolled-back)"]
    stack.lie(ok())
    stack.ctl("install", script, "--name", "honest", "--yes")
    (container,) = stack.ours()[0]
    honest = stack.engine.inspect(container["Id"])["HostConfig"]
    stack.ctl("uninstall", "honest", "--purge", "--yes")
    before = outside(stack)
    for name, octets in LIES.items():
        stack.lie(octets)
        done = stack.ctl("install", script, "--name", "app", "--yes", check=False)
        said = done.stdout + done.stderr
        assert done.returncode not in (0, 1) and len(done.stderr) > 20, f"{name}: {done.returncode} {said[:500]}"
        assert "\x1b" not in said and "\x07" not in said, name
        assert len(said) < 20000, name
        assert stack.ours() == ([], []) and outside(stack) == before, name
        assert stack.json("list")["apps"] == [], name
    assert stack.daemon.poll() is None

    # Garbage behind a whole answer is not read; what runs is the answer as the policy judged it.
    for name, octets in {"garbage": ok() + b"\xff" * 5000, "second": ok() + ok(service("web", mount("/")))}.items():
        stack.lie(octets)
        stack.ctl("install", script, "--name", "app", "--yes")
        (container,) = stack.ours()[0]
        found = stack.engine.inspect(container["Id"])["HostConfig"]
        for member in ("Privileged", "Binds", "Mounts", "CapAdd", "PidMode", "SecurityOpt", "PidsLimit"):
            assert found.get(member) == honest.get(member), (name, member)
        stack.ctl("uninstall", "app", "--purge", "--yes")


def test_what_a_lie_asks_for_is_asked_of_a_person(lying):
    stack = lying
    more = {"line": 6, "host_ip": None, "published": "2224", "target": "22", "protocol": "tcp", "extra": []}
    stack.announced += [r"job \d+: install \w+: (failed|rolled-back)"]
    asking = service()
    asking["keys"][1] = copy.deepcopy(asking["keys"][1])
    asking["keys"][1]["value"].append(more)
    stack.lie(ok(asking))
    done = stack.ctl("install", stack.script("# whatever\n"), "--name", "app", check=False)
    assert done.returncode != 0 and "2224" in done.stdout + done.stderr
    assert stack.ours() == ([], []) and stack.json("list")["apps"] == []


# --- a child of httpd -----------------------------------------------------------------------------------

REACH = """
import ctypes, json, os, signal, socket, struct, sys
state, runtime, daemon, parent = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
done = []
def may(what, function):
    try:
        function()
    except OSError:
        return
    done.append(what)
def write(path):
    return lambda: os.close(os.open(path, os.O_WRONLY))
def create(folder):
    return lambda: os.close(os.open(folder + "/planted", os.O_WRONLY | os.O_CREAT, 0o666))
for folder, folders, files in os.walk(state):
    may("create in " + folder, create(folder))
    may("rename " + folder, lambda: os.rename(folder, folder + "2"))
    for name in files:
        path = folder + "/" + name
        may("write " + path, write(path))
        may("remove " + path, lambda: os.unlink(path))
        may("chmod " + path, lambda: os.chmod(path, 0o666))
for name in ("apphost.db", "apps", "copies"):
    path = state + "/" + name
    may("read " + path, lambda: os.listdir(path) if os.path.isdir(path) else open(path).close())
may("list data", lambda: os.listdir(state + "/data"))
may("create in runtime", create(runtime))
may("replace socket", lambda: os.unlink(runtime + "/apphostd.sock"))
for pid in (daemon, parent):
    for number in (0, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        may(f"signal {number} {pid}", lambda: os.kill(pid, number))
    for path in (f"/proc/{pid}/mem", f"/proc/{pid}/environ"):
        may(path, lambda: open(path, "rb").close())
    may(f"fd of {pid}", lambda: os.listdir(f"/proc/{pid}/fd"))
    may(f"limits of {pid}", lambda: __import__("resource").prlimit(pid, 7, (5, 5)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, pid, 0, 0) == 0:
        done.append(f"ptrace {pid}")
s = socket.socket(socket.AF_UNIX)
s.connect(runtime + "/apphostd.sock")
b = json.dumps({"v": 1, "op": "install", "args": {"name": "x", "script": "x"}}).encode()
s.sendall(struct.pack(">I", len(b)) + b)
if json.loads(s.recv(65536)[4:]).get("code") != "forbidden":
    done.append("socket")
print(json.dumps(done))
"""


def as_web_server():
    web = pwd.getpwnam("www-data")
    os.setgroups([])
    os.setgid(web.pw_gid)
    os.setuid(web.pw_uid)


def test_what_code_in_a_child_of_httpd_can_reach(stack, image):
    stack.install("app", IMAGE)
    done = subprocess.run([sys.executable, "-c", REACH, stack.state, stack.runtime, str(stack.daemon.pid),
                           str(stack.httpd.pid)], text=True, capture_output=True, check=True, timeout=30,
                          preexec_fn=as_web_server)
    assert json.loads(done.stdout) == []
    assert stat.S_IMODE(os.stat(f"{stack.state}/routes").st_mode) == 0o644
    stack.announced += [r"uid \d+, pid \d+: install: user id"]
    assert stack.get("app").status == 200


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def shared_counters(pid):
    """The module's shared mapping in that process: the largest of those without a file."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        for line in f:
            if m := re.match(r"([0-9a-f]+)-([0-9a-f]+) rw-s .*/dev/zero \(deleted\)", line):
                first, last = int(m[1], 16), int(m[2], 16)
                found.append((last - first, first))
    return max(found)


def test_garbage_in_the_shared_counters(new_stack, image):
    """What a taken-over child could write there, written by the test in its place: httpd and apphostd
    live on, and a start of httpd makes it as new."""
    stack = new_stack()
    stack.install("app", IMAGE)
    assert stack.get("app").status == 200
    parent = stack.httpd.pid
    size, start = shared_counters(parent)
    rows = struct.pack("<i", 1) * 1024, struct.pack("<i", -1) * 1024, b"\xff" * 4096, b"\x7f" * 4096, os.urandom(4096)
    with open(f"/proc/{parent}/mem", "r+b", buffering=0) as memory:
        for garbage in rows:
            for at in (0, 4096, 4096 * 61, size // 2 // 4096 * 4096, size - 4096):
                memory.seek(start + at)
                memory.write(garbage)
            for _ in range(5):
                with contextlib.suppress(OSError):
                    assert stack.get("app").status in (200, 503)
            stack.httpd.send_signal(signal.SIGUSR1)
            time.sleep(0.3)
            assert stack.httpd.poll() is None and stack.daemon.poll() is None
            with contextlib.suppress(OSError):
                assert stack.get("app").status in (200, 503)
            wait_for(lambda: len(children(parent)) > 1, 10, "new children")
    assert stack.json("list")["apps"][0]["state"] == "running"
    assert not re.search(r"exit signal|seg", stack.httpd_log(), re.I), stack.httpd_log()[-2000:]
    stack.stop_httpd()
    stack.start_httpd()
    assert stack.get("app").status == 200
