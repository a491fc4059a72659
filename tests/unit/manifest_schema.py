# SPDX-License-Identifier: Apache-2.0
"""catalog/manifest.schema.json says of manifests what the reader says. Speaks TAP.

The example of docs/manifest.md is changed in one place at a time, at every place it has: each value becomes those just
inside and just outside of every bound of its schema, and values of every other type; each member is taken away, each
member the schema knows is added, and some that it does not. Both sides judge every one; they must agree. The judge of
the schema below knows exactly the keywords the schema uses, and stops at any other. Where the machine has Python's
jsonschema, it is asked too.
"""
import copy
import json
import os
import re
import subprocess
import sys

ROOT, BUILD = sys.argv[1], sys.argv[2]
HERE = os.path.join(BUILD, "tests/unit/entry_here")
SCHEMA = json.load(open(f"{ROOT}/catalog/manifest.schema.json", encoding="utf-8"))
TEXT = open(f"{ROOT}/docs/manifest.md", encoding="utf-8").read()
EXAMPLE = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.S).group(1))
ANNOTATIONS = {"$schema", "$id", "$comment", "$defs", "title", "description", "default"}
SEEN = {}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def is_type(value, name):
    if name == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, TYPES[name])


def resolved(schema):
    if isinstance(schema, dict) and "$ref" in schema:
        assert not set(schema) - ANNOTATIONS - {"$ref"}
        return SCHEMA["$defs"][schema["$ref"].split("/")[-1]]
    return schema


def fits_object(schema, value):
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, member in value.items():
        below = [known[name]] if name in known else []
        below += [s for p, s in patterns.items() if re.search(p, name)]
        if not below and "additionalProperties" in schema:
            below = [schema["additionalProperties"]]
        if not all(fits(s, member) for s in below) or not fits(schema.get("propertyNames", True), name):
            return False
    return all(n in value for n in schema.get("required", [])) and len(value) <= schema.get("maxProperties", 1 << 30)


def fits_string(schema, value):
    pattern = schema.get("pattern", "")
    pattern = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    return (schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
            and re.search(pattern, value) is not None)


def fits(schema, value):
    """Variants share all that was not changed, so most of each was judged before; all of them stay alive."""
    schema = resolved(schema)
    if not isinstance(value, (dict, list)):
        return judged(schema, value)
    key = (id(schema), id(value))
    if key not in SEEN:
        SEEN[key] = judged(schema, value)
    return SEEN[key]


def judged(schema, value):
    if isinstance(schema, bool):
        return schema
    strange = set(schema) - ANNOTATIONS - {
        "type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems",
        "uniqueItems", "items", "required", "properties", "patternProperties", "additionalProperties", "maxProperties",
        "propertyNames", "allOf", "oneOf", "if", "then", "else"}
    assert not strange, strange
    types = schema.get("type", [])
    if types and not any(is_type(value, t) for t in ([types] if isinstance(types, str) else types)):
        return False
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        return False
    if is_type(value, "integer") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return False
    if isinstance(value, str) and not fits_string(schema, value):
        return False
    if isinstance(value, list) and not (schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
                                        and all(fits(schema.get("items", True), v) for v in value)
                                        and not (schema.get("uniqueItems")
                                                 and len({json.dumps(v) for v in value}) < len(value))):
        return False
    if isinstance(value, dict) and not fits_object(schema, value):
        return False
    branch = True
    if "if" in schema:
        branch = schema.get("then" if fits(schema["if"], value) else "else", True)
    return (all(fits(s, value) for s in schema.get("allOf", [])) and fits(branch, value)
            and ("oneOf" not in schema or sum(fits(s, value) for s in schema["oneOf"]) == 1))


def strings(schema, value):
    """Strings around the bounds of a schema; some are outside of its pattern, some inside."""
    sample = value if isinstance(value, str) and value else "a"
    for length in sorted({schema.get("minLength", 0), schema.get("maxLength", 300)} |
                         ({16, 40, 63, 128, 253} if "pattern" in schema else set())):
        for near in (length - 1, length, length + 1):
            if near >= 0:
                yield "a" * near
                yield sample + "a" * (near - len(sample))
    if "pattern" not in schema:
        yield from ("", " ", "x\x01", "\u202e", "<b>")
        return
    for piece in ("", " ", "-", ".", "_", "/", ":", "A", "9", "é", "\\", "\x01", "..", "//", "/../", "@", "=", "?x", "#",
                  "x" * 5, " b"):
        yield piece
        yield sample + piece
        yield piece + sample
        yield sample + piece + "b"
        yield sample[:1] + piece + sample[1:]
    yield from ("http://a/b", "https://a", "https://a:1/", "https://a:123456/", "https://-a/", "https://u@a/", "ftp://a/",
                "https://a?b", "https://", "/", "/a", "/a/b", "a/b", "./a", "a/", "/a/", "...", "0644", "0888", "644",
                "8080", "0", "65535", "65536", "080", "1e3", "max-body=1", "auth-file=/x", "timeout", "hsts=", "true",
                "amd64", "sha256:" + "a" * 64, "sha256:" + "a" * 63, "PATH", "1PATH", "P-H")


def around(schema, value):
    """Values that may take the place of value: around each bound, and of each type."""
    schema = resolved(schema)
    yield from ({}, [], "a", 0, 1, -1, True, False, None, 1.5, {"x-own": 1}, [1], ["a"], ["a", "a"])
    if isinstance(schema, bool):
        return
    for bound in ("minimum", "maximum"):
        if bound in schema:
            yield from (schema[bound] - 1, schema[bound], schema[bound] + 1)
    for word in schema.get("enum", []):
        yield from (word, str(word) + "x", str(word).upper())
    if "enum" in schema:
        yield "|".join(map(str, schema["enum"]))
    if "pattern" in schema or "maxLength" in schema or isinstance(value, str):
        yield from strings(schema, value)
    if isinstance(value, list) and value:
        most = schema.get("maxItems", 4)
        for count in (most, most + 1):
            yield [numbered(value[0], i) for i in range(count)]
        yield value + [value[0]]


def numbered(item, i):
    """The item again, with names of its own where it has any."""
    if isinstance(item, dict):
        unique = {k: f"{v}{'_' if k == 'id' else '-'}{i}" for k, v in item.items() if k in ("id", "value", "path")}
        return {**item, **unique}
    return f"{item}{i}" if isinstance(item, str) else item


def places(schema, value, path=()):
    """Every place of the example with its schema; those of compose and of what is x-own are nobody's."""
    schema = resolved(schema)
    yield path, schema, value
    if isinstance(value, dict):
        for name, member in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(below, dict) and name not in ("compose", "script"):
                yield from places(below, member, path + (name,))
    elif isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            yield from places(schema["items"], item, path + (i,))


def changed(path, value, at=EXAMPLE):
    if not path:
        return value
    at = copy.copy(at)
    at[path[0]] = changed(path[1:], value, at[path[0]] if len(path) > 1 else None)
    return at


def variants():
    yield "the example", EXAMPLE
    for path, schema, value in places(SCHEMA, EXAMPLE):
        name = ".".join(map(str, path)) or "the manifest"
        if path:
            for new in around(schema, value):
                yield f"{name} = {new!r:.60}", changed(path, new)
        if not isinstance(value, dict) or "properties" not in schema:
            continue
        for member in value:
            yield f"{name} without {member}", changed(path, {k: v for k, v in value.items() if k != member})
        for member, below in schema["properties"].items():
            if member not in value:
                for new in around(below, None):
                    yield f"{name} with {member} = {new!r:.60}", changed(path, {**value, member: new})
        for member in ("x-own", "own", "X-own", "build", "bundle", "x", "Title"):
            yield f"{name} with {member}", changed(path, {**value, member: 1})


# What the schema leaves to the reader, by the reader's tags: text that is none once it is plain, characters that may not
# stand in a text, placeholders, files in each other's way, services that do not exist; and of questions some sentences.
BEYOND = ("APH2411", "APH2413", "APH2432", "APH2434", "APH2439")
BEYOND_QUESTION = ("default that", "pattern that", "pattern with", "min above", "second time", "choice twice")


def beyond(said):
    return said.startswith(BEYOND) or said.startswith("APH2430") and any(piece in said for piece in BEYOND_QUESTION)


def main():
    rows = list(variants())
    text = "".join(json.dumps(manifest) + "\n" for _, manifest in rows)
    answers = subprocess.run([HERE], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    said = answers.splitlines()
    wrong, inside, left = [], 0, 0
    for (name, manifest), answer in zip(rows, said):
        schema_says = fits(SCHEMA, manifest)
        inside += answer == "ok"
        if schema_says != (answer == "ok"):
            if schema_says and beyond(answer):
                left += 1
            else:
                wrong.append(f"{name}: the schema {'takes' if schema_says else 'refuses'} it, the reader: {answer}")
    for line in wrong[:40]:
        print("#", line)
    print("1..3")
    print("ok" if said and said[0] == "ok" else "not ok", "1 - the example of docs/manifest.md is read:", said[:1])
    print("ok" if len(said) == len(rows) and not wrong else "not ok",
          f"2 - the schema and the reader agree on {len(rows)} manifests, {inside} of them good, {left} left to the reader")
    try:
        import jsonschema
    except ImportError:
        print("ok 3 - # SKIP python3-jsonschema is not there")
        return 0
    validator = jsonschema.Draft202012Validator(SCHEMA)
    differ = [name for name, manifest in rows[::50] if validator.is_valid(manifest) != fits(SCHEMA, manifest)]
    print("#", differ[:10])
    print("not ok" if differ else "ok", "3 - and a validator of others reads the schema as we do")
    return 0


if __name__ == "__main__":  # catalogs.py asks the schema, too
    sys.exit(main())
