# SPDX-License-Identifier: Apache-2.0
"""Storage locations: folders root opened to apps, and what becomes of them while others write there too."""
import contextlib
import os
import subprocess

import pytest


@pytest.fixture
def bare(new_stack):
    """apphostd without httpd, and a folder of data beside it."""
    stack = new_stack(httpd=False)
    stack.media = f"{stack.folder}/media"
    os.mkdir(stack.media)
    yield stack


def refused(stack, *args):
    """What is said, and with which exit code."""
    done = stack.ctl(*args, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


@contextlib.contextmanager
def mounted(path, size="8m"):
    """A small disk at path. away() takes it off, back() brings the very same one back."""
    spare = f"{path}.spare"
    os.mkdir(spare)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", path], check=True)

    class Disk:
        @staticmethod
        def away():
            subprocess.run(["mount", "--bind", path, spare], check=True)
            subprocess.run(["umount", path], check=True)

        @staticmethod
        def back():
            subprocess.run(["mount", "--bind", spare, path], check=True)
            subprocess.run(["umount", spare], check=True)
    try:
        yield Disk
    finally:
        for place in (path, spare):
            subprocess.run(["umount", "-l", place], check=False, stderr=subprocess.DEVNULL)


# --- locations ------------------------------------------------------------------------------------

def test_add_list_remove(bare):
    assert bare.json("storage", "list") == {"locations": []}
    said = bare.ctl("storage", "add", "media", bare.media + "/").stdout
    assert bare.media in said and "media/FOLDER" in said
    os.mkdir(f"{bare.folder}/books")
    bare.ctl("storage", "add", "books", f"{bare.folder}/books", "--read-only")
    books, media = bare.json("storage", "list")["locations"]
    assert (media["name"], media["path"], media["read_only"], media["problem"], media["apps"]) == (
        "media", bare.media, False, None, [])
    disk = os.statvfs(bare.media)
    assert abs(media["free"] - disk.f_bavail * disk.f_frsize) < 1 << 30
    assert books["read_only"] is True
    text = bare.ctl("storage", "list").stdout
    assert bare.media in text and "read, write" in text
    bare.ctl("storage", "remove", "media")
    assert os.path.isdir(bare.media)
    assert [row["name"] for row in bare.json("storage", "list")["locations"]] == ["books"]
    assert "no storage location media" in refused(bare, "storage", "remove", "media")


def test_what_is_no_location(bare, engine):
    """Each with its reason; and nothing is remembered."""
    os.symlink("media", f"{bare.folder}/short")
    os.mkdir(f"{bare.folder}/open", 0o755)
    os.chmod(f"{bare.folder}/open", 0o777)
    os.mkdir(f"{bare.folder}/open/x")
    os.mkdir(f"{bare.folder}/hers", 0o755)
    os.mkdir(f"{bare.folder}/hers/x")
    os.chown(f"{bare.folder}/hers", 1000, 1000)
    with open(f"{bare.folder}/file", "w", encoding="ascii"):
        pass
    root = engine.json("GET", "/info")["DockerRootDir"]
    for path, word in (("/", "system"), ("/etc", "system"), ("/usr/share", "system"), ("/home", "system"),
                       ("media", "absolute"), (f"{bare.folder}/../x", "absolute"),
                       (f"{bare.folder}/nothing", "no folder"), (f"{bare.folder}/file", "not a folder"),
                       (f"{bare.folder}/short", bare.media), (f"{bare.folder}/open/x", "others than root"),
                       (f"{bare.folder}/hers/x", "user 1000"), (bare.state, "apphost"),
                       (f"{bare.state}/data", "apphost"), (bare.folder, "apphost"), (root, ""),
                       (os.path.dirname(root), "")):
        assert word in refused(bare, "storage", "add", "bad", path), path
    assert bare.json("storage", "list") == {"locations": []}
    assert "location" in refused(bare, "storage", "add", "No_Name", bare.media)


def test_locations_beside_each_other(bare):
    os.mkdir(f"{bare.media}/films")
    bare.ctl("storage", "add", "films", f"{bare.media}/films")
    os.mkdir(f"{bare.media}/films/new")
    for path in (bare.media, f"{bare.media}/films", f"{bare.media}/films/new"):
        assert "films" in refused(bare, "storage", "add", "media", path)
    os.mkdir(f"{bare.media}/films-2")
    bare.ctl("storage", "add", "more", f"{bare.media}/films-2")
    assert "already" in refused(bare, "storage", "add", "films", f"{bare.media}/films-2")
    # The same once more is fine, and says what changes.
    bare.ctl("storage", "add", "films", f"{bare.media}/films", "--read-only")
    assert [r["read_only"] for r in bare.json("storage", "list")["locations"]] == [True, False]


def test_a_disk_that_is_away_is_named(bare):
    with mounted(bare.media) as disk:
        bare.ctl("storage", "add", "media", bare.media)
        disk.away()
        (row,) = bare.json("storage", "list")["locations"]
        assert row["free"] is None and "mounted" in row["problem"]
        assert "mounted" in bare.ctl("storage", "list").stderr
        disk.back()
        assert bare.json("storage", "list")["locations"][0]["problem"] is None
