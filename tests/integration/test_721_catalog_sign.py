# SPDX-License-Identifier: Apache-2.0
"""apphostctl catalog sign: a folder becomes a catalog that apphostd takes."""
import json
import os
import stat
import subprocess

import pytest

from catalog_env import CTL, manifest, shop  # noqa: F401 (shop: a fixture)


def sign(*words, code=0):
    done = subprocess.run([CTL, "catalog", "sign", *words], text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "catalog"
    (made / "media").mkdir(parents=True)
    (made / "media" / "one.json").write_bytes(manifest("one"))
    (made / "two.json").write_bytes(manifest("two"))
    (made / "README.md").write_text("not an entry")
    return made


def octets(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sign(folder, tmp_path):
    key, before = tmp_path / "key", octets(folder)
    said = json.loads(sign(str(folder), "--new-key", str(key), "--name", "main", "--json"))
    assert said["version"] == 1 and said["entries"] == 2
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(key.read_text()) == 65
    index = json.loads((folder / "index.json").read_bytes())
    assert index["name"] == "main" and [(e["id"], e["file"]) for e in index["entries"]] \
        == [("one", "media/one.json"), ("two", "two.json")]
    assert {k: v for k, v in octets(folder).items() if not k.startswith("index.json")} == before
    again = json.loads(sign(str(folder), "--key", str(key), "--json"))
    assert again == said | {"version": 2, "expires": again["expires"]}
    assert json.loads((folder / "index.json").read_bytes())["name"] == "main"


def test_what_is_not_signed(folder, tmp_path):
    key = tmp_path / "key"
    sign(str(folder), "--new-key", str(key))
    before = octets(folder)
    assert "--key" in sign(str(folder), "--new-key", str(key), code=7)
    assert "needs --key" in sign(str(folder), code=2)
    assert "cannot be read" in sign(str(folder), "--key", str(tmp_path / "none"), code=6)
    key.chmod(0o640)
    assert "by others" in sign(str(folder), "--key", str(key), code=13)
    key.chmod(0o600)
    for name, text, word in (("bad.json", b"{", "bad.json: "), ("same.json", manifest("two"), "the same id"),
                             ("a b\n.json", manifest("three"), "cannot stand in an index")):
        (folder / name).write_bytes(text)
        assert word in sign(str(folder), "--key", str(key), code=5)
        (folder / name).unlink()
    (folder / "index.json").write_bytes(b"{}")
    assert "count on from" in sign(str(folder), "--key", str(key), code=5)
    (folder / "index.json").write_bytes(before["index.json"])
    assert octets(folder) == before
    key.write_text("no key")
    assert "holds no key" in sign(str(folder), "--key", str(key), code=5)


def test_the_largest_index(folder):
    """8 MiB and 20,000 entries fit into the memory apphost-read has; here it is the index to count on from."""
    rows = [{"id": f"entry-{n}" + "x" * 40, "format": "apphost", "file": f"{n}/" + "y" * 180, "sha256": f"{n:064x}",
             "length": 1} for n in range(20000)]
    index = json.dumps({"apphost-catalog": 1, "name": "large", "version": 6, "generated": "2026-01-01T00:00:00Z",
                        "expires": "2026-02-01T00:00:00Z", "entries": rows})
    assert 7 << 20 < len(index) < 8 << 20
    (folder / "index.json").write_text(index + " " * ((8 << 20) - len(index)))
    assert json.loads(sign(str(folder), "--json"))["version"] == 7


def test_from_the_folder_to_the_store(shop, tmp_path):  # noqa: F811
    folder = f"{shop.folder}/catalog"
    os.mkdir(folder, 0o755)
    with open(f"{folder}/one.json", "wb") as f:
        f.write(manifest("one"))
    key = json.loads(sign(folder, "--new-key", f"{shop.folder}/secret", "--json"))["key"]
    shop.ctl("catalog", "add", "mine", f"file://{folder}", "--key", key)
    shop.refresh("mine")
    assert shop.active() == {"mine/one": 1}
    with open(f"{folder}/one.json", "wb") as f:
        f.write(manifest("one", 2))
    shop.refresh("mine")
    assert shop.active() == {"mine/one": 1}   # the index does not speak of it
    sign(folder, "--key", f"{shop.folder}/secret")
    shop.refresh("mine")
    assert shop.active() == {"mine/one": 2}
