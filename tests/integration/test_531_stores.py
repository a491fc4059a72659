# SPDX-License-Identifier: Apache-2.0
"""What files of app stores say beside the keys of compose, as it runs: a store's own proxy, which httpd replaces; the
names it knows services by; a text beside a mount; a web page named in its notes."""
import os

import pytest

from engine_env import WEB, busybox_files
from stack_env import wait_for

IMAGE = f"apphost-test-stores-{os.getpid()}:1"


@pytest.fixture(scope="module")
def image(engine):
    engine.import_image(IMAGE, busybox_files(), WEB)
    yield IMAGE
    engine.remove_image(IMAGE)


def script(compose):
    return f"cat > docker-compose.yml << 'EOF'\n{compose}EOF\ndocker-compose up -d\n"


PROXY = """services:
  app_proxy:
    environment:
      APP_HOST: shop_web_1
      APP_PORT: 80
  web:
    image: '{}'
    volumes:
      - type: bind
        source: ./site/text
        target: /www/text
        content: |
          as it stands: $$ $HOME ${{HOME}}
  asks:
    image: '{}'
    restart: 'no'
    depends_on: [web]
    command: ['/bin/busybox', 'sh', '-c', 'until /bin/busybox wget -q -O - http://shop_web_1/text; do /bin/busybox sleep 1; done']
"""


@pytest.fixture
def stack(new_stack):
    return new_stack()


def test_the_proxy_of_a_store(stack, image):
    stack.ctl("install", stack.script(script(PROXY.format(image, image))), "--name", "shop", "--yes")
    answer = stack.get("shop", "/text")
    assert (answer.status, answer.body) == (200, b"as it stands: $$ $HOME ${HOME}\n")
    wait_for(lambda: "as it stands: $$ $HOME" in stack.ctl("logs", "shop").stdout, 20, "an answer under the store's name")
    stack.ctl("uninstall", "shop", "--purge", "--yes")


NOTES = """services:
  web:
    image: '{}'
    ports: ['80:80']
x-casaos:
  port_map: "80"
  title: {{en_us: Costs $5}}
"""


def test_the_web_page_of_the_notes(stack, image):
    stack.ctl("install", stack.script(script(NOTES.format(image))), "--name", "noted", "--yes")
    assert stack.get("noted").status == 200
    [row] = stack.json("list")["apps"]
    [container] = stack.ours()[0]
    assert {(p["IP"], p["PublicPort"]) for p in container["Ports"] if "PublicPort" in p} == {("127.0.0.1", row["port"])}
    stack.ctl("uninstall", "noted", "--purge", "--yes")
