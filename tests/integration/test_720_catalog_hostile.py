# SPDX-License-Identifier: Apache-2.0
"""Catalogs from servers that mean harm, and from ones that are merely broken. A name with cat_NN in it is
the case of that number in the list of attacks on catalogs. Whatever comes, what was there stays, and the
reason names catalog, entry and member."""
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from catalog_env import Files, Maker, manifest, sha256, shop  # noqa: F401 (shop: a fixture)

DENIED, UNREADABLE, FORBIDDEN, TOO_LARGE, NOT_FOUND = 3, 5, 13, 19, 6


@pytest.fixture
def served(shop):  # noqa: F811
    """A catalog "main" with two entries, refreshed once; what may be done to it is tried after that."""
    files = shop.publish("main", {"photos": manifest("photos"), "music": manifest("music")})
    shop.refresh("main")
    files.before = shop.rows("sha256", "1")
    assert shop.active() == {"main/photos": 1, "main/music": 1}
    return files


def refused(shop, files, code, *words):  # noqa: F811
    """A refresh that is refused as a whole: nothing has changed but the reason in the catalog's row."""
    before = shop.catalog("main")
    said = shop.refresh("main", code=code)
    after = shop.catalog("main")
    assert "catalog main: " in said, said
    for word in words:
        assert word in said, said
        assert word in after["error"], after
    assert {k: v for k, v in before.items() if k not in ("error", "checked")} \
        == {k: v for k, v in after.items() if k not in ("error", "checked")}
    assert shop.rows("sha256", "1") == files.before
    return said


def goes_on(shop, files, version=2):  # noqa: F811
    """What was refused has spoiled nothing: the next honest index is taken."""
    files.index(version=version)
    shop.refresh("main")
    assert shop.catalog("main")["error"] == "" and shop.catalog("main")["version"] == version


# --- whose index it is -------------------------------------------------------------------------------

def test_cat_01_arbitrary(shop, served):  # noqa: F811
    other = Maker(shop.folder, "other")
    served.index(version=2, sign=other)
    refused(shop, served, DENIED, "signed with another key")
    served.index(version=2)
    served["index.json"] = served["index.json"].replace(b'"test"', b'"text"')
    refused(shop, served, DENIED, "it was changed")
    served.index(version=2)
    del served["index.json.sig"]
    refused(shop, served, NOT_FOUND, "index.json.sig")
    for signature in (b"", b"none", b"0" * 128, served["index.json"][:128], b"A" * 128 + b"\n", b"00" * 65):
        served["index.json.sig"] = signature
        refused(shop, served, DENIED)
    # Words in the document change nothing: a key or an algorithm of its own is no member of it.
    served.index(version=2, key=other.key, alg="none", sign=other)
    refused(shop, served, DENIED, "signed with another key")
    served.index(version=2, key=other.key)
    refused(shop, served, UNREADABLE, "no member")
    # What was never signed was never read: this one would break a reader.
    served["index.json"] = b'{"a":' * 100000
    refused(shop, served, DENIED, "Nothing of it was read")
    goes_on(shop, served)


def test_cat_02_rollback(shop, served):  # noqa: F811
    old = dict(served)
    goes_on(shop, served, 7)
    served.update(old)
    refused(shop, served, DENIED, "version 1", "version 7")
    served.index(version=7, name="another")
    refused(shop, served, DENIED, "another version 7")
    goes_on(shop, served, 8)


def test_cat_03_freeze(shop, served):  # noqa: F811
    served.index(version=2, generated=-9, expires=-1)
    refused(shop, served, DENIED, "expired")
    served.index(version=2, generated=-20, expires=10)
    assert "more than half" in shop.refresh("main")
    assert "more than half" in shop.catalog("main")["warning"]
    # The same file for ever: one that says 304 to everything, after its time.
    with contextlib.closing(shop.store()) as db, db:
        db.execute("UPDATE catalogs SET expires = ?", (int(time.time()) - 5,))
    refused(shop, served, DENIED, "expired")
    # A clock that is set back makes it no younger: the store has seen later times.
    with contextlib.closing(shop.store()) as db, db:
        db.execute("UPDATE catalogs SET expires = ?, checked = ?", (int(time.time()) + 9000, int(time.time()) + 90000))
    refused(shop, served, DENIED, "expired", "set back")
    assert "expired" in shop.catalog("main")["warning"]


def test_a_clock_that_was_ahead(shop, served):  # noqa: F811
    """Seen from the other side: the index is one that such a clock calls expired, the next one is not."""
    good = served["index.json"]
    served["index.json"] = b"{"
    with contextlib.closing(shop.store()) as db, db:
        db.execute("UPDATE catalogs SET checked = 7")
    refused(shop, served, DENIED, "signed with another key")
    assert shop.catalog("main")["checked"] == 7
    del served["index.json"]
    refused(shop, served, NOT_FOUND, "index.json")
    assert shop.catalog("main")["checked"] == 7
    served["index.json"] = good
    served.index(version=2, generated=-9, expires=-1)
    refused(shop, served, DENIED, "expired")
    assert 7 < shop.catalog("main")["checked"] < time.time() - 80000
    goes_on(shop, served, 3)
    with contextlib.closing(shop.store()) as db, db:
        db.execute("UPDATE catalogs SET checked = ?", (int(time.time()) + 31 * 86400,))
    refused(shop, served, DENIED, "expired", "remove the catalog and add it again")


def test_cat_07_fast_forward(shop, served):  # noqa: F811
    served.index(version=2**63 - 1)
    refused(shop, served, UNREADABLE, '"version"')
    served.index(version=2**53 - 1)
    refused(shop, served, DENIED, "ahead of version 1", "add it again")
    goes_on(shop, served, 1000001)
    # Root's way out: away with it, and a new beginning.
    served.index(version=5)
    shop.ctl("catalog", "remove", "main")
    assert shop.rows("sha256", "1") == {}
    shop.add("main", served.server.url)
    shop.refresh("main")
    assert shop.active() == {"main/photos": 1, "main/music": 1}


# --- how much, and how slowly ------------------------------------------------------------------------

def test_cat_04_endless(shop, served):  # noqa: F811
    sent = []

    def endless(handler, claim=""):
        handler.wfile.write(f"HTTP/1.1 200 x\r\n{claim}Connection: close\r\n\r\n".encode())
        block = b" " * 65536
        for _ in range(10000):
            handler.wfile.write(block)
            sent.append(len(block))
    served["index.json"] = endless
    refused(shop, served, TOO_LARGE, "index.json", "larger than 8388608 octets")
    assert sum(sent) < 40 << 20
    served["index.json"] = lambda handler: endless(handler, "Content-Length: 9000000000000\r\n")
    refused(shop, served, TOO_LARGE, "larger than 8388608 octets")

    def headers(handler):
        handler.wfile.write(b"HTTP/1.1 200 x\r\n")
        for n in range(100000):
            handler.wfile.write(b"X-%d: %s\r\n" % (n, b"x" * 200))
    served["index.json"] = headers
    refused(shop, served, TOO_LARGE, "headers")
    # An entry has the length its index names, and no octet more.
    served.entries["big"] = manifest("big")
    served.index(version=2)
    served["big.json"] = endless
    assert "main/big refused: big.json: it is larger than" in shop.refresh("main")
    served["big.json"] = served.entries["big"]
    assert "# 1.0 revision 1: imported and activated" in shop.refresh("main")


def test_cat_04_slow(shop, served):  # noqa: F811
    """It takes as long as patience lasts; a host that stalls earlier is in tests/unit/test_catalog_fetch.c."""
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"{")
            handler.wfile.flush()
            time.sleep(0.5)
    served.entries |= {"one": manifest("one"), "two": manifest("two")}
    served.index(version=2)
    served["two.json"] = drip
    begun = time.monotonic()
    assert "main/two refused: two.json: it came too slowly" in shop.refresh("main")
    assert 10 < time.monotonic() - begun < 40
    assert set(shop.active()) == {"main/photos", "main/music", "main/one"}


def test_cat_04_truncated(shop, served):  # noqa: F811
    def cut(handler):
        handler.wfile.write(b"HTTP/1.1 200 x\r\nContent-Length: 5000\r\n\r\n{")
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
    served["index.json"] = cut
    refused(shop, served, UNREADABLE, "index.json")
    served.index(version=2)
    served["index.json"] = served["index.json"][:-5]
    refused(shop, served, DENIED, "it was changed")
    served.entries["new"] = manifest("new")
    served.index(version=2)
    served["new.json"] = cut
    assert "main/new refused: new.json" in shop.refresh("main")
    assert shop.catalog("main")["bad"][0]["id"] == "new"


def test_cat_04_gone_in_the_middle(shop, served):  # noqa: F811
    """A host that dies between the index and its entries: not hundreds of bad entries, but a failure."""
    served.entries |= {f"new{n}": manifest(f"new{n}") for n in range(40)}
    served.index(version=2)

    def die(handler):
        served.server.server.socket.close()
        handler.close_connection = True
        os.close(handler.connection.detach())
    for n in range(40):
        served[f"new{n}.json"] = die
    refused(shop, served, UNREADABLE, "does not answer any more")


def test_cat_05_bombs(shop, served):  # noqa: F811
    import gzip
    bomb = gzip.compress(served["index.json"] + b" " * (60 << 20))
    for coding in ("gzip", "deflate", "br", "gzip, gzip, gzip"):
        served["index.json"] = (200, {"Content-Encoding": coding}, bomb)
        refused(shop, served, UNREADABLE, "Content-Encoding")
    plain = gzip.compress(manifest("zip"))
    served.entries["zip"] = plain
    served.index(version=2)
    served["zip.json"] = (200, {"Content-Encoding": "gzip"}, plain)
    assert "main/zip refused: zip.json: it came with a Content-Encoding" in shop.refresh("main")
    assert all("Accept-Encoding" not in headers for _, headers in served.server.asked)


# --- what belongs to what ----------------------------------------------------------------------------

def test_cat_06_mix_and_match(shop, served):  # noqa: F811
    served.entries |= {"a": manifest("a"), "b": manifest("b"), "c": manifest("d"), "e": manifest("e")}
    served.index(version=2)
    served["a.json"], served["b.json"] = served["b.json"], served["a.json"]
    served["e.json"] = manifest("e", 2)[:-9]
    served["extra.json"] = manifest("extra")
    said = shop.refresh("main")
    assert "main/a refused: a.json: it is not the text whose sha256 the index names" in said
    assert "main/b refused: b.json: it is not the text whose sha256 the index names" in said
    assert "main/c refused: id: the entry calls itself d" in said
    assert f"main/e refused: e.json: it has {len(served['e.json'])} octets, the index says {len(served.entries['e'])}" in said
    assert set(shop.active()) == {"main/photos", "main/music"}
    assert {row["id"] for row in shop.catalog("main")["bad"]} == {"a", "b", "c", "e"}
    # The others are not held back by them, and they are taken when they are right.
    served["a.json"], served["b.json"] = served["b.json"], served["a.json"]
    served["e.json"] = served.entries["e"]
    shop.refresh("main")
    assert set(shop.active()) == {"main/photos", "main/music", "main/a", "main/b", "main/e"}


def test_cat_10_bombs_of_json(shop, served):  # noqa: F811
    good = json.loads(served["index.json"])
    entry = good["entries"][0]
    bombs = [b"[" * 100000, b'{"a":' * 100000, b'{"apphost-catalog":1e400}', b'{"apphost-catalog":NaN}',
             b'{"apphost-catalog":1,"apphost-catalog":1}', b"\xef\xbb\xbf" + json.dumps(good).encode(),
             b'{"name":"\\ud800"}', b'{"name":"' + b"x" * (5 << 20) + b'"}', b'{"name":"\xff"}', b"null", b"7",
             b'{"apphost-catalog":' + b"9" * 1000000 + b"}",
             b"{" + b",".join(b'"k%d":0' % n for n in range(600000)) + b"}",
             b'{"apphost-catalog":1,"entries":[' + b",".join([b"[]"] * 2000000) + b"]}"]
    for bomb in bombs:
        served.put(bomb)
        begun = time.monotonic()
        refused(shop, served, UNREADABLE, "index.json")
        assert time.monotonic() - begun < 15
    served.index(version=2, rows=[entry, entry])
    refused(shop, served, UNREADABLE, f"entry {entry['id']} is there twice")
    # Of an entry: it fails alone.
    served.entries |= {f"bomb{n}": octets for n, octets in enumerate(bombs) if 0 < len(octets) <= 1 << 20}
    served.index(version=2)
    said = shop.refresh("main")
    assert said.count(" refused: ") == len(served.entries) - 2, said
    assert set(shop.active()) == {"main/photos", "main/music"}


def test_one_bad_entry_of_the_index(shop, served):  # noqa: F811
    """The others go on, it is said and kept why, and what was offered of it before is no entry that vanished."""
    served.entries |= {"new": manifest("new"), "music": manifest("music", 2)}
    good = {row["id"]: row for row in (served.index(version=2), json.loads(served["index.json"])["entries"])[1]}
    served.index(version=2, rows=[good["photos"] | {"format": "later"}, 7, good["new"], good["music"]])
    said = shop.refresh("main", "--dry-run")
    assert "main/photos refused: entry 1 of index.json: \"format\"" in said and shop.catalog("main")["version"] == 1
    said = shop.refresh("main")
    assert 'main/photos refused: entry 1 of index.json: "format" is none of apphost, rockon and amahi' in said
    assert "# main: refused: entry 2 of index.json: it is not an object" in said and ", 2 refused" in said
    assert shop.active() == {"main/photos": 1, "main/music": 2, "main/new": 1}
    assert [row["id"] for row in shop.catalog("main")["bad"]] == ["photos", ""]
    listed = shop.ctl("catalog", "list").stderr
    assert '# main/photos: entry 1 of index.json: "format"' in listed and "# main: entry 2 of index.json: it is" in listed
    # Every kind of it; an admin's choice among the known revisions outlasts the bad line.
    shop.ctl("revision", "deactivate", "main/music")
    for version, (member, value) in enumerate((("file", "../../etc/passwd"), ("file", "/etc/passwd"), ("length", -1),
                                               ("length", 2**40), ("sha256", "x"), ("format", "deb"), ("more", 1)), 3):
        served.index(version=version, rows=[good["photos"], good["new"], good["music"] | {member: value}])
        said = shop.refresh("main")
        assert "main/music refused: entry 3 of index.json" in said and f'"{member}"' in said, said
        assert shop.active() == {"main/photos": 1, "main/new": 1}
    served.index(version=10, rows=list(good.values()))
    shop.refresh("main")
    assert shop.active() == {"main/photos": 1, "main/new": 1} and shop.catalog("main")["bad"] == []
    # One that does not say whose it is may be any that is gone; then that one is offered still.
    served.index(version=11, rows=[good["photos"], good["music"], good["new"] | {"id": "../x"}])
    assert "# main/new: still offered" in shop.refresh("main")
    assert shop.active() == {"main/photos": 1, "main/new": 1}
    served.index(version=12, rows=[good["photos"], good["music"]])
    assert "# 1.0 revision 1: not offered any more" in shop.refresh("main")
    assert shop.active() == {"main/photos": 1}
    # Two of one id: nobody knows which, and nothing is taken.
    served.before = shop.rows("sha256", "1")
    served.index(version=13, rows=[good["music"], good["new"], good["new"] | {"format": "later"}])
    refused(shop, served, UNREADABLE, "entry new is there twice: it is number 2 of the list, and number 3")


def test_cat_11_changed_under_its_number(shop, served):  # noqa: F811
    changed = manifest("photos", compose={"services": {"web": {"image": "team/evil:1"}}})
    served.entries["photos"] = changed
    served.index(version=2)
    said = shop.refresh("main")
    assert "main/photos refused: revision: this is another text of revision 1" in said
    assert shop.rows("sha256", "1") == served.before
    served.entries["photos"] = manifest("photos", 2)
    served.index(version=3)
    assert "# 2.0 revision 2: imported and activated" in shop.refresh("main")
    assert shop.active() == {"main/photos": 2, "main/music": 1}


def test_cat_12_one_id_in_two_catalogs(shop, served):  # noqa: F811
    shop.publish("other", {"photos": manifest("photos", 9)})
    shop.publish("same", {"photos": served.entries["photos"]})
    shop.refresh()
    assert shop.active() == {"main/photos": 1, "main/music": 1, "other/photos": 9, "same/photos": 1}
    shop.ctl("catalog", "remove", "same")
    assert shop.active() == {"main/photos": 1, "main/music": 1, "other/photos": 9}
    # A name that is there is not taken over, and the one of imported revisions is nobody's.
    for name, word in (("main", "there is a catalog main"), ("local", "choose another name")):
        done = shop.ctl("catalog", "add", name, "https://apps.example/", "--key", shop.maker.key, check=False)
        assert done.returncode != 0 and word in done.stderr


# --- where it leads ----------------------------------------------------------------------------------

def test_cat_08_addresses(shop, served):  # noqa: F811
    key = ("--key", shop.maker.key)
    for url in ("http://apps.example/", "gopher://apps.example/", "ftp://apps.example/", "//apps.example/",
                "https://user@apps.example/", "https://user:word@apps.example/", "https://apps.example:22/",
                "https://apps.example:25/", "https://apps.example/?a=b", "https://apps.example/#a", "file://host/a",
                "file:///srv/../etc", "https://apps.example/a b", "https://apps.example\\@127.0.0.1/"):
        done = shop.ctl("catalog", "add", "bad", url, *key, check=False)
        assert done.returncode == 2 and "no address of a catalog" in done.stderr, f"{url}: {done.stderr}"
    assert shop.ctl("catalog", "add", "bad", "https://apps.example/", check=False).returncode == 2   # no key
    # Without root's word for it, nothing at home is connected to, whatever it is called.
    port = served.server.port
    for number, host in enumerate(("127.0.0.1", "[::ffff:127.0.0.1]", "0", "2130706433", "0x7f.1", "169.254.169.254",
                                   "10.0.0.1", "[::1]")):
        shop.ctl("catalog", "add", f"home{number}", f"https://{host}:{port}/", *key)
        said = shop.refresh(f"home{number}", code=FORBIDDEN)
        assert "--private" in said, said
    before = len(served.server.asked)
    victim = socket.create_server(("127.0.0.1", 0))
    victim.settimeout(0.2)
    at = victim.getsockname()[1]
    # Redirects: off to another port of this machine, to a user, to no https, to port 22, round and round.
    for location, code, word in ((f"https://127.0.0.1:{at}/", FORBIDDEN, "this machine"),
                                 (f"https://10.1.2.3:{at}/", FORBIDDEN, "local network"),
                                 ("https://169.254.169.254/", FORBIDDEN, "this machine"),
                                 (f"https://u:w@127.0.0.1:{port}/other.json", FORBIDDEN, "a user"),
                                 (f"http://127.0.0.1:{at}/", FORBIDDEN, "without https"),
                                 ("file:///etc/passwd", FORBIDDEN, "without https"),
                                 (f"gopher://127.0.0.1:{at}/", FORBIDDEN, "without https"),
                                 ("https://127.0.0.1:22/", FORBIDDEN, "port"),
                                 (f"https://127.0.0.1:{port}/index.json", FORBIDDEN, "more than 3 times")):
        served["index.json"] = (302, {"Location": location}, b"")
        refused(shop, served, code, word)
    with pytest.raises(TimeoutError):
        victim.accept()
    victim.close()
    assert not any("other.json" in path for path, _ in served.server.asked[before:])
    # One that leads on within the catalog's own host is followed.
    served.index(version=2)
    served["moved.json"] = served["index.json"]
    served["index.json"] = (301, {"Location": "/moved.json"}, b"")
    shop.refresh("main")
    assert shop.catalog("main")["version"] == 2


def test_cat_08_the_environment_counts_for_nothing(shop, served):  # noqa: F811
    shop.stop()
    os.environ.update(https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9",
                      SSL_CERT_FILE="/dev/null", CURL_CA_BUNDLE="/dev/null", NETRC="/dev/null")
    try:
        shop.start()
    finally:
        for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NETRC"):
            os.environ.pop(name, None)
    goes_on(shop, served)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")   # old versions of TLS are meant
def test_cat_09_certificates(shop, served):  # noqa: F811
    def old_only(context):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    cases = (("own", {"name": "own", "own": True}, None, "self-signed"),
             ("name", {"name": "name", "alternative": "IP:10.9.8.7,DNS:apps.example"}, None, "does not match"),
             ("past", {"name": "past", "days": -3}, None, "expired"),
             ("old", {"name": "old"}, old_only, "protocol version"))
    for name, certificate, adjust, word in cases:
        server = shop.serve(Files(shop.maker, {"one": manifest("one")}), adjust, **certificate)
        shop.add(name, server.url)
        said = shop.refresh(name, code=UNREADABLE)
        assert f"catalog {name}: index.json: it cannot be had" in said
        assert word in said or (word == "does not match" and "no alternative certificate subject name" in said), said
        assert not server.asked and shop.catalog(name)["version"] == 0
    assert set(shop.active()) == {"main/photos", "main/music"}


# --- folders of this machine -------------------------------------------------------------------------

def test_a_folder(shop):  # noqa: F811
    folder = f"{shop.folder}/catalog"
    os.mkdir(folder, 0o755)
    files = Files(shop.maker, {"one": manifest("one"), "two": manifest("two")})
    files.write(folder)
    os.remove(f"{folder}/index.json.sig")
    shop.ctl("catalog", "add", "here", f"file://{folder}")
    shop.refresh("here")
    assert shop.active() == {"here/one": 1, "here/two": 1}
    # With a key the signature counts here, too.
    shop.ctl("catalog", "add", "signed", f"file://{folder}", "--key", shop.maker.key)
    shop.refresh("signed", code=NOT_FOUND)
    # A file that others can write, a link out of it, and the folder itself.
    files.entries["three"], files.entries["four"] = manifest("three"), manifest("four")
    files.index(version=2)
    files.write(folder)
    os.chmod(f"{folder}/three.json", 0o666)
    os.rename(f"{folder}/four.json", f"{shop.folder}/four.json")
    os.symlink(f"{shop.folder}/four.json", f"{folder}/four.json")
    said = shop.refresh("here")
    assert "here/three refused: three.json: others than root can write it" in said
    assert "it is a link" in said
    os.chmod(folder, 0o777)
    assert "is not taken" in shop.refresh("here", code=FORBIDDEN)
    assert shop.active() == {"here/one": 1, "here/two": 1}


# --- what a refresh does -----------------------------------------------------------------------------

def test_what_is_fetched_and_offered(shop, served):  # noqa: F811
    server = served.server
    paths = lambda: [path for path, _ in server.asked]  # noqa: E731
    assert sorted(paths()) == ["/index.json", "/index.json.sig", "/music.json", "/photos.json"]
    del server.asked[:]
    shop.refresh("main")
    assert paths() == ["/index.json"] and "If-None-Match" in server.asked[0][1]
    # Only what is new is fetched.
    del server.asked[:]
    served.entries |= {"photos": manifest("photos", 2), "films": manifest("films")}
    served.index(version=2)
    served["films.json"] = served.entries["films"]
    assert "would" not in shop.refresh("main", "--dry-run")
    assert shop.active() == {"main/photos": 1, "main/music": 1} and shop.catalog("main")["version"] == 1
    del server.asked[:]
    shop.refresh("main", "--no-activate")
    assert sorted(paths()) == ["/films.json", "/index.json", "/index.json.sig", "/photos.json"]
    assert shop.active() == {"main/photos": 1, "main/music": 1}
    assert shop.rows("revision", "activated IS NULL") == {"main/photos": 2, "main/films": 1}
    # Obsolete ones are kept and not offered; what vanished is offered no more, and stays.
    served.entries |= {"music": manifest("music", 2, obsolete=True)}
    del served.entries["photos"]
    served.index(version=3)
    said = shop.refresh("main")
    assert "# 2.0 revision 2: imported, and not offered: it is obsolete" in said
    assert f"main/photos@{sha256(manifest('photos'))[:16]} # 1.0 revision 1: not offered any more" in said
    # What --no-activate left aside is made up for.
    assert "main/films@" in said and shop.active() == {"main/films": 1}
    assert len(served.before) == 2 and shop.rows("revision", "1")["main/photos"] in (1, 2)


def test_what_was_not_activated_is_made_up_for(shop, served):  # noqa: F811
    """Of the very index that was taken with --no-activate; and clean leaves what it names."""
    music = sha256(served.entries["music"])[:16]
    served.entries["photos"] = manifest("photos", 2)
    del served.entries["music"]
    served.index(version=2)
    shop.refresh("main", "--no-activate")
    assert shop.active() == {"main/photos": 1, "main/music": 1}
    newest = sha256(served.entries["photos"])[:16]
    kept = shop.ctl("revision", "clean")
    assert kept.stdout == "" and f"# main/photos@{newest} 2.0 revision 2: 0, and its catalog has it" in kept.stderr
    assert "unchanged" in shop.refresh("main", "--no-activate")
    assert shop.active() == {"main/photos": 1, "main/music": 1}
    for words in (["--dry-run"], []):
        said = shop.refresh("main", *words)
        assert f"main/photos@{newest} # 2.0 revision 2: named again and activated" in said
        assert f"main/music@{music} # 1.0 revision 1: not offered any more" in said
    assert shop.active() == {"main/photos": 2}
    assert "unchanged" in shop.refresh("main")
    # What an admin took out stays out, and stays here.
    shop.ctl("revision", "deactivate", "main/photos")
    cleaned = shop.ctl("revision", "clean")
    assert cleaned.stdout.count("\n") == 2 and newest not in cleaned.stdout
    assert "unchanged" in shop.refresh("main") and shop.active() == {}
    shop.ctl("revision", "activate", "main/photos")
    assert shop.active() == {"main/photos": 2}


def test_labels_outlive_a_refresh(shop, served):  # noqa: F811
    """What was set by hand belongs to the entry, and to the catalog for as long as it is this one."""
    categories = lambda where="activated IS NOT NULL": {  # noqa: E731
        entry: json.loads(value) for entry, value in shop.rows("categories", where).items()}
    shop.ctl("revision", "categorize", "+no_updates", "-family", "music")
    served.entries["music"] = manifest("music", 2, categories=["family", "sound"])
    served.index(version=2)
    shop.refresh("main")
    assert categories() == {"main/photos": [], "main/music": ["sound", "no_updates"]}
    # Its name is enough: all revisions, and the next ones.
    said = shop.ctl("revision", "categorize", "=mine", "main/music").stdout
    assert said.count("\n") == 1 and said.endswith(": mine\n")
    served.entries["songs"] = manifest("songs", 3, was=["music"], categories=["sound"])
    del served.entries["music"]
    served.index(version=3)
    shop.refresh("main")
    assert categories()["main/songs"] == ["mine"] and categories("revision = 1")["main/music"] == ["mine"]
    url = shop.catalog("main")["url"]
    shop.ctl("catalog", "remove", "main")
    shop.add("main", url)
    shop.refresh("main")
    assert categories()["main/songs"] == ["mine"]
    # Another catalog of that name begins anew.
    shop.ctl("catalog", "remove", "main")
    other = Maker(shop.folder, "another")
    served.index(version=4, sign=other)
    shop.add("main", url, other.key)
    shop.refresh("main")
    assert categories()["main/songs"] == ["sound"]


def test_what_is_named_again(shop, served):  # noqa: F811
    good, music = served.entries["photos"], served.entries["music"]
    digits = sha256(good)[:16]
    served.entries["photos"] = manifest("photos", 2)
    served.index(version=2)
    shop.refresh("main")
    assert shop.rows()["main/photos"] == 2
    # The maker takes revision 2 back.
    served.entries["photos"] = good
    served.index(version=3)
    line = f"main/photos@{digits} # 1.0 revision 1: named again and activated"
    assert line in shop.refresh("main", "--dry-run") and shop.rows()["main/photos"] == 2
    assert line in shop.refresh("main")
    assert shop.active() == {"main/photos": 1, "main/music": 1}
    # What the admin chose stays, for as long as the index names the same.
    shop.ctl("revision", "deactivate", digits)
    served.index(version=4)
    assert "photos" not in shop.refresh("main") and shop.active() == {"main/music": 1}
    # Gone and back again; the first time nothing is to be activated, and the next one makes up for that.
    for version, words in ((5, ["--no-activate"]), (8, [])):
        del served.entries["music"]
        served.index(version=version)
        shop.refresh("main")
        assert shop.active() == {}
        served.entries["music"] = music
        served.index(version=version + 1)
        assert "# 1.0 revision 1: named again" in shop.refresh("main", *words)
        assert shop.active() == ({} if words else {"main/music": 1})
        served.index(version=version + 2)
        assert ("named again" in shop.refresh("main")) == bool(words)
        assert shop.active() == {"main/music": 1}
    # An obsolete one takes the place of what was offered, and is not offered itself.
    served.entries["music"] = manifest("music", 2, obsolete=True)
    served.index(version=11)
    shop.refresh("main")
    served.entries["music"] = music
    served.index(version=12)
    shop.refresh("main")
    assert shop.active() == {"main/music": 1}
    served.entries["music"] = manifest("music", 2, obsolete=True)
    served.index(version=13)
    assert "revision 2: named again, and not offered: it is obsolete" in shop.refresh("main")
    assert shop.active() == {}


def test_a_kill_leaves_the_old_or_the_new(shop, served):  # noqa: F811
    served.entries = {f"app{n}": manifest(f"app{n}") for n in range(150)}
    served.index(version=2)
    old, new = {"main/photos", "main/music"}, {f"main/app{n}" for n in range(150)}
    # The server holds back the file at which the job is to die, so that it cannot be over before.
    # The last time it gets that one: it dies before, in or after the transaction.
    for held, given in (("index.json", 0), ("index.json.sig", 0), ("app0.json", 0), ("app70.json", 0),
                        ("app149.json", 0), ("app149.json", 1)):
        asked, free, octets = threading.Event(), threading.Event(), served[held]

        def hold(handler, asked=asked, free=free, octets=octets):
            asked.set()
            free.wait(60)
            handler.say_octets(octets)

        served[held] = hold
        with shop.client() as client:
            client.frame({"v": 1, "op": "catalog-refresh", "args": {"catalog": "main"}})
            assert asked.wait(60), held
            jobs = subprocess.run(["pgrep", "-P", str(shop.process.pid), "apphost-job"], capture_output=True, text=True,
                                  check=True).stdout.split()
            if given:
                free.set()
            for pid in jobs:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if held == "app70.json":
                shop.stop(signal.SIGKILL)
                shop.start()
            else:
                with contextlib.suppress(OSError):
                    client.rest()
        served[held] = octets
        free.set()
        state = set(shop.active())
        assert state == old or (given and state == new), f"{held}: {len(state)} entries"
        assert shop.catalog("main")["version"] == (1 if state == old else 2), held
    shop.refresh("main")
    assert set(shop.active()) == new
    assert not [name for name in os.listdir(shop.state) if "tmp" in name]
