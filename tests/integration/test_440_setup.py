# SPDX-License-Identifier: Apache-2.0
"""apphostctl setup and teardown: into an httpd that already serves, and out again."""
import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

from engine_env import WEB, busybox_files
from setup_env import RESERVED
from stack_env import PREFIX

IMAGE = f"apphost-test-setup-{os.getpid()}:1"


def test_nothing_without_consent(new_farm):
    farm = new_farm()
    before = farm.tree()
    done = farm.setup(expect=4)
    for word in ("apphost.load", "LoadModule apphost_module", "sites-enabled/zzz-apphost.conf", "60-apphost.conf",
                 "AppHostDomain test.example", f"+ PublicPort = {farm.port}"):
        assert word in done.stdout, (word, done.stdout)
    farm.same_tree(before)
    assert not os.path.exists(farm.state)


def test_a_person_is_asked(new_farm):
    farm = new_farm("fedora")
    tree = farm.tree()
    command = f"{PREFIX}/bin/apphostctl setup --config {farm.config} --httpd {farm.command[0]}"
    done = farm.apart("script", "-qec", command, "/dev/null", said="perhaps\nn\n")
    assert done.returncode == 4 and done.stdout.count("Write that? [y/n]") == 2, done
    farm.same_tree(tree)
    done = farm.apart("script", "-qec", command, "/dev/null", said="y\n")
    assert done.returncode == 0 and "Done." in done.stdout, done
    os.unlink(farm.config)
    shutil.copy(f"{PREFIX}/share/apphost/apphostd.conf", farm.config)
    done = farm.apart("script", "-qec", command, "/dev/null", said="apps.example\nn\n")
    assert "[home.arpa]" in done.stdout and "NAME.apps.example" in done.stdout, done


def test_debian_in_and_out(new_farm):
    farm = new_farm()
    tree, answers = farm.tree(), farm.all_answers()
    farm.setup("--yes")
    farm.same_answers(answers)
    after = farm.tree()
    assert "nothing was changed" in farm.setup("--yes").stdout
    farm.same_tree(after)
    farm.teardown("--yes")
    farm.same_tree(tree)
    farm.same_answers(answers)


def test_fedora_in_and_out(new_farm):
    farm = new_farm("fedora")
    tree, answers = farm.tree(), farm.all_answers()
    assert b"the main server" in answers["unknown.example", "/"]
    farm.setup("--yes")
    farm.same_answers(answers)
    after = farm.tree()
    assert "nothing was changed" in farm.setup("--yes").stdout
    farm.same_tree(after)
    farm.teardown("--yes")
    farm.same_tree(tree)
    farm.same_answers(answers)


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def firewall():
    return "".join(subprocess.run([f"{name}-save"], capture_output=True, text=True, check=False).stdout
                   for name in ("iptables", "iptables-nft", "iptables-legacy") if shutil.which(f"{name}-save"))


def with_apps(farm, image, names):
    farm.setup("--yes")
    farm.start_daemon()
    farm.instance_label = farm.instance()
    for name in names:
        farm.install(name, image)
        assert farm.get(name).body == b"hello from the app\n"


def test_sites_stay_as_they_are_whatever_apphost_does(new_farm, engine, web_image):
    farm = new_farm(engine=engine)
    tree, answers = farm.tree(), farm.all_answers()
    with_apps(farm, web_image, ["photos", "wiki"])
    farm.same_answers(answers)

    site = f"{farm.root}/sites-available/zzz-apphost.conf"
    with open(site, encoding="utf-8") as f:
        text = f.read()
    farm.write(site, re.sub(r"(?m)^(\s*AppHost) On", r"\1 Off", text))
    farm.reload()
    farm.same_answers(answers)
    farm.write(site, text)
    farm.reload()
    assert farm.get("photos").status == 200

    farm.stop_daemon()
    with open(f"{farm.state}/routes", "rb") as f:
        routes = f.read()
    for broken in (b"\xa5" * len(routes), b"", None):
        if broken is None:
            os.unlink(f"{farm.state}/routes")
        else:
            with open(f"{farm.state}/routes.new", "wb") as f:
                f.write(broken)
            os.rename(f"{farm.state}/routes.new", f"{farm.state}/routes")
        farm.reload()
        farm.same_answers(answers)

    # Without apphostd nobody can uninstall: refused, and nothing is changed.
    after = farm.tree()
    assert "apphostd" in farm.teardown("--yes", expect=14).stderr
    farm.same_tree(after)
    farm.start_daemon()
    done = farm.teardown("--yes")
    assert f"{farm.state}/data" in done.stdout
    farm.same_tree(tree)
    farm.same_answers(answers)
    assert farm.ours() == ([], []) and farm.daemon.wait(10) == 0
    assert os.path.isdir(f"{farm.state}/data") and not os.path.exists(f"{farm.state}/setup.json")


def test_purge_leaves_nothing(new_farm, engine, web_image):
    farm = new_farm("fedora", engine=engine)
    tree, answers = farm.tree(), farm.all_answers()
    with_apps(farm, web_image, ["photos"])
    farm.same_answers(answers)
    instance = farm.instance_label
    chain = f"APPHOST-{instance[:8]}"
    assert chain in firewall()
    farm.teardown("--yes", "--purge")
    assert chain not in firewall()
    farm.instance_label = None  # nothing of it is left to be cleared away
    assert not os.path.exists(farm.state) and not os.path.exists(farm.runtime) and not os.path.exists(farm.config)
    farm.same_tree(tree, but=[farm.config])
    farm.same_answers(answers)
    assert engine.containers(**{"org.apphost.instance": instance}) == []
    assert engine.networks(f"org.apphost.instance={instance}") == []


@pytest.mark.parametrize("body, words", [
    ("ServerName x.example\nServerAlias *.test.example", ["sites-enabled/050-rival.conf:1", "*.test.example"]),
    ("ServerName x.example\nServerAlias *", ["sites-enabled/050-rival.conf:1"]),
    ("ServerName x.example\nServerAlias *.example", ["sites-enabled/050-rival.conf:1"]),
    ("NoSuchDirective", ["sites-enabled/050-rival.conf", "line 2", "NoSuchDirective"]),
])
def test_a_site_that_does_not_go_with_apps_is_named(new_farm, body, words):
    farm = new_farm()
    farm.site("050-rival.conf", body)
    before = farm.tree()
    done = farm.apart(f"{PREFIX}/bin/apphostctl", "setup", "--yes", "--config", farm.config, "--httpd", farm.command[0],
                      "--port", farm.port)
    assert done.returncode in (7, 20), done
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    farm.same_tree(before)


@pytest.mark.parametrize("address, word", [("127.0.0.1", "127.0.0.1:"), ("*:*", "every port")])
def test_an_address_that_would_hide_apps_is_named(new_farm, address, word):
    farm = new_farm()
    farm.write("sites-enabled/050-bound.conf", f"<VirtualHost {address}{'' if '*' in address else f':{farm.port}'}>\n"
               "ServerName x.example\n</VirtualHost>\n")
    before = farm.tree()
    done = farm.setup("--yes", expect=20)
    assert "050-bound.conf:1" in done.stderr and word in done.stderr, done.stderr
    farm.same_tree(before)


def test_an_address_of_its_own_is_told(new_farm):
    farm = new_farm()
    farm.site("050-bound.conf", "ServerName x.example", address="192.0.2.9")
    done = farm.setup(expect=4)
    assert "192.0.2.9" in done.stdout and "050-bound.conf:1" in done.stdout


def test_what_would_change_the_default_is_taken_back(new_farm):
    """The only virtual host stands behind the line that includes the folder of sites."""
    farm = new_farm("fedora")
    with open(f"{farm.root}/conf/httpd.conf", "a", encoding="utf-8") as f:
        f.write(f"<VirtualHost *:{farm.port}>\nServerName late.example\n</VirtualHost>\n")
    farm.reload()
    tree, answers = farm.tree(), farm.all_answers()
    done = farm.setup("--yes", expect=20)
    assert "conf/httpd.conf" in done.stderr and "as it was before" in done.stderr
    farm.same_tree(tree)
    farm.same_answers(answers)
    assert not os.path.exists(farm.state)


def test_what_the_admin_changed_is_kept(new_farm):
    farm = new_farm("fedora")
    tree = farm.tree()
    farm.setup("--yes")
    site = f"{farm.root}/conf.d/zzz-apphost.conf"
    with open(site, "a", encoding="utf-8") as f:
        f.write("# mine\n")
    assert "was changed since" in farm.setup("--yes").stdout
    done = farm.teardown("--yes")
    assert f"{site}.kept" in done.stdout
    with open(f"{site}.kept", encoding="utf-8") as f:
        assert f.read().endswith("# mine\n")
    farm.same_tree(tree, but=[f"{site}.kept"])


def test_a_module_others_came_to_need_stays(new_farm):
    farm = new_farm(sites=False)
    tree = farm.tree()
    farm.setup("--yes", "--port", farm.port)
    farm.site("040-late.conf", "ServerName late.example\nProxyPass / http://127.0.0.1:9/")
    done = farm.teardown("--yes")
    assert "proxy stays enabled" in done.stdout and "040-late.conf:3" in done.stdout
    mine = [p for p in farm.tree() if "040-late" in p or "/mods-enabled/proxy" in p]
    farm.same_tree(tree, but=mine)
    assert farm.get("late", host="late.example").status == 503 or farm.reload() is None


def test_the_next_configuration_goes_in_place_of_the_last(new_farm):
    farm = new_farm()
    tree = farm.tree()
    farm.setup("--yes")
    farm.setup("--yes", "--domain", "apps.example other.example")
    assert b"<small>apphost</small>" in farm.get("x", host="x.other.example").body
    assert b"<small>apphost</small>" not in farm.get("x").body
    with open(f"{farm.root}/sites-enabled/zzz-apphost.conf", encoding="utf-8") as f:
        assert "ServerAlias *.apps.example *.other.example\n" in f.read()
    farm.teardown("--yes")
    farm.same_tree(tree)


def test_what_an_earlier_setup_wrote_is_not_forgotten(new_farm):
    """/etc/logrotate.d is read by a logrotate that is there at first, and gone when setup runs again."""
    farm = new_farm("fedora")
    tree = farm.tree()
    farm.setup("--yes")
    with open(f"{farm.state}/setup.json", encoding="ascii") as f:
        record = json.load(f)
    path = farm.write(f"{farm.etc}/logrotate.d/apphost", "of before\n")
    record["changes"].append({"path": path, "kind": "file", "mode": 0o644, "why": "x", "shared": False, "active": False,
                              "before": None, "sha256": hashlib.sha256(b"of before\n").hexdigest()})
    farm.write(f"{farm.state}/setup.json", json.dumps(record))
    farm.setup("--yes", "--domain", "other.example")
    farm.teardown("--yes")
    farm.same_tree(tree)


def test_an_httpd_that_does_not_run(new_farm):
    farm = new_farm(start=False)
    tree = farm.tree()
    assert "does not run" in farm.setup("--yes").stdout
    farm.start_httpd()
    assert b"<small>apphost</small>" in farm.get("nobody").body
    farm.teardown("--yes")
    farm.same_tree(tree)


def test_reservations_of_others_stay(new_farm):
    farm = new_farm("fedora")
    with open(RESERVED, "w", encoding="ascii") as f:
        f.write("8080,35500-36005")
    tree = farm.tree()
    farm.setup("--yes")
    with open(RESERVED, encoding="ascii") as f:
        assert f.read().strip() == "8080,35001-36005"
    with open(f"{farm.etc}/sysctl.d/60-apphost.conf", encoding="ascii") as f:
        assert f.read().endswith("net.ipv4.ip_local_reserved_ports = 8080,35001-36005\n")
    with open(RESERVED, "w", encoding="ascii") as f:
        f.write("8080,8443,35001-36005")
    farm.teardown("--yes")
    farm.same_tree(tree, but=["reserved"])
    with open(RESERVED, encoding="ascii") as f:
        assert f.read().strip() == "8080,8443,35500-36005"


def test_systemd_is_told(new_farm):
    """A systemctl that notes what it is asked, where systemd seems to run."""
    farm = new_farm("fedora")
    tree = farm.tree()
    os.makedirs(f"{farm.folder}/run-systemd/system")
    fake = farm.write(f"{farm.folder}/systemctl", f'#!/bin/sh\necho "$*" >>{farm.folder}/asked\n[ "$2" != is-enabled ]\n', 0o755)
    fakes = [fake, os.path.realpath("/usr/bin/systemctl")]
    if not os.path.exists(fakes[1]):
        pytest.fail("systemctl is not installed")
    farm.setup("--yes", fakes=fakes)
    farm.teardown("--yes", fakes=fakes)
    with open(f"{farm.folder}/asked", encoding="ascii") as f:
        asked = f.read().splitlines()
    assert asked == ["--quiet is-enabled apphostd.service", "enable apphostd.service", "restart apphostd.service",
                     "disable --now apphostd.service"], asked
    farm.same_tree(tree)


def test_killed_at_any_moment(new_farm):
    """strace kills it at the N-th rename or unlink; the next teardown, or setup, finds its way."""
    farm = new_farm()
    tree, answers = farm.tree(), farm.all_answers()
    ends = set()
    for number in range(1, 40):
        killer = ["strace", "-qq", "-e", "signal=none", "-e", f"inject=rename:signal=SIGKILL:when={number}", "-o",
                  f"{farm.folder}/strace"]
        done = farm.apart(f"{PREFIX}/bin/apphostctl", "setup", "--config", farm.config, "--httpd", farm.command[0], "--port",
                          farm.port, "--yes", wrapper=killer)
        ends.add(done.returncode)
        if done.returncode == 0:
            break
        if number % 4 == 0:
            farm.setup("--yes")
        farm.teardown("--yes")
        farm.same_tree(tree)
    assert number > 6 and ends == {-9, 0}, (number, ends)
    farm.same_answers(answers)
    for number in range(1, 40):
        killer = ["strace", "-qq", "-e", "signal=none", "-e", f"inject=unlink:signal=SIGKILL:when={number}", "-o",
                  f"{farm.folder}/strace"]
        done = farm.apart(f"{PREFIX}/bin/apphostctl", "teardown", "--config", farm.config, "--yes", wrapper=killer)
        if done.returncode == 0:
            break
        assert done.returncode == -9
        farm.teardown("--yes")
        farm.same_tree(tree)
        farm.setup("--yes")
    assert number > 4
    farm.same_tree(tree)
    farm.same_answers(answers)
