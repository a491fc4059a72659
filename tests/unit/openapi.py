# SPDX-License-Identifier: Apache-2.0
"""ui/openapi.json and mod_apphost/admin/api.def say the same, in both directions; TAP."""
import json
import re
import sys

ROOT = sys.argv[1]
WORDS = r'((?:"[^"]*"\s*)+)'
EXTRA = {("get", "/openapi.json"), ("get", "/metrics")}  # answered without an operation of api.def
SCHEMAS = {"label": "string", "text": "string", "hex": "string", "bool": "boolean", "int": "integer", "list": "array"}
problems = []


def read(path):
    with open(f"{ROOT}/{path}", encoding="utf-8") as f:
        return f.read()


def joined(text):
    return "".join(re.findall(r'"([^"]*)"', text))


def operations():
    found = re.finditer(rf'APH_OP_ROW\("([a-z-]+)",\s*APH_OP_(\w+),\s*APH_SCOPE_(\w+),\s*{WORDS},', read("common/ops.def"))
    return {m[1]: {"kind": m[2], "scope": m[3].lower(), "args": dict(a.split(":") for a in joined(m[4]).split())}
            for m in found}


def rows():
    found = re.finditer(rf'^APH_API_ROW\("(\w+)", "([^"]*)", "([^"]*)", (NULL|"[^"]*"),\s*{WORDS}, (\d+), ([^)]*)\)',
                        read("mod_apphost/admin/api.def"), re.M)
    return [{"method": m[1], "path": m[2], "op": m[3], "items": m[4] != "NULL", "args": joined(m[5]).split(),
             "status": m[6], "flags": m[7]} for m in found]


def resolve(document, value):
    while "$ref" in value:
        place = document
        for part in value["$ref"].split("/")[1:]:
            place = place[part]
        value = place
    return value


def names(document, described, where):
    return {p["name"]: p for p in (resolve(document, p) for p in described.get("parameters", ())) if p["in"] == where}


def same(what, one, other):
    if one != other:
        problems.append(f"{what}: the table has {one}, the document {other}")


def compare(document, row, op, described):
    place = f'{row["method"]} {row["path"]}'
    job, reading = op["kind"] == "JOB", row["method"] in ("GET", "DELETE")
    given = {a for a in row["args"] if "=" not in a}
    variables = set(re.findall(r"\{(\w+)\}", row["path"]))
    query = set(given) if reading else set()
    query |= {"limit", "offset"} if row["items"] else set()
    query |= {"wait"} if job or "WAIT" in row["flags"] else set()
    query |= {"follow"} if "LINES" in row["flags"] else set()
    same(f"{place}: operation", row["op"], described.get("x-apphost-operation"))
    same(f"{place}: scope", op["scope"], described.get("x-apphost-scope"))
    same(f"{place}: public", "PUBLIC" in row["flags"], described.get("security") == [])
    same(f"{place}: path", variables, set(names(document, described, "path")))
    same(f"{place}: query", query, set(names(document, described, "query")))
    headers = set(names(document, described, "header"))
    same(f"{place}: idempotent", job, "Idempotency-Key" in headers)
    same(f"{place}: csrf", row["method"] != "GET", "X-Apphost-Csrf" in headers)
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    same(f"{place}: body", set() if reading else given, set(body.get("properties", {})))
    needed = {a for a in given if "!" in op["args"].get(a, "")}
    same(f"{place}: needed", set() if reading else needed, set(body.get("required", ())))
    same(f"{place}: status", row["status"] in described["responses"], True)
    for name in given:
        if name not in op["args"]:
            problems.append(f"{place}: {row['op']} has no argument {name}")
            continue
        schema = names(document, described, "query")[name]["schema"] if reading else body["properties"][name]
        wanted = "object" if name == "answers" else SCHEMAS[op["args"][name].rstrip("!#")]
        same(f"{place}: type of {name}", wanted, schema["type"])
        if "#" in op["args"][name]:
            problems.append(f"{place}: {name} is for root on the console, and no web admin may give it")
    if row["method"] == "GET" and job:
        problems.append(f"{place}: a GET that changes something")


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def main():
    document, ops, table = json.loads(read("ui/openapi.json")), operations(), rows()
    assert len(ops) > 20 and len(table) > 20 and document["openapi"].startswith("3.1."), "the inputs are found"
    if len(table) != read("mod_apphost/admin/api.def").count("\nAPH_API_ROW("):
        problems.append("a row of api.def cannot be read")
    for row in table:
        described = document["paths"].get(row["path"], {}).get(row["method"].lower())
        if described is None or row["op"] not in ops:
            problems.append(f'{row["method"]} {row["path"]} is in the table only, or its operation in none')
        elif ops[row["op"]]["scope"] == "root":
            problems.append(f'{row["method"]} {row["path"]}: {row["op"]} is for root on the console')
        else:
            compare(document, row, ops[row["op"]], described)
    known = {(row["method"].lower(), row["path"]) for row in table} | EXTRA
    both = [(method, path) for path, item in document["paths"].items() for method in item if method != "servers"]
    problems.extend(f"{method} {path} is in the document only" for method, path in both if (method, path) not in known)
    ids = [document["paths"][path][method]["operationId"] for method, path in both]
    same("ids of operations, each once", len(ids), len(set(ids)))
    for reference in references(document):
        try:
            resolve(document, {"$ref": reference})
        except KeyError:
            problems.append(f"nothing is at {reference}")


main()
print("ok 1 - the document says what the table does" if not problems else "not ok 1 - the document says what the table does")
for problem in problems:
    print("#", problem)
print("1..1")
