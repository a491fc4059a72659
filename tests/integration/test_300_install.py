# SPDX-License-Identifier: Apache-2.0
"""An install script becomes an app at app.domain, and goes again without a trace."""
import contextlib
import os
import re
import signal
import stat
import threading
import time
import threading

import pytest

import crowd
import kills
from engine_env import KIND, WEB, busybox_files, free_port
from stack_env import wait_for

IMAGE = f"apphost-test-web-{os.getpid()}:1"


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def test_install_serve_uninstall(stack, web_image):
    before = {c["Id"] for c in stack.engine.json("GET", "/containers/json?all=1")}
    stack.install("photos", web_image)
    page = stack.get("photos")
    assert (page.status, page.body) == (200, b"hello from the app\n")

    (row,) = stack.invariants()
    assert row["name"] == "photos" and row["state"] == "running"
    assert row["port"] == 35000 + row["app_id"]

    stack.ctl("uninstall", "photos")
    assert stack.get("photos").status == 404
    assert stack.invariants() == []
    assert stack.ours() == ([], [])
    assert {c["Id"] for c in stack.engine.json("GET", "/containers/json?all=1")} == before
    assert os.listdir(f"{stack.state}/apps") == []


def test_what_runs_is_what_the_rules_say(new_stack, web_image):
    stack = new_stack()
    stack.install("album", web_image, "  restart: always\n  volumes:\n    - './config:/config'\n")
    (summary,), (network,) = stack.ours()
    container = stack.engine.inspect(summary["Id"])
    (row,) = stack.json("list") if isinstance(stack.json("list"), list) else stack.json("list")["apps"]
    assert container["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(row["port"])}]}
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert container["Image"] == stack.engine.image_id(web_image)
    assert container["HostConfig"]["Privileged"] is False
    assert container["Config"]["Labels"]["org.apphost.app"] == str(row["app_id"])
    subnet = network["IPAM"]["Config"][0]["Subnet"]
    assert re.fullmatch(r"10\.214\.\d+\.\d+/28", subnet)
    sources = [m["Source"] for m in container["Mounts"]]
    assert sources == [f"{stack.state}/data/{row['app_id']}/config"]


def test_data_is_kept_and_found_again(new_stack, web_image):
    stack = new_stack()
    body = "  volumes:\n    - './config:/config'\n"
    stack.install("diary", web_image, body)
    first = stack.json("status", "diary")["app_id"]
    with open(f"{stack.state}/data/{first}/config/page", "w", encoding="ascii") as f:
        f.write("do not lose me")
    said = stack.ctl("uninstall", "diary").stdout
    assert f"{stack.state}/data/{first}" in said, "uninstall must say where the data is"

    stack.install("other", web_image)
    assert stack.json("status", "other")["app_id"] != first, "an id with data belongs to its app"
    stack.install("diary", web_image, body)
    assert stack.json("status", "diary")["app_id"] == first
    with open(f"{stack.state}/data/{first}/config/page", encoding="ascii") as f:
        assert f.read() == "do not lose me"

    stack.ctl("uninstall", "diary", "--purge", "--yes")
    assert not os.path.exists(f"{stack.state}/data/{first}")


def test_folders_are_open_to_the_apps_own_users(new_stack, web_image):
    """apphostd closes everything by its umask; what a script makes is for users inside the container."""
    stack = new_stack(httpd=False)
    script = stack.script(
        "mkdir -p html/sub\ncat > html/page << 'EOF'\nhello\nEOF\nmkdir -p up/load\nchmod -R 777 up\n"
        f"cat > docker-compose.yml << 'EOF'\nweb:\n  image: '{web_image}'\n  ports:\n    - 'HOST_PORT:80'\n"
        "  volumes:\n    - './html:/html'\nEOF\ndocker-compose up -d\n")
    stack.ctl("install", script, "--name", "open", "--yes")
    data = f"{stack.state}/data/{stack.json('status', 'open')['app_id']}"
    modes = {name: os.stat(f"{data}/{name}").st_mode & 0o777
             for name in (".", "html", "html/sub", "html/page", "up", "up/load")}
    assert modes == {".": 0o755, "html": 0o755, "html/sub": 0o755, "html/page": 0o644, "up": 0o777, "up/load": 0o777}


def test_a_stop_is_not_stopped_half_way(new_stack, web_image):
    """Once visitors are told that it stopped, asking the operation to stop changes nothing any more."""
    stack = new_stack(httpd=False)
    stack.install("slow", web_image, "  command: ['/bin/busybox', 'sh', '-c', 'trap : TERM; /bin/busybox httpd -p 80 -h /www; "
                  "while :; do /bin/busybox sleep 1; done']\n  stop_grace_period: 4s\n")
    stop = threading.Thread(target=lambda: stack.ctl("stop", "slow", check=False))
    stop.start()
    job = wait_for(lambda: next((j for j in stack.json("jobs")["jobs"] if j["op"] == "stop" and j["step"]), None))
    stack.ctl("job", job["job_id"], "--cancel")
    stop.join()
    (container,), _ = stack.ours()
    assert container["State"] != "running" and stack.json("status", "slow")["state"] == "stopped"
    assert stack.json("job", job["job_id"])["result"] == "done"


def test_plan_leaves_no_trace(new_stack, web_image):
    stack = new_stack()
    script = stack.script("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + web_image
                          + "'\n  ports: ['HOST_PORT:80']\nEOF\ndocker-compose up -d\n")
    plan = stack.ctl("install", script, "--name", "maybe", "--plan").stdout
    assert web_image in plan and f"maybe.{stack.domain}" in plan
    assert stack.invariants() == [] and stack.ours() == ([], [])
    assert os.listdir(f"{stack.state}/apps") == [] and not os.listdir(f"{stack.state}/data")


def test_consent_is_needed_for_another_port(new_stack, web_image):
    stack = new_stack()
    script = stack.script("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + web_image
                          + "'\n  ports:\n    - 'HOST_PORT:80'\n    - '12224:22'\nEOF\ndocker-compose up -d\n")
    refused = stack.ctl("install", script, "--name", "shell", check=False)
    assert refused.returncode == 4, refused.stderr
    assert "12224" in refused.stdout + refused.stderr
    assert stack.invariants() == []
    stack.ctl("install", script, "--name", "shell", "--yes")
    assert stack.get("shell").status == 200


def test_headless_app_has_no_route(new_stack, web_image):
    stack = new_stack()
    stack.install("worker", web_image, "  command: [/bin/busybox, sh, -c, "
                  "\"trap 'exit 0' TERM; sleep 1000 & wait\"]\n", port=None)
    assert stack.json("status", "worker")["state"] == "running"
    assert stack.get("worker").status in (404, 503)
    stack.ctl("uninstall", "worker")


EVERYTHING = """services:
  web:
    image: {image}
    ports: ['HOST_PORT:80', '{port}:22', '{port}:22/udp']
    expose: ['9000']
    hostname: www
    user: '0:0'
    working_dir: /www
    read_only: true
    init: false
    stop_signal: SIGTERM
    environment: {{KEY: 'a$$b'}}
    extra_hosts: ['box:192.0.2.7']
    dns: [192.0.2.53]
    dns_search: [example.org]
    cap_add: [NET_ADMIN]
    cap_drop: [MKNOD]
    security_opt: ['no-new-privileges:true']
    group_add: ['44']
    devices: ['{device}:/dev/ttyUSB0']
    sysctls: {{net.ipv4.tcp_syncookies: '1'}}
    ipc: private
    pids_limit: 100
    mem_limit: 128m
    mem_reservation: 64m
    cpus: 0.5
    shm_size: 32m
    oom_score_adj: 100
    tmpfs: ['/tmp:size=8m']
    volumes: ['./rw:/rw', './ro:/ro:ro', 'named:/named', '/etc/localtime:/etc/localtime:ro']
    depends_on: [db]
    restart: on-failure:3
    logging: {{driver: syslog}}
    networks: {{back: {{aliases: [front]}}}}
  db: {{image: {image}, networks: [back], links: []}}
  side: {{image: {image}, network_mode: 'service:db', command: [/bin/busybox, sleep, '1000'], stop_grace_period: 1s}}
networks: {{back: {{}}}}
volumes: {{named: {{}}}}
"""


@pytest.fixture
def serial_adapter():
    """One that is as good as any other for a container to have: it is /dev/null."""
    path = f"/dev/ttyUSB{os.getpid() % 1000}"
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    yield path
    os.unlink(path)


def test_all_that_an_app_may_ask_for(new_stack, web_image, serial_adapter):
    """What runs is compared with the model: every setting in the engine's own words."""
    stack = new_stack()
    path = stack.script(EVERYTHING.format(image=web_image, port=free_port(), device=serial_adapter), "compose.yml")
    stack.ctl("install", path, "--name", "much", "--yes")
    assert stack.get("much").status == 200
    stack.ctl("restart", "much")
    assert stack.get("much").status == 200
    stack.ctl("uninstall", "much", "--purge", "--yes")
    assert stack.ours() == ([], [])


def test_stop_start_restart(stack, web_image):
    stack.install("blog", web_image)
    stack.ctl("stop", "blog")
    stopped = stack.get("blog", headers={"Accept": "application/json"})
    assert stopped.status == 503 and stopped.headers["Retry-After"]
    assert b"stopped" in stopped.body
    stack.ctl("start", "blog")
    assert stack.get("blog").status == 200
    stack.ctl("restart", "blog")
    assert stack.get("blog").status == 200


def test_logs_and_jobs(new_stack, web_image):
    stack = new_stack()
    stack.install("chatty", web_image, "  command: ['/bin/busybox', 'sh', '-c', "
                  "'echo first line; exec /bin/busybox httpd -f -p 80 -h /www']\n")
    assert "first line" in stack.ctl("logs", "chatty").stdout
    jobs = stack.json("jobs")
    jobs = jobs["jobs"] if isinstance(jobs, dict) else jobs
    assert [j["op"] for j in jobs] == ["install"] and jobs[0]["result"] == "done"
    shown = stack.json("job", jobs[0]["job_id"])
    assert "install" in str(shown)


def test_image_from_a_registry(new_stack, engine, registry):
    ref = f"{registry.host}/shop/web:1"
    engine.import_image(ref, busybox_files({"index.html": b"pulled\n", "big": os.urandom(3_000_000)}), WEB)
    engine.push(ref)
    engine.remove_image(ref)
    stack = new_stack()
    done = stack.install("pulled", ref)
    assert stack.get("pulled").body == b"pulled\n"
    assert re.search(r"of \d+ layers" if KIND == "podman" else r"MB|MiB|bytes", done.stdout + done.stderr), (
        "a pull shows how far it is")
    stack.ctl("uninstall", "pulled")
    assert engine.image_id(ref) is None, "what we pulled and nobody uses goes again"


def test_gitlab_shape_keeps_its_text(new_stack, web_image):
    """A block scalar with both words in it arrives in the container byte for byte."""
    stack = new_stack()
    body = ("  hostname: 'APP_HOSTNAME'\n  environment:\n    CONFIG: |\n"
            "      external_url 'http://APP_HOSTNAME:HOST_PORT'\n      price = $5 ${NOT} 'x'\n")
    done = stack.install("code", web_image, body, check=False)
    if done.returncode == 3:   # a $ that looks like interpolation is refused, and says so
        assert "$" in done.stderr + done.stdout
        body = body.replace("      price = $5 ${NOT} 'x'\n", "")
        stack.install("code", web_image, body)
    (summary,), _ = stack.ours()
    env = dict(e.split("=", 1) for e in stack.engine.inspect(summary["Id"])["Config"]["Env"])
    row = stack.json("status", "code")
    assert f"external_url 'http://code.{stack.domain}:{row['port']}'\n" in env["CONFIG"]
    assert stack.engine.inspect(summary["Id"])["Config"]["Hostname"] == f"code.{stack.domain}"


def test_many_apps_at_once(new_stack, web_image):
    """Each request to the next app, from eight clients, while apphostd is killed: never another app's
    answer, never none. tests/bench/many_apps.py is the same with more of everything."""
    stack = new_stack()
    names = [f"app{n}" for n in range(12)]
    crowd.install_all(stack, names, web_image)
    subnets = [n["IPAM"]["Config"][0]["Subnet"] for n in stack.ours()[1]]
    assert len(set(subnets)) == 12
    killer = threading.Timer(0.3, stack.stop_daemon, [signal.SIGKILL])
    killer.start()
    tally = crowd.alternate(stack, names, 2000)
    killer.join()
    assert tally.good == 2000, f"{tally.wrong} from another app, {tally.failed}"
    stack.start_daemon()
    assert crowd.alternate(stack, names, 120).good == 120


def test_a_subnet_somebody_else_takes(new_stack, web_image):
    """Between the plan and the start another network is made of it: another one is taken."""
    stack = new_stack()
    operation = kills.install(stack, "late", web_image)
    assert operation.until("folders")
    with contextlib.closing(stack.database()) as db:
        (subnet,) = db.execute("select subnet from apps").fetchone()
    network = stack.engine.json("POST", "/networks/create", {
        "Name": f"foreign-{os.getpid()}", "IPAM": {"Config": [{"Subnet": subnet}]}})["Id"]
    try:
        assert "ok" in operation.end(), operation.answer
        (ours,) = stack.ours()[1]
        assert ours["IPAM"]["Config"][0]["Subnet"] != subnet
        assert stack.get("late").status == 200
    finally:
        stack.engine.request("DELETE", f"/networks/{network}")


def test_a_container_that_does_not_listen(new_stack, web_image):
    """SIGTERM is ignored: stopping takes its grace and no longer, purging does not wait at all."""
    stack = new_stack(httpd=False)
    stack.install("deaf", web_image, "  stop_grace_period: 2s\n  command: [/bin/busybox, sh, -c, "
                  "\"trap '' TERM; /bin/busybox httpd -f -p 80 -h /www & while :; do sleep 1; done\"]\n")
    begin = time.monotonic()
    stack.ctl("stop", "deaf")
    assert 1.5 < time.monotonic() - begin < 8
    stack.ctl("start", "deaf")
    begin = time.monotonic()
    stack.ctl("uninstall", "deaf", "--purge", "--yes")
    assert time.monotonic() - begin < 8


def test_a_service_starts_after_the_one_whose_network_it_shares(new_stack, web_image):
    """The author names it first; the engine starts no container in the network of one that does not run."""
    stack = new_stack(httpd=False)
    script = stack.script(
        f"cat > docker-compose.yml << 'EOF'\nservices:\n  side:\n    image: '{web_image}'\n    network_mode: service:web\n"
        "    command: ['/bin/busybox', 'sh', '-c', 'trap \"exit 0\" TERM; while :; do /bin/busybox sleep 1; done']\n"
        f"  web:\n    image: '{web_image}'\n    ports:\n      - 'HOST_PORT:80'\nEOF\ndocker-compose up -d\n")
    stack.ctl("install", script, "--name", "pair", "--yes")
    stack.ctl("stop", "pair")
    stack.ctl("start", "pair")
    containers, _ = stack.ours()
    assert [c["State"] for c in containers] == ["running"] * 2
