# SPDX-License-Identifier: Apache-2.0
"""What must never happen to the httpd that serves: a lost request, a full scoreboard, an end. Counts for
long runs come from the environment: APPHOST_RELOADS (under load), APPHOST_LONG_RELOADS (with an open
connection in each generation), APPHOST_MUTATIONS with APPHOST_SEED, APPHOST_KILLS (1: at every call,
3: at every third)."""
import contextlib
import os
import random
import shutil
import subprocess

import backends
from httpd_env import wait_until
from reload_env import Load


def count(name, default):
    return int(os.environ.get(name, default))


def ask_both(server):
    """A request of the admin's site and one of an app, each on a new connection."""
    if server.blog() != b"the blog\n":
        return "the blog is not there"
    answer = server.get("app1")
    return None if answer.status == 200 and b'"one"' in answer.body else f"{answer.status} of the app"


def test_reloads_under_load(sites):
    """No request on a new connection is lost, whichever generation it meets."""
    app = sites.app(backends.echo("one"))
    sites.routes(app1=app.port)
    with Load(sites, ask_both) as load:
        for number in range(count("APPHOST_RELOADS", 20)):
            answer = sites.apply({1: sites.vhost(1, mark=str(number))}) if number % 2 else sites.change("reload")
            assert answer.ok and "reloaded=1" in answer.said, answer.error
    assert not load.failed, f"{len(load.failed)} of {load.count}: {load.failed[:5]}"
    print(f"{load.count} requests")
    assert load.count > 100


def still_open(connection, text):
    connection.sendall(backends.frame(text))
    return connection.recv(4096) == backends.frame(text)


def test_long_connection_in_each_generation(sites):
    """Reloads are refused before the scoreboard is full: httpd answers, and every connection lives."""
    app = sites.app(backends.websocket("one"))
    sites.routes(app1={"port": app.port, "max_upgrades": 40})
    assert sites.apply({1: sites.vhost(1)}).ok
    held, refused, reloaded = [], 0, True
    with contextlib.ExitStack() as stack:
        for number in range(count("APPHOST_LONG_RELOADS", 60)):
            if reloaded:
                connection, head = sites.upgrade("app1")
                stack.callback(connection.close)
                assert "101" in head.splitlines()[0]
                held.append(connection)
            answer = sites.change("reload", ROOM_MS="0" if refused else "1000")
            reloaded = answer.ok
            refused += not answer.ok
            if not answer.ok:
                assert " busy: httpd has no room for a reload: " in answer.error
                assert "of its 8 process slots are in use" in answer.error and "ServerLimit" in answer.error
            if number % 20 == 0:
                assert sites.blog() == b"the blog\n"
        assert refused and len(held) >= 4
        before = sites.enabled()
        changed = sites.apply({1: sites.vhost(1, mark="2")}, ROOM_MS="0")
        assert not changed.ok and "Nothing was changed" in changed.error and sites.enabled() == before
        assert all(still_open(s, f"number {n}") for n, s in enumerate(held))
        for _ in range(50):
            assert sites.blog() == b"the blog\n"
        print(f"{len(held)} connections, {refused} refused")
    wait_until(lambda: int(sites.probe()["quiescing"]) == 0, 20, "the end of the old generations")
    assert sites.apply({1: sites.vhost(1, mark="2")}).ok and sites.mark(1) == "2"


WORDS = ["ServerName", "Listen 1", "ErrorLog", "<Location />", "</Location>", "</VirtualHost>", "Include x", "\\",
         "ServerAlias *", "ProxyPass / http://127.0.0.1:1/", "RequestHeader set X y", '"', "<If \"true\">", "ServerRoot /",
         "CustomLog logs/x common", "SetEnv a b", "PidFile /x", "User nobody", "LoadModule x y", "Define a b",
         "ServerAlias blog.example", "Header set A b", "Redirect / /x", "#", "<IfModule x>", "Alias /x /etc", "Timeout 1",
         "DocumentRoot /nonexistent", "Options +All", "ErrorDocument 404 x", "CustomLog |/bin/false x", "${X}", "\t"]


def mutate(text, rng):
    for _ in range(rng.randint(1, 3)):
        lines = text.split("\n")
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        kind = rng.randrange(7)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[other])
        elif kind == 2:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 3:
            lines.insert(at, rng.choice(WORDS))
        text = "\n".join(lines)
        if kind > 3 and text:
            at = rng.randrange(len(text))
            piece = {4: chr(rng.randrange(1, 256)), 5: "", 6: rng.choice(WORDS)}[kind]
            text = text[:at] + piece + text[at + 1:]
    return text


def test_mutated_sets(sites):
    """Whatever the text: httpd goes on with the set that was accepted last, and so do the other sites."""
    seed = count("APPHOST_SEED", 1)
    rng, accepted, parent = random.Random(seed), {}, sites.process.pid
    # DocumentRoot is not there; names of hosts; a child that ended while httpd was counting its children.
    sites.announced += ["AH00112", "AH00548", "AH00488", "AH00291"]
    taken = 0
    for number in range(count("APPHOST_MUTATIONS", 60)):
        wanted = {1: sites.vhost(1, mark=str(number)), 2: mutate(sites.vhost(2, mark=str(number)), rng)}
        answer = sites.apply(wanted)
        if answer.ok:
            accepted, taken = wanted, taken + 1
        elif "APH2085" not in answer.error:
            assert "app2" in answer.error, f"seed {seed}, number {number}: {answer.error}"
        assert sites.blog() == b"the blog\n", f"seed {seed}, number {number}: {wanted[2]}"
        assert sites.enabled() == accepted, f"seed {seed}, number {number}"
        assert sites.process.poll() is None and sites.pid() == parent, \
            f"seed {seed}, number {number}: {answer.error}{wanted[2]}"
    print(f"{taken} sets were accepted")


KILLED_AT = "mkdir,rename,symlink,unlink,unlinkat,rmdir,fsync,pidfd_send_signal,ftruncate"


def test_killed_while_applying(sites):
    """At each of the calls that change something: the set is whole and one of the two, httpd would start
    with it, and the next one to apply finishes."""
    assert shutil.which("strace"), "strace is not installed"
    texts = [{1: sites.vhost(1, mark="a"), 2: sites.vhost(2, mark="a")},
             {1: sites.vhost(1, mark="b"), 3: sites.vhost(3, mark="b")}]
    assert sites.apply(texts[0]).ok
    killed, step = 0, count("APPHOST_KILLS", 3)
    for call in KILLED_AT.split(","):
        for number in range(1 + count("APPHOST_SEED", 1) % step, 100, step):
            before, after = sites.enabled(), texts[1] if sites.enabled() == texts[0] else texts[0]
            sites.want(after)
            done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={number}",
                                   *sites.command("apply", sites.wanted)], capture_output=True, text=True, timeout=60)
            if done.returncode == 0:
                break
            assert done.returncode in (-9, 137), done.stderr
            killed += 1
            assert sites.enabled() in (before, after), f"{call} {number}"
            assert sites.check().returncode == 0, f"{call} {number}"
            finished = sites.apply(after)
            assert finished.ok, f"{call} {number}: {finished.error}"
            assert sites.enabled() == after and sites.leftovers() == [], f"{call} {number}"
            assert sites.mark(1) == ("b" if after == texts[1] else "a"), f"{call} {number}"
    assert killed > 30 // step
    print(f"killed {killed} times")


def test_killed_and_started(sites):
    """After the swap and before the signal: who starts httpd then gets the new set."""
    assert sites.apply({1: sites.vhost(1, mark="a")}).ok
    sites.want({1: sites.vhost(1, mark="b")})
    subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "inject=pidfd_send_signal:signal=KILL:when=1",
                    *sites.command("apply", sites.wanted)], capture_output=True, timeout=60)
    assert sites.mark(1) == "a" and sites.enabled() == {1: sites.vhost(1, mark="b")}
    sites.stop()
    sites.start()
    assert sites.mark(1) == "b"


def test_many_at_once_are_one(sites):
    """Reloads asked for at the same time are one, or two; so are sets."""
    assert sites.apply({1: sites.vhost(1)}).ok
    generation = int(sites.probe()["generation"])
    for words in (["reload"], ["apply", sites.want({1: sites.vhost(1, mark="2")})]):
        started = [subprocess.Popen(sites.command(*words), stdout=subprocess.PIPE, text=True) for _ in range(8)]
        said = [p.communicate(timeout=60)[0] for p in started]
        assert all(p.returncode == 0 for p in started)
        assert sum("coalesced=1" in line for line in said) >= 6, said
    assert int(sites.probe()["generation"]) <= generation + 3
