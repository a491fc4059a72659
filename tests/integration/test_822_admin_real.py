# SPDX-License-Identifier: Apache-2.0
"""The admin handler with all of apphost behind it: every answer is what the document says, a viewer changes
nothing, and a session ends when it should."""
import json
import os
import random
import re

import jsonschema
import pytest

from test_300_install import web_image  # noqa: F401

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(f"{ROOT}/ui/openapi.json", encoding="utf-8") as document:
    DOCUMENT = json.load(document)


class Client:
    """What a stranger's client does: it knows the document, and nothing else of apphost."""

    def __init__(self, stack, token=None):
        self.stack, self.token, self.cookie, self.csrf, self.seen = stack, token, None, None, set()

    def ask(self, method, path, query="", body=None, headers=(), **parts):
        sent = dict(headers) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        if self.cookie:
            sent |= {"Cookie": self.cookie, "X-Apphost-Csrf": self.csrf}
        if body is not None:
            sent["Content-Type"], body = "application/json", json.dumps(body).encode()
        answer = self.stack.get("apps", "/api/v1" + path.format(**parts) + query, method=method, headers=sent, body=body,
                                timeout=90)
        answer.json = json.loads(answer.body) if answer.body else None
        self.judge(method, path, answer)
        return answer

    def judge(self, method, path, answer):
        assert answer.status < 500 or answer.status == 502, answer.body
        described = DOCUMENT["paths"][path][method.lower()]["responses"]
        found = described.get(str(answer.status), described["default"])
        if "$ref" in found:
            found = DOCUMENT["components"]["responses"][found["$ref"].rsplit("/", 1)[1]]
        kind = answer.headers["Content-Type"]
        jsonschema.Draft202012Validator(found["content"][kind]["schema"] | {"components": DOCUMENT["components"]}).validate(answer.json)
        self.seen.add((method, path, answer.status))


@pytest.fixture
def site(new_stack):
    stack = new_stack(httpd=False)
    stack.start_httpd(sites=f"""<VirtualHost *:{stack.port}>
  ServerName apps.{stack.domain}
  AppHostAdminSocket "{stack.socket}"
  <Location "/">
    SetHandler apphost-admin
    Require all granted
  </Location>
</VirtualHost>""")
    return stack


def person(stack, name, role):
    return stack.json("person", "add", name, "--role", role)["password"]


def token(stack, name, *scopes):
    return stack.json("token", "add", name, "t", *(w for s in scopes for w in ("--scope", s)))["token"]


ALL = ("self", "read", "inspect", "run", "install", "catalog", "people")


def test_a_session(site):
    password = person(site, "ada", "admin")
    client = Client(site)
    assert client.ask("POST", "/session", body={"name": "ada", "password": "no"}).status == 401
    answer = client.ask("POST", "/session", body={"name": "ada", "password": password})
    assert answer.status == 200 and "session" not in answer.json, answer.body
    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"apphost=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=\d+", cookie)
    client.cookie, client.csrf = cookie.split(";")[0], answer.json["csrf"]
    who = client.ask("GET", "/session").json
    assert who["person"]["name"] == "ada" and who["csrf"] == client.csrf
    assert client.ask("GET", "/sessions").json["total"] == 1
    made = client.ask("POST", "/tokens", body={"label": "script", "scopes": ["read"], "days": 3})
    assert made.status == 201
    reader = Client(site, made.json["token"])
    assert reader.ask("GET", "/apps").status == 200 and client.ask("GET", "/tokens").json["total"] == 1
    assert reader.ask("POST", "/apps/{name}/start", name="a").status == 403
    assert client.ask("DELETE", "/tokens/{id}", id=made.json["id"]).status == 200
    assert reader.ask("GET", "/apps").status == 401
    assert client.ask("POST", "/people", body={"name": "eve", "role": "viewer"}).status == 201
    assert client.ask("PATCH", "/people/{name}", body={"disabled": True}, name="eve").status == 200
    assert client.ask("POST", "/people/{name}/password", name="eve").status == 200
    assert client.ask("GET", "/people").json["total"] == 2
    assert client.ask("DELETE", "/people/{name}", name="eve").status == 200
    assert client.ask("POST", "/password", body={"old": password, "new": "another long password"}).status == 200
    gone = client.ask("DELETE", "/session")
    assert gone.status == 200 and "Max-Age=0" in gone.headers["Set-Cookie"]
    assert client.ask("GET", "/session").status == 401


def test_the_life_of_an_app(site, web_image):
    person(site, "ada", "admin")
    site.install("photos", web_image)
    client = Client(site, token(site, "ada", *ALL))
    assert client.ask("GET", "/apps").json["items"][0]["state"] == "running"
    first = client.ask("GET", "/apps/{name}", name="photos")
    assert first.json["name"] == "photos"
    stopped = client.ask("POST", "/apps/{name}/stop", name="photos")
    assert stopped.status == 202
    job = stopped.json["job_id"]
    assert client.ask("GET", "/jobs/{job_id}", query="?wait=30", job_id=job).json["result"] == "done"
    assert client.ask("POST", "/apps/{name}/start", query="?wait=50", name="photos").json["result"] == "done"
    for path in ("/apps/{name}/logs", "/apps/{name}/vhost"):
        assert client.ask("GET", path, name="photos").status in (200, 404)
    for path in ("/jobs", "/entries", "/revisions", "/catalogs", "/storage", "/status"):
        assert client.ask("GET", path).status == 200, path
    metrics = site.get("apps", "/metrics", headers={"Authorization": f"Bearer {client.token}"}).body.decode()
    assert 'apphost_app_running{app="photos"} 1' in metrics
    assert client.ask("DELETE", "/apps/{name}", name="photos", headers={"If-Match": first.headers["ETag"]}).status == 412
    assert client.ask("DELETE", "/apps/{name}", query="?purge=true&wait=50", name="photos").status == 200
    assert client.ask("GET", "/apps").json["total"] == 0



def test_a_viewer_changes_nothing(site):
    """Every path and method of the document, with arguments that are made up: no 5xx, no change."""
    person(site, "eve", "viewer")
    client = Client(site, token(site, "eve", "self", "read"))
    random.seed(822)
    parts = {"name": "eve", "job_id": 1, "entry": "x", "catalog": "main", "id": 7}
    with site.database() as db:
        before = db.execute("select count(*) from jobs").fetchone(), db.execute("select name, role, disabled from people").fetchall()
    mine = {"/session", "/password", "/tokens", "/tokens/{id}", "/sessions/{id}"}
    for path, item in DOCUMENT["paths"].items():
        for method, described in item.items():
            if path in ("/metrics", "/openapi.json") or path in mine and method != "get":
                continue
            schema = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            for _ in range(3):
                body = {key: random.choice([True, 3, "x", ["a"], {}, "a" * 300, None, "ж"]) for key in schema["properties"]} if schema else None
                status = client.ask(method.upper(), path, body=body, **parts).status
                assert status in (200, 400, 403, 404) and (method == "get" or status != 200), (method, path, status)
    with site.database() as db:
        assert before == (db.execute("select count(*) from jobs").fetchone(), db.execute("select name, role, disabled from people").fetchall())
