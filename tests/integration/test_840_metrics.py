# SPDX-License-Identifier: Apache-2.0
"""What apps use and how they are: metrics, state, and the ways to ask for logs."""
import os
import re
import time

import pytest

from engine_env import busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-metrics-{os.getpid()}:1"

SCRIPT = """cat > docker-compose.yml << 'END'
services:
  web:
    image: {image}
    ports: ['HOST_PORT:80']
  worker:
    image: {image}
    command: ["/bin/sh", "-c", "echo worker-begins; echo a > /made; while true; do :; done"]
END
docker-compose up -d
"""


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files({"index.html": b"hello\n"}),
                        'CMD ["/bin/sh", "-c", "echo web-begins; exec httpd -f -p 80 -h /www"]')
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def two(new_stack, image):
    stack = new_stack()
    stack.ctl("install", stack.script(SCRIPT.format(image=image)), "--name", "two", "--yes")
    return stack


def services(answer):
    (app,) = answer["apps"]
    return {service["service"]: service for service in app["services"]}


def test_metrics(two):
    stack = two
    live = services(stack.json("metrics", "two", "--live"))
    assert set(live) == {"web", "worker"}
    assert live["worker"]["cpu_percent"] > live["web"]["cpu_percent"]
    for service in live.values():
        assert service["memory"] > 0 and abs(service["at"] - time.time()) < 60
        assert service["memory_limit"] is None or service["memory_limit"] > service["memory"]
        assert service["network_in"] >= 0 and service["block_write"] >= 0
    text = stack.ctl("metrics", "--live").stdout
    assert "worker" in text and "%" in text

    # What the watcher sampled: nothing is asked of the engine for it.
    def sampled():
        (app,) = stack.json("metrics", "two")["apps"]
        return app["history"] and app["services"]
    wait_for(sampled, 60, "a sample of the watcher")
    assert os.stat(os.path.join(stack.runtime, "metrics")).st_mode & 0o777 == 0o600
    (app,) = stack.json("metrics")["apps"]
    assert app["name"] == "two" and "history" not in app


def test_logs_of_a_service_and_a_time(two):
    stack = two
    assert "worker-begins" in stack.ctl("logs", "two").stdout
    assert stack.ctl("logs", "two", "--service", "web").stdout == "web-begins\n"
    stamped = stack.ctl("logs", "two", "--service", "worker", "--timestamps").stdout
    assert re.match(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d) worker-begins\n", stamped)
    assert "begins" in stack.ctl("logs", "two", "--since", "1h").stdout
    assert stack.ctl("logs", "two", "--since", str(int(time.time()) + 3600)).stdout == ""
    wrong = stack.ctl("logs", "two", "--service", "nobody", check=False)
    assert wrong.returncode == 6 and "web" in wrong.stderr
    assert stack.ctl("logs", "two", "--since", "tea", check=False).returncode == 2


def test_changes(two):
    stack = two
    first = stack.json("changes", "two")
    assert stack.json("changes", "two") == first, "the etag is that of the list"
    made = {(row["service"], row["path"]): row for row in first["changes"]}
    assert made["worker", "/made"]["kind"] == "added" and ("web", "/made") not in made
    assert [row["number"] for row in first["changes"]] == list(range(first["total"]))
    assert {row["service"] for row in stack.json("changes", "two", "--service", "worker")["changes"]} == {"worker"}
    assert "/made" in stack.ctl("changes", "two").stdout


def test_state_is_never_an_error(two):
    stack = two
    state = stack.json("state", "two")
    assert state["ours"]["state"] == "running" and state["engine"]["state"] == "up"
    rows = {row["service"]: row for row in state["engine"]["services"]}
    assert rows["web"]["running"] is True and rows["web"]["pid"] > 0
    stack.ctl("stop", "two")
    state = stack.json("state", "two")
    assert state["ours"]["state"] == "stopped"
    assert all(row["running"] is False for row in state["engine"]["services"])
    assert services(stack.json("metrics", "two", "--live")) == {}
    stack.ctl("uninstall", "two")
    assert stack.ctl("state", "two", check=False).returncode == 6
    assert stack.json("metrics")["apps"] == []
    assert stack.ctl("state", "nobody", check=False).returncode == 6
