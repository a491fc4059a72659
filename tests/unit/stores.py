# SPDX-License-Identifier: Apache-2.0
"""Compose files of app stores, with filled in what each store's own program fills in before compose sees them: the
app's folder, its port, users, passwords. What a file says beyond that stays as its author wrote it.

As a program: `stores.py APPHOST-CHECK CORPUS` counts the verdicts of each store, and why files are refused.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys

VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:?[-?+=])([^}]*))?\}|\$(\w+)")
KNOWN = {"PUID": "1000", "PGID": "1000", "UID": "1000", "GID": "1000", "TZ": "Etc/UTC", "AppID": "app", "APP_ID": "app",
         "APP_PORT": "HOST_PORT", "APP_DATA_DIR": "./app-data", "APP_DOMAIN": "app.home.arpa", "DOMAIN": "home.arpa",
         "APP_HOST": "app.home.arpa", "LOCAL_DOMAIN": "home.arpa", "ROOT_FOLDER_HOST": "./store"}


def fill_variables(text):
    def value(match):
        if match.group(0) == "$$":
            return "$$"
        name, how, default = match.group(1) or match.group(4), match.group(2), match.group(3)
        if name in KNOWN:
            return KNOWN[name]
        if how in (":-", "-", ":=", "="):
            return fill_variables(default)
        return "8000" if "PORT" in name.upper() else "value"
    return VARIABLE.sub(value, text)


def fill_casaos(text):
    """/DATA is the store's folder; port_map names the published port of the web page."""
    text = re.sub(r"((?:source:|-)\s*[\"']?)/DATA(?=[/:\s\"'])", r"\g<1>./DATA", text)
    web = re.search(r"^\s+port_map:\s*[\"']?(\d+)", text, re.M)
    text = fill_variables(text)
    if web:
        text = re.sub(rf"(published:\s*[\"']?){web.group(1)}\b", r"\g<1>35001", text)
        text = re.sub(rf"(-\s*[\"']?){web.group(1)}:", r"\g<1>35001:", text)
    return text


def fill_coolify(text):
    """A variable SERVICE_... without a value is one it makes."""
    return fill_variables(re.sub(r"^(\s+- [\"']?SERVICE_\w+)([\"']?\s*)$", r"\1=value\2", text, flags=re.M))


STORES = {"casaos": fill_casaos, "coolify": fill_coolify, "runtipi": fill_variables}


def files_of(corpus, store):
    if store == "amahi":
        found = glob.glob(f"{corpus}/amahi/**/*", recursive=True)
        return sorted(path for path in found if os.path.isfile(path) and "uninstall" not in path)
    return sorted(glob.glob(f"{corpus}/{store}/**/*.y*ml", recursive=True))


def filled(path, store):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    return STORES.get(store, lambda same: same)(text).encode("utf-8", "surrogateescape")


def measure(check, corpus, store):
    verdicts, reasons = collections.Counter(), collections.Counter()
    for path in files_of(corpus, store):
        run = subprocess.run([check, "--json", "-"], input=filled(path, store), capture_output=True, timeout=60)
        answer = json.loads(run.stdout)
        got = answer.get("verdict", answer.get("code"))
        verdicts[got] += 1
        wanted = {"deny": "deny", "ask": "ask"}.get(got)
        for rule in {f["rule"] for f in answer.get("findings", []) if f["verdict"] == wanted}:
            reasons[f"{got} {rule}"] += 1
        if os.environ.get("VERBOSE") and wanted:
            print(path, [(f["rule"], f["value"]) for f in answer["findings"] if f["verdict"] == wanted])
    files = sum(verdicts.values())
    free = verdicts["allow"] + verdicts["rewrite"]
    print(f"{store}: {files} files, {100 * free // max(files, 1)} % without a question; "
          + ", ".join(f"{count} {name}" for name, count in verdicts.most_common()))
    print("   " + ", ".join(f"{count} {name}" for name, count in reasons.most_common(12)))


if __name__ == "__main__":
    for each in (*STORES, "amahi"):
        measure(sys.argv[1], sys.argv[2], each)
