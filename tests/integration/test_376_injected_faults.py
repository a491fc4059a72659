# SPDX-License-Identifier: Apache-2.0
"""One system call fails, or is the last: in a job or in apphostd, at a chosen one of its calls that write.
Whoever asked gets an answer, what must hold does, and to ask again brings about what was asked for.

APPHOST_INJECTIONS is how many of all possible faults are tried; which ones is drawn by APPHOST_SEED."""
import collections
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

import kills
from engine_env import WEB, busybox_files
from stack_env import PREFIX, wait_for

IMAGE = f"apphost-test-inject-{os.getpid()}:1"
COUNT = int(os.environ.get("APPHOST_INJECTIONS", 10))
SEED = os.environ.get("APPHOST_SEED", "1")
STRACE = shutil.which("strace")

# Those that write, and what may happen to each. To ask for a descriptor is interrupted by nothing here.
CALLS = {"openat": ("ENOSPC", "EIO"), "openat2": ("ENOSPC", "EIO"), "mkdir": ("ENOSPC", "EIO"),
         "mkdirat": ("ENOSPC", "EIO"), "rename": ("ENOSPC", "EIO"), "renameat": ("ENOSPC", "EIO"),
         "renameat2": ("ENOSPC", "EIO"), "unlink": ("EIO",), "unlinkat": ("EIO",), "rmdir": ("EIO",),
         "write": ("ENOSPC", "EIO", "EINTR"), "pwrite64": ("ENOSPC", "EIO", "EINTR"),
         "fsync": ("ENOSPC", "EIO", "EINTR"), "fdatasync": ("ENOSPC", "EIO", "EINTR"),
         "fchmod": ("EIO",), "symlink": ("ENOSPC",), "symlinkat": ("ENOSPC",), "ftruncate": ("EIO", "EINTR"),
         "sendto": ("EINTR",), "sendmsg": ("EINTR",)}
OPS = ("install", "stop", "start", "uninstall")

pytestmark = pytest.mark.skipif(STRACE is None, reason="needs strace")


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


class Faults:
    """A stack whose next job runs under strace, where it is asked for; or apphostd itself does."""

    def __init__(self, stack):
        self.stack, self.tracer = stack, None
        self.order, self.log = f"{stack.folder}/inject", f"{stack.folder}/strace.log"
        self.program = f"{stack.folder}/apphost-job"
        installed = f"{PREFIX}/libexec/apphost/apphost-job"
        shutil.copy(installed, self.program)
        wrapper = stack.script(f"""#!/bin/sh
if mv {self.order} {self.order}.$$ 2>/dev/null; then
    exec {STRACE} -D -qq -o {self.log} $(cat {self.order}.$$) {self.program} "$@"
fi
exec {self.program} "$@"
""", "wrapper")
        os.chmod(wrapper, 0o755)
        self.start = ["unshare", "-m", "sh", "-c", f"mount --bind {wrapper} {installed} && exec {PREFIX}/sbin/apphostd "
                      f"-c {stack.config}"]

    def start_daemon(self):
        with open(f"{self.stack.folder}/apphostd.log", "ab") as log:
            self.stack.daemon = subprocess.Popen(self.start, stdout=log, stderr=log, start_new_session=True)
        wait_for(self.stack.answers, 20, "apphostd's socket")

    def arm(self, who, words):
        """words: options of strace. For a job they wait for the next one that is started."""
        if os.path.exists(self.log):
            os.unlink(self.log)
        if who == "job":
            with open(f"{self.order}.part", "w", encoding="ascii") as f:
                f.write(" ".join(words))
            os.rename(f"{self.order}.part", self.order)
            return
        pid = self.stack.daemon.pid
        self.tracer = subprocess.Popen([STRACE, "-qq", "-o", self.log, *words, "-p", str(pid)], start_new_session=True)

        def traced():
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                return not re.search(r"TracerPid:\t0$", f.read(), re.M)
        wait_for(traced, 10, "strace to be there")

    def disarm(self):
        """Puts all back; a program that was killed is started again."""
        if os.path.exists(self.order):
            os.unlink(self.order)
        if self.tracer:
            if self.tracer.poll() is None:
                self.tracer.send_signal(signal.SIGTERM)
            self.tracer.wait(10)
            self.tracer = None
        if self.stack.daemon.poll() is not None:
            self.start_daemon()

    def calls(self):
        """How often each was called; and whether a fault was injected."""
        if not os.path.exists(self.log):   # no job was needed
            return collections.Counter(), False
        with open(self.log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        return (collections.Counter(re.findall(r"^(\w+)\(", text, re.M)),
                "(INJECTED)" in text or "killed by SIGKILL" in text)


SCRIPT = """mkdir -p d
chmod -R 777 d
cat > d/settings << 'EOF'
as the script has it
EOF
cat > docker-compose.yml << 'EOF'
web:
  image: '{}'
  ports: ['HOST_PORT:80']
  volumes: ['./d:/d']
EOF
docker-compose up -d
"""


@pytest.fixture
def faults(new_stack, image):
    stack = new_stack(daemon=False)
    stack.announced += ["."]
    made = Faults(stack)
    made.start_daemon()
    stack.instance_label = stack.instance()
    made.text = stack.script(SCRIPT.format(image), "app.sh")
    yield made
    made.disarm()


def ask(stack, op, faults, check=False):
    words = {"install": ("install", faults.text, "--name", "victim", "--yes"),
             "uninstall": ("uninstall", "victim", "--purge", "--yes")}.get(op, (op, "victim"))
    return stack.ctl(*words, check=check, timeout=90)


def state_of(stack):
    return {row["name"]: row["state"] for row in stack.invariants()}.get("victim")


def bring_to(stack, faults, op):
    """What op begins with."""
    if state_of(stack) is None and op != "install":
        ask(stack, "install", faults, check=True)
    if op in ("start", "stop"):
        ask(stack, "stop" if op == "start" else "start", faults, check=True)


def possible(faults):
    """Every fault there could be, learnt from one run of each operation of each program."""
    stack, found = faults.stack, []
    for who in ("job", "daemon"):
        for op in OPS:
            bring_to(stack, faults, op)
            faults.arm(who, ["-e", f"trace={','.join('?' + call for call in CALLS)}"])
            done = ask(stack, op, faults)
            kills.settle(stack)
            time.sleep(0.1 if who == "daemon" else 0)
            faults.disarm()
            assert done.returncode == 0, f"{who} {op}: {done.stdout}{done.stderr}{stack.daemon_log()[-2000:]}"
            for call, times in sorted(faults.calls()[0].items()):
                # The end of what is there may come a little sooner or later: only what is surely reached.
                found += [(who, op, call, k, what) for k in range(1, times + 1)
                          for what in (*CALLS.get(call, ()), "KILL") if call in CALLS]
    return found


def check_end(stack, faults, op, where):
    """What holds after a fault, and that asking again comes to the end."""
    try:
        kills.settle(stack, 90)
        wait_for(lambda: state_of(stack) in (None, "running", "stopped", "failed", "kept"), 40, "a state that lasts")
        again = ask(stack, op, faults)
        state = state_of(stack)
        want = {"install": "running", "start": "running", "stop": "stopped", "uninstall": None}[op]
        assert state == want, f"asked again: {state} {again.returncode} {again.stdout}{again.stderr}"
        if state == "running":
            assert stack.get("victim").status == 200
        if op != "uninstall":
            ask(stack, "uninstall", faults, check=True)
        kills.no_trace(stack, where, "victim")
    except AssertionError as failure:
        raise AssertionError(f"{where}: {failure}\n{stack.daemon_log()[-3000:]}") from failure


def choose(everything, count):
    """Each kind of call of each operation in turn, in an order the seed decides: a program calls openat
    and write so often that nothing else would have its turn."""
    draw, kinds = random.Random(SEED), collections.defaultdict(list)
    for fault in everything:
        kinds[fault[:3]].append(fault)
    queues = list(kinds.values())
    draw.shuffle(queues)
    for queue in queues:
        draw.shuffle(queue)
    turns = itertools.zip_longest(*queues)
    return [fault for turn in turns for fault in turn if fault is not None][:count]


def test_faults(faults):
    stack = faults.stack
    everything = possible(faults)
    chosen = choose(everything, COUNT)
    hit, failures = 0, []
    for who, op, call, k, what in sorted(chosen, key=lambda c: OPS.index(c[1])):
        where = f"{who} {op}: {what} at {call} number {k}"
        bring_to(stack, faults, op)
        fault = "signal=KILL" if what == "KILL" else f"error={what}"
        faults.arm(who, ["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={k}"])
        try:
            begun = time.monotonic()
            done = ask(stack, op, faults)
            faults.disarm()
            happened = faults.calls()[1]
            hit += happened
            check_end(stack, faults, op, where)
            print(f"{where}: {'exit' if happened else 'not reached, exit'} {done.returncode}, {time.monotonic() - begun:.1f} s")
        except (AssertionError, subprocess.TimeoutExpired) as failure:
            if len(chosen) <= 50:
                raise
            failures.append(f"{where}\n{failure}")
            faults.disarm()
            stack.stop_daemon()
            faults.start_daemon()
            kills.settle(stack)
            stack.ctl("uninstall", "victim", "--purge", "--yes", check=False)
    print(f"{len(everything)} faults are possible; {len(chosen)} tried, {hit} happened")
    assert not failures, f"{len(failures)} of {len(chosen)}:\n" + "\n\n".join(failures)
    assert hit > len(chosen) // 2
