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
import zlib

VARIABLE = re.compile(r"\$\$|\$\{(\w+)(:?[-?+=])?|\$(\w+)")
KNOWN = {"PUID": "1000", "PGID": "1000", "UID": "1000", "GID": "1000", "TZ": "Etc/UTC", "AppID": "app", "APP_ID": "app",
         "APP_PORT": "HOST_PORT", "APP_DATA_DIR": "./app-data", "APP_DOMAIN": "app.home.arpa", "DOMAIN": "home.arpa",
         "APP_HOST": "app.home.arpa", "LOCAL_DOMAIN": "home.arpa", "ROOT_FOLDER_HOST": "./store"}
UMBREL = {**KNOWN, "UMBREL_ROOT": "./umbrel", "DEVICE_DOMAIN_NAME": "umbrel.home.arpa", "DEVICE_HOSTNAME": "umbrel",
          "APP_HIDDEN_SERVICE": "abcdef.onion", "NETWORK_IP": "10.21.0.0", "APP_BITCOIN_NETWORK": "mainnet"}


def made_up(name):
    """What a store's program would put there, by what the name ends in: another one for each name."""
    number = zlib.crc32(name.encode())
    if name.endswith("_DIR"):
        return "./" + name.lower()
    if name.endswith("_IP"):
        return f"10.21.{number % 250 + 1}.{number // 250 % 250 + 1}"
    return str(20000 + number % 10000) if "PORT" in name.upper() else "value"


def closing(text, start):
    """Where the brace that is open at start closes; a default may hold variables of its own."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text)


def fill_variables(text, known=None):
    known = KNOWN if known is None else known
    parts, at = [], 0
    while match := VARIABLE.search(text, at):
        parts.append(text[at:match.start()])
        at = match.end()
        name, default = match.group(1) or match.group(3), None
        if match.group(1):
            end = closing(text, at)
            default, at = text[at:end] if match.group(2) in (":-", "-", ":=", "=") else None, end + 1
        if match.group(0) == "$$":
            parts.append("$$")
        else:
            parts.append(known[name] if name in known else made_up(name) if default is None
                         else fill_variables(default, known))
    return "".join(parts) + text[at:]


def fill_casaos(text):
    """/DATA is the store's folder; port_map, a note of the file, names the published port of the web page."""
    text = re.sub(r"((?:source:|-)\s*[\"']?)/DATA(?=[/:\s\"'])", r"\g<1>./DATA", text)
    return fill_variables(text)


def fill_coolify(text):
    """A variable SERVICE_... without a value is one it makes."""
    return fill_variables(re.sub(r"^(\s+- [\"']?SERVICE_\w+)([\"']?\s*)$", r"\1=value\2", text, flags=re.M))


def fill_umbrel(text):
    return fill_variables(text, UMBREL)


STORES = {"casaos": fill_casaos, "coolify": fill_coolify, "runtipi": fill_variables, "umbrel": fill_umbrel}


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
