# SPDX-License-Identifier: Apache-2.0
"""Judges real files with the apphost-check of the build tree, and speaks TAP.

- every compose case gets the verdict its name says, in five spellings: as written, flow, block, quoted,
  in format 1, and with the dangerous service second;
- files of app stores are read without a crash, whatever the verdict;
- keys and texts of fragments.py get their verdict, in the same spellings;
- what is accepted is understood by docker-compose, when it is there, as we meant it.
"""
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import yaml

from fragments import FRAGMENTS, SERVICE, TEXTS

ROOT, BUILD = sys.argv[1], sys.argv[2]
CHECK = os.path.join(BUILD, "tests/unit/check_here")
CORPUS = os.environ.get("APPHOST_CORPUS", os.path.join(ROOT, "../shared/corpus"))
COMPOSE = shutil.which("docker-compose")
KNOWN_EXITS = {0, 3, 4, 5}

results = []


def note(passed, name, detail=""):
    results.append((passed, name, detail))


def check(text, *options):
    run = subprocess.run([CHECK, *options, "-"], input=text, capture_output=True, timeout=60)
    return run.returncode, run.stdout


def verdict(text):
    code, out = check(text, "--json")
    if code not in KNOWN_EXITS:
        return f"exit {code}", None
    answer = json.loads(out)
    if "code" in answer:
        return ("deny", answer) if "broke down" not in answer["message"] else ("crash", answer)
    return answer["verdict"], answer


def spellings(text):
    """The same file, written in other ways. BaseLoader keeps every scalar the text it is."""
    try:
        tree = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError):
        return {}
    if not isinstance(tree, dict):
        return {}
    forms = {
        "block": yaml.dump(tree, default_flow_style=False, sort_keys=False),
        "flow": yaml.dump(tree, default_flow_style=True, sort_keys=False, width=10**6),
        "quoted": json.dumps(tree),
    }
    services = tree.get("services")
    if isinstance(services, dict):
        second = dict(tree, services={"first": {"image": "busybox:1"}, **services})
        forms["second"] = json.dumps(second)
        if set(tree) == {"services"}:
            forms["format 1"] = json.dumps(services)
    return {name: form.encode() for name, form in forms.items()}


def judge_named(path):
    wanted = os.path.basename(path).rsplit(".", 1)[0].split("-", 1)[1]
    with open(path, "rb") as file:
        text = file.read()
    wrong = []
    # Cases of the F group, and the key that stands twice, are about the spelling itself.
    about_spelling = os.path.basename(path).startswith(("F", "A03"))
    others = {} if about_spelling else spellings(text)
    for name, form in {"as written": text, **others}.items():
        got, _ = verdict(form)
        if got != wanted:
            wrong.append(f"{name}: {got}")
    return not wrong, os.path.basename(path), "; ".join(wrong)


def judge_fragment(fragment):
    """One key of a service in all spellings; format 1 has nothing beside its services."""
    wanted, key, top = (*fragment, "")[:3]
    text = f"{SERVICE}    {key}\n{top}\n".encode()
    others = spellings(text)
    if "format 1" not in others and not top:
        return False, "fragment " + key, "no other spellings"
    got = {name: verdict(form)[0] for name, form in {"as written": text, **others}.items()}
    wrong = [f"{name}: {what}" for name, what in got.items() if what != wanted]
    return not wrong, f"fragment {key} {top}".strip(), "; ".join(wrong)


def judge_text(row):
    name, wanted, text = row
    got, _ = verdict(text.encode())
    return got == wanted, "text: " + name, got


def read_any(path):
    with open(path, "rb") as file:
        got, _ = verdict(file.read())
    return got in ("allow", "rewrite", "ask", "deny"), path.replace(CORPUS + "/", ""), got


def differs(meant, seen, where=""):
    """What we wrote against what compose read; the first difference, or None."""
    if isinstance(meant, dict) and isinstance(seen, dict):
        for key, value in meant.items():
            if key not in seen:
                return f"{where}.{key} is missing"
            found = differs(value, seen[key], f"{where}.{key}")
            if found:
                return found
        return None
    if isinstance(meant, list) and isinstance(seen, list):
        return None if [str(x) for x in meant] == [str(x) for x in seen] else f"{where}: {seen}"
    return None if str(meant) == str(seen) else f"{where}: {meant!r} became {seen!r}"


# What compose prints in a form of its own; its value is compared by hand where it matters.
OWN_FORM = {"volumes", "ports", "depends_on", "command", "entrypoint", "stop_grace_period", "mem_limit",
            "shm_size", "mem_reservation", "memswap_limit", "healthcheck", "extra_hosts", "networks",
            "links", "tmpfs", "deploy", "sysctls", "expose"}


def understood(path):
    with open(path, "rb") as file:
        code, out = check(file.read(), "--rendered")
    if code not in (0, 4):
        return None
    with tempfile.TemporaryDirectory() as folder:
        rendered = os.path.join(folder, "compose.json")
        with open(rendered, "wb") as file:
            file.write(out)
        run = subprocess.run([COMPOSE, "-p", "p", "-f", rendered, "config"], capture_output=True,
                             env={"PATH": os.environ["PATH"]}, timeout=60)
    if run.returncode != 0:
        return False, path, run.stderr.decode().strip().splitlines()[-1]
    meant, seen = json.loads(out), yaml.safe_load(run.stdout)
    if set(meant["services"]) != set(seen["services"]):
        return False, path, "other services"
    for name, service in meant["services"].items():
        kept = {key: value for key, value in service.items() if key not in OWN_FORM}
        wrong = differs(kept, seen["services"][name], name)
        if not wrong and len(service.get("ports", [])) != len(seen["services"][name].get("ports", [])):
            wrong = f"{name}.ports: {seen['services'][name].get('ports')}"
        if not wrong and len(service.get("volumes", [])) != len(seen["services"][name].get("volumes", [])):
            wrong = f"{name}.volumes"
        if wrong:
            return False, path, wrong
    return True, path, ""


def paths(*patterns):
    found = []
    for pattern in patterns:
        found += sorted(glob.glob(pattern, recursive=True))
    return [path for path in found if os.path.isfile(path)]


def main():
    own = paths(f"{ROOT}/tests/cases/compose/*/compose.yml", f"{ROOT}/tests/cases/script/*/script")
    named = paths(f"{CORPUS}/compose/*.yml")
    stores = paths(f"{CORPUS}/amahi/**/*", f"{CORPUS}/casaos/**/*.y*ml", f"{CORPUS}/coolify/*.y*ml",
                   f"{CORPUS}/runtipi/**/*.y*ml")
    if not named:
        print("# no corpus beside the tree: only the tree's own cases are judged")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for row in pool.map(judge_named, named):
            note(*row)
        for row in pool.map(judge_fragment, FRAGMENTS):
            note(*row)
        for row in pool.map(judge_text, TEXTS):
            note(*row)
        for row in pool.map(read_any, stores + own):
            note(*row)
        if COMPOSE:
            for row in pool.map(understood, own + named):
                if row:
                    note(row[0], "compose understands " + os.path.relpath(row[1], ROOT), row[2])
        else:
            print("# no docker-compose: what it makes of the rendered files was not compared")
    note(len(own) > 30, "the tree's own cases were found", str(len(own)))
    print(f"1..{len(results)}")
    for number, (passed, name, detail) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}{' # ' + detail if not passed else ''}")
    return 0 if all(passed for passed, _, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
