# SPDX-License-Identifier: Apache-2.0
"""apphostctl check: the policy alone, without apphostd and without an engine."""
import json
import os
import subprocess

import pytest

CTL = os.path.join(os.environ.get("APPHOST_PREFIX", "/usr/local"), "bin/apphostctl")
SERVICE = "services:\n  a:\n    image: demo:1\n"


def check(*words, stdin=None):
    done = subprocess.run([CTL, "check", *words], capture_output=True, text=True, input=stdin, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "APPHOST_SOCKET": "/nowhere"})
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("text, code, said", [
    (SERVICE, 0, "accepted as it is"),
    (SERVICE + "    restart: always\n", 0, ":4: rewrite: services.a.restart"),
    (SERVICE + "    cap_add: [NET_ADMIN]\n", 4, "--consent a.cap_add.NET_ADMIN"),
    (SERVICE + "    privileged: true\n", 3, "--allow privileged: the app can do anything"),
    (SERVICE + "    brand_new: 1\n", 3, ":4: deny: services.a.brand_new"),
    (SERVICE + "    a: &x 1\n", 5, "line 4"),
    ("x" * (1 << 20) + "y", 5, "1048576"),
])
def test_codes(text, code, said):
    got, out, err = check("-", stdin=text)
    assert got == code and said in out + err, (got, out, err)


def test_rules_and_consents():
    text = SERVICE + "    privileged: true\n    cap_add: [NET_ADMIN]\n"
    assert check("-", "--allow", "privileged", stdin=text)[0] == 4
    ids = ("--consent", "a.privileged", "--consent", "a.cap_add.NET_ADMIN")
    code, out, _ = check("-", "--allow", "privileged", *ids, "--rendered", stdin=text)
    assert code == 0 and json.loads(out)["services"]["a"]["privileged"] is True
    assert check("-", "--consent", "a.cap_add.SYS_TIME", stdin=text)[0] == 2
    assert check("-", "--allow", "include", stdin=text)[0] == 2


def test_a_folder(tmp_path):
    for name, text in {"b/ask.yml": SERVICE + "    cap_add: [NET_ADMIN]\n", "a.yaml": SERVICE, "c.txt": "not looked at",
                       "d/script": "wget http://x/y\n", "d/e.sh": SERVICE + "    privileged: true\n",
                       "d/e-uninstall.sh": "docker-compose rm -f\nrm -rf data\n"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "loop").symlink_to(tmp_path)
    code, out, _ = check(str(tmp_path))
    assert code == 5, out
    names = [line.split(":")[0].removeprefix(f"{tmp_path}/") for line in out.splitlines()[:-1]]
    assert names == ["a.yaml", "b/ask.yml", "d/e-uninstall.sh", "d/e.sh", "d/script"]
    assert out.splitlines()[-1] == "5 files: 2 allow, 0 rewrite, 1 ask, 1 deny, 1 unreadable"
    assert check(str(tmp_path))[1] == out
    code, told, _ = check(str(tmp_path), "--json")
    assert code == 5 and json.loads(told)["counts"] == {"allow": 2, "rewrite": 0, "ask": 1, "deny": 1, "unreadable": 1}
    os.unlink(tmp_path / "d/script")
    assert check(str(tmp_path))[0] == 3
    os.unlink(tmp_path / "d/e.sh")
    assert check(str(tmp_path))[0] == 4
    os.unlink(tmp_path / "b/ask.yml")
    assert check(str(tmp_path))[0] == 0
    assert check(str(tmp_path / "b"))[0] == 6
