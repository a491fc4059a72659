# SPDX-License-Identifier: Apache-2.0
"""WebSockets, event streams and URLs as they are, through httpd into a real container."""
import http.client
import os
import pathlib
import subprocess

import pytest
import websocket

IMAGE = f"apphost-test-echo-{os.getpid()}:1"


@pytest.fixture(scope="module")
def echo_image(engine, tmp_path_factory):
    program = tmp_path_factory.mktemp("echo") / "echo_app"
    flags = subprocess.run(["pkg-config", "--cflags", "apr-1", "apr-util-1"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run(["gcc", "-static", "-O2", *flags, "-o", program,
                    pathlib.Path(__file__).with_name("echo_app.c"), "-laprutil-1", "-lapr-1"],
                   check=True, capture_output=True)
    engine.import_image(IMAGE, {"echo_app": (program.read_bytes(), 0o755)}, 'CMD ["/echo_app"]')
    yield IMAGE
    engine.remove_image(IMAGE)


@pytest.fixture
def echo(stack, echo_image):
    stack.install("echo", echo_image)
    return stack


def test_urls_arrive_unchanged(echo):
    for target in ("/a%2Fb", "//", "/%252F", "/a//b/../c?x=%2F&y", "/;p=1?", "/%C3%BC?q=a+b"):
        line = echo.get("echo", target).body.split(b"\r\n")[0].decode()
        assert line == f"GET {target} HTTP/1.1"


def test_the_app_learns_who_asked_for_what(echo):
    text = echo.get("echo", headers={"X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6",
                                     "X-Forwarded-Proto": "https"}).body.decode().lower()
    assert "6.6.6.6" not in text and "x-forwarded-proto: https" not in text
    assert f"host: echo.{echo.domain}" in text and "x-forwarded-for: 127.0.0.1" in text


def test_websocket(echo):
    ws = websocket.create_connection(f"ws://127.0.0.1:{echo.port}/ws", timeout=10,
                                     host=f"echo.{echo.domain}")
    for n in range(100):
        ws.send(f"message {n}")
        assert ws.recv() == f"message {n}"
    ws.close()


def test_events_come_as_they_are_sent(echo):
    """The app sends event N only after tick N, so an event held back anywhere would never come."""
    stream = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=10)
    stream.request("GET", "/events", headers={"Host": f"echo.{echo.domain}"})
    echo.get("echo", "/tick")
    answer = stream.getresponse()
    for n in (1, 2, 3):
        assert answer.readline() == f"data: {n}\n".encode()
        assert answer.readline() == b"\n"
        echo.get("echo", "/tick")
    stream.close()


def test_the_right_app_always(new_stack, echo_image):
    stack = new_stack()
    for n in range(6):
        stack.install(f"e{n}", echo_image)
    for n in range(600):
        name = f"e{n % 6}"
        text = stack.get(name, headers={"X-Probe": name}).body.decode()
        assert f"Host: {name}.{stack.domain}" in text
    containers, _ = stack.ours()
    assert len(containers) == 6
