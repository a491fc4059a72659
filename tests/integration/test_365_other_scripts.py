# SPDX-License-Identifier: Apache-2.0
"""Scripts and compose files as people write them, one folder each in tests/cases/install: they install
and answer by name, or are refused for the true reason with line and word. `check` says the same."""
import json
import os
import pathlib
import re

import pytest

from engine_env import KIND, busybox_files, serve_on
from podman_env import may_raise_limits
from stack_env import Stack

CASES = sorted(p for p in (pathlib.Path(__file__).parents[1] / "cases" / "install").iterdir() if p.is_dir())


@pytest.fixture(scope="module")
def shared(engine):
    """One apphost for all cases: what one leaves behind, the next ones would meet."""
    stack = Stack(engine, "event")
    try:
        stack.write_config(StartSeconds=20)
        stack.start_daemon()
        stack.instance_label = stack.instance()
        stack.start_httpd()
        yield stack
        stack.announced.append(r"job \d+: ")
        stack.check_logs()
    finally:
        stack.close()


def make_images(engine, registry, expect):
    made = list(expect.get("images", {}).items())
    for ref, port in made:
        engine.import_image(ref, busybox_files({"index.html": ref.encode()}), serve_on(port))
    for name in expect.get("registry", ()):
        ref = f"{registry.host}/{name}"
        engine.import_image(ref, busybox_files({"index.html": ref.encode()}), serve_on(80))
        engine.push(ref)
        engine.remove_image(ref)
    return [ref for ref, _ in made]


def environment(stack, service):
    (summary,) = [c for c in stack.ours()[0] if c["Labels"]["com.docker.compose.service"] == service]
    return dict(e.split("=", 1) for e in stack.engine.inspect(summary["Id"])["Config"]["Env"])


def trace(stack):
    everything = {f"{kind}": sorted(stack.engine.json("GET", target) or [], key=str) for kind, target in
                  (("containers", "/containers/json?all=1"), ("images", "/images/json?all=1"))}
    everything["networks"] = sorted(n["Id"] for n in stack.engine.json("GET", "/networks"))
    volumes = stack.engine.json("GET", "/volumes")["Volumes"] or []
    everything["volumes"] = sorted(v["Name"] for v in volumes)
    everything["state"] = sorted(os.path.relpath(os.path.join(d, f), stack.state)
                                 for d, folders, files in os.walk(stack.state) for f in folders + files
                                 if not f.startswith("apphost.db"))
    return everything


def no_trace(stack, before):
    assert stack.invariants() == [] and trace(stack) == before
    assert stack.get("judged").status == 404


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_case(shared, engine, registry, case):
    if KIND == "podman" and case.name == "compose-yaml-name-and-plugin" and not may_raise_limits():
        pytest.skip("its ulimits make Podman raise all others, which takes CAP_SYS_RESOURCE")
    stack, expect = shared, json.loads((case / "expect.json").read_text())
    with open(case / "script.sh", encoding="utf-8", newline="") as f:
        text = f.read().replace("REGISTRY", registry.host)
    path = f"{stack.folder}/{case.name}.sh"
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    more = []
    if (case / "uninstall.sh").exists():
        more = ["--uninstall-script", str(case / "uninstall.sh")]
    images = make_images(engine, registry, expect)
    before = trace(stack)
    try:
        checked = stack.ctl("check", path, check=False)
        done = stack.ctl("install", path, "--name", "judged", "--yes", *more, check=False)
        said = done.stdout + done.stderr
        if "code" in expect:
            assert done.returncode == expect["code"], said
            assert len(done.stderr.strip().splitlines()) >= 1
            for word in expect["words"]:
                assert word in said, said
            if not more:
                assert checked.returncode == expect["code"], checked.stdout + checked.stderr
                for word in expect["words"]:
                    assert word.replace("line ", ":") in checked.stdout or word in checked.stderr, checked
        else:
            assert done.returncode == 0, said + stack.daemon_log()[-1000:]
            assert checked.returncode == (4 if expect.get("asked") else 0), checked.stdout + checked.stderr
            for word in expect.get("asked", ()):
                assert word in checked.stdout and word in said
            succeeded(stack, expect)
            stack.ctl("uninstall", "judged", "--purge", "--yes")
        no_trace(stack, before)
    finally:
        for ref in images:
            engine.remove_image(ref)


def succeeded(stack, expect):
    row = stack.json("status", "judged")
    if expect.get("headless"):
        assert row["state"] == "running" and stack.get("judged").status == 404
    else:
        page = stack.get("judged")
        assert page.status == 200, page.body
        assert page.body.decode() in [*expect.get("images", {}), *[
            n for n in [page.body.decode()] if any(n.endswith(r) for r in expect.get("registry", ()))]]
    for service, values in expect.get("env", {}).items():
        found = environment(stack, service)
        assert {k: found.get(k) for k in values} == values
    for name, content in expect.get("files", {}).items():
        with open(f"{stack.state}/data/{row['app_id']}/{name}", encoding="utf-8") as f:
            assert f.read() == re.sub(r"\{port\}", str(row["port"]), content)
