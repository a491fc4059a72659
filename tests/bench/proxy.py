#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the module costs, against what httpd does without it.

  CPU   of httpd's children per proxied request of an app, against a static `ProxyPass` virtual host of
        the same httpd for the same backend; both pooled, in alternating rounds of one run
  PSS   of a child after 50 apps were in use, against an httpd without the module whose one static
        virtual host got the same load, and against one with 50 static virtual hosts

    APPHOST_PREFIX=... tests/bench/proxy.py [ROUNDS]

Prints each number and its aim; ends with 1 when one is missed. Load stays on 127.0.0.1."""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from figures import Figure, pss_kib, show  # noqa: E402
from httpd_env import DOMAIN, MODULES, Httpd, wait_until  # noqa: E402

CPU_AIM, PSS_AIM = 1.10, 1024
APPS = 50
SIX_HUNDRED = "x" * 600


def free_ports(count):
    """All different: each is held until all are found."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


def cpu_seconds(httpd):
    """Of all threads of all children, in nanosecond steps."""
    total = 0
    for pid in httpd.children():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def pss_per_child(httpd):
    return statistics.mean(pss_kib(pid) for pid in httpd.children())


def load(httpd, host, seconds, connections=16):
    """Requests that wrk got through; every answer must be a good one."""
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-H", f"Host: {host}",
                           f"http://127.0.0.1:{httpd.port}/index.html"], check=True, capture_output=True, text=True)
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    return int(re.search(r"(\d+) requests in", done.stdout)[1])


def cpu_per_request(httpd, host, seconds):
    before = cpu_seconds(httpd)
    requests = load(httpd, host, seconds)
    return (cpu_seconds(httpd) - before) / requests


@contextlib.contextmanager
def started(configure, **more):
    httpd = Httpd("event")
    try:
        httpd.routes()
        configure(httpd, **more)
        yield httpd.start()
    finally:
        httpd.close()


def fixed(httpd):
    """As many children as there will ever be: none comes or goes while we measure."""
    text = pathlib.Path(httpd.folder, "httpd.conf").read_text(encoding="utf-8")
    text = re.sub(r"^StartServers .*", "StartServers 2", text, flags=re.M)
    text = text.replace("CustomLog", "#CustomLog") + "\nMaxKeepAliveRequests 0\n"
    pathlib.Path(httpd.folder, "httpd.conf").write_text(text, encoding="utf-8")


def backend(httpd, ports):
    httpd.configure(apphost="", extra="\n".join(f"Listen 127.0.0.1:{p}" for p in ports), children=2, threads=64)
    pathlib.Path(httpd.folder, "htdocs", "index.html").write_text(SIX_HUNDRED, encoding="ascii")
    fixed(httpd)


def with_module(httpd, port):
    httpd.configure(children=2, threads=32, vhosts=f"""<VirtualHost *:{httpd.port}>
ServerName any.invalid
</VirtualHost>
<VirtualHost *:{httpd.port}>
ServerName static.example
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{port}/
</VirtualHost>""")
    fixed(httpd)


def without_module(httpd, ports):
    hosts = "\n".join(f"""<VirtualHost *:{httpd.port}>
ServerName app{i}.{DOMAIN}
ProxyPreserveHost On
ProxyPass / http://127.0.0.1:{p}/
</VirtualHost>""" for i, p in enumerate(ports))
    httpd.configure(apphost="", children=2, threads=32, vhosts=hosts)
    path = pathlib.Path(httpd.folder, "httpd.conf")
    path.write_text(re.sub(r"^LoadModule apphost_module.*\n", "", path.read_text(encoding="utf-8"), flags=re.M),
                    encoding="utf-8")
    fixed(httpd)


def measure_cpu(port, rounds):
    ours, static = [], []
    with started(with_module, port=port) as httpd:
        httpd.routes(app=port)
        for host in (f"app.{DOMAIN}", "static.example"):
            load(httpd, host, 1)
        for _ in range(rounds):
            ours.append(cpu_per_request(httpd, f"app.{DOMAIN}", 2))
            static.append(cpu_per_request(httpd, "static.example", 2))
    return statistics.median(ours), statistics.median(static)


def ask(httpd, host, count):
    """A connection each: on one that is used again mod_proxy may hang up, which is not what is measured here."""
    for _ in range(count):
        answer = httpd.get("", "/index.html", host=host)
        assert answer.status == 200, f"{host}: {answer.status}"


def use_all(httpd, hosts):
    """Two clients at once, so that both children take part, twice through all hosts."""
    wait_until(lambda: len(httpd.children()) == 2, what="two children")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for host in hosts * 2:
            for done in [pool.submit(ask, httpd, host, 3) for _ in range(2)]:
                done.result()
    return pss_per_child(httpd)


def measure_pss(ports):
    names = [f"app{i}.{DOMAIN}" for i in range(APPS)]
    with started(with_module, port=ports[0]) as httpd:
        httpd.routes(**{f"app{i}": p for i, p in enumerate(ports)})
        ours = use_all(httpd, names)
    with started(without_module, ports=ports[:1]) as httpd:
        plain = use_all(httpd, names[:1] * APPS)
    with started(without_module, ports=ports) as httpd:
        static = use_all(httpd, names)
    return ours, plain, static


def figures(rounds=5):
    ports = free_ports(APPS)
    assert os.path.isdir(MODULES)
    with started(backend, ports=ports):
        ours, static = measure_cpu(ports[0], rounds)
        pss, plain, fifty = measure_pss(ports)
    yield Figure("CPU per request to an app", ours * 1e6, "us")
    yield Figure("CPU per request, static ProxyPass", static * 1e6, "us")
    yield Figure("app against static ProxyPass", ours / static, "", CPU_AIM)
    yield Figure(f"httpd child, {APPS} apps in use", pss, "KiB PSS")
    yield Figure("httpd child without the module, one host", plain, "KiB PSS")
    yield Figure("the module per child", pss - plain, "KiB PSS", PSS_AIM)
    yield Figure(f"for comparison: {APPS} static virtual hosts per child", fifty - plain, "KiB PSS")


if __name__ == "__main__":
    sys.exit(show(list(figures(*map(int, sys.argv[1:2])))))
