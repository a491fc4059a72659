# SPDX-License-Identifier: Apache-2.0
"""Scripts nobody here wrote, installed as they are: a stand-in image takes the name of the one they
ask for, so that only the image differs. Needs the shared corpus beside the tree; without it the one
case of our own still runs."""
import pathlib
import re

import pytest

from engine_env import busybox_files, serve_on

CORPUS = pathlib.Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "amahi"

OWN = """# one line of comment
mkdir -p conf
cat > conf/settings.ini <<- "DONE"
\t[server]
\taddress = APP_HOSTNAME
DONE
cat > docker-compose.yml << 'EOF'   \nnotes-container:
  image: 'shop.example/apps/notes:2'
  container_name: "APP_IDENTIFIER"
  hostname: "APP_HOSTNAME"
  restart: unless-stopped
  ports:
    - "HOST_PORT:8181"   # the web port
  volumes:
    - WEBAPP_PATH/conf:/conf
    - './data:/data'
EOF
docker-compose up -d;
"""


def corpus(name):
    path = CORPUS / name
    return path.read_text() if path.exists() else None


# The port of an app that listens on HOST_PORT itself, and learns it from its settings as GitLab does.
PORT_FROM_SETTINGS = "$(env | grep -o :35[0-9]* | head -n 1 | tr -d :)"


def stand_in(engine, script):
    """The image the script names, serving on the port it maps HOST_PORT to."""
    ref = re.search(r"image: *['\"]?([^'\"\s]+)", script).group(1)
    ref = ref if ":" in ref.rpartition("/")[2] else ref + ":latest"
    target = re.search(r"HOST_PORT:(\w+)", script).group(1)
    port = PORT_FROM_SETTINGS if target == "HOST_PORT" else target
    engine.import_image(ref, busybox_files({"index.html": b"real enough\n"}), serve_on(port))
    return ref


@pytest.mark.parametrize("name", ["own", "hydra-install.sh", "radarr/script.sh", "sinusbot/script.sh",
                                  "gitlab/script.sh"])
def test_script_installs_and_answers(new_stack, engine, name):
    script = OWN if name == "own" else corpus(name)
    if script is None:
        pytest.skip(f"{CORPUS / name} is not there")
    ref = stand_in(engine, script)
    stack = new_stack()
    try:
        done = stack.ctl("install", stack.script(script), "--name", "real", "--yes")
        assert stack.get("real").body == b"real enough\n"
        if name.startswith("gitlab"):
            assert "2224" in done.stdout + done.stderr, "the extra port is shown before it is opened"
        if name == "own":
            app_id = stack.json("status", "real")["app_id"]
            with open(f"{stack.state}/data/{app_id}/conf/settings.ini", encoding="ascii") as f:
                assert f.read() == f"[server]\naddress = real.{stack.domain}\n"
        stack.ctl("uninstall", "real", "--purge", "--yes")
        assert stack.ours() == ([], [])
    finally:
        engine.remove_image(ref)


@pytest.mark.parametrize("name, code, words", [
    ("portainer/script.sh", 3, ["docker.sock"]),
    ("coppermine/script.sh", 5, ["amahi-download", "2"]),
])
def test_script_is_refused_for_the_true_reason(new_stack, name, code, words):
    script = corpus(name)
    if script is None:
        pytest.skip(f"{CORPUS / name} is not there")
    stack = new_stack(httpd=False)
    done = stack.ctl("install", stack.script(script), "--name", "real", "--yes", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    for word in words:
        assert word in done.stdout + done.stderr
    assert stack.invariants() == []
