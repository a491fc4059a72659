# SPDX-License-Identifier: Apache-2.0
"""What compose makes of the file we wrote is what we meant, for every file that is accepted. Speaks TAP.

Two readers look at each rendered file: Python's json, which must find our model in it ($$ read as $), and compose's own
code, whose configuration must be the model too. For a few files, or all with APPHOST_DIFFERENTIAL=all, the program
docker-compose itself is started as well, to see that its `config` says what its code was heard to say.
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from fragments import FILES, FRAGMENTS, SERVICE, TEXTS
from stores import STORES, filled, files_of

try:
    from compose.config import config
    from compose.config.environment import Environment
    from compose.config.serialize import serialize_config
except ImportError:
    config = None

ROOT, BUILD = sys.argv[1], sys.argv[2]
CHECK = os.path.join(BUILD, "tests/unit/check_here")
CORPUS = os.environ.get("APPHOST_CORPUS", os.path.join(ROOT, "../shared/corpus"))
COMPOSE = shutil.which("docker-compose")
EVERY = 1 if os.environ.get("APPHOST_DIFFERENTIAL") == "all" else 60  # which files docker-compose itself reads


def sources():
    """Name and text of everything that may be accepted."""
    for path in sorted(glob.glob(f"{ROOT}/tests/cases/*/*/compose.yml") + glob.glob(f"{ROOT}/tests/cases/script/*/script")
                       + glob.glob(f"{CORPUS}/compose/*.yml")):
        with open(path, "rb") as file:
            yield os.path.relpath(path, ROOT), file.read()
    for store in (*STORES, "amahi"):
        for path in files_of(CORPUS, store):
            yield f"{store}: {os.path.relpath(path, CORPUS)}", filled(path, store)
    for verdict, key, *top in FRAGMENTS:
        if verdict != "deny":
            yield "fragment " + key, f"{SERVICE}    {key}\n{top[0] if top else ''}\n".encode()
    for verdict, text in FILES:
        if verdict != "deny":
            yield "file " + text, text.encode()
    for name, verdict, text in TEXTS:
        if verdict == "allow":
            yield "text: " + name, text.encode()


def rendered(source):
    """Model and text of an accepted file, or None."""
    name, text = source
    run = subprocess.run([CHECK, "--json", "-"], input=text, capture_output=True, timeout=60)
    if run.returncode not in (0, 4):
        return None
    model = json.loads(run.stdout)["compose"]
    run = subprocess.run([CHECK, "--rendered", "-"], input=text, capture_output=True, timeout=60)
    return name, model, run.stdout


def plain(value):
    """$$ read as $, everywhere."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


UNITS = {"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}


def nanoseconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(h|ms|us|ns|m|s)", str(text)))


def port(value):
    """Our one form of a port, from either of compose's."""
    if isinstance(value, dict):
        return f"{value['published']}:{value['target']}/{value['protocol']}"
    return value if "/" in value else value + "/tcp"


def seen_form(key, value):
    """Where compose says the same in another form: both brought to one."""
    if key == "ports":
        return sorted(port(item) for item in value)
    if key == "healthcheck" and value.get("disable"):
        return {"test": ["NONE"]}
    if key == "healthcheck":
        return {name: nanoseconds(item) if name in ("interval", "timeout", "start_period") else item
                for name, item in value.items()}
    if key == "stop_grace_period":
        return nanoseconds(value)
    if key in ("cap_add", "cap_drop", "group_add", "security_opt", "dns", "dns_opt", "dns_search", "expose", "links"):
        return sorted(value)
    return value


def same(meant, seen, where):
    """The first difference between what we meant and what compose read, or None."""
    if isinstance(meant, dict) and isinstance(seen, dict):
        for key in meant:
            if key not in seen:
                return f"{where}.{key} is missing"
        for key in seen:
            if key not in meant:
                return f"{where}.{key} was never meant"
            found = same(seen_form(key, meant[key]), seen_form(key, seen[key]), f"{where}.{key}")
            if found:
                return found
        return None
    if isinstance(meant, list) and isinstance(seen, list) and len(meant) == len(seen):
        return next(filter(None, (same(a, b, f"{where}.{i}") for i, (a, b) in enumerate(zip(meant, seen)))), None)
    return None if meant == seen else f"{where}: {meant!r} became {seen!r}"


def compose_reads(path):
    loaded = config.load(config.find("/", [path], Environment({}), None))
    return yaml.safe_load(serialize_config(loaded, escape_dollar=False))


def mounts_image(model):
    """What this compose does not know, and newer ones do."""
    return any(isinstance(mount, dict) and mount.get("type") == "image"
               for service in model["services"].values() for mount in service.get("volumes", []))


def judge(name, model, text, path, by_program):
    if plain(json.loads(text)) != model:
        return "Python's json reads another model"
    if config is None or mounts_image(model):
        return None
    with open(path, "wb") as file:
        file.write(text)
    try:
        seen = compose_reads(path)
    except Exception as error:  # whatever it is, it is the finding
        return f"compose refuses it: {error}"
    found = same(model, {key: value for key, value in seen.items() if key != "version"}, "")
    if found or not by_program:
        return found
    run = subprocess.run([COMPOSE, "-f", path, "config"], capture_output=True, timeout=60, env={"PATH": os.environ["PATH"]})
    said = plain(yaml.safe_load(run.stdout)) if run.returncode == 0 else run.stderr
    return None if said == seen else f"docker-compose config says otherwise: {said}"


def main():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        accepted = [row for row in pool.map(rendered, sources()) if row]
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, model, text) in enumerate(accepted):
            by_program = COMPOSE is not None and number % EVERY == 0
            why = judge(name, model, text, os.path.join(folder, "compose.json"), by_program)
            lines.append(f"{'not ok' if why else 'ok'} {number + 1} - {name}{' # ' + why if why else ''}".replace("\n", " "))
    if config is None:
        print("# compose's own code is not there (Debian: docker-compose): only json was compared")
    lines.append(f"{'ok' if len(accepted) > 100 else 'not ok'} {len(accepted) + 1} - files were accepted")
    print(f"1..{len(lines)}\n" + "\n".join(lines))
    return 0 if not any(line.startswith("not ok") for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
