# SPDX-License-Identifier: Apache-2.0
"""apphostctl doctor on the httpd apphost was set up in: faults are planted one at a time."""
import json
import os
import socket
import subprocess
import sys

import pytest

from stack_env import PREFIX
from test_500_doctor import doctor, named


def verdicts(config, check):
    return [c["verdict"] for c in doctor(config) if c["check"] == check]


@pytest.fixture
def farm(new_farm):
    made = new_farm(domain="test.localhost")  # which needs no DNS server
    made.setup("--yes")
    checks = doctor(made.config)
    for check in ("web-ports", "httpd-config", "selinux", "templates", "setup"):
        found = [c for c in checks if c["check"] == check]
        # Another program on 443 is this machine's own affair.
        assert [c["verdict"] for c in found if "port 443" not in c["cause"]] in (["ok"], []), found
    return made


def listener(port):
    code = ("import socket, time; s = socket.socket(); s.setsockopt(1, 2, 1);"
            f"s.bind(('127.0.0.1', {port})); s.listen(); print(flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_somebody_else_on_the_port(farm):
    farm.stop_httpd()
    thief = listener(farm.port)
    try:
        named(doctor(farm.config), "web-ports", str(farm.port), "python3", f"pid {thief.pid}", cure=["PublicPort"])
    finally:
        thief.kill()
        thief.wait()


def test_somebody_else_on_443(farm):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", 443))
        except OSError:
            pass  # somebody else is there: as good
        else:
            s.listen()
        named(doctor(farm.config), "web-ports", "443", verdict="warning")


def test_a_rival_wildcard(farm):
    farm.site("050-rival.conf", "ServerName x.example\nServerAlias *.localhost")
    named(doctor(farm.config), "httpd-config", "050-rival.conf:1", "*.localhost")


def test_a_bound_address(farm):
    farm.site("050-bound.conf", "ServerName x.example", address="192.0.2.9")
    named(doctor(farm.config), "httpd-config", "050-bound.conf:1", "192.0.2.9", cure=[f"*:{farm.port}"], verdict="warning")


def test_ours_became_the_default(farm):
    for name in os.listdir(f"{farm.root}/sites-enabled"):
        if "apphost" not in name:
            os.unlink(f"{farm.root}/sites-enabled/{name}")
    named(doctor(farm.config), "httpd-config", "zzz-apphost.conf", "first", verdict="warning")


def test_core_dumps(farm):
    path = farm.write("conf-enabled/core.conf", f"# once\nCoreDumpDirectory {farm.folder}/logs\n")
    named(doctor(farm.config), "httpd-config", f"{path}:2", "CoreDumpDirectory", verdict="warning")


def test_virtual_hosts_are_not_included(farm):
    site = f"{farm.root}/sites-available/zzz-apphost.conf"
    with open(site, encoding="utf-8") as f:
        text = f.read()
    farm.write(site, text.replace(f"{farm.state}/vhosts-enabled", "/nowhere"))
    named(doctor(farm.config), "httpd-config", "zzz-apphost.conf", cure=[f"{farm.state}/vhosts-enabled/*.conf"])


def test_a_broken_site_of_the_admin(farm):
    farm.site("050-broken.conf", "NoSuchDirective")
    named(doctor(farm.config), "httpd-config", "050-broken.conf", "line 2", verdict="warning")


def test_an_httpd_that_is_not_ours_is_left_alone(farm):
    farm.write_config(PublicPort=farm.port)
    assert verdicts(farm.config, "httpd-config") in (["unchecked"], [])


def test_selinux(farm):
    def answer(enforce, connect):
        script = ("mount -t tmpfs none /sys/fs && mkdir -p /sys/fs/selinux/booleans && echo $1 >/sys/fs/selinux/enforce &&"
                  "echo \"$2\" >/sys/fs/selinux/booleans/httpd_can_network_connect; shift 2; exec \"$@\"")
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh", enforce, connect,
                               f"{PREFIX}/bin/apphostctl", "doctor", "--json", "--config", farm.config], text=True,
                              capture_output=True, timeout=60, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        return json.loads(done.stdout)["checks"]
    named(answer("1", "0 0"), "selinux", "httpd_can_network_connect", cure=["setsebool -P httpd_can_network_connect 1"])
    for fine in (("1", "1 1"), ("0", "0 0")):
        assert [c["verdict"] for c in answer(*fine) if c["check"] == "selinux"] == ["ok"]


def test_a_template_of_others(farm):
    folder = f"{farm.folder}/templates"
    with open(farm.config, "a", encoding="ascii") as f:
        f.write(f"Templates = {folder}\n")
    path = farm.write(f"{folder}/vhost/container.conf", "# mine\n")
    os.chmod(path, 0o664)
    named(doctor(farm.config), "templates", path, "others", cure=["chown root:root", "chmod 0644"])
    os.chmod(path, 0o644)
    os.chown(path, 33, 33)
    named(doctor(farm.config), "templates", path, "root")


def test_an_interrupted_setup(farm):
    with open(f"{farm.state}/setup.json", encoding="ascii") as f:
        text = f.read()
    farm.write(f"{farm.state}/setup.json", text.replace('"done"', '"removing"'))
    named(doctor(farm.config), "setup", "teardown", "interrupted", cure=["apphostctl setup"], verdict="warning")
