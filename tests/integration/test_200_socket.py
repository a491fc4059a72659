# SPDX-License-Identifier: Apache-2.0
"""apphostd's socket from outside: who is served, what a peer may not do, and what it survives. A name
with sock_NN in it is the case of that number in the list of attacks on the socket."""
import array
import contextlib
import fcntl
import grp
import json
import os
import pwd
import re
import resource
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import threading
import time

import pytest

from daemon_env import PREFIX, Client, daemon, idle_daemon  # noqa: F401 (fixtures)

NOBODY = pwd.getpwnam("nobody")


def as_user(uid, gid, code, *arguments):
    """Runs a little program as someone else and returns what it printed."""
    def become():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    done = subprocess.run([sys.executable, "-c", code, *arguments], text=True, capture_output=True,
                          timeout=20, check=False, preexec_fn=become)
    return done.stdout.strip() or done.stderr.strip()


@contextlib.contextmanager
def as_web_server():
    """What is connected inside is the web server's."""
    web = pwd.getpwnam("www-data")
    os.setegid(web.pw_gid)
    os.seteuid(web.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


ASK_LIST = """
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
if len(sys.argv) > 2: s.bind(eval(sys.argv[2]))
try:
    s.connect(sys.argv[1])
except OSError as e:
    print(type(e).__name__); sys.exit()
b = b'{"v":1,"op":"list","args":{},"uid":0}' if len(sys.argv) > 3 else b'{"v":1,"op":"list","args":{}}'
s.sendall(struct.pack('>I', len(b)) + b)
print(s.recv(65536)[4:].decode(), len(s.recv(10)))
"""


def test_root_is_answered(daemon):
    assert daemon.ask("list") == {"ok": {"apps": []}}
    status = daemon.ask("status")["ok"]
    assert status["database"] == "ok" and status["protocol"] == 1 and len(status["instance"]) == 32
    assert status["domains"] == ["home.arpa", "example.org"] and status["apps"] == 0
    assert daemon.ask("jobs") == {"ok": {"jobs": []}}
    assert daemon.ask("status", name="nothing")["code"] == "not-found"


def test_places_and_modes(daemon):
    def mode(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    assert mode(daemon.state) == 0o755 and mode(f"{daemon.state}/apps") == 0o700
    assert mode(daemon.runtime) == 0o750 and mode(daemon.socket_path) == 0o660
    assert os.stat(daemon.runtime).st_gid == pwd.getpwnam("www-data").pw_gid
    assert mode(daemon.database) == 0o600 and mode(f"{daemon.state}/routes") == 0o644


def test_sock_01_nobody_does_not_reach_the_socket(daemon):
    assert as_user(NOBODY.pw_uid, NOBODY.pw_gid, ASK_LIST, daemon.socket_path) == "PermissionError"


def test_sock_01_no_other_group_reaches_the_socket(daemon):
    """Another group is stopped by the folder; the web server's group passes it, and is refused."""
    for group in ("daemon", "users"):
        assert as_user(NOBODY.pw_uid, grp.getgrnam(group).gr_gid, ASK_LIST, daemon.socket_path) == "PermissionError"
    said, _ = as_user(NOBODY.pw_uid, pwd.getpwnam("www-data").pw_gid, ASK_LIST, daemon.socket_path).rsplit(" ", 1)
    assert json.loads(said)["code"] == "forbidden"
    assert f"uid {NOBODY.pw_uid}" in daemon.log()


@pytest.mark.parametrize("op, args", [
    ("list", {}), ("status", {}), ("jobs", {}), ("job", {"job_id": 1}), ("cancel", {"job_id": 1}),
    ("vhost", {"name": "a"}), ("install", {"name": "a", "script": "x"}), ("uninstall", {"name": "a"}),
    ("start", {"name": "a"}), ("stop", {"name": "a"}), ("restart", {"name": "a"}), ("logs", {"name": "a"}),
    ("render", {}), ("reload", {}),
])
def test_sock_03_no_operation_for_the_web_server(daemon, op, args):
    with as_web_server():
        client = daemon.client()
    answer = client.ask(op, **args)[-1]
    assert answer["code"] == "forbidden" and "as root" in answer["message"] and answer["tag"] == "APH0801"
    assert client.receive() is None
    assert daemon.ask("jobs") == {"ok": {"jobs": []}}


def test_sock_04_who_connected_is_who_asks(daemon):
    """The user id counts that connected: not whoever holds the descriptor, nor what became of the process."""
    with as_web_server():
        theirs = daemon.client()
    assert theirs.ask("list")[-1]["code"] == "forbidden", "used by root, it is still theirs"
    ours = daemon.client()
    child = os.fork()
    if child == 0:      # root's connection, handed down to someone else
        os.setgroups([])
        os.setgid(NOBODY.pw_gid)
        os.setuid(NOBODY.pw_uid)
        os._exit(0 if "ok" in ours.ask("list")[-1] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    mine, heirs = socket.socketpair(socket.AF_UNIX)
    child = os.fork()
    if child == 0:      # connects, hands the connection over and is gone: its pid is free again
        web = pwd.getpwnam("www-data")
        os.setgroups([])
        os.setgid(web.pw_gid)
        os.setuid(web.pw_uid)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(daemon.socket_path)
        socket.send_fds(heirs, [b"x"], [connection.fileno()])
        os._exit(0)
    os.waitpid(child, 0)
    _, (fd,), _, _ = socket.recv_fds(mine, 1, 1)
    orphan = Client.__new__(Client)
    orphan.socket = socket.socket(fileno=fd)
    orphan.socket.settimeout(5)
    assert orphan.ask("list")[-1]["code"] == "forbidden"
    for end in (ours, orphan, theirs):
        end.close()
    mine.close()
    heirs.close()


@pytest.mark.parametrize("own", [None, "'/tmp/aph-%d;uid=0;' % __import__('os').getpid()", "'\\0;uid=0;' + str(__import__('os').getpid())"])
def test_sock_02_sock_03_the_web_servers_uid_grants_nothing(daemon, own):
    web = pwd.getpwnam("www-data")
    arguments = [daemon.socket_path] + ([own] if own else [])
    said, closed = as_user(web.pw_uid, web.pw_gid, ASK_LIST, *arguments).rsplit(" ", 1)
    assert json.loads(said)["code"] == "forbidden" and closed == "0"
    assert f"uid {web.pw_uid}" in daemon.log()


FLOOD = """
import os, socket, struct, sys, time
path, connects, idle = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([]); os.setgid(int(sys.argv[5])); os.setuid(int(sys.argv[4]))
held = []
sys.stdout.write("ready"); sys.stdout.flush()
for i in range(connects):
    s = socket.socket(socket.AF_UNIX)
    try:
        s.connect(path)
        if i % 3 == 0: s.sendall(struct.pack(">I", 60000) + b"{")
    except OSError:
        pass
    held.append(s)
    if len(held) > idle: held.pop(0).close()
"""


def test_sock_06_strangers_cannot_shut_root_out(daemon):
    """10,000 connections and 1,000 that are held, from four processes of the web server's user at once:
    root is answered within a second all the while, and nothing is left of them."""
    web = pwd.getpwnam("www-data")
    before, slowest, asked = daemon.descriptors(), 0, 0
    crowd = [subprocess.Popen([sys.executable, "-c", FLOOD, daemon.socket_path, "2500", "250",
                               str(web.pw_uid), str(web.pw_gid)], stdout=subprocess.PIPE) for _ in range(4)]
    for process in crowd:
        assert process.stdout.read(5) == b"ready"
    while any(process.poll() is None for process in crowd):
        began = time.monotonic()
        assert "ok" in daemon.ask("list")
        slowest, asked = max(slowest, time.monotonic() - began), asked + 1
    assert slowest < 1 and asked > 3, (slowest, asked)
    assert all(process.wait() == 0 for process in crowd)
    for process in crowd:
        process.stdout.close()
    print(f"{asked} answers, the slowest after {slowest * 1000:.0f} ms")
    deadline = time.monotonic() + 10
    while daemon.descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert daemon.descriptors() <= before
    assert re.search(rf"uid {web.pw_uid}", daemon.log()), "refusals are in the log"
    assert len(daemon.log().splitlines()) < 200, "and do not fill it"


def test_sock_06_bounds(daemon):
    """16 connections of one user id, 32 of all; what is open above is refused with a reason."""
    with as_web_server():
        crowd = [daemon.client() for _ in range(17)]
    answer = crowd[16].receive()
    assert answer["code"] == "busy" and "16" in answer["message"]
    ours = [daemon.client() for _ in range(15)]
    assert ours[0].ask("status")[-1]["ok"]["connections"] == 31
    time.sleep(0.3)     # idle ones make room for the next of root's
    more = [daemon.client() for _ in range(10)]
    assert more[9].ask("status")[-1]["ok"]["connections"] <= 32
    for client in crowd + ours + more:
        client.close()


def test_sock_05_memory_of_a_connection(daemon):
    """A frame that is all but whole costs no more than 80 KiB."""
    assert "ok" in daemon.ask("list")
    before = daemon.anonymous_kib()
    crowd = [daemon.client() for _ in range(15)]
    for client in crowd:
        client.send(struct.pack(">I", 65536) + b" " * 65535)
    time.sleep(0.5)
    each = (daemon.anonymous_kib() - before) / len(crowd)
    assert each <= 80, each
    print(f"{each:.0f} KiB for each connection")
    for client in crowd:
        client.close()


def test_sock_05_octets_after_the_frame(daemon):
    body = b'{"v":1,"op":"list","args":{}}'
    with daemon.client() as client:
        client.send(struct.pack(">I", len(body)) + body + b"\xff\xff\xff\xff garbage")
        assert client.receive() == {"ok": {"apps": []}}
        assert client.receive()["code"] == "too-large"
        assert client.receive() is None


@pytest.mark.parametrize("octets, code", [
    (struct.pack(">I", 0), "usage"),
    (struct.pack(">I", 65537), "too-large"),
    (struct.pack(">I", 2**31), "too-large"),
    (struct.pack(">I", 2**32 - 1), "too-large"),
    (struct.pack(">I", 1) + b"x", "usage"),
], ids=["zero", "above-limit", "2-31", "2-32", "one"])
def test_sock_05_lengths(daemon, octets, code):
    with daemon.client() as client:
        client.send(octets)
        assert client.receive()["code"] == code
        assert client.receive() is None
    assert "ok" in daemon.ask("list")


@pytest.mark.parametrize("body, code", [
    (b"[]", "usage"), (b"{", "usage"), (b'{"v":1,"v":1}', "usage"), (b'{"v":1,"op":"\xff"}', "usage"),
    (b'{"v":1,"op":"list","args":' + b"[" * 2000 + b"]" * 2000 + b"}", "usage"),
    (b'{"v":1e400,"op":"list"}', "usage"), (b'{"v":' + b"9" * 60000 + b"}", "usage"),
    (b'{"op":"list","args":{}}', "usage"), (b'{"v":2,"op":"list","args":{}}', "version"),
    (b'{"v":true,"op":"list"}', "usage"), (b'{"v":1,"op":"reboot","args":{}}', "usage"),
    (b'{"v":1,"op":7,"args":{}}', "usage"), (b'{"v":1,"op":"list","args":{},"uid":0}', "usage"),
    (b'{"v":1,"op":"watch","args":{}}', "usage"), (b'{"v":1,"op":"status","args":{"name":"a\\u0000b"}}', "usage"),
], ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else value)
def test_sock_08_what_is_no_request_ends_the_connection(daemon, body, code):
    with daemon.client() as client:
        client.frame(body)
        assert client.receive()["code"] == code
        assert client.receive() is None


@pytest.mark.parametrize("op, args", [
    ("list", {"x": 1}), ("status", {"name": "A"}), ("job", {}),
    ("job", {"job_id": -1}), ("job", {"job_id": 2**31}), ("job", {"job_id": 1.5}),
    ("cancel", {"job_id": "1"}), ("start", {}), ("install", {"name": "a"}),
    ("install", {"name": "a", "script": "x" * 49153}), ("install", {"name": "a", "script": "", "plan_hash": "XY"}),
])
def test_sock_08_wrong_arguments_keep_the_connection(daemon, op, args):
    with daemon.client() as client:
        assert client.ask(op, **args)[-1]["code"] == "usage"
        assert "ok" in client.ask("list")[-1]


def test_sock_05_two_requests_in_one_write(daemon):
    body = b'{"v":1,"op":"list","args":{}}'
    with daemon.client() as client:
        client.send((struct.pack(">I", len(body)) + body) * 5)
        for _ in range(5):
            assert client.receive() == {"ok": {"apps": []}}


def test_sock_05_one_octet_a_second(daemon):
    began = time.monotonic()
    with daemon.client() as client:
        answer = None
        for octet in struct.pack(">I", 100) + b" " * 20:
            client.socket.settimeout(1)
            with contextlib.suppress(BrokenPipeError):   # it may hang up just now
                client.send(bytes([octet]))
            with contextlib.suppress(TimeoutError):
                answer = client.receive()
                break
        assert answer["code"] == "usage"
    assert 4.5 < time.monotonic() - began < 7


def test_sock_07_passed_descriptors(daemon):
    with daemon.client() as client, open("/dev/null", "rb") as null:
        client.ask("list")
        before = daemon.descriptors()
        rights = array.array("i", [null.fileno()] * 253)
        body = b'{"v":1,"op":"list","args":{}}'
        for octet in struct.pack(">I", len(body)) + body:
            client.socket.sendmsg([bytes([octet])], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        assert "ok" in client.receive()
        assert daemon.descriptors() <= before   # less: the first copy of the database has been made


def test_sock_07_a_flood_of_descriptors(daemon):
    """20,000 messages with 253 descriptors each: the table of the daemon does not grow."""
    body = b'{"v":1,"op":"list","args":{}}' + b" " * 4000
    with daemon.client() as client, open("/dev/null", "rb") as null:
        client.ask("list")
        before, most = daemon.descriptors(), 0
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null.fileno()] * 253))]
        for _ in range(5):
            for octet in struct.pack(">I", len(body)) + body:
                client.socket.sendmsg([bytes([octet])], rights)
            most = max(most, daemon.descriptors())
            assert "ok" in client.receive()
        assert most <= before + 253 and daemon.descriptors() <= before, "never more than one message's"


def test_sock_06_floods(daemon):
    pss = daemon.pss_kib()
    before = daemon.descriptors()
    for _ in range(3000):
        with contextlib.suppress(OSError):
            daemon.client().close()
    crowd = [daemon.client() for _ in range(100)]
    time.sleep(0.4)
    began = time.monotonic()
    assert "ok" in daemon.ask("list")
    assert time.monotonic() - began < 1
    for client in crowd:
        client.close()
    for _ in range(50):     # leaves without reading its answer
        client = daemon.client()
        client.frame({"v": 1, "op": "status", "args": {}})
        client.close()
    assert "ok" in daemon.ask("list"), "who has left takes nobody's place"
    assert daemon.descriptors() <= before + 1
    assert daemon.pss_kib() < pss + 1024


def test_sock_06_out_of_descriptors(idle_daemon):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
    daemon = idle_daemon.start(preexec_fn=few)
    crowd = []
    for _ in range(15):
        with contextlib.suppress(OSError):
            crowd.append(daemon.client())
    time.sleep(0.3)
    spent = daemon.cpu_seconds()
    time.sleep(0.5)
    assert daemon.process.poll() is None
    assert daemon.cpu_seconds() - spent < 0.2, "it does not turn in circles"
    for client in crowd:
        client.close()
    time.sleep(0.2)
    assert "ok" in daemon.ask("list")


def test_names_that_are_refused(daemon):
    machine = os.uname().nodename.split(".")[0].lower()
    for name in ("apps", "www", "localhost", machine):
        assert daemon.ask("install", name=name, script="x")["code"] in ("taken", "usage")
    for op in ("start", "stop", "restart", "uninstall", "logs"):
        assert daemon.ask(op, name="nothing")["code"] == "not-found"
    assert daemon.ask("jobs") == {"ok": {"jobs": []}}, "a refusal makes no job"


def test_sock_09_second_daemon(daemon):
    done = daemon.run()
    assert done.returncode == 1 and str(daemon.process.pid) in done.stderr
    assert "ok" in daemon.ask("list")


def test_sock_09_many_daemons_at_once(idle_daemon):
    """Eight are started at the same moment: one serves, seven end with status 1 and leave its socket."""
    log = open(idle_daemon.log_path, "ab")
    crowd = [subprocess.Popen([f"{PREFIX}/sbin/apphostd", "-c", idle_daemon.config], stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log) for _ in range(8)]
    log.close()
    deadline = time.monotonic() + 20
    while sum(p.poll() is None for p in crowd) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(p.poll() for p in crowd if p.poll() is not None) == [1] * 7, idle_daemon.log()
    (idle_daemon.process,) = [p for p in crowd if p.poll() is None]
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            assert "ok" in idle_daemon.ask("list")
            return
        time.sleep(0.02)
    raise AssertionError("nobody serves")


def test_sock_09_lock_that_is_let_go(idle_daemon):
    """What a killed daemon had just forked holds the lock a moment longer: it is waited for."""
    idle_daemon.start().stop()
    with open(f"{idle_daemon.runtime}/apphostd.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(0.3, lambda: fcntl.flock(lock, fcntl.LOCK_UN)).start()
        assert "ok" in idle_daemon.start().ask("list")


def test_sock_09_lock_that_is_a_link(idle_daemon):
    idle_daemon.start().stop()
    lock = f"{idle_daemon.runtime}/apphostd.lock"
    os.unlink(lock)
    target = f"{idle_daemon.folder}/somebody-elses"
    with open(target, "w", encoding="ascii") as f:
        f.write("precious")
    os.symlink(target, lock)
    done = idle_daemon.run()
    assert done.returncode == 1 and lock in done.stderr
    with open(target, encoding="ascii") as f:
        assert f.read() == "precious"
    assert not os.path.exists(idle_daemon.socket_path)


def test_sock_09_stale_socket_is_replaced(idle_daemon):
    idle_daemon.start().stop(signal.SIGKILL)
    assert os.path.exists(idle_daemon.socket_path)
    assert "ok" in idle_daemon.start().ask("list")
    assert idle_daemon.stop() == 0
    assert not os.path.exists(idle_daemon.socket_path)


@pytest.mark.parametrize("kind", ["file", "symlink", "folder"])
def test_sock_09_what_is_no_socket_is_not_removed(idle_daemon, kind):
    os.makedirs(idle_daemon.runtime, mode=0o750)
    path = idle_daemon.socket_path
    {"file": lambda: open(path, "wb").close(), "symlink": lambda: os.symlink("/etc/passwd", path),
     "folder": lambda: os.mkdir(path)}[kind]()
    done = idle_daemon.run()
    assert done.returncode == 20 and "apphostd.sock" in done.stderr
    assert os.path.lexists(path)


@pytest.mark.parametrize("spoil", [
    lambda d: os.chmod(d.state, 0o777), lambda d: os.chown(d.state, NOBODY.pw_uid, 0),
    lambda d: (os.rename(d.state, d.state + "2"), os.symlink(d.state + "2", d.state)),
], ids=["writable", "owner", "symlink"])
def test_sock_09_places_that_are_not_ours(idle_daemon, spoil):
    idle_daemon.start().stop()
    spoil(idle_daemon)
    done = idle_daemon.run()
    assert done.returncode == 20 and idle_daemon.state in done.stderr


def damage(daemon):
    with contextlib.suppress(FileNotFoundError):   # whole pages in it would heal the file
        os.unlink(f"{daemon.database}-wal")
    with open(daemon.database, "r+b") as f:
        f.write(b"not a database" * 9)


@pytest.mark.parametrize("spoil, words", [
    (damage, "database"),
    (lambda d: sqlite3.connect(d.database).execute("PRAGMA user_version = 99").close(), "99"),
], ids=["damaged", "newer"])
def test_database_that_cannot_be_used(idle_daemon, spoil, words):
    idle_daemon.start().stop()
    routes = open(f"{idle_daemon.state}/routes", "rb").read()
    spoil(idle_daemon)
    daemon = idle_daemon.start()
    said = daemon.ask("status")["ok"]["database"]
    assert said["code"] in ("config", "internal") and words in said["message"] and "copies" in said["message"]
    for op, args in (("install", {"name": "a", "script": "x"}), ("stop", {"name": "a"}), ("list", {}),
                     ("jobs", {}), ("job", {"job_id": 1}), ("cancel", {"job_id": 1})):
        assert daemon.ask(op, **args)["code"] == "config"
    assert open(f"{daemon.state}/routes", "rb").read() == routes


def test_options(idle_daemon):
    assert idle_daemon.run("-t").returncode == 0
    assert idle_daemon.run("-V").stdout.startswith("apphostd ")
    assert idle_daemon.run("-h").returncode == 0
    assert idle_daemon.run("-x").returncode == 2 and idle_daemon.run("extra").returncode == 2
    with open(idle_daemon.config, "a", encoding="ascii") as f:
        f.write("Nonsense = 1\n")
    done = idle_daemon.run("-t")
    assert done.returncode == 20 and "Nonsense" in done.stderr
    assert not os.path.exists(idle_daemon.state), "a check makes nothing"


def test_daily_copy(daemon):
    copies = f"{daemon.state}/copies"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not (os.path.isdir(copies) and os.listdir(copies)):
        time.sleep(0.05)
    time.sleep(0.2)
    (name,) = os.listdir(copies)
    with contextlib.closing(sqlite3.connect(f"{copies}/{name}")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT value FROM meta WHERE key = 'instance'").fetchone()[0] \
            == daemon.ask("status")["ok"]["instance"]


def test_ready_is_told(idle_daemon):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        path = f"{idle_daemon.folder}/notify"
        notify.bind(path)
        notify.settimeout(5)
        idle_daemon.start(env={"NOTIFY_SOCKET": path})
        assert notify.recv(100) == b"READY=1"


def test_small_and_quick(daemon):
    """The idle monitor stays within 6 MiB, a thousand requests later too."""
    began = time.monotonic()
    with daemon.client() as client:
        for _ in range(1000):
            assert "ok" in client.ask("list")[-1]
    took = time.monotonic() - began
    for _ in range(1000):
        daemon.ask("status")
    assert daemon.pss_kib() <= 6 * 1024
    assert took < 5
    print(f"1,000 list requests: {took * 1000:.0f} ms; PSS {daemon.pss_kib()} KiB")
