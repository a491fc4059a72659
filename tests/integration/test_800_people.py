# SPDX-License-Identifier: Apache-2.0
"""People, sessions and tokens, at apphostd's socket: who is who, and who may what."""
import json
import os
import re
import sqlite3
import signal
import subprocess
import time

from daemon_env import PREFIX, daemon, idle_daemon  # noqa: F401 (fixtures)
from test_200_socket import as_web_server

ROLES = {"admin": {"self", "read", "inspect", "run", "install", "catalog", "people"},
         "viewer": {"self", "read"}, "user": {"self"}}


def operations():
    """Name to scope, from the table the program prints."""
    text = subprocess.run([f"{PREFIX}/bin/apphostctl", "help", "protocol"], text=True, capture_output=True,
                          check=True, timeout=20).stdout
    return dict(re.findall(r"^\| `([a-z-]+)` \| [a-z]+ \| ([a-z]+) \|", text, re.M))


def ask(daemon, op, auth=None, address=None, web=True, **args):
    request = {"v": 1, "op": op, "args": args}
    if auth:
        request["auth"] = auth
    if address:
        request["from"] = address
    if web:
        with as_web_server():
            client = daemon.client()
    else:
        client = daemon.client()
    with client:
        client.frame(request)
        return client.rest()[-1]


def person(daemon, name, role, **more):
    answer = daemon.ask("person-add", name=name, role=role, **more)["ok"]
    return answer["password"]


def sign_in(daemon, name, password, **more):
    return ask(daemon, "sign-in", name=name, password=password, **more)


def token(daemon, name, *scopes, **more):
    return {"token": daemon.ask("token-add", name=name, label="t", scopes=list(scopes), **more)["ok"]["token"]}


def rows(daemon, query, *values):
    db = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def audits(daemon):
    return rows(daemon, "select op, name, result, user, via, from_address, detail from audit order by audit_id")


def test_sign_in_and_out(daemon):
    password = person(daemon, "ada", "admin")
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}", password)
    answer = sign_in(daemon, "ada", password, address="192.0.2.7", agent="a browser")["ok"]
    session = {"session": answer["session"]}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", answer["session"]) and answer["person"]["role"] == "admin"
    assert 29 * 86400 < answer["expires"] - time.time() <= 30 * 86400
    who = ask(daemon, "whoami", session)["ok"]
    assert who["person"]["name"] == "ada" and set(who["scopes"]) == ROLES["admin"] and who["via"] == "session"
    (mine,) = ask(daemon, "session-list", session)["ok"]["sessions"]
    assert mine["current"] and mine["from"] == "192.0.2.7" and mine["agent"] == "a browser"
    assert ask(daemon, "sign-out", session) == {"ok": {}}
    for op in ("whoami", "list", "sign-out"):
        assert ask(daemon, op, session)["code"] == "signed-out", "replayed"
    assert [a[:6] for a in audits(daemon)] == [
        ("person-add", "ada", "done", None, "root", None),
        ("sign-in", "ada", "done", "ada", "session", "192.0.2.7"),
        ("sign-out", "ada", "done", "ada", "session", None)]


def test_the_same_words_for_whom_there_is_not(daemon):
    person(daemon, "ada", "admin", password="correct horse battery")
    person(daemon, "httpds", "viewer", external=True)
    person(daemon, "gone", "viewer", password="correct horse battery")
    assert "ok" in daemon.ask("person-change", name="gone", disabled=True)
    said = [sign_in(daemon, name, word) for name, word in
            (("ada", "wrong horse battery"), ("nobody", "correct horse battery"),
             ("httpds", "correct horse battery"), ("gone", "correct horse battery"))]
    assert all(a == said[0] for a in said) and said[0]["code"] == "signed-out"
    assert "session" in sign_in(daemon, "ada", "correct horse battery")["ok"]
    refused = [a for a in audits(daemon) if a[2] == "refused"]
    assert [a[:2] for a in refused] == [("sign-in", "ada"), ("sign-in", ""), ("sign-in", "httpds"), ("sign-in", "gone")]


def test_wrong_passwords_wait(daemon):
    person(daemon, "ada", "admin", password="correct horse battery")
    person(daemon, "bob", "viewer", password="correct horse battery")
    for _ in range(5):
        assert sign_in(daemon, "ada", "wrong")["code"] == "signed-out"
    waits = sign_in(daemon, "ada", "correct horse battery")
    assert waits["code"] == "too-fast" and re.match(r"wait \d+ seconds", waits["message"])
    assert "ok" in sign_in(daemon, "bob", "correct horse battery"), "only the account waits"
    deadline = time.monotonic() + 20
    while (answer := sign_in(daemon, "ada", "correct horse battery")).get("code") == "too-fast":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "ok" in answer
    assert sign_in(daemon, "ada", "wrong")["code"] == "signed-out", "forgiven"
    assert sign_in(daemon, "ada", "wrong")["code"] == "signed-out"


def test_scope_by_operation(daemon):
    """Every operation of the table with every role, as session and as token: what is not its scope is refused,
    before its arguments are looked at; nothing of root's is anybody's."""
    table = operations()
    assert len(table) > 40
    for role, scopes in ROLES.items():
        password = person(daemon, role + "s", role)
        session = {"session": sign_in(daemon, role + "s", password)["ok"]["session"]}
        single = {"token": daemon.ask("token-add", name=role + "s", label="self", scopes=["self"])["ok"]["token"]}
        for op, scope in table.items():
            for auth, has in ((session, scopes), (single, {"self"})):
                if scope in has or scope == "anyone":
                    continue
                for web in (True, False):
                    answer = ask(daemon, op, auth, web=web, unknown=1)
                    assert answer["code"] == "forbidden", (role, op)
    assert daemon.ask("jobs") == {"ok": {"jobs": []}}


def test_roots_arguments_are_not_an_admins(daemon):
    session = {"session": sign_in(daemon, "ada", person(daemon, "ada", "admin"))["ok"]["session"]}
    for op, args in (("install", {"name": "a", "script": "x"}), ("install", {"name": "a", "entry": "x", "allow": ["y"]}),
                     ("install", {"name": "a", "webapp": "/etc"}), ("update", {"name": "a", "allow": ["y"]})):
        for web in (True, False):
            assert ask(daemon, op, session, web=web, **args)["code"] == "forbidden"


def test_sock_03_what_is_no_credential(daemon):
    password = person(daemon, "ada", "admin")
    good = token(daemon, "ada", "read", "self")
    assert ask(daemon, "list", good) == {"ok": {"apps": []}}
    text = good["token"]
    for auth in ({"token": text[:-1]}, {"token": text[4:]}, {"token": text + "A"}, {"session": text},
                 {"session": text[4:]}, {"token": "aph_" + "A" * 43}, {"session": "A" * 43}, {"token": ""},
                 {"session": "' or 1=1 --"}, {"token": text.swapcase()}):
        assert ask(daemon, "list", auth)["code"] == "signed-out", auth
        assert ask(daemon, "list", auth, web=False)["code"] == "signed-out", "root with a bad one is not root"
    for auth in ({}, [], "x", 1, True, {"token": text, "session": text}, {"user": "ada"}, {"token": 1},
                 {"user": "ada", "password": password}, {"token": text, "uid": 0}):
        assert ask(daemon, "list", auth or {"x": 1})["code"] == "usage", auth
    for address in ("x y", "a" * 64, "1.2.3.4\n", "<script>"):
        assert ask(daemon, "list", good, address=address)["code"] == "usage"
    assert ask(daemon, "list")["code"] == "forbidden"


def test_tokens(daemon):
    password = person(daemon, "ada", "viewer")
    session = {"session": sign_in(daemon, "ada", password)["ok"]["session"]}
    made = ask(daemon, "token-add", session, label="monitor", days=1)["ok"]
    assert made["scopes"] == ["read"] and made["token"].startswith("aph_")
    auth = {"token": made["token"]}
    assert "ok" in ask(daemon, "list", auth)
    assert ask(daemon, "whoami", auth)["code"] == "forbidden", "it may read, and nothing else"
    assert ask(daemon, "token-add", session, label="more", scopes=["run"])["code"] == "forbidden"
    assert ask(daemon, "token-add", session, label="more", scopes=["root"])["code"] == "usage"
    assert ask(daemon, "token-add", session, label="more", name="bob")["code"] == "forbidden"
    person(daemon, "bob", "viewer")
    other = {"token": daemon.ask("token-add", name="bob", label="b", scopes=["self"])["ok"]["token"]}
    assert ask(daemon, "token-add", other, label="more")["code"] == "usage", "no more than its own: none of read"
    assert ask(daemon, "token-list", other, name="ada")["code"] == "forbidden"
    assert ask(daemon, "token-remove", other, id=made["id"])["code"] == "not-found"
    (row,) = ask(daemon, "token-list", session)["ok"]["tokens"]
    assert row["label"] == "monitor" and row["scopes"] == ["read"] and "token" not in row
    assert ask(daemon, "token-remove", session, id=made["id"]) == {"ok": {}}
    assert ask(daemon, "list", auth)["code"] == "signed-out"


def test_what_runs_out(daemon):
    password = person(daemon, "ada", "viewer")
    old = {"session": sign_in(daemon, "ada", password)["ok"]["session"]}
    idle = {"session": sign_in(daemon, "ada", password)["ok"]["session"]}
    short = token(daemon, "ada", "read", days=1)
    assert all("ok" in ask(daemon, "list", auth) for auth in (old, idle, short))
    db = sqlite3.connect(daemon.database)
    first, second = [r[0] for r in db.execute("select digest from sessions")]
    db.execute("update sessions set expires = 1 where digest = ?", (first,))
    db.execute("update sessions set seen = ? where digest = ?", (int(time.time()) - 7 * 86400 - 1, second))
    db.execute("update tokens set expires = ?", (int(time.time()) - 1,))
    db.commit()
    db.close()
    assert all(ask(daemon, "list", auth)["code"] == "signed-out" for auth in (old, idle, short))
    assert "ok" in sign_in(daemon, "ada", password)
    assert rows(daemon, "select count(*) from sessions") == [(1,)], "the others are forgotten"


def test_a_new_password_ends_other_sessions(daemon):
    password = person(daemon, "ada", "viewer")
    here, there = ({"session": sign_in(daemon, "ada", password)["ok"]["session"]} for _ in range(2))
    assert ask(daemon, "password", here, old="wrong", new="correct horse battery")["code"] == "denied"
    assert ask(daemon, "password", here, old=password, new="short")["code"] == "usage"
    assert ask(daemon, "password", here, old=password, new="correct horse battery") == {"ok": {}}
    assert "ok" in ask(daemon, "whoami", here) and ask(daemon, "whoami", there)["code"] == "signed-out"
    assert sign_in(daemon, "ada", password)["code"] == "signed-out"
    there = {"session": sign_in(daemon, "ada", "correct horse battery")["ok"]["session"]}
    made = daemon.ask("person-password", name="ada")["ok"]["password"]
    assert all(ask(daemon, "whoami", s)["code"] == "signed-out" for s in (here, there))
    here, there = ({"session": sign_in(daemon, "ada", made)["ok"]["session"]} for _ in range(2))
    assert ask(daemon, "sign-out", here, everywhere=True) == {"ok": {}}
    assert all(ask(daemon, "whoami", s)["code"] == "signed-out" for s in (here, there))


def test_changes_of_people_count_at_once(daemon):
    password = person(daemon, "ada", "admin")
    person(daemon, "bob", "admin")
    session = {"session": sign_in(daemon, "ada", password)["ok"]["session"]}
    auth = token(daemon, "ada", "read", "people")
    assert daemon.ask("person-change", name="ada", role="viewer", groups=["family"])["ok"]["person"]["groups"] == ["family"]
    assert ask(daemon, "whoami", session)["code"] == "signed-out"
    assert ask(daemon, "person-list", auth)["code"] == "forbidden", "a token has no more than its person"
    assert "ok" in ask(daemon, "list", auth)
    daemon.ask("person-change", name="ada", disabled=True)
    assert ask(daemon, "list", auth)["code"] == "signed-out"
    daemon.ask("person-change", name="ada", disabled=False)
    assert "ok" in ask(daemon, "list", auth)
    assert daemon.ask("person-remove", name="ada") == {"ok": {}}
    assert ask(daemon, "list", auth)["code"] == "signed-out"
    person(daemon, "ada", "admin")
    assert ask(daemon, "list", auth)["code"] == "signed-out", "another person of the same name"


def test_the_last_admin_stays(daemon):
    person(daemon, "ada", "admin")
    person(daemon, "bob", "viewer")
    count = len(audits(daemon))
    for op, args in (("person-remove", {}), ("person-change", {"role": "viewer"}), ("person-change", {"disabled": True})):
        assert daemon.ask(op, name="ada", **args)["code"] == "denied"
    assert daemon.ask("person-list")["ok"]["people"][0]["role"] == "admin" and len(audits(daemon)) == count
    assert "ok" in daemon.ask("person-change", name="bob", role="admin")
    assert "ok" in daemon.ask("person-remove", name="ada")
    assert daemon.ask("person-remove", name="bob")["code"] == "denied"


def test_secrets_are_nowhere(daemon):
    chosen, generated = "correct horse battery", person(daemon, "bob", "viewer")
    person(daemon, "ada", "admin", password=chosen)
    session = sign_in(daemon, "ada", chosen)["ok"]["session"]
    made = token(daemon, "ada", "read")["token"]
    ask(daemon, "password", {"session": session}, old=chosen, new="another horse battery")
    ask(daemon, "list", {"token": made})
    ask(daemon, "list", {"token": "aph_" + "B" * 43})
    daemon.stop()
    for folder, _, names in os.walk(daemon.folder):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                octets = f.read()
            for secret in (chosen, generated, session, made, made[4:], "another horse battery"):
                assert secret.encode() not in octets, (name, secret)


def test_sessions_survive_a_killed_daemon(daemon):
    password = person(daemon, "ada", "admin")
    session = {"session": sign_in(daemon, "ada", password)["ok"]["session"]}
    auth = token(daemon, "ada", "read")
    daemon.stop(signal.SIGKILL)
    daemon.start()
    assert "ok" in ask(daemon, "whoami", session) and "ok" in ask(daemon, "list", auth)
    assert rows(daemon, "pragma integrity_check") == [("ok",)]


def test_who_hangs_up_has_no_session_and_his_try_counts(daemon):
    person(daemon, "ada", "admin", password="correct horse battery")
    for _ in range(5):
        with daemon.client() as client:
            client.frame({"v": 1, "op": "sign-in", "args": {"name": "ada", "password": "wrong"}})
    deadline = time.monotonic() + 20
    while sign_in(daemon, "ada", "wrong").get("code") != "too-fast":
        assert time.monotonic() < deadline
    assert rows(daemon, "select count(*) from sessions") == [(0,)]


def test_many_at_once(daemon):
    """Two hashes at a time, a few wait, the rest is sent away; everything else is answered meanwhile."""
    person(daemon, "ada", "admin", password="correct horse battery")
    clients = [daemon.client(timeout=30) for _ in range(14)]
    for i, client in enumerate(clients):
        client.frame({"v": 1, "op": "sign-in", "args": {"name": f"n{i}", "password": "x"}})
    began = time.monotonic()
    assert daemon.ask("list") == {"ok": {"apps": []}} and time.monotonic() - began < 2
    codes = sorted(client.rest()[-1]["code"] for client in clients)
    assert codes.count("signed-out") >= 8 and set(codes) <= {"signed-out", "too-fast"}
    for client in clients:
        client.close()


def test_on_the_command_line(daemon):
    def ctl(*words, code=0):
        done = subprocess.run([f"{PREFIX}/bin/apphostctl", "--socket", daemon.socket_path, *words], text=True,
                              capture_output=True, timeout=30, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout
    assert "person add" in ctl("person", "list")
    password = ctl("person", "add", "ada", "--role", "admin", "--group", "family").strip()
    assert "ok" in sign_in(daemon, "ada", password)
    assert "family" in ctl("person", "list")
    made = ctl("token", "add", "ada", "script", "--scope", "read", "--days", "3").strip()
    assert "ok" in ask(daemon, "list", {"token": made})
    assert "script" in ctl("token", "list")
    (session,) = json.loads(ctl("--json", "session", "list"))["sessions"]
    ctl("session", "end", session["id"])
    ctl("token", "remove", "1")
    ctl("token", "remove", "1", code=6)
    ctl("person", "remove", "ada", code=3)
    assert len(ctl("person", "password", "ada").strip()) == 23
