# SPDX-License-Identifier: Apache-2.0
"""An update that can be neither ended nor taken back, for whatever tries it is killed: what it left is with
the app, and the next start takes it back."""
import contextlib
import http.client
import json
import os
import shutil

import pytest

import kills
from relay import Relay
from stack_env import wait_for
from test_750_update import Shelf, images, is_old, kill_again, page, revision  # noqa: F401 (a fixture)

REMOVES = (r"^DELETE /v[0-9.]+/containers/", None)   # never answered


@pytest.fixture
def stack(new_stack, engine, registry, images, tmp_path):  # noqa: F811
    relay = Relay(str(tmp_path / "engine.sock"), engine.path)
    relay.start()
    stack = new_stack(StartSeconds=5, Socket=relay.path)
    stack.shelves, stack.relay = [], relay
    stack.announced += [r"job \d+[ :(]", r"signal 9"]
    stack.watcher = kills.watcher(stack)
    yield stack
    relay.answers = []
    for folder in stack.shelves:
        shutil.rmtree(folder)
    stack.stop_daemon()
    relay.stop()
    for image in images.values():
        engine.remove_image(f"{registry.host}/{image}")


@pytest.fixture
def shelf(stack, registry, images):  # noqa: F811
    """An app, and a revision that it does not reach; a file of the author's has a person's word in it."""
    shelf = Shelf(stack, registry)
    shelf.first = shelf.publish(1, images["1"])
    stack.ctl("install", "shop", "--name", "mine", "--set", "greeting=hello", "--yes")
    row = stack.json("status", "mine")
    shelf.data, shelf.port = f"{stack.state}/data/{row['app_id']}", row["port"]
    shelf.left = f"{stack.state}/apps/{row['app_id']}/undo.json"
    for name, text in ("d/note", "do not lose me"), ("conf/b", "again 1\n"), ("conf/a", "a person's\n"):
        with open(f"{shelf.data}/{name}", "w", encoding="ascii") as f:
            f.write(text)
    os.chmod(f"{shelf.data}/conf/b", 0o600)
    shelf.before = tree(shelf.data)
    shelf.publish(2, images["2"], files=[
        {"path": "conf/a", "when": "update", "text": "2\n"}, {"path": "conf/b", "when": "update", "text": "2\n"},
        {"path": "conf/c", "when": "update", "text": "2\n"}, {"path": "more/new", "text": "2\n"}])
    return shelf


def tree(folder):
    """Every file of a data folder: octets, mode, owner."""
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            st = os.lstat(f"{top}/{name}")
            with open(f"{top}/{name}", "rb") as f:
                found[os.path.relpath(f"{top}/{name}", folder)] = (f.read(), st.st_mode, st.st_uid, st.st_gid)
    return found


def straight(shelf):
    """What listens on the app's port, whatever httpd shows."""
    connection = http.client.HTTPConnection("127.0.0.1", shelf.port, timeout=10)
    connection.request("GET", "/", headers={"Host": f"mine.{shelf.stack.domain}"})
    body = connection.getresponse().read()
    connection.close()
    return body


def given_up(stack, shelf):
    operation = kills.Operation(stack, "update", "mine", yes=True)
    assert operation.until("health"), operation.answer
    stack.relay.answers = [REMOVES]
    kill_again(stack, 4)
    operation.end()
    stack.relay.answers = []
    kills.settle(stack)
    assert "restart" in operation.answer["message"], operation.answer
    assert os.path.exists(shelf.left) and tree(shelf.data) != shelf.before
    assert revision(stack) == shelf.first
    # What the watcher saw during the update may be told after its end: the next look corrects that.
    wait_for(lambda: stack.json("status", "mine")["state"] == "failing", 10, "the watcher")


def is_back(stack, shelf):
    assert is_old(stack, shelf)
    assert tree(shelf.data) == shelf.before and not os.path.exists(shelf.left)
    assert not os.path.exists(f"{shelf.data}/more")
    return True


def test_the_next_start_takes_it_back(stack, shelf, images, engine, registry):  # noqa: F811
    given_up(stack, shelf)
    # The new one may answer, and is not what the app is: nobody is told that it runs.
    for _ in range(20):
        assert stack.json("status", "mine")["state"] == "failing"
        straight(shelf)
    stack.ctl("restart", "mine")
    assert is_back(stack, shelf) and straight(shelf) == b"one"
    assert engine.image_id(f"{registry.host}/{images['2']}") is None
    stack.ctl("restart", "mine")
    assert is_back(stack, shelf)


def test_the_start_is_killed_too(stack, shelf):
    given_up(stack, shelf)
    stack.relay.answers = [REMOVES]
    operation = kills.Operation(stack, "restart", "mine")
    assert operation.until("start")
    kill_again(stack, 2)
    stack.relay.answers = []
    operation.end()
    kills.settle(stack)
    wait_for(lambda: stack.json("status", "mine")["state"] == "running", 30, "the app")
    assert is_back(stack, shelf)


def test_an_update_begins_with_it(stack, shelf):
    given_up(stack, shelf)
    stack.json("update", "mine", "--plan")
    assert os.path.exists(shelf.left), "a plan does nothing"
    said = stack.ctl("rollback", "mine", "--yes", check=False)
    assert said.returncode == 2 and "nothing to go back to" in said.stderr
    assert is_back(stack, shelf)
    given_up(stack, shelf)
    stack.ctl("update", "mine", "--yes")
    assert page(stack) == b"two" and tree(shelf.data)["conf/b"][0] == tree(shelf.data)["conf/a"][0] == b"2\n"
    wait_for(lambda: not os.path.exists(shelf.left), 10, "the end of tidying up")
    stack.ctl("rollback", "mine", "--yes")
    assert page(stack) == b"one" and tree(shelf.data)["conf/a"] == shelf.before["conf/a"]


def test_one_that_was_done_stays_done(stack, shelf):
    """Killed between its end and its tidying up: the journal is there still, and names what came with it."""
    stack.ctl("update", "mine", "--yes")
    wait_for(lambda: not os.path.exists(shelf.left), 10, "the end of tidying up")
    with contextlib.closing(stack.database()) as db:
        (previous,) = db.execute("select previous from apps").fetchone()
    aside = json.loads(previous)["aside_dir"]
    wait_for(lambda: os.listdir(f"{shelf.data}/{aside}") == ["0"], 10, "the end of what nobody wrote but its author")
    with open(f"{shelf.data}/{aside}/1", "w", encoding="ascii") as f:
        f.write("old")
    with open(shelf.left, "w", encoding="ascii") as f:
        json.dump({"images": [], "switched": True, "aside": ["conf/a", "conf/b"], "aside_dir": aside, "folders": ["more"],
                   "published": True}, f)
    stack.ctl("restart", "mine")
    assert page(stack) == b"two" and not os.path.exists(shelf.left) and os.listdir(f"{shelf.data}/{aside}") == ["0"]
    assert tree(shelf.data)["conf/a"][0] == b"2\n" and os.path.exists(f"{shelf.data}/more/new")
    with open(shelf.left, "w", encoding="ascii") as f:
        f.write("{")
    said = stack.ctl("restart", "mine", check=False)
    assert said.returncode != 0 and shelf.left in said.stderr and "put it back" in said.stderr
    os.remove(shelf.left)
    stack.ctl("restart", "mine")


def test_data_that_is_kept_is_the_old_ones(stack, shelf):
    given_up(stack, shelf)
    stack.ctl("uninstall", "mine")
    assert tree(shelf.data) == shelf.before
