# SPDX-License-Identifier: Apache-2.0
"""apphostctl against a peer that says what the test wants: no engine, no daemon, no root."""
import json
import os
import stat
import struct
import subprocess
import threading

import pytest

from scripted_peer import CTL, PREFIX, Peer, Terminal, frame

PLAN = {
    "name": "photos", "app_id": 7, "port": 35007, "url": "http://photos.home.arpa/",
    "data": "/var/lib/apphost/data/7",
    "content": {
        "ports": [{"service": "web", "host": None, "target": 80, "protocol": "tcp", "web": True}],
        "folders": [{"path": "pics", "new": True}], "files": ["docker-compose.yml"]},
    "images": [{"service": "web", "ref": "nginx:1.27", "id": None, "pull": True, "octets": None}],
    "asked": [], "refused": [], "rewritten": [],
    "machine": {"disk_free": 40000000000, "memory_free": 2000000000},
}
ASK = {"id": "ports.2224/tcp", "key": "services.web.ports", "line": 12, "verdict": "ask",
       "value": "2224:22", "reason": "the app can be reached from your network on port 2224"}
DENY = {"id": "privileged", "key": "services.web.privileged", "line": 9, "verdict": "deny",
        "value": "true", "reason": "the container would own this machine"}
DONE = {"ok": {"name": "photos", "url": "http://photos.home.arpa/", "app_id": 7, "ports": [],
               "data": "/var/lib/apphost/data/7"}}


def planned(finding=None, part="asked"):
    plan = dict(PLAN, **{part: [finding] if finding else []})

    def answer(args, send):
        send({"progress": {"job": 12, "step": "plan", "text": "", "done": 0, "total": 0, "unit": ""}})
        send({"ok": {"plan": plan, "plan_hash": "ab12"}} if args.get("plan_only") else DONE)
    return answer


@pytest.fixture
def peer(tmp_path):
    peers = []

    def make(**answers):
        peers.append(Peer(tmp_path, answers))
        return peers[-1]
    yield make
    for one in peers:
        one.close()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "photos.sh"
    path.write_text("cat > docker-compose.yml << 'EOF'\nEOF\ndocker-compose up -d\n")
    return path


def test_install_shows_then_installs_what_was_shown(peer, script):
    daemon = peer(install=planned())
    done = daemon.ctl("install", script, "--name", "photos")
    assert done.returncode == 0, done.stderr
    assert "nginx:1.27" in done.stdout and "http://photos.home.arpa/" in done.stdout
    first, second = (request["args"] for request in daemon.asked)
    assert first["plan_only"] is True and "yes" not in first
    assert second["plan_hash"] == "ab12" and second["yes"] is True and "plan_only" not in second
    assert first["script"] == second["script"] == script.read_text()


def test_install_yes_asks_apphostd_once(peer, script):
    daemon = peer(install=planned())
    assert daemon.ctl("install", script, "--name", "photos", "--yes").returncode == 0
    assert [request["args"].get("yes") for request in daemon.asked] == [True]


def test_plan_changes_nothing(peer, script):
    daemon = peer(install=planned(ASK))
    done = daemon.ctl("install", script, "--name", "photos", "--plan")
    assert done.returncode == 0 and "2224" in done.stdout
    assert [request["args"]["plan_only"] for request in daemon.asked] == [True]
    alone = daemon.ctl("install", script, "--name", "photos", "--plan", "--json")
    assert json.loads(alone.stdout)["plan_hash"] == "ab12"


def test_consent_is_not_assumed_without_a_terminal(peer, script):
    daemon = peer(install=planned(ASK))
    done = daemon.ctl("install", script, "--name", "photos")
    assert done.returncode == 4 and "--yes" in done.stderr
    assert "line 12" in done.stdout and ASK["reason"] in done.stdout
    assert len(daemon.asked) == 1


def test_refusal_is_named_and_nothing_is_asked(peer, script):
    daemon = peer(install=planned(DENY, "refused"))
    done = daemon.ctl("install", script, "--name", "photos")
    assert done.returncode == 3 and "line 9" in done.stdout and DENY["reason"] in done.stdout
    assert len(daemon.asked) == 1


@pytest.mark.parametrize("finding, part, code", [(DENY, "refused", "denied"), (ASK, "asked", "consent")])
@pytest.mark.parametrize("more", [(), ("--plan",)])
def test_json_is_one_object_with_the_reasons(peer, script, finding, part, code, more):
    daemon = peer(install=planned(finding, part))
    done = daemon.ctl("install", script, "--name", "photos", "--json", *more)
    said = json.loads(done.stdout)
    assert said["plan"][part] == [finding] and done.stderr == ""
    assert said.get("code") == (None if code == "consent" and more else code)


@pytest.mark.parametrize("words", [("help",), ("--help",), ("help", "install"), ("install", "--help"),
                                   ("help", "exit-codes"), ("version",)])
def test_pages_as_json(words):
    text = json.loads(ctl("--json", *words).stdout)
    plain = ctl(*words).stdout
    assert words == ("version",) or text["help"] == plain


@pytest.mark.parametrize("finding,keys,code,asked", [
    (None, "\n", 0, 2), (None, "n\n", 17, 1),
    (ASK, "\n", 4, 1), (ASK, "maybe\ny\n", 0, 2), (ASK, "\x04", 4, 1)])
def test_a_person_is_asked(peer, script, finding, keys, code, asked):
    daemon = peer(install=planned(finding))
    terminal = Terminal(daemon, "install", script, "--name", "photos")
    terminal.wait_for("[y/N]" if finding else "[Y/n]")
    terminal.type(keys)
    assert terminal.end() == code, terminal.plain()
    assert len(daemon.asked) == asked


def test_interrupted_job_goes_on(peer, script):
    gone = threading.Event()

    def slow(args, send):
        for n in range(200):
            send({"progress": {"job": 12, "step": "pull", "text": "nginx:1.27", "done": n * 100000,
                               "total": 67100000, "unit": "bytes"}})
            if gone.wait(0.05):
                return
    daemon = peer(install=slow)
    terminal = Terminal(daemon, "install", script, "--name", "photos", "--yes")
    terminal.wait_for("of 67.1 MB")
    terminal.type("\x03")
    assert terminal.end() == 130
    gone.set()
    assert "apphostctl job 12 -f" in terminal.plain()


def test_progress_is_lines_where_it_cannot_be_redrawn(peer, script):
    frames = [{"progress": {"job": 1, "step": "pull", "text": "nginx", "done": n, "total": 9,
                            "unit": "bytes"}} for n in range(10)]
    daemon = peer(install=[*frames, {"log": "pulled"}, DONE])
    done = daemon.ctl("install", script, "--name", "photos", "--yes")
    assert "\r" not in done.stderr and "\x1b" not in done.stderr + done.stdout
    assert done.stderr.count("pull  nginx") == 1 and "pulled" in done.stderr
    quiet = daemon.ctl("install", script, "--name", "photos", "--yes", "--quiet")
    assert quiet.stderr == "" and quiet.returncode == 0


def test_list(peer):
    apps = [{"name": "photos", "app_id": 7, "port": 35007, "state": "running", "web": True,
             "url": ["http://photos.home.arpa/"]},
            {"name": "a" * 63, "app_id": 8, "port": 35008, "state": "failing", "web": False, "url": []}]
    daemon = peer(list=[{"ok": {"apps": apps}}])
    done = daemon.ctl("list")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split() == ["NAME", "STATE", "PORT", "ADDRESS"]
    assert "a" * 63 in done.stdout and "35008" not in done.stdout
    assert json.loads(daemon.ctl("list", "--json").stdout)["apps"] == apps
    terminal = Terminal(daemon, "list", columns=60)
    assert terminal.end() == 0
    assert max(len(line) for line in terminal.plain().splitlines()) <= 60


def test_nothing_a_terminal_would_obey_reaches_it(peer):
    daemon = peer(logs=[{"log": "\x1b]0;owned\x07 \u202eevil"}, {"ok": {}}])
    terminal = Terminal(daemon, "logs", "photos")
    assert terminal.end() == 0
    assert "\x1b" not in terminal.text and "\u202e" not in terminal.text and "owned" in terminal.text
    assert "\x1b]0;owned" in daemon.ctl("logs", "photos").stdout, "a pipe gets the octets themselves"


def test_errors_of_apphostd_keep_code_and_tag(peer):
    daemon = peer(start=[{"code": "not-found", "tag": "APH0999", "message": "there is no app ghost"}])
    done = daemon.ctl("start", "ghost")
    assert done.returncode == 6
    assert done.stderr == "apphostctl: there is no app ghost. (APH0999)\n"
    machine = daemon.ctl("--json", "start", "ghost")
    assert machine.returncode == 6 and machine.stderr == ""
    assert json.loads(machine.stdout) == {"code": "not-found", "tag": "APH0999",
                                          "message": "there is no app ghost"}


@pytest.mark.parametrize("answer,code,word", [
    (b"", 14, "closed"), (struct.pack(">I", 12), 14, "cannot be read"), (struct.pack(">I", 0x7fffffff), 19, ""),
    (frame({"surprise": 1}), 15, "version"),
    (frame({"code": "version", "tag": "APH0001", "message": "I speak 2, you speak 1"}), 15, "speak 2")])
def test_broken_answers(peer, answer, code, word):
    done = peer(list=answer).ctl("list")
    assert done.returncode == code and word in done.stderr, done.stderr


def ctl(*args, **more):
    return subprocess.run([CTL, *map(str, args)], text=True, capture_output=True, timeout=30, **more)


def test_apphostd_that_is_not_there_is_told_apart(tmp_path, peer):
    absent = ctl("--socket", tmp_path / "absent", "list")
    assert absent.returncode == 14 and "no socket" in absent.stderr
    stale = peer(list=[])
    stale.close()
    assert "nobody listens" in ctl("--socket", stale.path, "list").stderr
    (tmp_path / "file").write_text("")
    assert "not a socket" in ctl("--socket", tmp_path / "file", "list").stderr
    long = ctl("--socket", tmp_path / ("x" * 120), "list")
    assert long.returncode == 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_permission_denied_is_told_apart(peer, tmp_path):
    daemon = peer(list=[{"ok": []}])
    os.chmod(daemon.path, stat.S_IRUSR | stat.S_IWUSR)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        os.chmod(folder, 0o755)
    done = ctl("--socket", daemon.path, "list", user=65534, group=65534, extra_groups=[])
    assert done.returncode == 13 and "root" in done.stderr


def test_oversized_and_foreign_scripts_are_not_sent(peer, tmp_path):
    daemon = peer(install=[DONE])
    for content, code in ((b"a" * 49153, 19), (b"\xff\xfe", 5), (b"a\0b", 5), (b"", 5)):
        (tmp_path / "bad.sh").write_bytes(content)
        done = daemon.ctl("install", tmp_path / "bad.sh", "--name", "photos", "--yes")
        assert done.returncode == code, done.stderr
    assert daemon.ctl("install", tmp_path / "none.sh", "--name", "photos", "--yes").returncode == 6
    assert daemon.ctl("install", "-", "--name", "photos", "--yes", stdin="x" * 50000).returncode == 19
    assert daemon.asked == []


def test_names_are_checked_before_anything_is_sent(peer, script):
    daemon = peer(install=[DONE])
    done = daemon.ctl("install", script, "--name", "No Good", "--yes")
    assert done.returncode == 2 and "name" in done.stderr and daemon.asked == []


def test_purge_is_confirmed(peer):
    daemon = peer(status=[{"ok": {"name": "photos", "plan": {"data": "/srv/data/7"}}}],
                  uninstall=[{"ok": {"name": "photos", "data": "gone", "volumes": [],
                                      "folders": [{"path": "/srv/data/7/pics", "octets": 2000}]}}])
    assert daemon.ctl("uninstall", "photos", "--purge").returncode == 4
    assert daemon.ops() == ["status"]
    terminal = Terminal(daemon, "uninstall", "photos", "--purge")
    terminal.wait_for("[y/N]")
    assert "/srv/data/7" in terminal.plain()
    terminal.type("y\n")
    assert terminal.end() == 0 and "2.0 kB  /srv/data/7/pics" in terminal.plain()
    assert daemon.asked[-1]["args"] == {"name": "photos", "purge": True}


def test_jobs_and_job(peer):
    job = {"job_id": 12, "op": "install", "name": "photos", "state": "ended", "result": "failed",
           "code": "image", "tag": "APH0500", "message": "no such image", "step": "pull",
           "created": 1700000000, "started": 1700000000, "ended": 1700000065, "answer": None}
    daemon = peer(jobs=[{"ok": {"jobs": [job]}}], job=[{"ok": dict(job, log="one\ntwo\n")}],
                  cancel=[{"ok": {}}])
    done = daemon.ctl("jobs")
    assert "1 min 5 s" in done.stdout and "failed" in done.stdout
    one = daemon.ctl("job", 12)
    assert one.returncode == 0 and "no such image" in one.stdout and "\ntwo\n" in one.stdout
    assert daemon.ctl("job", 12, "--cancel").returncode == 0
    assert daemon.ops() == ["jobs", "job", "cancel"]


def test_following_a_job_ends_as_the_job_does(peer):
    failed = {"job_id": 12, "state": "ended", "result": "failed", "code": "image", "tag": "APH0500",
              "message": "no such image"}
    daemon = peer(job=[{"log": "one"}, {"ok": failed}])
    done = daemon.ctl("job", 12, "-f")
    assert done.returncode == 10 and "no such image. (APH0500)" in done.stderr and "one" in done.stderr
    daemon.answers["job"] = [{"code": "unhealthy", "tag": "APH0501", "message": "no answer"}]
    assert daemon.ctl("job", 12, "-f").returncode == 12
    daemon.answers["job"] = [{"log": "two"}, {"ok": {"name": "photos"}}]
    assert daemon.ctl("job", 12, "-f").stdout == "It is done.\n"


def test_closed_pipe_is_silent(peer):
    daemon = peer(logs=[*({"log": "line " * 100} for _ in range(2000)), {"ok": {}}])
    done = subprocess.run(f"{CTL} --socket {daemon.path} logs photos | head -1", shell=True, text=True,
                          capture_output=True, timeout=30)
    assert done.stderr == "" and done.stdout.startswith("line")


def completions(daemon, *words):
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in ("apphostctl", *words))
    done = subprocess.run(["bash", "-c", f". {PREFIX}/share/bash-completion/completions/apphostctl;"
                           f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _apphostctl;"
                           'printf "%s\\n" "${COMPREPLY[@]}"'], text=True, capture_output=True, timeout=30,
                          env={"PATH": f"{PREFIX}/bin:/usr/bin:/bin", "APPHOST_SOCKET": daemon.path})
    assert done.stderr == ""
    return done.stdout.split()


def test_completion(peer):
    daemon = peer(list=[{"ok": {"apps": [{"name": "photos"}, {"name": "wiki"}]}}],
                  jobs=[{"ok": {"jobs": [{"job_id": 12}]}}])
    assert completions(daemon, "un") == ["uninstall"]
    assert set(completions(daemon, "install", "--")) >= {"--name", "--plan", "--json"}
    assert completions(daemon, "stop", "") == ["photos", "wiki"]
    assert completions(daemon, "--json", "status", "w") == ["wiki"]
    assert completions(daemon, "job", "") == ["12"]
    assert completions(daemon, "install", "./") == [], "files are left to bash"
