# SPDX-License-Identifier: Apache-2.0
"""What becomes of answers, of secrets that were made up, and of data that were kept."""
import os

from test_740_entry_install import IMAGE, bare, bring, environment, image, in_container, manifest, sh  # noqa: F401
from engine_env import free_port

SECRET = {"id": "pw", "kind": "environment", "label": "Password", "service": "web", "target": "PW", "type": "secret",
          "generate": 20}
DATA = {"web": {"image": IMAGE, "volumes": ["./d:/d"]}}


def env(stack, *names):
    has = environment(stack, "web")
    return has.get(names[0]) if len(names) == 1 else tuple(has.get(name) for name in names)


def install(stack, entry, *more):
    stack.ctl("install", entry, "--name", "w1", "--yes", *more)
    return env(stack, "PW")


def refused(stack, *words):
    done = stack.ctl(*words, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_data_keep_their_secrets_and_their_owner(bare, image):
    bring(bare, manifest("wiki", services=DATA, questions=[SECRET]))
    bring(bare, manifest("other", services=DATA, questions=[SECRET]), name="other.json")
    bring(bare, manifest("bad", services={"web": {"image": IMAGE, "volumes": ["./d:/d"], "command": sh("exit 3")}},
                         questions=[SECRET]), name="bad.json")
    first = install(bare, "wiki")
    where = f"{bare.state}/data/{bare.json('status', 'w1')['app_id']}"
    with open(where + "/d/page", "w") as f:
        f.write("x")
    bare.ctl("uninstall", "w1")

    # Neither a look nor a refusal nor a failure of another one changes whose data they are.
    plan = bare.ctl("install", "other", "--name", "w1", "--plan").stdout
    assert "data of local/wiki" in plan
    refused(bare, "install", "other", "--name", "w1")
    refused(bare, "install", "wiki", "--name", "w1", "--set", "nosuch=1")
    refused(bare, "install", "bad", "--name", "w1", "--yes")
    assert install(bare, "wiki") == first

    # Who calls itself by the name has to ask, and goes on with the secrets; so does one of another catalog.
    bare.ctl("uninstall", "w1")
    bring(bare, manifest("wiki2", was=["wiki"], services=DATA, questions=[SECRET]), name="wiki2.json")
    assert "called so" in bare.ctl("install", "wiki2", "--name", "w1", "--plan").stdout
    refused(bare, "install", "wiki2", "--name", "w1")
    assert install(bare, "wiki2") == first
    assert os.listdir(where + "/d") == ["page"]

    # With the data the secrets are gone.
    bare.ctl("uninstall", "w1", "--purge", "--yes")
    assert install(bare, "wiki") != first


def test_secrets_stay_through_rollback_and_defaults_follow(bare, image):
    late = SECRET | {"id": "late", "target": "LATE"}

    def text(default, **more):
        return {"id": "ver", "kind": "environment", "label": "V", "service": "web", "target": "VER", "default": default} | more

    def mode(default, *choices):
        return {"id": "mode", "kind": "environment", "label": "M", "service": "web", "target": "MODE", "type": "choice",
                "default": default, "choices": [{"value": c, "label": c} for c in choices]}

    bring(bare, manifest("wiki", services=DATA, questions=[SECRET, text("1"), mode("a", "a", "b")]))
    first = install(bare, "wiki")
    bring(bare, manifest("wiki", revision=2, services=DATA, questions=[SECRET, late, text("2"), mode("b", "b", "c")]))
    bare.ctl("update", "w1", "--yes")
    made = env(bare, "LATE")
    assert made and env(bare, "PW", "VER", "MODE") == (first, "2", "b")
    bare.ctl("rollback", "w1", "--yes")
    assert env(bare, "PW", "VER", "MODE") == (first, "1", "a")
    bare.ctl("update", "w1", "--yes")
    assert env(bare, "PW", "LATE") == (first, made)


def test_a_default_is_nobodys_folder(bare, image, tmp_path):
    where = "/var/tmp/aph-kept-%d" % os.getpid()
    os.makedirs(where + "/private", exist_ok=True)
    bare.ctl("storage", "add", "media", where)
    lib = {"id": "lib", "kind": "environment", "label": "Library", "service": "web", "target": "LIB", "default": "media/private"}
    try:
        bring(bare, manifest("wiki", services=DATA, questions=[SECRET, lib]))
        install(bare, "wiki")
        with open(f"{bare.state}/data/{bare.json('status', 'w1')['app_id']}/d/page", "w") as f:
            f.write("x")
        bare.ctl("uninstall", "w1")
        bring(bare, manifest("wiki", revision=2, services=DATA, questions=[
            SECRET, {"id": "lib", "kind": "storage", "label": "Library", "service": "web", "target": "/lib"}]))
        bare.ctl("install", "wiki", "--name", "w1")
        mounts = {m["Destination"]: m["Source"] for m in in_container(bare, "web")["Mounts"]}
        assert not mounts["/lib"].startswith(where), mounts
        bare.ctl("uninstall", "w1", "--purge", "--yes")
    finally:
        bare.ctl("storage", "remove", "media", check=False)
        os.rmdir(where + "/private")
        os.rmdir(where)


def test_a_dollar_is_a_dollar(bare, image):
    port = free_port()
    bring(bare, manifest("wiki", services={"web": {
        "image": IMAGE, "volumes": ["./conf:/conf"], "environment": {"B": "x-{{answer.pw}}-y", "TWO": "$$HOME"},
        "command": ["/bin/busybox", "sh", "-c", 'echo "$$1" >/tmp/word; exec /bin/busybox httpd -f -p 80 -h /www', "sh",
                    "{{answer.pw}}"]}},
        questions=[{"id": "pw", "kind": "custom", "label": "pw"},
                   {"id": "v", "kind": "environment", "label": "v", "service": "web", "target": "V"},
                   {"id": "p", "kind": "port", "label": "p", "service": "web", "target": "9000", "default": port,
                    "max": port}],
        files=[{"path": "conf/x", "text": "{{answer.pw}}"}]))
    said = "a$b $$ ${X} $"
    bare.ctl("install", "wiki", "--name", "w1", "--yes", "--set", "pw=" + said, "--set", "v=" + said)
    assert env(bare, "B", "V", "TWO") == (f"x-{said}-y", said, "$HOME")
    assert in_container(bare, "web")["Config"]["Cmd"][-1] == said
    with open(f"{bare.state}/data/{bare.json('status', 'w1')['app_id']}/conf/x") as f:
        assert f.read() == said

    # A default port that is taken goes no further than the question allows.
    said = refused(bare, "install", "wiki", "--name", "w2", "--yes")
    assert "is in use by" in said and "above" not in said, said
