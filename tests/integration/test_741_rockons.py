# SPDX-License-Identifier: Apache-2.0
"""A rock-on whose author gives it another name is the same app: what was made from it goes on."""
import hashlib
import json
import os
import shutil
import socket
import tempfile

import pytest

from engine_env import WEB, busybox_files, free_port

PID = os.getpid()
NAME = f"apphost-test-rockon-{PID}"


@pytest.fixture(scope="module")
def images(engine):
    for tag in ("1", "2"):
        engine.import_image(f"{NAME}:{tag}", busybox_files({"index.html": f"page {tag}\n".encode()}), WEB)
    yield
    for tag in ("1", "2"):
        engine.remove_image(f"{NAME}:{tag}")


class Shelf:
    """A folder with an index: {file: (id, text)}."""

    def __init__(self, stack):
        self.stack, self.version = stack, 0
        self.folder = tempfile.mkdtemp(prefix="aph-shelf-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)

    def publish(self, entries, form="rockon", bad=()):
        """bad: ids the index names without a file."""
        self.version += 1
        rows = []
        for file, (ident, text) in entries.items():
            with open(f"{self.folder}/{file}", "w", encoding="utf-8") as f:
                f.write(text)
            rows.append({"id": ident, "format": form, "file": file, "length": len(text.encode()),
                         "sha256": hashlib.sha256(text.encode()).hexdigest()})
        rows += [{"id": ident, "format": form} for ident in bad]
        with open(f"{self.folder}/index.json", "w", encoding="ascii") as f:
            json.dump({"apphost-catalog": 1, "name": "shelf", "version": self.version,
                       "generated": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z", "entries": rows}, f)
        if self.version == 1:
            self.stack.ctl("catalog", "add", "shelf", f"file://{self.folder}")
        return self.stack.ctl("catalog", "refresh", "shelf").stdout


@pytest.fixture
def shelf(new_stack):
    shelf = Shelf(new_stack(httpd=False))
    yield shelf
    shutil.rmtree(shelf.folder)


def rockon(title, tag="1", port=None):
    ports = {"80": {"label": "Web", "description": "Page", "host_default": 8080, "protocol": "tcp", "ui": True}}
    if port is not None:
        ports["81"] = {"label": "More", "description": "More", "host_default": port, "protocol": "tcp"}
    asks = {"label": "Owner", "description": "Who it is for", "index": 1}
    return json.dumps({title: {"description": f"{title}.", "version": "1", "website": "https://example.org",
                               "containers": {"page": {"image": NAME, "tag": tag, "launch_order": 1, "ports": ports,
                                                       "environment": {"OWNER": asks},
                                                       "volumes": {"/data": {"label": "Data", "description": "All"}}}}}})


def was(stack):
    return {row["id"]: row["was"] for row in stack.json("revision", "list")["revisions"]}


def test_it_is_renamed(shelf, images):
    stack = shelf.stack
    shelf.publish({"diary.json": ("diary", rockon("Diary")), "other.json": ("other", rockon("Other"))})
    stack.ctl("install", "diary", "--name", "mine", "--set", "owner=ada", "--yes")
    data = f"{stack.state}/data/{stack.json('status', 'mine')['app_id']}/data/note"
    with open(data, "w", encoding="ascii") as f:
        f.write("kept")
    shelf.publish({"diary.json": ("diary-official", rockon("Diary (official)", "2")),
                   "other.json": ("other", rockon("Other"))})
    assert was(stack) == {"diary-official": ["diary"], "other": []}
    shown = stack.json("show", "diary")
    assert shown["revision"]["id"] == "diary-official" and [app["name"] for app in shown["installed"]] == ["mine"]
    # With the answers it has: nobody is asked anything.
    stack.ctl("update", "mine")
    row = stack.json("status", "mine")
    assert row["entry"] == "shelf/diary-official" and row["revision"] == shown["revision"]["sha256"]
    (container,), _ = stack.ours()
    assert "OWNER=ada" in stack.engine.inspect(container["Id"])["Config"]["Env"]
    assert container["ImageID"].removeprefix("sha256:") == stack.engine.image_id(f"{NAME}:2").removeprefix("sha256:")
    with open(data, encoding="ascii") as f:
        assert f.read() == "kept"
    # Once more, and everything it was ever called finds it; then back.
    shelf.publish({"diary.json": ("my-diary", rockon("My Diary", "2")), "other.json": ("other", rockon("Other"))})
    assert was(stack)["my-diary"] == ["diary-official", "diary"]
    assert stack.json("show", "diary")["revision"]["id"] == "my-diary"
    stack.ctl("update", "mine")
    assert stack.json("status", "mine")["entry"] == "shelf/my-diary"
    stack.ctl("rollback", "mine")
    assert stack.json("status", "mine")["revision"] == shown["revision"]["sha256"]
    stack.ctl("uninstall", "mine", "--purge", "--yes")
    assert stack.ours() == ([], [])


def test_what_is_no_rename(shelf):
    """Another file, an entry that is still there, and our own manifests, whose authors say it themselves."""
    stack = shelf.stack
    shelf.publish({"a.json": ("a", rockon("A")), "b.json": ("b", rockon("B"))})
    # The file of A has B in it now, A has gone to a file of its own, and C is new.
    shelf.publish({"a.json": ("b", rockon("B", "2")), "c.json": ("a", rockon("A", "2")), "b.json": ("c", rockon("C"))})
    assert was(stack) == {"a": [], "b": [], "c": []}
    shelf.publish({"x.json": ("d", rockon("D"))})
    assert was(stack) == {"d": []}
    # Nor is an entry gone that the index names badly.
    shelf.publish({"x.json": ("e", rockon("E"))}, bad=["d"])
    assert was(stack) == {"d": [], "e": []}


def test_a_port_that_is_lost_is_not_kept(shelf, images):
    """Nobody chose it, and somebody else has it by now."""
    stack, port = shelf.stack, free_port()
    text = json.dumps({"apphost": 1, "id": "music", "revision": 1, "title": "Music",
                       "questions": [{"id": "streams", "kind": "port", "label": "Streams", "service": "web",
                                      "target": "80", "protocol": "tcp", "default": port}],
                       "compose": {"services": {"web": {"image": f"{NAME}:1", "volumes": ["./d:/d"]}}}})
    shelf.publish({"music.json": ("music", text)}, "apphost")

    def opened():
        stack.ctl("install", "music", "--yes")
        (container,), _ = stack.ours()
        (bound,) = stack.engine.inspect(container["Id"])["HostConfig"]["PortBindings"]["80/tcp"]
        with open(f"{stack.state}/data/{stack.json('status', 'music')['app_id']}/d/note", "a", encoding="ascii") as f:
            f.write("kept")
        stack.ctl("uninstall", "music", "--yes")
        return int(bound["HostPort"])
    assert opened() == port and opened() == port
    with socket.socket() as other:
        other.bind(("0.0.0.0", port))
        other.listen()
        assert opened() > port
    stack.ctl("uninstall", "music", "--purge", "--yes")


def test_the_port_of_the_page_is_opened_too(shelf, images):
    """Players that fetch what they play from the port the page is at."""
    stack, port = shelf.stack, free_port()
    text = json.dumps({"apphost": 1, "id": "music", "revision": 1, "title": "Music", "web": {"service": "web", "port": 80},
                       "questions": [{"id": "streams", "kind": "port", "label": "Streams", "service": "web",
                                      "target": "80", "protocol": "tcp", "default": port}],
                       "compose": {"services": {"web": {"image": f"{NAME}:1"}}}})
    shelf.publish({"music.json": ("music", text)}, "apphost")
    stack.ctl("install", "music", "--yes")
    (container,), _ = stack.ours()
    bound = stack.engine.inspect(container["Id"])["HostConfig"]["PortBindings"]["80/tcp"]
    assert len(bound) == 2 and str(port) in [each["HostPort"] for each in bound]
    stack.ctl("uninstall", "music", "--purge", "--yes")
