# SPDX-License-Identifier: Apache-2.0
"""What reaches the engine: only requests that stand in docs/trust.md, and of an author's text only what
is in the model we rendered. A recorder stands between apphost and the engine and reads along."""
import json
import os
import re

import pytest

from engine_env import WEB, busybox_files
from relay import Recorder

IMAGE = f"apphost-test-calls-{os.getpid()}:1"
TRUST = f"{os.path.dirname(__file__)}/../../docs/trust.md"

# Whatever is called marker-* stands where the policy drops or replaces it.
SCRIPT = f"""#!/bin/bash
# marker-comment-of-the-script
cat > docker-compose.yml << 'EOF'
# marker-comment
version: '3.7'
x-marker: {{a: marker-extension}}
services:
  web:
    image: '{IMAGE}'   # marker-behind-a-value
    container_name: marker-container
    x-inside: marker-inside
    logging:
      driver: json-file
      options: {{max-size: 77m, labels: marker-logging}}
    labels:
      traefik.enable: 'true'
      traefik.http.routers.x.rule: Host(`marker-traefik.example`)
    environment:
      KEPT: "kept $$VALUE with $$(words)"
    ports:
      - 'HOST_PORT:80'
    volumes:
      - './kept-data:/data'
networks:
  default:
    labels: {{a: marker-network}}
EOF
docker-compose up -d
"""


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def recorded(new_stack, engine, image, tmp_path):
    recorder = Recorder(str(tmp_path / "engine.sock"), engine.path)
    recorder.start()
    stack = new_stack(httpd=False, Socket=recorder.path)
    stack.recorder = recorder
    yield stack
    recorder.stop()


def table(heading):
    """Rows of a table of docs/trust.md: (method, path as a pattern, names of the query)."""
    with open(TRUST, encoding="utf-8") as f:
        text = f.read().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`?]+)` \| ([^|]*) \|", text, re.M)
    assert rows
    return [(method, re.escape(path).replace(r"\*", "[^/?]+"), set(names.split()) - {"-"})
            for method, path, names in rows]


def listed(request, rows):
    path, _, query = request.path.partition("?")
    names = {pair.split("=")[0] for pair in query.split("&") if pair}
    return any(request.method == method and re.fullmatch(pattern, path) and names <= allowed
               for method, pattern, allowed in rows)


def by_apphost(request):
    """libcurl names no program where it was told none; every compose names itself."""
    return b"user-agent" not in request.head.lower()


def pruned(value):
    """Without what says nothing: null, false, 0, and empty texts, lists and objects."""
    if isinstance(value, dict):
        below = {key: pruned(item) for key, item in value.items()}
        return {key: item for key, item in below.items() if item not in (None, "", [], {}, False, 0)}
    return [pruned(item) for item in value] if isinstance(value, list) else value


def said(service, project):
    """A service of our rendered file as the body of a create: all that may be in it."""
    (mount,), network = service["volumes"], f"{project}_default"
    return {
        "Image": service["image"],
        "Env": [f"{k}={v}".replace("$$", "$") for k, v in service["environment"].items()],
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {
            "NetworkMode": network,
            "RestartPolicy": {"Name": service["restart"]},
            "SecurityOpt": service["security_opt"],
            "PidsLimit": service["pids_limit"],
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "35001"}]},
            "LogConfig": {"Type": "json-file", "Config": service["logging"]["options"]},
            "Mounts": [{"Type": "bind", "Source": mount["source"], "Target": mount["target"]}],
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": ["web"]}}},
        "Labels": service["labels"],
    }


def check_create(request, model, image_id):
    body, service = json.loads(request.body), model["services"]["web"]
    project = service["container_name"].removesuffix("-web")
    assert service["image"] == image_id
    body["Labels"] = {k: v for k, v in body["Labels"].items() if not k.startswith("com.docker.compose.")}
    if b"docker-compose/1." in request.head:
        assert pruned(body) == pruned(said(service, project))
        return
    # A later compose may word it otherwise; what grants anything is the same.
    host, expected = body["HostConfig"], said(service, project)
    assert (body["Image"], body["Env"], body["Labels"]) == tuple(expected[k] for k in ("Image", "Env", "Labels"))
    for key in ("SecurityOpt", "PidsLimit", "PortBindings", "LogConfig", "NetworkMode"):
        assert host[key] == expected["HostConfig"][key], key
    for key in ("Privileged", "CapAdd", "Devices", "DeviceRequests", "PidMode", "IpcMode", "UTSMode",
                "UsernsMode", "CgroupnsMode", "CgroupParent", "VolumesFrom", "Sysctls", "Runtime", "GroupAdd"):
        assert not host.get(key) or host[key] == "private", key


def test_every_request_is_in_the_table_and_only_the_model_flows(recorded, engine):
    stack, recorder = recorded, recorded.recorder
    stack.ctl("install", stack.script(SCRIPT), "--name", "app", "--yes")
    with open(f"{stack.state}/apps/1/compose.json", encoding="utf-8") as f:
        model = json.load(f)
    created = [r for r in recorder.requests if r.path.startswith("/containers/create")]
    assert len(created) == 1
    check_create(created[0], model, engine.image_id(IMAGE))
    for verb in ("stop", "start", "restart", "logs"):
        stack.ctl(verb, "app")
    stack.ctl("uninstall", "app", "--purge", "--yes")
    assert stack.ours() == ([], [])

    assert not recorder.strange
    ours, composes = table("What apphost asks of the engine"), table("What compose asks of the engine")
    for request in recorder.requests:
        known = listed(request, ours) if by_apphost(request) else listed(request, composes)
        assert known, f"{request.method} {request.path} is in no table of docs/trust.md"
        assert not (by_apphost(request) and request.body), f"{request.path} has a body"
        everything = request.path.encode() + request.head + request.body
        for word in (b"marker", b"77m", b"traefik", b"x-inside"):
            assert word not in everything, everything
    kept = [r for r in recorder.requests if b"kept $VALUE with $(words)" in r.body]
    assert kept == created, "what the model keeps arrives once, and as it was written"
    deeds = {(r.method, r.path.split("?")[0]) for r in recorder.requests if r.method != "GET" and by_apphost(r)}
    containers = {json.loads(r.body)["Container"] for r in recorder.requests if r.path.endswith("/connect")}
    for method, path in deeds:
        name = path.split("/")[2]
        assert path.startswith("/networks/") or name in containers, f"{method} {path}: not of this app"
