# SPDX-License-Identifier: Apache-2.0
"""The audit log, idempotency keys, events, and httpd's proof, at apphostd's socket."""
import json
import os
import signal
import stat

from daemon_env import daemon, idle_daemon  # noqa: F401 (fixtures)
from test_800_people import ask, audits, person, rows, sign_in, token


def crypto_auth(key, message):
    """libsodium's: HMAC-SHA512 cut to 32 octets."""
    import hashlib
    import hmac
    return hmac.new(key, message, hashlib.sha512).digest()[:32]


def proven(daemon, op, user, groups=None, key=None, spoil=lambda nonce: nonce, says=None, client=None):
    if key is None:
        with open(f"{daemon.state}/httpd.key", "rb") as f:
            key = f.read()
    client = client or daemon.client()
    nonce = spoil(bytes.fromhex(client.ask("challenge")[-1]["ok"]["nonce"]))
    message = nonce + op.encode() + b"\0" + user.encode() + b"\0" + ",".join(groups or []).encode()
    auth = {"user": says or user, "proof": crypto_auth(key, message).hex()}
    if groups is not None:
        auth["groups"] = groups
    client.frame({"v": 1, "op": op, "args": {}, "auth": auth})
    return client.rest()[-1], auth, client


def test_httpds_proof(daemon):
    person(daemon, "ada", "viewer", external=True)
    there = os.stat(f"{daemon.state}/httpd.key")
    assert stat.S_IMODE(there.st_mode) == 0o600 and there.st_uid == 0 and there.st_size == 32
    for groups in (None, [], ["a"], ["a", "b"]):
        answer, auth, client = proven(daemon, "whoami", "ada", groups)
        assert answer["ok"]["via"] == "httpd" and answer["ok"]["person"]["name"] == "ada"
        client.frame({"v": 1, "op": "whoami", "args": {}, "auth": auth})
        assert client.rest()[-1]["code"] == "signed-out", "a nonce is used once"
        client.ask("challenge")
        client.frame({"v": 1, "op": "whoami", "args": {}, "auth": auth})
        assert client.rest()[-1]["code"] == "signed-out", "and is not another's"
    assert proven(daemon, "person-list", "ada")[0]["code"] == "forbidden"
    for bad in ({"key": b"\0" * 32}, {"spoil": lambda nonce: nonce[::-1]}, {"says": "root"}):
        assert proven(daemon, "whoami", "ada", **bad)[0]["code"] == "signed-out", bad
    assert proven(daemon, "whoami", "nobody")[0]["code"] == "signed-out"
    client = daemon.client()
    client.ask("challenge")
    client.ask("list")      # another request in between: the nonce is gone
    with open(f"{daemon.state}/httpd.key", "rb") as f:
        old = f.read()
    assert daemon.ask("key-rotate") == {"ok": {}}
    assert proven(daemon, "whoami", "ada", key=old)[0]["code"] == "signed-out"
    assert "ok" in proven(daemon, "whoami", "ada")[0]


def test_the_key_is_taken_as_it_is_there(idle_daemon):
    """Who comes second takes what the first has made; one that others can read is none."""
    os.mkdir(idle_daemon.state, 0o755)
    path = f"{idle_daemon.state}/httpd.key"
    with open(path, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(b"k" * 32)
    daemon = idle_daemon.start()
    person(daemon, "ada", "viewer", external=True)
    assert "ok" in proven(daemon, "whoami", "ada", key=b"k" * 32)[0]
    daemon.stop()
    os.chmod(path, 0o640)
    daemon.start()
    assert "httpd.key" in daemon.log() and "ok" in daemon.ask("list")
    assert proven(daemon, "whoami", "ada", key=b"k" * 32)[0]["code"] == "signed-out"


def keyed(daemon, key, op, auth=None, **args):
    with daemon.client(timeout=30) as client:
        client.frame({"v": 1, "op": op, "args": args, "key": key, **({"auth": auth} if auth else {})})
        return client.rest()


def test_keys_of_jobs(daemon):
    """There is no engine: jobs fail, and fail once."""
    person(daemon, "ada", "admin")
    auth = token(daemon, "ada", "catalog", "read")
    first = keyed(daemon, "k-1", "catalog-refresh", auth, dry_run=True)[-1]
    count = len(rows(daemon, "select 1 from jobs"))
    again = keyed(daemon, "k-1", "catalog-refresh", auth, dry_run=True)[-1]
    assert count == 1 and again == first and len(rows(daemon, "select 1 from jobs")) == 1
    assert keyed(daemon, "k-1", "catalog-refresh", auth)[-1]["code"] == "taken"
    keyed(daemon, "k-1", "catalog-refresh", dry_run=True)
    assert len(rows(daemon, "select 1 from jobs")) == 2, "root is somebody else"
    assert keyed(daemon, "k-2", "list", auth)[-1]["code"] == "usage"
    for key in ("", "a b", "k" * 65, "\u00e4", 1, None):
        assert keyed(daemon, key, "catalog-refresh", auth)[-1]["code"] == "usage"
    daemon.stop(signal.SIGKILL)
    daemon.start()
    assert keyed(daemon, "k-1", "catalog-refresh", auth, dry_run=True)[-1] == first
    assert len(rows(daemon, "select 1 from jobs")) == 2


def test_every_change_leaves_one_record(daemon):
    person(daemon, "ada", "admin", password="correct horse battery")
    session = {"session": sign_in(daemon, "ada", "correct horse battery", address="192.0.2.1")["ok"]["session"]}
    count = len(audits(daemon))

    def does(op, **args):
        nonlocal count
        answer = ask(daemon, op, session, address="192.0.2.1", **args)
        assert "ok" in answer or op == "catalog-refresh", answer
        count += 1
        records = audits(daemon)
        assert len(records) == count and records[-1][0] == op and records[-1][3:6] == ("ada", "session", "192.0.2.1")
        return answer
    does("person-add", name="bob", role="viewer")
    does("person-change", name="bob", role="user")
    does("person-password", name="bob")
    made = does("token-add", label="x")["ok"]
    does("token-remove", id=made["id"])
    does("person-remove", name="bob")
    does("catalog-refresh", dry_run=True)
    does("password", old="correct horse battery", new="another horse battery")
    for op in ("list", "status", "jobs", "person-list", "whoami", "audit", "events", "token-list", "session-list"):
        ask(daemon, op, session)
    assert len(audits(daemon)) == count, "looking leaves none"
    records = ask(daemon, "audit", session, limit=3)["ok"]["records"]
    assert [r["op"] for r in records] == ["password", "catalog-refresh", "person-remove"]
    assert records[1]["job_id"] == 1 and records[1]["detail"] == {"dry_run": True} and records[2]["name"] == "bob"
    older = ask(daemon, "audit", session, limit=2, before=records[2]["id"])["ok"]["records"]
    assert [r["op"] for r in older] == ["token-remove", "token-add"]
    assert {r["op"] for r in ask(daemon, "audit", session, name="bob")["ok"]["records"]} == \
        {"person-add", "person-change", "person-password", "person-remove"}
    assert all(r["user"] == "ada" for r in ask(daemon, "audit", session, user="ada")["ok"]["records"])
    assert "horse" not in json.dumps(ask(daemon, "audit", session))


def test_refusals_are_recorded_and_bounded(daemon):
    person(daemon, "ada", "viewer")
    auth = token(daemon, "ada", "read")
    with daemon.client() as client:
        for _ in range(200):
            client.frame({"v": 1, "op": "stop", "args": {"name": "x"}, "auth": auth, "from": "192.0.2.9"})
            assert client.rest()[-1]["code"] == "forbidden"
    refused = [a for a in audits(daemon) if a[2] == "refused"]
    assert refused[0][:6] == ("stop", "", "refused", "ada", "token t", "192.0.2.9") and 20 <= len(refused) < 40


def test_events(daemon):
    first = daemon.ask("events")["ok"]
    assert first["reset"] and first["events"] == []
    assert daemon.ask("events", since=first["next"])["ok"] == {"next": first["next"], "events": [], "reset": False}
    daemon.ask("catalog-refresh", dry_run=True)
    after = daemon.ask("events", since=first["next"])["ok"]
    assert [e["kind"] for e in after["events"]] == ["job"] * 3 and not after["reset"]
    assert [e["state"] for e in after["events"]][:2] == ["queued", "running"]
    assert after["events"][-1]["op"] == "catalog-refresh" and after["events"][-1]["state"] in ("done", "failed")
    assert daemon.ask("events", since=after["next"])["ok"]["events"] == []
    assert daemon.ask("events", since=after["next"] + 1)["ok"]["reset"]
    assert daemon.ask("events", since=first["next"] - 1)["ok"]["reset"]
