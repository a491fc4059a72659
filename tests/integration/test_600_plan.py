# SPDX-License-Identifier: Apache-2.0
"""The plan says what will be downloaded, who writes where, and whether it fits; what is done is what
was shown."""
import json
import os
import re
import time

import pytest

import kills
from engine_env import WEB, busybox_files, free_port, serve_on
from test_350_engine_faults import Relay
from scripted_registry import MANIFEST, Image, ScriptedRegistry, digest, drip, stall

PID = os.getpid()


def script_of(image, body="", port="'HOST_PORT:80'"):
    return ("cat > docker-compose.yml << 'EOF'\nweb:\n  image: '" + image + f"'\n  ports:\n    - {port}\n"
            + body + "EOF\ndocker-compose up -d\n")


def plan_of(stack, image, body="", name="maybe"):
    return stack.json("install", stack.script(script_of(image, body)), "--name", name, "--plan")


@pytest.fixture(scope="module")
def shop(engine, registry):
    """An image in the registry of which the engine has nothing."""
    ref = f"{registry.host}/plan{PID}/web:1"
    engine.import_image(ref, busybox_files({"index.html": b"first\n", "big": os.urandom(2_000_000)}), WEB, "USER 1234")
    engine.push(ref)
    engine.remove_image(ref)
    yield ref
    engine.remove_image(ref)


@pytest.fixture
def scripted():
    registry = ScriptedRegistry()
    yield registry
    registry.close()


@pytest.fixture
def bare(new_stack):
    return new_stack(httpd=False)


# --- sizes and digests ----------------------------------------------------------------------------

def test_sizes_and_digest(bare, shop):
    answer = plan_of(bare, shop, "  volumes: ['./data:/data']\n")
    (image,) = answer["plan"]["images"]
    name = shop.rpartition(":")[0]
    assert re.fullmatch(re.escape(name) + "@sha256:[0-9a-f]{64}", image["digest"])
    assert 2_000_000 < image["download"] == image["layers"] < 5_000_000
    assert answer["plan"]["needs"]["download"] == image["download"]
    assert answer["plan"]["needs"]["unknown"] == 0
    assert answer["plan"]["content"]["images"][0]["digest"] == image["digest"]
    assert answer["plan"]["folders"][0]["writers"] == [
        {"service": "web", "user": "1234", "uid": 1234, "gid": None, "from": "image"}]
    text = bare.ctl("install", bare.script(script_of(shop, "  volumes: ['./data:/data']\n")), "--name", "maybe",
                    "--plan").stdout
    assert "MB to download" in text and "written by uid 1234" in text


def test_layers_that_are_here_are_not_downloaded(bare, engine, registry, shop):
    """A second image on top of the first: only what is new counts, once the first is here."""
    base = plan_of(bare, shop)["plan"]["images"][0]
    ref = f"{registry.host}/plan{PID}/more:1"
    engine.request("POST", f"/images/create?fromImage={shop.rpartition(':')[0]}&tag=1")
    container = engine.json("POST", "/containers/create", {"Image": shop, "Cmd": ["/bin/busybox", "sh", "-c",
                            "/bin/busybox head -c 300000 /dev/urandom > /tmp-file"], "User": "0"})["Id"]
    try:
        engine.request("POST", f"/containers/{container}/start")
        engine.request("POST", f"/containers/{container}/wait")
        name, _, tag = ref.rpartition(":")
        status, text = engine.request("POST", f"/commit?container={container}&repo={name}&tag={tag}", "{}",
                                      {"Content-Type": "application/json"})
        assert status == 201, text
        engine.push(ref)
        engine.remove_image(ref)
        more = plan_of(bare, ref)["plan"]["images"][0]
        assert more["layers"] > base["layers"]
        assert 290_000 < more["download"] < 400_000
        here = plan_of(bare, shop)["plan"]["images"][0]
        assert (here["pull"], here["download"], here["layers"]) == (False, 0, None)
    finally:
        engine.request("DELETE", f"/containers/{container}?force=1")
        engine.remove_image(shop)
    both = script_of(shop) .replace("EOF\ndocker", f"more:\n  image: '{ref}'\nEOF\ndocker")
    images = bare.json("install", bare.script(both), "--name", "maybe", "--plan")["plan"]["images"]
    assert images[1]["layers"] == more["layers"] and 290_000 < images[1]["download"] < 400_000


def test_what_is_pulled_is_what_was_shown(bare, engine, registry):
    """The tag is moved between showing and doing: then it is another plan, and nothing happens."""
    ref = f"{registry.host}/plan{PID}/moving:1"

    def push(text):
        engine.import_image(ref, busybox_files({"index.html": text}), WEB)
        engine.push(ref)
        engine.remove_image(ref)
    push(b"shown\n")
    shown = plan_of(bare, ref)
    push(b"slipped in\n")
    other = plan_of(bare, ref)
    assert other["plan_hash"] != shown["plan_hash"]
    args = {"name": "maybe", "script": script_of(ref), "yes": True, "plan_hash": shown["plan_hash"]}
    answer = crude(bare, args)
    assert answer["code"] == "plan-changed" or "plan" in answer["message"], answer
    assert bare.invariants() == [] and engine.image_id(ref) is None
    answer = crude(bare, args | {"plan_hash": other["plan_hash"]})
    assert "ok" in answer, answer
    (container,), _ = bare.ours()
    assert engine.inspect(container["Id"])["Image"] == engine.image_id(ref)
    digests = engine.json("GET", f"/images/{engine.image_id(ref)}/json")["RepoDigests"]
    assert other["plan"]["images"][0]["digest"] in digests
    bare.ctl("uninstall", "maybe")
    assert engine.image_id(ref) is None
    assert all(not any(d.startswith(ref.rpartition(":")[0]) for d in i["RepoDigests"] or ())
               for i in engine.json("GET", "/images/json"))


def crude(stack, args):
    """One install frame as apphostctl would send it."""
    import socket
    import struct
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(stack.socket)
        body = json.dumps({"v": 1, "op": "install", "args": args}).encode()
        s.sendall(struct.pack(">I", len(body)) + body)
        stream = s.makefile("rb")
        while True:
            frame = json.loads(stream.read(struct.unpack(">I", stream.read(4))[0]))
            if "progress" not in frame and "log" not in frame:
                return frame


@pytest.mark.parametrize("pause", [0, 0.05, 0.15, 0.4])
def test_a_pull_that_is_killed_leaves_no_image(bare, engine, shop, pause):
    """Between the pull by digest and the name it gets, too."""
    keep = kills.watcher(bare)
    operation = kills.install(bare, "cut", shop)
    assert operation.until("images")
    time.sleep(pause)
    kills.kill_job(bare, keep)
    operation.end()
    kills.settle(bare)
    name = shop.rpartition(":")[0]
    if bare.invariants():   # it was through before it was killed
        bare.ctl("uninstall", "cut", "--purge", "--yes")

    def names():
        return [n for i in engine.json("GET", "/images/json") for n in (i["RepoTags"] or []) + (i["RepoDigests"] or [])
                if n.startswith(name)]
    assert not names(), names()


def test_an_image_that_is_here_under_its_digest(bare, engine, registry):
    """Somebody pulled it so: it is used, and stays as it was."""
    ref = f"{registry.host}/plan{PID}/held:1"
    engine.import_image(ref, busybox_files({"index.html": b"held\n"}), WEB)
    engine.push(ref)
    engine.remove_image(ref)
    digest_ref = plan_of(bare, ref)["plan"]["images"][0]["digest"]
    name, _, pin = digest_ref.partition("@")
    engine.request("POST", f"/images/create?fromImage={name}&tag={pin}")
    before = engine.json("GET", f"/images/{engine.image_id(digest_ref)}/json")
    bare.ctl("install", bare.script(script_of(ref)), "--name", "held", "--yes")
    (container,), _ = bare.ours()
    assert engine.inspect(container["Id"])["Image"].removeprefix("sha256:") == before["Id"].removeprefix("sha256:")
    bare.ctl("stop", "held")
    bare.ctl("start", "held")
    bare.ctl("uninstall", "held")
    after = engine.json("GET", f"/images/{engine.image_id(digest_ref)}/json")
    assert (after["RepoTags"], after["RepoDigests"]) == (before["RepoTags"], before["RepoDigests"])
    engine.remove_image(digest_ref)


# --- registries of every kind ---------------------------------------------------------------------

def test_index_and_token(bare, scripted):
    top = scripted.serve("shop/app", Image(sizes=(5_000_000, 7_000_000), user="nobody"))
    scripted.demand_token()
    (image,) = plan_of(bare, f"{scripted.host}/shop/app:1")["plan"]["images"]
    assert image["digest"].endswith(top) and image["layers"] == image["download"] == 12_000_000
    assert image["user"] == "nobody"
    token = next(path for path, _ in scripted.asked if path.startswith("/token"))
    assert "scope=repository%3Ashop%2Fapp%3Apull" in token and "push" not in token
    assert "service=the%20%22service%22" in token
    assert [a for p, a in scripted.asked if p.startswith("/token")] == [None]


def test_a_short_name_is_asked_where_the_engine_asks(new_stack, engine, scripted, tmp_path):
    """The engine's own mirror first; what it calls its registry is the name of that, whatever it is."""
    info = engine.json("GET", "/info")
    info["IndexServerAddress"] = "https://index.registry.invalid/v1/"
    info["RegistryConfig"] = {"IndexConfigs": {"registry.invalid": {
        "Name": "registry.invalid", "Official": True, "Secure": True, "Mirrors": [f"http://{scripted.host}/"]}}}
    relay = Relay(f"{tmp_path}/engine.sock", engine.path)
    body = json.dumps(info).encode()
    relay.answers.append((r"^GET /v[0-9.]+/info ", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                          b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)))
    relay.start()
    try:
        stack = new_stack(httpd=False, Socket=relay.path)
        scripted.serve("library/short", Image())
        for ref in ("short:1", "registry.invalid/short:1", "registry.invalid/library/short:1"):
            (image,) = plan_of(stack, ref)["plan"]["images"]
            assert image["layers"] == 3000, image["note"]
        (image,) = plan_of(stack, "nowhere:1")["plan"]["images"]
        assert image["layers"] is None and "registry" in image["note"]
        stack.stop_daemon()
    finally:
        relay.stop()


def test_layers_count_once_over_all_images(bare, scripted):
    scripted.serve("a", Image(sizes=(5000, 100), padding="x"))
    scripted.serve("b", Image(sizes=(5000, 300), padding="x"))
    text = script_of(f"{scripted.host}/a:1").replace("EOF\ndocker", f"two:\n  image: '{scripted.host}/b:1'\nthree:\n"
                                                     f"  image: '{scripted.host}/a:1'\nEOF\ndocker")
    plan = bare.json("install", bare.script(text), "--name", "maybe", "--plan")["plan"]
    assert [i["layers"] for i in plan["images"]] == [5100, 5300, 5100]
    assert [i["download"] for i in plan["images"]] == [5100, 300, 0]
    assert plan["needs"]["download"] == 5400
    assert len([p for p, _ in scripted.asked if "/a/manifests/1" in p]) == 1


def say(status, headers=None, body=b"{}", **more):
    return (status, {"Content-Type": "application/json"} | (headers or {}), body)


ENTRY = {"digest": digest(b"x"), "size": 1}
FAULTS = {
    "401": (say(401), "login"),
    "403": (say(403), "login"),
    "404": (say(404), "does not know"),
    "429": (say(429), "no more requests"),
    "500": (say(500), "500"),
    "other login": (say(401, {"WWW-Authenticate": 'Basic realm="x"'}), "not understood"),
    "token without https": (say(401, {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:1/t"'}), "without https"),
    "token elsewhere here": (say(401, {"WWW-Authenticate": 'Bearer realm="https://127.0.0.1:1/t"'}), "not followed"),
    "token in the cloud": (say(401, {"WWW-Authenticate": 'Bearer realm="https://169.254.169.254/t"'}), "not followed"),
    "token in a file": (say(401, {"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}), "without https"),
    "token with a password": (say(401, {"WWW-Authenticate": 'Bearer realm="https://a:b@127.0.0.1/t"'}), "without https"),
    "html": ((200, {"Content-Type": "text/html; charset=x"}, b"<html>"), "text/html"),
    "no json": ((200, {"Content-Type": MANIFEST}, b"{"), "not JSON"),
    "an old format": (say(200, body=b'{"schemaVersion": 1}'), "schema 1"),
    "both at once": (say(200, body=json.dumps({"manifests": [], "layers": []}).encode()), "neither"),
    "deep": (say(200, body=b"[" * 100_000), "nested"),
    "wide": (say(200, body=b'{"manifests":[' + b",".join([b"{}"] * 300) + b"]}"), "more than 256"),
    "wrong digest": ((200, {"Content-Type": MANIFEST, "Docker-Content-Digest": digest(b"other")},
                      Image().manifest), "not what its digest says"),
    "not for this machine": (say(200, body=json.dumps({"manifests": [
        ENTRY | {"platform": {"os": "plan9", "architecture": "amd64"}}]}).encode()), "no image for this machine"),
    "negative sizes": (say(200, body=json.dumps({"config": ENTRY, "layers": [ENTRY | {"size": -5}]}).encode()),
                       "no size"),
    "too large": (say(200, body=b" " * (5 << 20)), "larger"),
    "leads here": (say(302, {"Location": "http://127.0.0.1:1/"}), "not followed"),
    "leads into the network": (say(302, {"Location": "http://10.1.2.3/"}), "not followed"),
    "leads to a file": (say(302, {"Location": "file:///etc/passwd"}), "without https"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_registry_that_fails(bare_once, scripted, fault):
    scripted.answers["/v2/app/manifests/1"], words = FAULTS[fault]
    plan = plan_of(bare_once, f"{scripted.host}/app:1")["plan"]
    (image,) = plan["images"]
    assert image["layers"] is image["download"] is None
    assert words in image["note"], image["note"]
    assert plan["needs"]["unknown"] == 1
    assert [w["id"] for w in plan["warnings"]] == ["size"]
    assert "size is unknown" not in image["note"] and scripted.host in image["note"]


@pytest.fixture(scope="module")
def module_stack(engine):
    from stack_env import Stack
    stack = Stack(engine, "event")
    stack.write_config()
    stack.start_daemon()
    stack.instance_label = stack.instance()
    yield stack
    stack.close()


@pytest.fixture
def bare_once(module_stack):
    yield module_stack
    assert module_stack.invariants() == []


def test_a_redirect_without_end(bare_once, scripted):
    scripted.answers["/v2/app/manifests/1"] = say(302, {"Location": "/v2/app/manifests/1"})
    (image,) = plan_of(bare_once, f"{scripted.host}/app:1")["plan"]["images"]
    assert "one place to the next" in image["note"] and len(scripted.asked) <= 5


def test_a_redirect_within_the_registry(bare_once, scripted):
    image = Image()
    scripted.serve("app", image, wrap=False)
    blob = f"/v2/app/blobs/{digest(image.config)}"
    scripted.answers["/elsewhere"] = scripted.answers[blob]
    scripted.answers[blob] = say(307, {"Location": "/elsewhere"})
    (row,) = plan_of(bare_once, f"{scripted.host}/app:1")["plan"]["images"]
    assert row["layers"] == 3000 and row["user"] == ""


def test_a_registry_that_stalls(bare_once, scripted):
    scripted.answers |= {"/v2/app/manifests/1": stall, "/v2/slow/manifests/1": drip}
    scripted.serve("good", Image())
    text = script_of(f"{scripted.host}/app:1").replace("EOF\ndocker", f"two:\n  image: '{scripted.host}/good:1'\nthree:\n"
                                                       f"  image: '{scripted.host}/slow:1'\nEOF\ndocker")
    begin = time.monotonic()
    plan = bare_once.json("install", bare_once.script(text), "--name", "maybe", "--plan")["plan"]
    assert time.monotonic() - begin < 12
    assert "in time" in plan["images"][0]["note"] and "in time" in plan["images"][2]["note"]
    assert plan["images"][1]["layers"] == 3000


def test_a_registry_that_is_not_there(bare_once):
    (image,) = plan_of(bare_once, f"127.0.0.1:{free_port()}/app:1")["plan"]["images"]
    assert image["layers"] is None and image["note"]


def test_a_pinned_image_is_held_against_its_digest(bare_once, scripted):
    image = Image()
    scripted.serve("app", image, wrap=False)
    pin = digest(image.manifest)
    (row,) = plan_of(bare_once, f"{scripted.host}/app@{pin}")["plan"]["images"]
    assert row["layers"] == 3000 and row["digest"].endswith(f"/app@{pin}")
    other = digest(b"other")
    scripted.answers[f"/v2/app/manifests/{other}"] = (200, {"Content-Type": MANIFEST}, image.manifest)
    (row,) = plan_of(bare_once, f"{scripted.host}/app@{other}")["plan"]["images"]
    assert row["layers"] is None and "not what its digest says" in row["note"]


def test_nobody_is_asked_for_a_refused_app(bare_once, scripted):
    text = script_of(f"{scripted.host}/app:1", "  privileged: true\n")
    done = bare_once.ctl("install", bare_once.script(text), "--name", "maybe", "--plan", check=False)
    assert done.returncode == 3 and scripted.asked == []


# --- does it fit ----------------------------------------------------------------------------------

def test_what_cannot_fit_is_not_begun(bare_once, scripted):
    scripted.serve("huge", Image(sizes=(1 << 45,)))
    text = script_of(f"{scripted.host}/huge:1")
    plan = plan_of(bare_once, f"{scripted.host}/huge:1")["plan"]
    assert [w["id"] for w in plan["warnings"]] == ["disk"] and "do not fit" in plan["warnings"][0]["text"]
    before = len(scripted.asked)
    done = bare_once.ctl("install", bare_once.script(text), "--name", "maybe", "--yes", check=False)
    assert done.returncode == 13 or "do not fit" in done.stderr, (done.returncode, done.stderr)
    assert "35.2 TB" in done.stderr
    assert not any("/blobs/" in p and digest(b"layer 0 %d" % (1 << 45)) in p for p, _ in scripted.asked[before:])


def test_memory_that_is_not_there(bare_once, scripted):
    scripted.serve("app", Image())
    plan = plan_of(bare_once, f"{scripted.host}/app:1", "  mem_limit: 900g\n")["plan"]
    assert plan["needs"]["memory"] == 900 << 30
    assert [w["id"] for w in plan["warnings"]] == ["memory"]


# --- who writes the folders -----------------------------------------------------------------------

def test_a_new_folder_belongs_to_its_writer(bare, engine):
    """Root's folders stay root's; what exists is never given away."""
    ref = f"plan-{PID}-user:1"
    files = busybox_files() | {"etc/passwd": b"app:x:4321:4321::/:\n"}
    engine.import_image(ref, files, serve_on(8080), "USER 4321:4322")
    try:
        text = ("mkdir -p shared/inner\ncat > conf/app.ini << 'EOF'\nx\nEOF\ncat > docker-compose.yml << 'EOF'\nservices:\n  web:\n"
                f"    image: {ref}\n    ports: ['HOST_PORT:8080']\n    volumes: ['./data:/data', './shared:/s', './conf:/c', './ro:/r:ro']\n"
                f"  side:\n    image: {ref}\n    user: '77'\n    volumes: ['./side/deep:/d', './shared:/s']\n"
                f"  third:\n    image: {ref}\n    user: '0'\n    environment: {{PUID: '1'}}\n    volumes: ['./root:/x']\n"
                "EOF\ndocker-compose up -d\n")
        bare.ctl("install", bare.script(text), "--name", "album", "--yes")
        data = f"{bare.state}/data/{bare.json('status', 'album')['app_id']}"
        owners = {p: (os.stat(f"{data}/{p}").st_uid, os.stat(f"{data}/{p}").st_gid) for p in
                  ("data", "shared", "shared/inner", "conf", "conf/app.ini", "side", "side/deep", "root", "ro")}
        assert owners == {"data": (4321, 4322), "shared": (0, 0), "shared/inner": (0, 0), "conf": (4321, 4322),
                          "conf/app.ini": (0, 0), "side": (0, 0), "side/deep": (77, 0), "root": (0, 0), "ro": (0, 0)}
        bare.ctl("uninstall", "album")
        os.chown(f"{data}/data", 5, 5)
        bare.ctl("install", bare.script(text), "--name", "album", "--yes")
        assert os.stat(f"{data}/data").st_uid == 5
        bare.ctl("uninstall", "album", "--purge", "--yes")
    finally:
        engine.remove_image(ref)
