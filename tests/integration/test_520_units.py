# SPDX-License-Identifier: Apache-2.0
"""The units for systemd: how much they let a taken-over process do, and that apphost does with it."""
import os
import re
import signal
import threading

import pytest

import units_env
from engine_env import WEB, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-units-{os.getpid()}:1"
SCRIPT = ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + IMAGE + "'\n  ports:\n    - 'HOST_PORT:80'\n"
          "  volumes:\n    - './config:/config'\nEOF\nmkdir -p config\ndocker-compose up -d\n")


@pytest.fixture(scope="module")
def web_image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello from the app\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def systemd(new_stack):
    """A stack whose jobs are started through a socket; with rules=True both sides under their units'."""
    sockets = []

    def make(rules):
        stack = new_stack(daemon=False, httpd=False)
        path, command = f"{stack.folder}/job.socket", []
        os.makedirs(stack.state)
        os.makedirs(stack.runtime)
        if rules:
            command = units_env.as_unit("apphost-job@.service", stack.folder)
            stack.before_daemon = units_env.as_unit("apphostd.service", stack.folder, (stack.state, stack.runtime))
        sockets.append(units_env.JobSocket(path, stack.config, command, f"{stack.folder}/apphostd.log"))
        stack.daemon_options = ["-j", path]
        stack.jobs = sockets[-1].jobs
        stack.start_daemon()
        stack.instance_label = stack.instance()
        stack.start_httpd()
        return stack
    yield make
    # The daemons first: whoever still has a connection ends with it.
    for made in sockets:
        for job in made.jobs:
            if job.poll() is None:
                job.send_signal(signal.SIGTERM)
        made.close()


@pytest.mark.parametrize("unit, most", [("apphostd.service", 1.0), ("apphost-job@.service", 3.5)])
def test_exposure(unit, most):
    """1.5 is what apphostd shall have at most; these are what it has, so that it does not get more unseen."""
    done = units_env.ask("security", "--offline=true", f"--threshold={round(most * 10)}",
                         f"{units_env.UNITS}/{unit}")
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level and float(level.group(1)) <= most, done.stdout + done.stderr


def test_units_are_sound():
    done = units_env.ask("verify", "--man=no", *(f"{units_env.UNITS}/{unit}" for unit in
                         ("apphostd.service", "apphost-job.socket", "apphost-job@.service")))
    # Units of others that are not there are no concern of ours; what is wrong with ours names ours.
    wrong = [line for line in done.stderr.splitlines() if "apphost" in line]
    assert not wrong, wrong


def test_install_and_uninstall_under_the_units(systemd, web_image):
    """All that jobs do on an ordinary day: reader, compose, firewall, data of the app's, a virtual host
    judged by httpd as nobody, httpd's reload, the purge."""
    stack = systemd(rules=True)
    stack.ctl("install", stack.script(SCRIPT), "--name", "photos", "--yes", "--option", "max-body=1m")
    wait_for(lambda: stack.get("photos").status == 200, 20, "the app")
    (row,) = stack.invariants()
    assert os.path.exists(f"{stack.state}/vhosts-enabled/{row['app_id']:05d}.conf")
    rules = os.popen("iptables-save").read()
    assert stack.instance_label[:8] in rules
    with open(f"/proc/{stack.daemon.pid}/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 1 and status["NoNewPrivs"] == "1"
    for verb in ("stop", "start", "restart"):
        stack.ctl(verb, "photos")
    assert stack.ctl("logs", "photos", "--tail", "5", check=False).returncode == 0
    wait_for(lambda: stack.get("photos").status == 200, 20, "the app again")
    stack.ctl("uninstall", "photos", "--purge", "--yes")
    assert stack.invariants() == [] and stack.ours() == ([], [])


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_a_job_that_is_no_child(systemd, web_image, end):
    """What the monitor knows of it: whom to stop, and that it has ended."""
    stack = systemd(rules=False)
    stack.announced += ["cancelled|stopped on request", "ended without saying why; see"]
    # Its container never answers: the job waits for its health.
    script = stack.script(SCRIPT.replace("HOST_PORT:80", "HOST_PORT:81"))
    install = threading.Thread(target=stack.ctl, args=("install", script, "--name", "slow", "--yes"),
                               kwargs={"check": False})
    install.start()
    wait_for(lambda: stack.ours()[0], 60, "a container")
    (job,) = [job for job in stack.json("jobs")["jobs"] if job["op"] == "install"]
    if end == "cancel":
        stack.ctl("job", job["job_id"], "--cancel")
    else:
        stack.jobs[-1].kill()
    install.join(60)
    assert stack.json("job", job["job_id"])["result"] == "rolled-back"
    assert stack.invariants() == [] and stack.ours() == ([], [])
    # The watcher, and for the killed one also the job that undid it.
    assert len(stack.jobs) == (2 if end == "cancel" else 3)


def test_nobody_to_start_jobs(systemd, web_image):
    stack = systemd(rules=False)
    stack.announced += ["no job can be started", "the watcher"]
    os.rename(f"{stack.folder}/job.socket", f"{stack.folder}/elsewhere")
    try:
        done = stack.ctl("install", stack.script(SCRIPT), "--name", "photos", "--yes", check=False)
        assert done.returncode != 0 and "no job can be started" in done.stderr, done
        assert stack.ctl("status").returncode == 0
    finally:
        os.rename(f"{stack.folder}/elsewhere", f"{stack.folder}/job.socket")
    stack.ctl("install", stack.script(SCRIPT), "--name", "photos", "--yes")
    stack.ctl("uninstall", "photos", "--purge", "--yes")
