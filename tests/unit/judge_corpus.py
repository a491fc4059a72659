# SPDX-License-Identifier: Apache-2.0
"""Judges real files with the apphost-check of the build tree, and speaks TAP.

- every compose case gets the verdict its name says, in five spellings: as written, flow, block, quoted,
  in format 1, and with the dangerous service second;
- files of app stores are read without a crash, whatever the verdict;
- keys and texts of fragments.py get their verdict, in the same spellings.
"""
import concurrent.futures
import glob
import json
import os
import subprocess
import sys

import yaml

from fragments import FILES, FRAGMENTS, SERVICE, TEXTS

ROOT, BUILD = sys.argv[1], sys.argv[2]
CHECK = os.path.join(BUILD, "tests/unit/check_here")
CORPUS = os.environ.get("APPHOST_CORPUS", os.path.join(ROOT, "../shared/corpus"))
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


def judge_file(row):
    wanted, text = row
    forms = {"as written": text.encode(), **spellings(text)}
    wrong = [f"{name}: {got}" for name, got in ((name, verdict(form)[0]) for name, form in forms.items()) if got != wanted]
    return len(forms) > 3 and not wrong, "file: " + text.replace("\n", " "), "; ".join(wrong)


def judge_text(row):
    name, wanted, text = row
    got, _ = verdict(text.encode())
    return got == wanted, "text: " + name, got


def read_any(path):
    with open(path, "rb") as file:
        got, _ = verdict(file.read())
    return got in ("allow", "rewrite", "ask", "deny"), path.replace(CORPUS + "/", ""), got


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
        for row in pool.map(judge_file, FILES):
            note(*row)
        for row in pool.map(judge_text, TEXTS):
            note(*row)
        for row in pool.map(read_any, stores + own):
            note(*row)
    note(len(own) > 30, "the tree's own cases were found", str(len(own)))
    print(f"1..{len(results)}")
    for number, (passed, name, detail) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}{' # ' + detail if not passed else ''}")
    return 0 if all(passed for passed, _, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
