# SPDX-License-Identifier: Apache-2.0
"""What an app's containers leave in its folder meets the next steps of its scripts: nothing outside is
touched, and what stands in the way is named."""
import hashlib
import os
import subprocess

import pytest

from engine_env import WEB, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-hostile-{os.getpid()}:1"
SCRIPT = """mkdir -p d/sub
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
UNINSTALL = "docker-compose stop\ndocker-compose rm -f\nrm -rf d/sub d\n"


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


class Canary:
    def __init__(self, path):
        self.path = path
        os.makedirs(f"{path}/sub/deep")
        for name in ("settings", "sub/precious", "sub/deep/precious"):
            with open(f"{path}/{name}", "w", encoding="ascii") as f:
                f.write(name)
        self.before = self.seen()

    def seen(self):
        told = hashlib.sha256()
        for top, folders, files in sorted(os.walk(self.path)):
            for name in [".", *sorted(folders), *sorted(files)]:
                at = os.lstat(f"{top}/{name}")
                told.update(repr((top, name, at.st_ino, at.st_mode, at.st_uid, at.st_mtime_ns, at.st_ctime_ns)).encode())
        return told.hexdigest()

    def check(self):
        assert self.seen() == self.before


@pytest.fixture
def app(new_stack, image):
    stack = new_stack(httpd=False)
    stack.announced += [r"job \d+[ :(]"]
    stack.canary = Canary(f"{stack.folder}/canary")
    text, ending = stack.script(SCRIPT.format(image), "app.sh"), stack.script(UNINSTALL, "un.sh")
    stack.put = lambda check=True: stack.ctl("install", text, "--uninstall-script", ending, "--name", "app", "--yes",
                                             check=check)
    stack.put()
    stack.d = f"{stack.state}/data/{stack.json('status', 'app')['app_id']}/d"
    return stack


def plant(stack):
    """As its containers could, which have d."""
    d = stack.d
    os.rmdir(f"{d}/sub")
    os.unlink(f"{d}/settings")
    os.symlink(f"{stack.canary.path}/sub", f"{d}/sub")
    os.symlink("../../../../canary/settings", f"{d}/settings")
    os.symlink("loop", f"{d}/loop")
    os.symlink("/proc/self/root/etc", f"{d}/magic")
    os.mkfifo(f"{d}/fifo")
    with open(os.fsencode(d) + b"/new\nline \xff", "w", encoding="ascii"):
        pass
    os.makedirs(f"{d}/-rf/x")
    os.chown(f"{d}/-rf", 100000, 100000)


def test_links_between_uninstall_and_install(app):
    plant(app)
    app.ctl("uninstall", "app", "--yes")
    app.canary.check()
    assert os.path.islink(f"{app.d}/sub"), "what was kept is kept as it was"
    done = app.put(check=False)
    assert done.returncode == 3 and "symbolic link" in done.stderr and f"{app.d}/sub" in done.stderr, done
    app.canary.check()
    assert os.path.islink(f"{app.d}/sub") and os.path.islink(f"{app.d}/settings")
    os.unlink(f"{app.d}/sub")
    app.put()
    app.canary.check()
    assert os.path.islink(f"{app.d}/settings"), "a file that is there is the user's, also where it is none"
    app.ctl("uninstall", "app", "--purge", "--yes")
    assert not os.path.exists(os.path.dirname(app.d))
    app.canary.check()


def test_links_and_purge_at_once(app):
    plant(app)
    app.ctl("uninstall", "app", "--purge", "--yes")
    assert not os.path.exists(os.path.dirname(app.d))
    app.canary.check()


def test_a_mount_below(app):
    """Somebody's backup disk in the app's folder is not emptied with it."""
    os.mkdir(f"{app.d}/disk")
    subprocess.run(["mount", "--bind", app.canary.path, f"{app.d}/disk"], check=True)
    try:
        done = app.ctl("uninstall", "app", "--purge", "--yes", check=False, timeout=60)
        assert done.returncode != 0 and "mounted" in done.stderr and "try again" in done.stderr, done
        app.canary.check()
    finally:
        subprocess.run(["umount", f"{app.d}/disk"], check=True)
    app.canary.check()
    app.ctl("uninstall", "app", "--purge", "--yes")
    wait_for(lambda: not os.path.exists(os.path.dirname(app.d)), 5, "the folder to be gone")


def test_a_large_purge_shows_that_it_gets_on(app):
    for i in range(int(os.environ.get("APPHOST_PURGE_FILES", 2000))):
        with open(f"{app.d}/{i}", "w", encoding="ascii"):
            pass
    done = app.ctl("uninstall", "app", "--purge", "--yes", timeout=900)
    assert not os.path.exists(os.path.dirname(app.d)), done
    if int(os.environ.get("APPHOST_PURGE_FILES", 0)) >= 500000:
        assert "files so far" in done.stdout + done.stderr
