#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A catalog of ten thousand entries: what a search costs as a whole command, from the shell's fork to its
last line, and what apphostd weighs beside it; a refresh that takes all of them in, and one in which all of
them have changed.

    APPHOST_PREFIX=... DOCKER_SOCKET=... tests/bench/catalog.py [ENTRIES]     (10000)

The catalog is a folder below one that only root writes (CATALOG_FOLDER, /opt): others are not believed
without a signature.
"""
import hashlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from engine_env import Engine  # noqa: E402
from figures import Figure, show  # noqa: E402
from stack_env import PREFIX, Stack  # noqa: E402

REPEATS = 40
WORDS = "photo album music film note wiki forum chat mail office paint sound garden kitchen weather map".split()
DAY = 86400


def entry(number, revision=1):
    a, b, c = (WORDS[number // 16 ** n % 16] for n in range(3))
    return json.dumps({
        "apphost": 1, "id": f"{a}-{b}-{number}", "revision": revision, "version": f"1.{number % 90}.{number % 7}",
        "title": f"{a.title()} {b} number {number}", "category": c,
        "summary": f"Keeps every {a} beside its {b}, shares it with those who may see it, and never forgets where it was.",
        "description": f"A longer text about {a}, {b} and {c}, as an author would write it. " * 20,
        "web": {"service": "web", "port": 80},
        "compose": {"services": {"web": {"image": f"example/{a}-{b}:{number}"}}}})


def write_catalog(folder, entries, revision=1):
    rows = []
    for number in range(entries):
        text = entry(number, revision).encode()
        name = f"{number}.json"
        (folder / name).write_bytes(text)
        rows.append({"id": json.loads(text)["id"], "format": "apphost", "file": name,
                     "sha256": hashlib.sha256(text).hexdigest(), "length": len(text)})
    when = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * DAY)) for days in (-1, 30)]
    (folder / "index.json").write_text(json.dumps({
        "apphost-catalog": 1, "name": "large", "version": revision, "generated": when[0], "expires": when[1],
        "entries": rows}))


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^VmRSS:\s*(\d+)", f.read(), re.M)[1])


def cpu_of_children(pid):
    """Seconds on a CPU of the children that have ended, and theirs."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def milliseconds(stack, *words):
    took = []
    for _ in range(REPEATS):
        begin = time.monotonic()
        subprocess.run([f"{PREFIX}/bin/apphostctl", *words], env={"APPHOST_SOCKET": stack.socket}, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took.append((time.monotonic() - begin) * 1000)
    return statistics.median(took)


def measure(stack, folder, entries):
    stack.ctl("search")   # the first job of all costs apphostd some pages, whatever it is about
    before = resident_kib(stack.daemon.pid)
    stack.ctl("catalog", "add", "large", f"file://{folder}/")
    cpu, begin = cpu_of_children(stack.daemon.pid), time.monotonic()
    stack.ctl("catalog", "refresh", "large", "--quiet", timeout=600)
    yield Figure(f"refresh of {entries} new entries", time.monotonic() - begin, "s")
    assert stack.json("search", "--limit", "1")["total"] == entries   # and its process has ended
    yield Figure("its time on a CPU", cpu_of_children(stack.daemon.pid) - cpu, "s", 3)
    cpu = cpu_of_children(stack.daemon.pid)
    yield Figure("search for two words, whole command", milliseconds(stack, "search", "photo", "wiki"), "ms", 50)
    cpu = cpu_of_children(stack.daemon.pid) - cpu
    yield Figure("time on a CPU of the job behind it", cpu * 1000 / REPEATS, "ms")
    yield Figure("search that finds nothing", milliseconds(stack, "search", "nothinglikeit"), "ms", 50)
    yield Figure("search for all, the first hundred", milliseconds(stack, "search"), "ms", 50)
    yield Figure("search of a category, as JSON", milliseconds(stack, "search", "--category", "mail", "--json"), "ms", 50)
    yield Figure("show of one entry", milliseconds(stack, "show", json.loads(entry(7))["id"]), "ms")
    yield Figure("list of apps, which asks no catalog, beside it", milliseconds(stack, "list"), "ms")
    size = sum(f.stat().st_size for f in pathlib.Path(stack.state).glob("catalog.db*"))
    yield Figure("catalog.db", size / 1e6, "MB")
    yield Figure("apphostd's memory grew by", resident_kib(stack.daemon.pid) - before, "KiB", 512)
    write_catalog(folder, entries, 2)
    cpu, begin = cpu_of_children(stack.daemon.pid), time.monotonic()
    stack.ctl("catalog", "refresh", "large", "--quiet", timeout=600)
    yield Figure(f"refresh of {entries} entries with a new revision", time.monotonic() - begin, "s")
    assert stack.json("search", "--limit", "1")["total"] == entries
    yield Figure("its time on a CPU", cpu_of_children(stack.daemon.pid) - cpu, "s", 3)
    cpu, begin = cpu_of_children(stack.daemon.pid), time.monotonic()
    stack.ctl("catalog", "refresh", "large", "--quiet", timeout=600)
    yield Figure("refresh of a catalog that is as it was", time.monotonic() - begin, "s")
    yield Figure("search for two words, whole command, two revisions", milliseconds(stack, "search", "photo", "wiki"), "ms", 50)


def figures(entries=10000):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="aph-bench-", dir=os.environ.get("CATALOG_FOLDER", "/opt")))
    stack = Stack(Engine(os.environ.get("DOCKER_SOCKET", "/run/docker.sock")), "event")
    try:
        folder.chmod(0o755)
        write_catalog(folder, entries)
        stack.write_config()
        stack.start_daemon()
        stack.instance_label = stack.instance()
        yield from measure(stack, folder, entries)
    finally:
        stack.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(show(figures(*map(int, sys.argv[1:]))))
