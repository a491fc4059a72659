# SPDX-License-Identifier: Apache-2.0
"""Revisions as their keeper meets them: imported, compared, activated, taken back, cleaned, piped from one
command into the next; and found and shown by who wants an app."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import tempfile

import pytest

from engine_env import WEB, busybox_files
from stack_env import PREFIX


@pytest.fixture
def keeper(new_stack):
    stack = new_stack(httpd=False)
    stack.announced.append(r"job \d+: (revision|catalog)-[a-z]+ .*(failed|rolled-back)")
    return stack


def manifest(ident="wiki", revision=1, **more):
    return json.dumps({"apphost": 1, "id": ident, "revision": revision, "version": f"1.{revision}",
                       "title": ident.title(), "summary": "Pages people write together.",
                       "category": "office", "web": {"service": "web", "port": 80},
                       "compose": {"services": {"web": {"image": f"example/{ident}:{revision}"}}}} | more, indent=1)


def import_text(stack, text, *options, check=True):
    return stack.ctl("revision", "import", "-", *options, stdin=text, check=check)


def first_id(done):
    return re.match(r"([a-z]+/[a-z0-9]+@[0-9a-f]{16}) # ", done.stdout)[1]


def digits(ident):
    return ident.partition("@")[2]


def active(stack, entry="wiki"):
    rows = stack.json("revision", "list")["revisions"]
    return [r["version"] for r in rows if r["id"] == entry]


def test_from_import_to_going_back(keeper):
    one = import_text(keeper, manifest(revision=1))
    assert one.stdout.endswith(" # 1.1 revision 1: added\n") and one.stdout.startswith("local/wiki@")
    # Nothing is offered before it was activated.
    assert active(keeper) == [] and "Nothing was found" in keeper.ctl("search").stdout
    assert keeper.ctl("show", "wiki", check=False).returncode == 6
    assert keeper.ctl("revision", "list").stdout == ""
    # An id alone is enough, and so is the name of an entry with one revision.
    assert "activated" in keeper.ctl("revision", "activate", "wiki").stdout
    assert active(keeper) == ["1.1"]
    assert "skipped" in import_text(keeper, manifest(revision=1)).stdout

    two = import_text(keeper, manifest(revision=2), "--activate")
    assert two.stdout.endswith("revision 2: added, active\n") and active(keeper) == ["1.2"]
    rows = keeper.json("revision", "list", "--all")["revisions"]
    assert {r["version"]: r["predecessor"] for r in rows} == {"1.1": None, "1.2": next(
        r["sha256"] for r in rows if r["version"] == "1.1")}
    # A name means all of them, so an id is demanded, and they are named.
    vague = keeper.ctl("revision", "activate", "wiki", check=False)
    assert vague.returncode == 2 and first_id(one) in vague.stderr and first_id(two) in vague.stderr
    # Back is activating the older one.
    assert f"instead of {digits(first_id(two))}" in keeper.ctl("revision", "activate", first_id(one)).stdout
    assert active(keeper) == ["1.1"]
    assert keeper.ctl("revision", "deactivate", "local/wiki").stdout.endswith(": deactivated\n")
    assert keeper.ctl("revision", "deactivate", first_id(one)).stdout.endswith(": was not active\n")
    assert active(keeper) == []


def test_the_same_number_with_another_text(keeper):
    import_text(keeper, manifest())
    other = import_text(keeper, manifest(summary="Something else."), check=False)
    assert other.returncode == 7 and "--force" in other.stderr
    assert import_text(keeper, manifest(summary="Something else."), "--force").stdout.endswith(": added\n")


def test_what_cannot_be_read_leaves_nothing(keeper):
    for text in ("", "{", "[]", '{"apphost":1}', manifest(ident="Not An Id"), manifest(revision=0),
                 manifest(web={"service": "nobody", "port": 80})):
        assert import_text(keeper, text, check=False).returncode in (2, 5), text
    assert import_text(keeper, manifest(), "--format", "toml", check=False).returncode == 2
    assert keeper.ctl("revision", "import", "http://127.0.0.1/x.json", check=False).returncode == 2
    assert keeper.ctl("revision", "import", f"{keeper.folder}/none.json", check=False).returncode == 6
    assert keeper.json("revision", "list", "--all")["total"] == 0


def test_import_from_an_address(keeper):
    folder = f"{keeper.folder}/manifests"
    os.mkdir(folder, 0o755)
    with open(f"{folder}/wiki.json", "w", encoding="utf-8") as f:
        f.write(manifest())
    os.chmod(f"{folder}/wiki.json", 0o644)
    done = keeper.ctl("revision", "import", f"file://{folder}/wiki.json", "--activate", check=False)
    if "others may write" in done.stderr or "belong" in done.stderr:
        pytest.skip("the folder of this test lies below one that others may write to")
    assert done.returncode == 0, done.stderr
    assert keeper.json("show", "wiki")["revision"]["url"] == f"file://{folder}/wiki.json"


def test_obsolete_ones_are_hidden_and_refused(keeper):
    done = import_text(keeper, manifest(obsolete=True), "--activate")
    assert "not activated: it is obsolete" in done.stdout and active(keeper) == []
    refused = keeper.ctl("revision", "activate", "wiki", check=False)
    assert refused.returncode == 3 and "--obsolete" in refused.stderr
    keeper.ctl("revision", "activate", "wiki", "--obsolete")
    assert keeper.json("search")["total"] == 0
    assert keeper.json("search", "--all")["total"] == 1
    assert "(obsolete)" in keeper.ctl("search", "--all").stdout


def test_all_or_nothing_and_dry_runs(keeper):
    good = first_id(import_text(keeper, manifest("good")))
    old = first_id(import_text(keeper, manifest("old", obsolete=True)))
    assert keeper.ctl("revision", "activate", good, old, check=False).returncode == 3
    assert keeper.ctl("revision", "activate", good, "0123456789", check=False).returncode == 6
    dry = keeper.ctl("revision", "activate", good, "--dry-run")
    assert dry.stdout.endswith(": activated\n") and "Nothing was changed" in dry.stderr
    assert import_text(keeper, manifest("third"), "--dry-run").stdout.endswith(": added\n")
    keeper.ctl("revision", "clean", "--dry-run")
    keeper.ctl("revision", "categorize", "+x", good, "--dry-run")
    rows = keeper.json("revision", "list", "--all")["revisions"]
    assert [(r["id"], r["activated"], r["categories"]) for r in rows] == [("good", None, []), ("old", None, [])]


def test_lines_pipe_into_the_next_command(keeper):
    lines = "".join(import_text(keeper, manifest(f"app{n}")).stdout for n in range(70))
    done = keeper.ctl("revision", "activate", stdin="# nothing here\n\n" + lines)
    assert done.stdout.count("activated") == 70
    listed = keeper.ctl("revision", "list").stdout
    assert listed.count("\n") == 70 and all(re.match(r"local/app\d+@[0-9a-f]{16} +# \* ", line) for line in listed.splitlines())
    ids = keeper.ctl("revision", "list", "-q").stdout
    assert re.fullmatch(r"(local/app\d+@[0-9a-f]{16}\n){70}", ids)
    assert keeper.ctl("revision", "deactivate", stdin=ids).stdout.count("deactivated") == 70
    assert keeper.ctl("revision", "activate", stdin="").stdout == ""
    # A list that was piped in whole names several of one entry: nothing is guessed.
    import_text(keeper, manifest("app1", revision=2))
    every = keeper.ctl("revision", "list", "-q", "--all", "app1").stdout
    assert keeper.ctl("revision", "activate", "-", stdin=every, check=False).returncode == 2


def test_an_id_like_digits(keeper):
    """An entry may be called as a revision begins. What could be both is refused, and what lists print goes
    into the next command all the same."""
    wiki = first_id(import_text(keeper, manifest(), "--activate"))
    name = digits(wiki)
    other = first_id(import_text(keeper, manifest(name)))
    assert other.startswith(f"local/{name}@")
    for words in (("show", name), ("revision", "activate", name), ("revision", "deactivate", name),
                  ("revision", "diff", name, wiki), ("revision", "categorize", "+x", name),
                  ("install", name, "--name", "x", "--plan")):
        done = keeper.ctl(*words, check=False)
        assert done.returncode == 2 and f"name one of: local/{name}, {wiki}" in done.stderr, words
    assert "--name" in keeper.ctl("install", name, check=False).stderr
    assert keeper.ctl("revision", "activate", f"local/{name}").stdout.startswith(other)
    assert keeper.json("show", wiki)["revision"]["id"] == "wiki"
    assert keeper.json("show", f"wiki@{name[:8]}")["revision"]["id"] == "wiki"
    assert keeper.json("show", f"local/{name}")["revision"]["id"] == name
    lines = keeper.ctl("revision", "list").stdout
    assert sorted(line.split()[0] for line in lines.splitlines()) == sorted([wiki, other])
    assert keeper.ctl("revision", "deactivate", stdin=lines).stdout.count(": deactivated") == 2
    for wrong in ("wiki@", "wiki@123", "@" + name, "local/@" + name, "wiki@" + name[:-1] + "X"):
        assert keeper.ctl("show", wrong, check=False).returncode == 2, wrong
    assert keeper.ctl("show", "other/" + wiki.partition("/")[2], check=False).returncode == 6


@pytest.fixture
def shelf():
    folder = tempfile.mkdtemp(prefix="aph-revisions-", dir="/var/tmp")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def test_two_catalogs_with_one_id(new_stack, shelf):
    """The id alone is ambiguous, and so is a text that both have; lines go from command to command, and from
    machine to machine."""
    text = manifest()
    with open(f"{shelf}/wiki.json", "w", encoding="utf-8") as f:
        f.write(text)
    stacks = [new_stack(httpd=False), new_stack(httpd=False)]
    for stack in stacks:
        stack.announced.append(r"job \d+: revision-[a-z]+ .*(failed|rolled-back)")
        stack.ctl("catalog", "sign", shelf)
        stack.ctl("catalog", "add", "shelf", f"file://{shelf}")
        stack.ctl("catalog", "refresh")
    here, there = stacks
    local = first_id(import_text(here, text, "--activate"))
    both = "local/wiki, shelf/wiki"
    for words in (("show", "wiki"), ("install", "wiki", "--plan"), ("revision", "deactivate", "wiki")):
        done = here.ctl(*words, check=False)
        assert done.returncode == 2 and f"wiki is ambiguous; name one of: {both}" in done.stderr, done.stderr
    for word in (digits(local), "wiki@" + digits(local)):
        done = here.ctl("show", word, check=False)
        assert done.returncode == 2 and f"name one of: {local}, {local.replace('local', 'shelf')}" in done.stderr
    vague = here.ctl("revision", "categorize", "+x", "wiki", check=False)
    assert vague.returncode == 2 and local in vague.stderr and local.replace("local", "shelf") in vague.stderr
    assert [line.split()[0] for line in here.ctl("search", "wiki").stdout.splitlines()[1:]] == both.split(", ")
    # On the other machine an entry is called as the digits: what it has of the lines is found, and no more.
    lines = here.ctl("revision", "list").stdout
    import_text(there, manifest(digits(local)), "--activate")
    assert there.ctl("revision", "activate", stdin=lines, check=False).returncode == 6
    shelved = "".join(line + "\n" for line in lines.splitlines() if line.startswith("shelf/"))
    assert there.ctl("revision", "deactivate", stdin=shelved).stdout.endswith(": deactivated\n")
    assert active(there) == [] and active(there, digits(local)) == ["1.1"]
    assert here.ctl("revision", "deactivate", stdin=lines).stdout.count(": deactivated\n") == 2


def test_categories(keeper):
    import_text(keeper, manifest(), "--activate")
    keeper.ctl("revision", "categorize", "+team", "+home", "wiki")
    assert keeper.json("search", "--category", "team")["total"] == 1
    keeper.ctl("revision", "categorize", "-team", "wiki")
    assert keeper.json("search", "--category", "team")["total"] == 0
    done = keeper.ctl("revision", "categorize", "=no_updates", stdin=keeper.ctl("revision", "list").stdout)
    assert done.stdout.endswith(": no_updates\n")
    assert keeper.json("show", "wiki")["revision"]["categories"] == ["no_updates"]
    # The same labels are looked for; and they are the entry's, whatever comes after.
    assert keeper.json("search", "--category", "no_updates")["total"] == 1
    assert keeper.json("revision", "list", "--category", "no_updates")["total"] == 1
    for words in (["search"], ["revision", "list"]):
        wrong = keeper.ctl(*words, "--category", "No|label", check=False)
        assert wrong.returncode == 2 and "a-z, 0-9, - and _" in wrong.stderr
    import_text(keeper, manifest(revision=2, categories=["text"]), "--activate")
    assert keeper.json("show", "wiki")["revision"]["categories"] == ["no_updates"]
    keeper.ctl("revision", "categorize", "-no_updates", "wiki")
    assert keeper.json("search", "--category", "no_updates", "--all")["total"] == 0
    for words in (["wiki"], ["+Not a label", "wiki"], ["=", "wiki"]):
        assert keeper.ctl("revision", "categorize", *words, check=False).returncode in (2, 6)


def test_what_differs(keeper):
    one = first_id(import_text(keeper, manifest(revision=1)))
    two = first_id(import_text(keeper, manifest(revision=2, notes="New.")))
    same = keeper.ctl("revision", "diff", one, one)
    assert same.returncode == 0 and same.stdout == ""
    done = keeper.ctl("revision", "diff", one, two, check=False)
    assert done.returncode == 1 and done.stderr == ""
    assert "notes\n" in done.stdout and "  + New." in done.stdout and "example/wiki:2" in done.stdout
    answer = keeper.ctl("revision", "diff", one, two, "--json", check=False)
    members = {m["member"]: (m["a"], m["b"]) for m in json.loads(answer.stdout)["members"]}
    assert answer.returncode == 1
    assert members == {"revision": (1, 2), "version": ("1.1", "1.2"), "notes": ("", "New.")}


def test_clean(keeper):
    first = first_id(import_text(keeper, manifest(revision=1)))
    second = first_id(import_text(keeper, manifest(revision=2), "--activate"))
    dry = keeper.ctl("revision", "clean", "--dry-run")
    assert dry.stdout.endswith("revision 1: 0\n") and dry.stdout.startswith(first)
    assert keeper.ctl("revision", "clean").stdout.startswith(first)
    assert keeper.ctl("revision", "list", "-q", "--all").stdout.split() == [second]
    assert keeper.ctl("revision", "clean").stdout == ""
    with contextlib.closing(sqlite3.connect(f"file:{keeper.state}/catalog.db?mode=ro", uri=True)) as db:
        assert db.execute("SELECT count(*) FROM texts").fetchone() == (1,)
    assert stat.S_IMODE(os.stat(f"{keeper.state}/catalog.db").st_mode) == 0o600


def test_search_and_show(keeper):
    question = {"id": "admin", "kind": "custom", "label": "Name of the administrator", "type": "text",
                "required": True, "default": "root"}
    import_text(keeper, manifest("wiki", questions=[question], notes="Look\u202e here: {{url}}/a on {{host}}, {{{{x}}.",
                                 credentials=[{"label": "Admin", "user": "{{answer.admin}}", "password": "changeme"}],
                                 permissions=[{"id": "privileged", "reason": "It measures the machine."}]), "--activate")
    import_text(keeper, manifest("paint", title="Paint box", category="media", summary="Pictures."), "--activate")
    assert [r["id"] for r in keeper.json("search", "PICTURES", "box")["revisions"]] == ["paint"]
    assert keeper.json("search", "--category", "office")["total"] == 1
    assert keeper.json("search", "--catalog", "local")["total"] == 2
    assert keeper.json("search", "--limit", "1")["total"] == 2
    assert "1 more" in keeper.ctl("search", "--limit", "1").stderr
    table = keeper.ctl("search", "wiki").stdout
    assert table.splitlines()[1].split()[:3] == ["wiki", "1.1", "Wiki"]
    page = keeper.ctl("show", "local/wiki").stdout
    host = f"wiki.{keeper.domain}"
    for words in (f" here: http://{host}:{keeper.port}/a on {host}, {{{{x}}}}.",
                  "Admin  user (the answer to admin), password changeme",
                  "local/wiki", "Name of the administrator", "default root", "It measures the machine", "port 80 of web"):
        assert words in page
    assert "\u202e" not in page
    answer = keeper.json("show", "wiki")
    assert answer["entry"]["questions"][0]["id"] == "admin" and answer["installed"] == []
    assert keeper.ctl("show", "nothing", check=False).returncode == 6
    moved = keeper.ctl("revision", "migrate")
    assert moved.stdout == "" and moved.stderr == "# 0 updated, 0 skipped.\n"
    assert keeper.ctl("revision", "migrate", "nobody", check=False).returncode == 6


def test_readers_are_answered_while_someone_writes(keeper):
    """As long as a refresh writes, people search; a second writer waits, and says so in the end."""
    import_text(keeper, manifest(), "--activate")
    with contextlib.closing(sqlite3.connect(f"{keeper.state}/catalog.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM revisions")
        assert keeper.json("search")["total"] == 1
        assert keeper.json("show", "wiki")["revision"]["id"] == "wiki"
        busy = keeper.ctl("revision", "deactivate", "wiki", check=False)
        assert busy.returncode == 8
        db.execute("ROLLBACK")
    assert active(keeper) == ["1.1"]


def test_only_one_operation_about_the_catalog(keeper):
    """Jobs about the catalog are one at a time, and stand beside those about apps."""
    lock = subprocess.Popen(["flock", f"{keeper.state}/catalog.db.lock", "sleep", "30"])
    try:
        import_text(keeper, manifest(), check=False)
    finally:
        lock.terminate()
        lock.wait()
    jobs = keeper.json("jobs")["jobs"]
    assert jobs[0]["name"] == "*catalog" and jobs[0]["op"] == "revision-import"


def test_verbs_of_two_words():
    def ctl(*words):
        return subprocess.run([f"{PREFIX}/bin/apphostctl", *words], capture_output=True, text=True, check=False)
    assert ctl("revision").returncode == 2 and "list, import" not in ctl("revision").stdout
    assert "activate" in ctl("revision").stderr
    assert "revision activate" in ctl("help", "revision").stdout
    assert "revision activate" in ctl("revision", "--help").stdout
    assert "--obsolete" in ctl("help", "revision", "activate").stdout
    assert ctl("revision", "shred").returncode == 2


IMAGE = f"apphost-test-revisions-{os.getpid()}:1"


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello\n"}), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def test_another_catalog_of_the_same_name(keeper, image, shelf):
    """Apps of a catalog that was removed are not given to whoever comes next under its name."""
    folders = [f"{shelf}/{name}" for name in ("first", "second")]
    for number, folder in enumerate(folders, 1):
        os.mkdir(folder, 0o755)
        with open(f"{folder}/wiki.json", "w", encoding="utf-8") as f:
            f.write(manifest(revision=number, compose={"services": {"web": {"image": image}}}))
        keeper.ctl("catalog", "sign", folder)

    def add(number, *words, name="stable", code=0):
        done = keeper.ctl("catalog", "add", name, f"file://{folders[number]}", *words, check=False)
        assert done.returncode == code, done.stderr
        return done.stderr
    add(0)
    keeper.ctl("catalog", "refresh")
    keeper.ctl("catalog", "remove", "stable")
    add(1)  # no app is made from it: nobody minds
    keeper.ctl("catalog", "remove", "stable")
    add(0)
    keeper.ctl("catalog", "refresh")
    keeper.ctl("install", "wiki", "--name", "first", "--yes")
    assert "first: was made from it" in keeper.ctl("catalog", "remove", "stable").stderr
    said = add(1, code=7)
    assert "first got updates from a catalog stable" in said and folders[0] in said and "--replace" in said
    assert "stable" in add(1, "--key", "ab" * 32, code=7)
    add(1, name="other")
    add(0)
    keeper.ctl("catalog", "refresh")
    assert keeper.ctl("revision", "migrate").stderr == "# 0 updated, 0 skipped.\n"
    keeper.ctl("catalog", "remove", "stable")
    add(1, "--replace")
    keeper.ctl("catalog", "refresh", "stable")
    assert keeper.ctl("revision", "migrate").stdout.endswith(" first\n")
    keeper.ctl("uninstall", "first", "--purge", "--yes")


def test_what_an_app_needs_is_kept(keeper, image):
    """clean asks which apps were made from a revision; migrate says which apps would move, and which stay."""
    def wiki(revision, ident="wiki", **more):
        return manifest(ident, revision, compose={"services": {"web": {"image": image}}}, **more)
    one = first_id(import_text(keeper, wiki(1), "--activate"))
    for name in ("first", "second"):
        keeper.ctl("install", "wiki", "--name", name, "--yes")
    assert keeper.ctl("revision", "migrate").stderr == "# 0 updated, 0 skipped.\n"
    # The entry is called something else now, and its apps know that.
    two = first_id(import_text(keeper, wiki(2, "pages", was=["wiki"]), "--activate"))
    keeper.ctl("revision", "deactivate", "wiki")
    kept = keeper.ctl("revision", "clean")
    assert kept.stdout == "" and kept.stderr.startswith(f"# {one} 1.1") and kept.stderr.endswith(": 2\n")
    page = keeper.ctl("show", "pages").stdout
    assert "first, running" in page and "apphostctl update first" in page
    dry = keeper.ctl("revision", "migrate", "--dry-run")
    assert sorted(dry.stdout.splitlines()) == [f"{one} # -> {two} first", f"{one} # -> {two} second"]
    assert [line.split()[3] for line in keeper.ctl("revision", "migrate", "--dry-run", "second").stdout.splitlines()] == [two]
    keeper.ctl("revision", "categorize", "+no_updates", "pages")
    stay = keeper.ctl("revision", "migrate", "--dry-run", check=False)
    assert stay.returncode == 2 and stay.stdout == "" and stay.stderr.count("automatic") == 2
    assert keeper.ctl("revision", "migrate", "--dry-run", "first").stdout == f"{one} # -> {two} first\n"
    keeper.ctl("revision", "deactivate", "pages")
    gone = keeper.ctl("revision", "migrate", "--dry-run", check=False)
    assert gone.returncode == 2 and "no active revision" in gone.stderr
    # For real: each app in a job of its own, and then both revisions are needed, for they can go back.
    keeper.ctl("revision", "activate", "pages")
    keeper.ctl("revision", "categorize", "-no_updates", "pages")
    moved = keeper.ctl("revision", "migrate", "-q")
    assert sorted(moved.stdout.splitlines()) == sorted(dry.stdout.splitlines())
    assert keeper.ctl("revision", "migrate").stderr == "# 0 updated, 0 skipped.\n"
    assert all(app["active"] and app["revision"].startswith(digits(two)) for app in keeper.json("show", "pages")["installed"])
    assert keeper.ctl("revision", "clean").stderr.endswith(": 2\n")
    # A dry run promises nothing that the run would not do.
    other = "arm64" if os.uname().machine == "x86_64" else "amd64"
    asks = {"compose": {"services": {"web": {"image": image, "ports": ["18399:18399"]}}}}
    for number, more, why in (3, {"architectures": [other]}, other), (4, asks, "consent"):
        three = first_id(import_text(keeper, manifest("pages", number, was=["wiki"], **more), "--activate"))
        for words in ["--dry-run"], []:
            stay = keeper.ctl("revision", "migrate", *words, "first", check=False)
            assert stay.returncode == 2 and stay.stdout == "" and why in stay.stderr, stay.stderr
        keeper.ctl("revision", "deactivate", three)
    for name in ("first", "second"):
        keeper.ctl("uninstall", name, "--purge", "--yes")
    assert one in keeper.ctl("revision", "clean").stdout
