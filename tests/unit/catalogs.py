# SPDX-License-Identifier: Apache-2.0
"""Judges whole catalogs with the apphost-check of the build tree, and speaks TAP.

- the catalog that ships with apphost: its index is of its files, each file fits the schema, and each entry
  installs, asks or is refused exactly as below;
- folders as people have them: with an index, without, with a list of rock-ons, with broken ones among them;
- real rock-ons and Amahi scripts of the corpus, where it is there.

`catalogs.py ROOT - --write` makes the index of the shipped catalog anew, after a change of its entries.
"""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile

ROOT, BUILD = sys.argv[1], sys.argv[2]
CHECK = os.path.join(BUILD, "tests/unit/check_here")
CORPUS = os.environ.get("APPHOST_CORPUS", os.path.join(ROOT, "../shared/corpus"))
SHIPPED = os.path.join(ROOT, "catalog/apps")

# id: how it ends, answers it cannot do without, what it asks consent for, the rules that refuse it
EXPECTED = {
    "coppermine": ("installs", [], [], []),
    "gitlab": ("asks", [], ["ports.2224/tcp"], []),
    "hydra": ("installs", [], [], []),
    "markdown-editor": ("installs", [], [], []),
    "media-server": ("asks", [], ["ports.3483/tcp", "ports.3483/udp", "ports.9000/tcp"], []),
    "nzbget": ("installs", [], [], []),
    "osticket": ("asks", ["desk_mail", "admin_mail"], [], []),
    "portainer": ("refused", [], [], ["docker-socket"]),
    "radarr": ("installs", [], [], []),
    "redmine": ("installs", [], [], []),
    "sinusbot": ("installs", [], [], []),
    "sonarr": ("installs", [], [], []),
    "squid": ("asks", [], ["ports.3128/tcp"], []),
}
# Of a definition with one container, one page, and no arguments of docker run.
PLAIN_KEYS = {"image", "tag", "launch_order", "ports", "volumes", "environment", "devices", "uid", "gid"}

results = []


def note(passed, name, detail=""):
    results.append((passed, name, detail))


def check(folder):
    run = subprocess.run([CHECK, "--catalog", "--json", folder], capture_output=True, text=True, timeout=300)
    try:
        return run.returncode, json.loads(run.stdout)
    except ValueError:
        return run.returncode, {"entries": [], "counts": {}, "said": run.stderr}


def findings(entry, verdict, member):
    return [f[member] for f in entry.get("findings", []) if f["verdict"] == verdict]


def ends(entry):
    return (entry["end"], entry["needed"], findings(entry, "ask", "id"), findings(entry, "deny", "rule"))


def make_index():
    entries = []
    for path in sorted(glob.glob(f"{SHIPPED}/*.json")):
        name = os.path.basename(path)
        if name != "index.json":
            octets = open(path, "rb").read()
            entries.append({"id": json.loads(octets)["id"], "format": "apphost", "file": name,
                            "sha256": hashlib.sha256(octets).hexdigest(), "length": len(octets)})
    return entries


def write_index():
    path = f"{SHIPPED}/index.json"
    version = json.load(open(path))["version"] + 1 if os.path.exists(path) else 1
    index = {"apphost-catalog": 1, "name": "apphost", "version": version, "generated": "2026-11-23T00:00:00Z",
             "expires": "2099-12-31T00:00:00Z", "entries": make_index()}
    with open(path, "w", encoding="utf-8") as out:
        json.dump(index, out, indent=1)
        out.write("\n")


def shipped():
    sys.path.insert(0, os.path.join(ROOT, "tests/unit"))
    from manifest_schema import SCHEMA, fits
    note(json.load(open(f"{SHIPPED}/index.json"))["entries"] == make_index(),
         "the shipped index is of the shipped files", "run catalogs.py ROOT - --write")
    code, said = check(SHIPPED)
    seen = {e.get("id"): e for e in said["entries"]}
    note(code == 0 and sorted(seen) == sorted(EXPECTED), "thirteen entries are shipped", said.get("said", seen.keys()))
    for name, wanted in EXPECTED.items():
        entry = seen.get(name, {"end": "absent", "needed": []})
        note(ends(entry) == wanted, f"{name}: {wanted[0]}", ends(entry))
        manifest = json.load(open(f"{SHIPPED}/{name}.json", encoding="utf-8"))
        note(fits(SCHEMA, manifest), f"{name} fits the schema")
        reasons = {p["id"] for p in manifest.get("permissions", [])}
        asked = set(findings(entry, "ask", "id")) | set(findings(entry, "deny", "id"))
        note(reasons == asked, f"{name} gives a reason for what it asks, and for nothing else", (reasons, asked))
        paths = {d["path"] for d in manifest.get("data", [])}
        folders = {q["id"] for q in manifest.get("questions", []) if q["kind"] == "storage"}
        note(folders <= paths, f"{name} says what each of its folders is", folders - paths)


def put(folder, name, value):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(value if isinstance(value, str) else json.dumps(value))


def rockon(name="Plain", **container):
    return {name: {"description": "d", "version": "1", "website": "https://a.example/",
                   "containers": {"app": {"image": "example/app", "launch_order": 1, **container}}}}


def folders():
    with tempfile.TemporaryDirectory() as folder:
        put(folder, "a.json", rockon("A"))
        put(folder, "b.json", rockon("B", opts=[["--privileged", ""]]))
        put(folder, "c.json", rockon("C", environment={"TOKEN": {"label": "Token"}}))
        put(folder, "d.json", rockon("D", opts=[["--unheard-of", "x"]]))
        for name, code, end in (("a", 0, "installs"), ("c", 4, "asks"), ("b", 3, "refused")):
            run = subprocess.run([CHECK, f"{folder}/{name}.json"], capture_output=True, text=True, timeout=60)
            note(run.returncode == code and run.stdout.count("\n") == 1 and end in run.stdout, f"one entry {end}", run.stdout)
        run = subprocess.run([CHECK, "--allow", "privileged", f"{folder}/b.json"], capture_output=True, text=True, timeout=60)
        note(run.returncode == 4 and "asks for consent to app.privileged" in run.stdout, "root may override", run.stdout)
        put(folder, "compose.json", {"services": {"a": {"image": "example/app"}}})
        run = subprocess.run([CHECK, f"{folder}/compose.json"], capture_output=True, text=True, timeout=60)
        note("accepted" in run.stdout, "a compose file in JSON stays one", run.stdout)
        os.unlink(f"{folder}/compose.json")
        put(folder, "root.json", {"a": "a.json"})
        code, said = check(folder)
        note(code == 0 and said["counts"] == {"installs": 1, "asks": 1, "refused": 2, "malformed": 0},
             "a refusal is no fault of a catalog", said["counts"])
        put(folder, "below/e.json", '{"E": {,}}')
        put(folder, "below/f.json", rockon("A"))
        code, said = check(folder)
        note(code == 5 and said["counts"] == {"installs": 1, "asks": 1, "refused": 2, "malformed": 2},
             "broken ones and ids that are taken fail alone", said["counts"])
        lines = subprocess.run([CHECK, "--catalog", folder], capture_output=True, text=True, timeout=60).stdout
        note("c.json: c: asks for answers to token (1 question)\n" in lines
             and "below/e.json: malformed: line 1: " in lines and lines.endswith(" 2 malformed\n"),
             "one line for each", lines)
        put(folder, "root.json", '{"a": "a.json",}')
        note(check(folder)[1]["counts"].get("malformed") == 3, "a broken list of rock-ons is named")
        octets = json.dumps(rockon("A"))
        row = {"id": "a", "format": "rockon", "file": "a.json", "sha256": "0" * 64, "length": len(octets)}
        index = {"apphost-catalog": 1, "name": "x", "version": 1, "generated": "2026-01-01T00:00:00Z",
                 "expires": "2099-01-01T00:00:00Z", "entries": [row]}
        put(folder, "index.json", index)
        code, said = check(folder)
        note(code == 0 and said["counts"]["installs"] == 1 and len(said["entries"]) == 1, "an index says what counts", said)
        put(folder, "index.json", {**index, "entries": [{**row, "id": "other"}]})
        note("index.json calls it other" in check(folder)[1]["entries"][0].get("message", ""), "an id is that of the index")
        put(folder, "index.json", {**index, "entries": [{**row, "length": 7}]})
        note("index.json says 7" in check(folder)[1]["entries"][0].get("message", ""), "a length is that of the index")
        put(folder, "index.json", {**index, "entries": [{**row, "id": "b", "format": "later"}, row, 7]})
        code, said = check(folder)
        note(code == 5 and said["counts"] == {"installs": 1, "asks": 0, "refused": 0, "malformed": 2}
             and [(e["file"], e.get("message", "").split(":")[0]) for e in said["entries"]]
             == [("a.json", ""), ("index.json", "entry 1, b"), ("index.json", "entry 3")],
             "an entry of the index that is none fails alone", said)
        put(folder, "index.json", "{")
        note(check(folder)[0] == 5, "a broken index is said to be one")
    with tempfile.TemporaryDirectory() as folder:
        note(check(folder)[0] == 6, "a folder without entries is said to be one")


def is_plain(definition):
    (rock,) = definition.values()
    containers = list(rock["containers"].values())
    pages = [p for c in containers for p in c.get("ports", {}).values() if p.get("ui")]
    return len(containers) == 1 and len(pages) == 1 and set(containers[0]) <= PLAIN_KEYS


def own_questions(definition):
    """Targets of all that a plain definition leaves to the person; its page is no question."""
    (rock,) = definition.values()
    (container,) = rock["containers"].values()
    count = sum(not p.get("ui") for p in container.get("ports", {}).values())
    count += sum(len(container.get(k, {})) for k in ("volumes", "devices", "environment"))
    return count + (container.get("uid") == -1) + (container.get("gid") == -1)


def corpus():
    files = sorted(glob.glob(f"{CORPUS}/rockon/*.json"))
    if not files:
        note(True, f"# SKIP there is no corpus at {CORPUS}")
        return
    _, said = check(f"{CORPUS}/rockon")
    entries = {e["file"]: e for e in said["entries"]}
    for path in files:
        name = os.path.basename(path)
        entry = entries.get(name, {"end": "absent"})
        note(entry["end"] in ("installs", "asks", "refused"), f"{name}: {entry['end']}", entry)
        definition = json.load(open(path, encoding="utf-8"))
        if is_plain(definition):
            note(len(entry["questions"]) <= own_questions(definition) and entry["end"] != "refused"
                 and all(i.startswith("ports.") for i in findings(entry, "ask", "id")),
                 f"{name} asks its own questions only", entry)
    for path in sorted(glob.glob(f"{CORPUS}/rockon/malformed/*")):
        name = "malformed/" + os.path.basename(path)
        note(entries.get(name, {}).get("end") == "malformed", f"{name} fails alone", entries.get(name))
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(glob.glob(f"{CORPUS}/amahi/*/script.sh")):
            name = os.path.basename(os.path.dirname(path))
            put(folder, f"{name}.json", {"identifier": name, "name": name, "kind": "container",
                                         "install_script": open(path, encoding="utf-8").read()})
        _, said = check(folder)
        wanted = {"coppermine": "malformed", "portainer": "refused", "gitlab": "asks", "squid": "asks"}
        for entry in said["entries"]:
            name = entry["file"].removesuffix(".json")
            note(entry["end"] == wanted.get(name, "installs"), f"amahi/{name}: {entry['end']}", entry)


def main():
    if "--write" in sys.argv:
        write_index()
        return
    shipped()
    folders()
    corpus()
    print(f"1..{len(results)}")
    for number, (passed, name, detail) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
        if not passed:
            print(f"# {str(detail)[:1500]}")
    sys.exit(not all(passed for passed, _, _ in results))


main()
