# SPDX-License-Identifier: Apache-2.0
"""Storage locations: folders root opened to apps, and what becomes of them while others write there too."""
import contextlib
import json
import os
import subprocess

import pytest

from engine_env import WEB, busybox_files
from stack_env import wait_for


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
    os.makedirs(spare, exist_ok=True)
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


def test_another_disk_at_the_same_place(bare):
    """Roots of file systems share their inode: when a disk was made is what tells it from the next one."""
    with mounted(bare.media):
        bare.ctl("storage", "add", "disk", bare.media)
    with mounted(bare.media):
        (row,) = bare.json("storage", "list")["locations"]
        assert "not the folder that was added" in row["problem"]
        bare.ctl("storage", "add", "disk", bare.media)
        (row,) = bare.json("storage", "list")["locations"]
        assert row["problem"] is None


# --- apps -----------------------------------------------------------------------------------------

PID = os.getpid()
IMAGE = f"apphost-test-storage-{PID}:1"


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def manifest(entry="films", **more):
    """A web page, and a folder of films it writes as user 1000 of group 100."""
    return {"apphost": 1, "id": entry, "revision": 1, "version": "1", "title": "Films",
            "web": {"service": "web", "port": 80},
            "compose": {"services": {"web": {"image": IMAGE, "environment": {"PUID": "1000", "PGID": "100"}}}},
            "questions": [{"id": "films", "kind": "storage", "label": "Films", "service": "web", "target": "/films"}
                          | more]}


def bring(stack, entry):
    path = stack.script(json.dumps(entry), f"{entry['id']}.json")
    stack.ctl("revision", "import", path, "--activate")
    return f"local/{entry['id']}"


@pytest.fixture
def media(bare, image):
    bare.ctl("storage", "add", "media", bare.media)
    bare.films = bring(bare, manifest())
    return bare


def install(stack, answer, name="films", entry=None, check=True, *more):
    return stack.ctl("install", entry or stack.films, "--name", name, "--set", f"films={answer}", "--yes", *more,
                     check=check)


def plan(stack, answer, name="films", entry=None):
    return stack.json("install", entry or stack.films, "--name", name, "--set", f"films={answer}", "--plan")["plan"]


def container(stack, name="films"):
    app = stack.json("status", name)["app_id"]
    (found,) = stack.engine.containers(**{"org.apphost.instance": stack.instance_label, "org.apphost.app": str(app)})
    return stack.engine.inspect(found["Id"])


def mount_of(stack, name="films"):
    (mount,) = [m for m in container(stack, name)["Mounts"] if m["Destination"] == "/films"]
    return mount


def state_of(stack, name="films"):
    return stack.json("status", name)["state"]


def test_an_answer_becomes_a_folder(media):
    (row,) = plan(media, "media/films/new")["storage"]
    assert (row["path"], row["new"], row["given"]) == (f"{media.media}/films/new", True, {"uid": 1000, "gid": 100})
    assert row["writers"][0]["uid"] == 1000 and row["free"] > 0
    assert not os.listdir(media.media)      # a plan makes nothing
    said = install(media, "media/films/new", check=True)
    st = os.stat(f"{media.media}/films/new")
    assert (st.st_uid, st.st_gid, st.st_mode & 0o7777) == (1000, 100, 0o755)
    assert os.stat(f"{media.media}/films").st_uid == 0
    mount = mount_of(media)
    assert (mount["Source"], mount["RW"], mount["Propagation"]) == (f"{media.media}/films/new", True, "rprivate")
    (location,) = media.json("storage", "list")["locations"]
    assert [(a["app"], a["answer"]) for a in location["apps"]] == [("films", "media/films/new")]
    assert "films (films/new)" in media.ctl("storage", "list").stdout
    assert "in use by films" in refused(media, "storage", "remove", "media")
    assert "films" in refused(media, "storage", "add", "media", media.media, "--read-only")
    text = media.ctl("install", media.films, "--name", "more", "--set", "films=media/films/new", "--plan").stdout
    assert "shared with films" in text and "belongs to 1000:100" in text, said.stdout
    # Whatever happens to the app, nothing there is deleted.
    with open(f"{media.media}/films/new/a.mkv", "w", encoding="ascii") as f:
        f.write("film")
    gone = media.json("uninstall", "films", "--purge", "--yes")
    assert gone["storage"] == [f"{media.media}/films/new"] and gone["data"] == "gone"
    assert os.listdir(f"{media.media}/films/new") == ["a.mkv"]
    media.ctl("storage", "remove", "media")


def test_what_is_there_stays_its_owners(media):
    os.mkdir(f"{media.media}/films", 0o700)
    shown = plan(media, "media/films")
    (row,) = shown["storage"]
    assert (row["new"], row["owner"], row["writable"]) == (False, {"uid": 0, "gid": 0, "mode": "0700"}, False)
    assert [w for w in shown["warnings"] if w["id"] == "storage" and "user 1000" in w["text"]]
    install(media, "media/films")
    st = os.stat(f"{media.media}/films")
    assert (st.st_uid, st.st_mode & 0o7777) == (0, 0o700)


def test_answers_that_are_none(media):
    for answer, word in (("/srv/media", "path of this machine"), ("media/../x", "plain names"), ("media/.x", "plain"),
                         ("nothing/x", "media"), ("media/$x", "plain"), (media.media, "path of this machine")):
        said = install(media, answer, check=False)
        assert said.returncode != 0 and word in said.stderr, (answer, said.stderr)
    assert not os.listdir(media.media)
    assert not media.json("list")["apps"]


def test_a_default_is_no_answer(media):
    """An author names a folder by himself: it is not taken."""
    path = media.script(json.dumps(manifest("bold", default="media/private")), "bold.json")
    media.announced += ["has default"]
    assert "films has default" in refused(media, "revision", "import", path)
    assert not os.listdir(media.media)


def test_read_only(media):
    os.mkdir(f"{media.folder}/books")
    media.ctl("storage", "add", "books", f"{media.folder}/books", "--read-only")
    assert "only read" in install(media, "books/new", check=False).stderr
    os.mkdir(f"{media.folder}/books/old")
    install(media, "books/old")
    assert mount_of(media)["RW"] is False
    entry = bring(media, manifest("reader", read_only=True))
    install(media, "media/x", "reader", entry)
    assert mount_of(media, "reader")["RW"] is False


def test_folders_of_several_apps(media):
    install(media, "media/films")
    for answer in ("media", "media/films/new"):
        said = install(media, answer, "second", check=False)
        assert said.returncode == 3 and "films" in said.stderr, said.stderr
    assert os.listdir(f"{media.media}/films") == []
    install(media, "media/films", "second")
    assert mount_of(media, "second")["Source"] == f"{media.media}/films"


def test_an_update_that_wants_more(media):
    """What was only read is written by the new revision: that is asked, for nobody chose it anew."""
    reads, writes = manifest("keeper", read_only=True), manifest("keeper") | {"revision": 2}
    install(media, "media/films", "keeper", bring(media, reads))
    bring(media, writes)
    said = media.ctl("update", "keeper", check=False)
    assert said.returncode == 4 and "media/films" in said.stdout + said.stderr, said.stderr
    assert mount_of(media, "keeper")["RW"] is False
    media.ctl("update", "keeper", "--consent", "web.volumes.media/films")
    assert mount_of(media, "keeper")["RW"] is True
    media.ctl("rollback", "keeper", "--yes")
    assert mount_of(media, "keeper")["RW"] is False
    # An answer given anew is the person's own word, and its folder is made.
    media.ctl("update", "keeper", "--set", "films=media/other", "--yes")
    assert mount_of(media, "keeper")["Source"] == f"{media.media}/other"
    assert os.stat(f"{media.media}/other").st_uid == 1000
    assert sorted(os.listdir(media.media)) == ["films", "other"]


def test_a_location_a_rollback_needs(media):
    """What the revision before used stays, for as long as there is a way back to it."""
    os.mkdir(f"{media.folder}/books")
    media.ctl("storage", "add", "books", f"{media.folder}/books")
    entry = bring(media, manifest("keeper"))
    install(media, "books/old", "keeper", entry)
    media.ctl("update", "keeper", "--set", "films=media/new", "--yes")
    media.announced += ["would be in use again"]
    assert "rollback of keeper" in refused(media, "storage", "remove", "books")
    media.ctl("rollback", "keeper", "--yes")
    assert mount_of(media, "keeper")["Source"] == f"{media.folder}/books/old"


def test_a_link_between_stop_and_start(media):
    """Somebody who may write the location leads the way elsewhere while the app is stopped."""
    install(media, "media/a/films")
    media.ctl("stop", "films")
    os.mkdir(f"{media.folder}/secret")
    for victim in ("a/films", "a"):
        os.rename(f"{media.media}/{victim}", f"{media.media}/away")
        os.symlink(media.folder + "/secret", f"{media.media}/{victim}")
        said = refused(media, "start", "films")
        assert "is a link" in said and f"{media.media}/{victim}" in said
        assert container(media)["State"]["Running"] is False
        os.unlink(f"{media.media}/{victim}")
        said = refused(media, "start", "films")
        assert "is gone" in said
        os.rename(f"{media.media}/away", f"{media.media}/{victim}")
    assert os.listdir(f"{media.folder}/secret") == []
    media.ctl("start", "films")
    assert state_of(media) == "running"


def test_what_the_engine_starts_by_itself(media):
    """It follows the link that was planted; the app does not keep what it leads to."""
    install(media, "media/films")
    media.ctl("stop", "films")
    os.mkdir(f"{media.folder}/secret")
    os.rename(f"{media.media}/films", f"{media.media}/away")
    os.symlink(f"{media.folder}/secret", f"{media.media}/films")
    media.announced += ["given another folder"]
    status, text = media.engine.request("POST", f"/containers/{container(media)['Id']}/start")
    assert status in (204, 304), text
    wait_for(lambda: not container(media)["State"]["Running"], 30, "the end of the app that was led away")
    assert "another folder than " + media.media in media.daemon_log()
    os.unlink(f"{media.media}/films")
    os.rename(f"{media.media}/away", f"{media.media}/films")
    media.ctl("start", "films")
    assert state_of(media) == "running"


def test_a_disk_that_is_away(bare, image):
    """The app is not started on the empty folder below, which is the system's disk."""
    bare.films = bring(bare, manifest(min_size=50_000_000))
    with mounted(bare.media) as disk:
        bare.ctl("storage", "add", "media", bare.media)
        assert [w for w in plan(bare, "media/films")["warnings"] if "should have 0.1 GB" in w["text"]]
        install(bare, "media/films")
        bare.ctl("stop", "films")
        disk.away()
        assert "mounted" in refused(bare, "start", "films")
        assert "mounted" in install(bare, "media/other", "other", check=False).stderr
        assert os.listdir(bare.media) == []
        disk.back()
        bare.ctl("start", "films")
        assert mount_of(bare)["Source"] == f"{bare.media}/films"
        bare.ctl("uninstall", "films", "--purge", "--yes")
        assert os.listdir(bare.media) == ["films"]


def test_a_failed_install_leaves_nothing(media):
    os.mkdir(f"{media.media}/kept")
    entry = manifest("broken")
    entry["compose"]["services"]["web"]["command"] = ["/nothing"]
    media.announced += ["install broken: rolled-back"]
    said = install(media, "media/kept/a/b", "broken", bring(media, entry), check=False)
    assert said.returncode != 0
    assert os.listdir(f"{media.media}/kept") == []
    assert not media.json("list")["apps"]
