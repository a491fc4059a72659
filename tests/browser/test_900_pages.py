# SPDX-License-Identifier: Apache-2.0
"""What a person sees: an app by its name, and apphost's own pages, in a real Chromium. Screenshots are
kept in APPHOST_ARTEFACTS."""
import os
import pathlib
import subprocess
import tempfile

import pytest

from engine_env import WEB, busybox_files

IMAGE = f"apphost-test-browser-{os.getpid()}:1"
PAGE = b"""<!doctype html><title>app</title><p id=out>loading</p><script>
fetch('data.txt').then(r => r.text()).then(t => { document.getElementById('out').textContent = 'got ' + t; });
</script>"""
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--virtual-time-budget=3000", "--window-size=900,600"]


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": PAGE, "data.txt": b"the data"}), WEB)
    return IMAGE


class Browser:
    def __init__(self, stack):
        self.stack = stack
        self.profile = tempfile.TemporaryDirectory(prefix="aph-chromium-")
        self.artefacts = pathlib.Path(os.environ.get("APPHOST_ARTEFACTS", self.profile.name))
        self.artefacts.mkdir(parents=True, exist_ok=True)

    def run(self, *more):
        done = subprocess.run(["chromium", *FLAGS, f"--user-data-dir={self.profile.name}/p",
                               f"--host-resolver-rules=MAP *.{self.stack.domain} 127.0.0.1", *more],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-1000:]
        return done.stdout

    def open(self, name, shot):
        url = f"http://{name}.{self.stack.domain}:{self.stack.port}/"
        self.run(f"--screenshot={self.artefacts / shot}.png", url)
        assert (self.artefacts / f"{shot}.png").stat().st_size > 1000
        return self.run("--dump-dom", url)


@pytest.fixture
def browser(new_stack):
    browser = Browser(new_stack())
    yield browser
    browser.profile.cleanup()


def test_an_app_by_its_name(browser, image):
    browser.stack.install("photos", image)
    assert "got the data" in browser.open("photos", "app")


def test_the_pages_of_apphost(browser, image):
    browser.stack.install("photos", image)
    browser.stack.ctl("stop", "photos")
    stopped = browser.open("photos", "stopped")
    assert "photos" in stopped and "stopped" in stopped.lower()
    unknown = browser.open("nothing", "unknown")
    assert f"nothing.{browser.stack.domain}" in unknown
    assert "<script" not in stopped + unknown
