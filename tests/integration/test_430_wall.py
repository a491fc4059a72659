# SPDX-License-Identifier: Apache-2.0
"""The firewall: from another machine on the same network, with a route to the apps' subnets, nothing of
an app is reached but what httpd serves and the ports that were consented to. Each test shows first that
without the wall it would be: a test that cannot fail says nothing."""
import contextlib
import ipaddress
import os
import re
import shlex
import subprocess
import threading
import time

import pytest

from engine_env import WEB, busybox_files
from outside import FAR, OURS, THEIRS, WIRE, Outside, ask, try_tcp
from own_engine import IMAGE as OWN_IMAGE
from stack_env import HTTPD, PREFIX, wait_for

IMAGE = f"aph-wall-{os.getpid()}:1"
POOL = "10.214.0.0/16"
HEALED_WITHIN = 15   # seconds; five where the machine has nothing else to do
HIDDEN = ("iptables-save", "iptables-restore")


def iptables(*words, check=True):
    return subprocess.run(["iptables", *words], check=check, capture_output=True, text=True).stdout


def rules():
    return [line for line in subprocess.run(["iptables-save"], check=True, capture_output=True,
                                            text=True).stdout.splitlines() if not line.startswith(("#", ":"))]


def ours(chain):
    return [r for r in rules() if re.search(rf"\b{chain}\b", r)]


def heard(pid, port, send):
    """The datagram that arrives at the port in there while it is sent again and again."""
    words = []
    waiting = threading.Thread(target=lambda: words.append(ask(pid, "wait_for_datagram", port, 3)))
    waiting.start()
    while waiting.is_alive():
        send()
    return words[0]


@pytest.fixture(scope="module")
def outside():
    there = Outside(POOL)
    yield there
    there.close()


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


class Walled:
    """Two apps: alpha opens 22240/tcp and 22250/udp, with consent, and has a service that opens nothing."""

    def __init__(self, stack, image, outside, apps=("alpha", "beta")):
        self.stack, self.outside = stack, outside
        self.apps, stack.engine_image = apps, image
        stack.install("alpha", image, port="'HOST_PORT:80'\n    - '22240:80'\n    - '22250:5000/udp'\n"
                      "    - '127.0.0.1:22260:80'", body=f"db:\n  image: '{image}'\n")
        if "beta" in apps:
            stack.install("beta", image)
        self.ids = {row["name"]: str(row["app_id"]) for row in stack.invariants()}
        self.chain = "APPHOST-" + stack.instance_label[:8]
        assert not [r for r in rules() if f"-d {POOL} -j" in r and self.chain not in r], "another instance's wall"

    def containers(self, app):
        found = self.stack.engine.containers(**{"org.apphost.instance": self.stack.instance_label,
                                                "org.apphost.app": self.ids[app]})
        return [self.stack.engine.inspect(c["Id"]) for c in found]

    def address(self, container):
        return next(iter(container["NetworkSettings"]["Networks"].values()))["IPAddress"]

    def subnets(self):
        found = []
        for app in self.apps:
            found += map(str, ipaddress.ip_network(self.address(self.containers(app)[0]) + "/28", False).hosts())
        return found

    def reached(self):
        """From outside: everything that answers in the apps' subnets, but for the gateways, which are this
        machine itself."""
        gateways = {a for a in self.subnets() if int(a.rpartition(".")[2]) % 16 == 1}
        return self.outside.ask("scan", [a for a in self.subnets() if a not in gateways], [80, 5000, 7])

    def tear_down(self):
        """As a machine without our chain would be, and with nobody to put it back."""
        self.stack.stop_daemon()
        for table, place in (("filter", "DOCKER-USER"), ("filter", "FORWARD"), ("raw", "PREROUTING")):
            while subprocess.run(["iptables", "-t", table, "-D", place, "-j", self.chain], check=False,
                                 capture_output=True).returncode == 0:
                pass
        iptables("-I", "FORWARD", "1", "-i", WIRE, "-j", "ACCEPT")

    def build(self):
        iptables("-D", "FORWARD", "-i", WIRE, "-j", "ACCEPT")
        self.stack.start_daemon()
        self.wait_until_it_stands()

    def heals(self):
        return self.stack.daemon_log().count("is in place again")

    def stands(self):
        found = ours(self.chain)
        first = [r for r in rules() if r.startswith(("-A DOCKER-USER ", "-A FORWARD "))
                 and not re.search(r"-j APPHOST-(?!" + self.chain[8:] + r"\b)", r)]
        by_docker = [r for r in first if r.startswith("-A FORWARD")][:1] == ["-A FORWARD -j DOCKER-USER"]
        place = "DOCKER-USER" if by_docker else "FORWARD"
        return (next((r for r in first if r.startswith(f"-A {place} ")), None) == f"-A {place} -j {self.chain}"
                and f"-A PREROUTING -j {self.chain}" in found and f"-A {self.chain}-IN -j DROP" in found
                and f"-A {self.chain} -d {POOL} -j {self.chain}-IN" in found)

    def wait_until_it_stands(self):
        wait_for(self.stands, HEALED_WITHIN, "the wall")


@pytest.fixture
def walled(new_stack, image, outside):
    stack = new_stack("event", SubnetPool=POOL)
    return Walled(stack, image, outside)


def test_nothing_is_reached_from_outside(walled):
    stack, outside = walled.stack, walled.outside
    assert walled.stands()
    lines = ours(walled.chain)
    assert len([r for r in lines if "ctorigdstport" in r]) == 2, "22260 is open to this machine alone"
    # httpd as it would be installed: on every address.
    with open(f"{stack.folder}/httpd.conf", "r+", encoding="ascii") as f:
        text = f.read().replace("Listen 127.0.0.1:", f"Listen {OURS}:{stack.port}\nListen 127.0.0.1:")
        f.seek(0)
        f.write(text)
    stack.stop_httpd()
    stack.httpd = subprocess.Popen([HTTPD, "-DFOREGROUND", "-f", f"{stack.folder}/httpd.conf"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    wait_for(lambda: "hello" in outside.ask("get", OURS, stack.port, "alpha.test.example"), 20, "httpd")

    assert walled.reached() == []
    ports = [stack.json("status", app)["port"] for app in ("alpha", "beta")]
    for port in (22260, *ports):
        assert outside.ask("get", OURS, port, "x") == ""
    assert "hello" in outside.ask("get", OURS, 22240, "x")
    pid = next(c for c in walled.containers("alpha") if c["HostConfig"]["PortBindings"])["State"]["Pid"]
    assert heard(pid, 5000, lambda: outside.ask("try_udp", OURS, 22250)) == "ping\n"

    walled.tear_down()
    found = walled.reached()
    for container in walled.containers("alpha") + walled.containers("beta"):
        assert f"tcp {walled.address(container)}:80" in found and f"udp {walled.address(container)}:5000" in found
    walled.build()
    assert walled.reached() == []
    assert "hello" in stack.get("alpha").body.decode() and "hello" in outside.ask("get", OURS, 22240, "x")


def test_crafted_packets(walled):
    web = walled.containers("beta")[0]
    port = walled.stack.json("status", "beta")["port"]
    address, pid = walled.address(web), web["State"]["Pid"]
    neighbour = str(ipaddress.ip_address(address) + 5)

    def loopback():
        return walled.outside.ask("syn", FAR, OURS, THEIRS, "127.0.0.1", port)

    def source_routed():
        return walled.outside.ask("syn", FAR, OURS, THEIRS, OURS, 80, address)

    def lie():
        """A datagram that says it comes from the app's own network."""
        return heard(pid, 6000, lambda: walled.outside.ask("lie", FAR, OURS, neighbour, address, 6000))
    assert not loopback() and not source_routed() and lie() == ""
    walled.tear_down()
    assert loopback() and lie() == "lie"
    walled.build()


def test_apps_do_not_reach_each_other(walled):
    alpha, beta = walled.containers("alpha"), walled.containers("beta")
    pid = alpha[0]["State"]["Pid"]
    own = [walled.address(c) for c in alpha]
    gateways = [str(ipaddress.ip_network(walled.address(c) + "/28", False)[1]) for c in (alpha[0], beta[0])]
    assert ask(pid, "scan", own, [80]) == [f"{kind} {a}:80" for a in own for kind in ("tcp", "udp")]
    assert ask(pid, "scan", [walled.address(beta[0])], [80, 5000, 7]) == []
    for gateway in gateways:
        for app in ("alpha", "beta"):
            assert ask(pid, "get", gateway, walled.stack.json("status", app)["port"], "x") == ""
    # What alpha opens to everybody may be open to beta as well (Docker's proxy says yes, podman's isolation
    # no), by that port and in no other way.
    beta_pid = beta[0]["State"]["Pid"]
    for address, port in ((own[0], 80), (own[1], 80), (gateways[0], 22260), (gateways[1], 22260)):
        assert ask(beta_pid, "get", address, port, "x") == ""
    # The way out is as it was, but for where a cloud hands out its keys.
    assert ask(pid, "scan", [THEIRS], [7]) == [f"tcp {THEIRS}:7", f"udp {THEIRS}:7"]
    Outside.ip("route", "add", "169.254.169.254/32", "via", THEIRS)
    walled.outside.inside("ip", "addr", "add", "169.254.169.254/32", "dev", "lo")
    assert try_tcp("169.254.169.254", 80) and ask(pid, "scan", ["169.254.169.254"], [80]) == []


HARMS = (
    ("-F FORWARD",),
    ("-F DOCKER-USER", "-I FORWARD 1 -j ACCEPT"),
    ("-I DOCKER-USER 1 -j ACCEPT", "-F {chain}-IN"),
    ("-t raw -F PREROUTING", "-F {chain}"),
    ("-F", "-X {chain}", "-X {chain}-IN", "-t raw -F", "-t raw -X"),
)


def put_back(had):
    """What the engine would not miss by itself before it is started again."""
    for chain in ("FORWARD", "DOCKER-USER"):
        iptables("-D", chain, "-j", "ACCEPT", check=False)
    with_chains = [r for r in had if not r.startswith("-A APPHOST-") and "-j APPHOST-" not in r]
    for rule in with_chains:
        if rule.startswith(("-A FORWARD ", "-A DOCKER")) and rule not in rules():
            iptables(*shlex.split(rule), check=False)


def heals_after(walled, harm):
    """True where it stands again and the log says that it was down: it may be up before anybody could look.
    Where apps change in that moment it is built for them, without a word about the harm."""
    healed = walled.heals()
    for words in harm:
        iptables(*words.format(chain=walled.chain).split(), check=False)
    walled.wait_until_it_stands()
    with contextlib.suppress(AssertionError):
        wait_for(lambda: walled.heals() > healed, 2, "a word in the log")
    return walled.heals() > healed


def test_what_was_flushed_is_built_again(walled):
    had = rules()
    mine = [r for r in had if r.startswith("-A " + walled.chain)]
    try:
        for harm in HARMS:
            assert any(heals_after(walled, harm) for _ in range(3)), harm
            assert [r for r in rules() if r.startswith("-A " + walled.chain)] == mine
            assert walled.reached() == []
            put_back(had)
            walled.wait_until_it_stands()
    finally:
        put_back(had)
    log = walled.stack.daemon_log()
    assert log.count("is in place again") >= len(HARMS) and "nothing led to" in log and "came before" in log
    # Left alone it is not touched: what iptables prints is what we would write.
    count = log.count("is in place again")
    walled.stack.install("gamma", walled.stack.engine_image)
    time.sleep(6)
    assert walled.stack.daemon_log().count("is in place again") == count


def test_an_engine_that_starts_again(new_stack, own_engine, outside):
    stack = new_stack(Socket=own_engine.path, SubnetPool=POOL)
    stack.engine = own_engine
    stack.announced += ["the engine is", "watch"]
    walled = Walled(stack, OWN_IMAGE, outside, ("alpha",))
    assert walled.stands() and walled.reached() == []
    own_engine.stop()
    iptables("-F", "FORWARD")
    walled.wait_until_it_stands()
    own_engine.start()
    wait_for(lambda: stack.json("status", "alpha")["state"] == "running", 60, "alpha")
    walled.wait_until_it_stands()
    assert walled.reached() == []


def test_uninstalled_apps_leave_no_hole(walled):
    walled.stack.ctl("uninstall", "alpha", "--purge", "--yes")
    wait_for(lambda: not [r for r in ours(walled.chain) if "ctorigdstport" in r], HEALED_WITHIN, "the ports")


def test_an_app_with_many_services_gets_room(walled):
    services = "".join(f"s{i}:\n  image: '{walled.stack.engine_image}'\n" for i in range(19))
    walled.stack.install("many", walled.stack.engine_image, body=services)
    walled.ids["many"] = str(walled.stack.json("status", "many")["app_id"])
    found = walled.containers("many")
    assert len(found) == 20
    network = walled.stack.engine.json("GET", "/networks/" + next(iter(found[0]["NetworkSettings"]["Networks"])))
    assert network["IPAM"]["Config"][0]["Subnet"].endswith("/27") and not network["EnableIPv6"]


def test_nothing_is_left(walled):
    stack = walled.stack
    stack.stop_daemon()
    command = [f"{PREFIX}/libexec/apphost/apphost-job", "-c", stack.config, "-w", stack.instance_label]
    for _ in range(2):
        subprocess.run(command, check=True)
        assert ours(walled.chain) == [] and f":{walled.chain}" not in subprocess.run(
            ["iptables-save"], check=True, capture_output=True, text=True).stdout


def test_without_iptables_nothing_is_installed(new_stack, image):
    """An install says what is missing; what is installed can still be started."""
    stack = new_stack(httpd=False, SubnetPool=POOL)
    stack.announced += ["iptables", "job "]
    stack.install("before", image)
    stack.stop_daemon()
    hidden = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", " && ".join(
        f"mount --bind /dev/null /usr/sbin/{p}" for p in HIDDEN) + f" && exec {PREFIX}/sbin/apphostd -c {stack.config}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.daemon = hidden
    wait_for(stack.answers, 20, "apphostd")
    done = stack.install("refused", image, check=False)
    assert done.returncode == 20 and "apt-get install iptables" in done.stderr, done
    stack.ctl("restart", "before")
    assert [r["name"] for r in stack.invariants()] == ["before"]
