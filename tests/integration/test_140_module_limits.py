# SPDX-License-Identifier: Apache-2.0
"""One app can never starve the others."""
import contextlib
import threading

import backends
from httpd_env import DOMAIN, wait_until


class Held:
    """An app that answers only when it is let."""

    def __init__(self, server):
        self.gate, self.waiting = threading.Event(), 0
        self.port = server.app(self.answer).port

    def answer(self, request):
        self.waiting += 1
        self.gate.wait(30)
        return request.respond(b"late")


def ask_in_background(server, name, count):
    answers = []

    def ask():
        answers.append(server.get(name, timeout=40).status)
    threads = [threading.Thread(target=ask) for _ in range(count)]
    for t in threads:
        t.start()
    return threads, answers


def test_in_flight_share(server):
    server.configure(children=2, threads=10).start()  # the share is half of 20
    slow = Held(server)
    server.routes(slow=slow.port, quick=server.app(backends.echo("quick")).port)
    threads, answers = ask_in_background(server, "slow", 16)
    wait_until(lambda: slow.waiting == 10 and len(answers) == 6, what="10 waiting and 6 refused")
    assert set(answers) == {503}
    for _ in range(20):
        assert server.get("quick").status == 200
    refused = server.get("slow")
    assert refused.headers["Retry-After"] == "1" and b"Too busy" in refused.body
    slow.gate.set()
    for t in threads:
        t.join()
    assert answers.count(200) == 10
    assert server.get("slow").status == 200, "the share is free again"


def test_own_share_of_a_route(running):
    slow = Held(running)
    running.routes(slow={"port": slow.port, "max_inflight": 2})
    threads, answers = ask_in_background(running, "slow", 5)
    wait_until(lambda: slow.waiting == 2 and len(answers) == 3, what="2 waiting and 3 refused")
    slow.gate.set()
    for t in threads:
        t.join()
    assert sorted(answers) == [200, 200, 503, 503, 503]


def test_upgrades(server):
    server.configure(apphost=f"AppHost On\nAppHostDomain {DOMAIN}\nAppHostRoutes {server.routes_path}\n"
                             "AppHostMaxUpgrades 5 3\n").start()
    server.routes(**{name: server.app(backends.websocket(name)).port for name in "abc"})
    with contextlib.ExitStack() as stack:
        def upgrade(name):
            s, head = server.upgrade(name)
            stack.enter_context(s)
            return s, head.split(" ")[1]
        held = [upgrade("a") for _ in range(4)] + [upgrade("b") for _ in range(3)]
        assert [status for _, status in held] == ["101", "101", "101", "503", "101", "101", "503"]
        assert server.get("a").status == server.get("c").status == 200
        held[0][0].close()
        wait_until(lambda: upgrade("b")[1] == "101", what="room for another")


def test_a_client_that_goes_away_gives_its_place_back(running):
    slow = Held(running)
    running.routes(slow={"port": slow.port, "max_inflight": 1})
    running.announced += ["AH01102", "AH00898", "AH10404"]

    def ask_and_leave():
        """False while the place is not free: the last answer's end and the end of its request are two moments."""
        before = slow.waiting
        with running.connect() as s:
            s.sendall(f"GET / HTTP/1.1\r\nHost: slow.{DOMAIN}\r\n\r\n".encode())
            s.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                assert s.recv(100).startswith(b"HTTP/1.1 503 ")
            return slow.waiting == before + 1
    for _ in range(3):
        slow.gate.clear()
        wait_until(ask_and_leave, what="the request arrived")
        slow.gate.set()
        wait_until(lambda: running.get("slow").status == 200, what="the place is free again")
