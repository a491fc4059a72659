# SPDX-License-Identifier: Apache-2.0
"""Many apps at once: each answers with its own name, and clients that alternate over all of them count
every answer that is not from the app they asked for."""
import collections
import concurrent.futures
import http.client
import itertools
import threading


def script_of(name, image):
    """Its page is its name, made in the container: one image serves for all."""
    return (f"cat > docker-compose.yml << 'EOF'\nweb:\n  image: '{image}'\n  ports: ['HOST_PORT:80']\n"
            "  command:\n    - /bin/busybox\n    - sh\n    - -c\n"
            f"    - \"trap 'exit 0' TERM; echo {name} > /www/index.html; "
            "/bin/busybox httpd -f -p 80 -h /www & wait\"\nEOF\ndocker-compose up -d\n")


def install_all(stack, names, image, at_once=4):
    def one(name):
        stack.ctl("install", stack.script(script_of(name, image), f"{name}.sh"), "--name", name, "--yes",
                  timeout=600)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, names))


def uninstall_all(stack, names, at_once=4):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda name: stack.ctl("uninstall", name, "--purge", "--yes", timeout=600), names))


class Tally:
    """What came back: good answers, answers of another app, and anything else by what it was."""

    def __init__(self):
        self.good = self.wrong = 0
        self.failed = collections.Counter()
        self.lock = threading.Lock()

    def add(self, name, status, body):
        with self.lock:
            if status == 200 and body == f"{name}\n".encode():
                self.good += 1
            elif status == 200:
                self.wrong += 1
            else:
                self.failed[status] += 1

    def clean(self):
        return self.wrong == 0 and not self.failed


def client(stack, names, turns, tally):
    """One keep-alive connection, one request at a time. A server may end an idle connection at any
    time, so only what fails on a fresh one counts as failed."""
    connection = None
    for turn in turns:
        name = names[turn % len(names)]
        for fresh in (connection is None, True):
            if fresh:
                connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
            try:
                connection.request("GET", "/", headers={"Host": f"{name}.{stack.domain}"})
                answer = connection.getresponse()
                tally.add(name, answer.status, answer.read())
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if fresh:
                    tally.add(name, type(error).__name__, b"")
                    connection = None
                    break
        if connection is not None and connection.sock is None:
            connection = None
    if connection is not None:
        connection.close()


def alternate(stack, names, count, clients=8, tally=None):
    """count requests, each to the next app, over clients at once."""
    tally = tally or Tally()
    turns = itertools.count()
    guard = threading.Lock()

    def shared():
        while True:
            with guard:
                turn = next(turns)
            if turn >= count:
                return
            yield turn
    threads = [threading.Thread(target=client, args=(stack, names, shared(), tally)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally
