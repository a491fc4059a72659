# SPDX-License-Identifier: Apache-2.0
"""Another machine on the same network: a network namespace with a wire to this one and a route through
it. Run as a program inside of a namespace, it tries what it is told and prints what was reached."""
import concurrent.futures
import contextlib
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import time

OURS, THEIRS = "10.218.7.1", "10.218.7.2"
WIRE, FAR = "aphwall0", "aphwall1"


class Outside:
    def __init__(self, pool):
        self.pool = pool
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        ip = self.ip
        ip("link", "add", WIRE, "type", "veth", "peer", "name", FAR, "netns", str(self.holder.pid))
        ip("addr", "add", f"{OURS}/24", "dev", WIRE)
        ip("link", "set", WIRE, "up")
        for words in (("link", "set", "lo", "up"), ("addr", "add", f"{THEIRS}/24", "dev", FAR),
                      ("link", "set", FAR, "up"), ("route", "add", pool, "via", OURS)):
            self.inside("ip", *words)
        with open("/proc/sys/net/ipv4/ip_forward", "r+", encoding="ascii") as f:
            f.write("1\n")

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    def inside(self, *words):
        return inside(self.holder.pid, *words)

    def ask(self, what, *arguments):
        return ask(self.holder.pid, what, *arguments)

    def close(self):
        self.ip("link", "del", WIRE)
        self.holder.kill()
        self.holder.wait()


def inside(pid, *words):
    """Runs a program of this machine in the network of that process."""
    return subprocess.run(["nsenter", "-t", str(pid), "--net", *words], check=True, capture_output=True, text=True,
                          timeout=60).stdout


def ask(pid, what, *arguments):
    return json.loads(inside(pid, sys.executable, "-B", os.path.abspath(__file__), what, json.dumps(arguments)))


# -- what is tried, in there -----------------------------------------------------------------------------
def try_tcp(address, port):
    """Anything but silence: an answer of the far end, even a refusal, means that it was reached."""
    with socket.socket() as s:
        s.settimeout(1.2)
        try:
            s.connect((address, port))
        except OSError as e:
            return e.errno == errno.ECONNREFUSED
        return True


def try_udp(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1.2)
        try:
            s.connect((address, port))
            s.send(b"ping\n")
            s.recv(100)
        except OSError as e:
            return e.errno == errno.ECONNREFUSED
        return True


def scan(addresses, ports):
    tries = [(kind, a, p) for a in addresses for p in ports for kind in ("tcp", "udp")]
    with concurrent.futures.ThreadPoolExecutor(len(tries)) as pool:
        found = pool.map(lambda t: (try_tcp if t[0] == "tcp" else try_udp)(t[1], t[2]), tries)
        return [f"{k} {a}:{p}" for (k, a, p), reached in zip(tries, found) if reached]


def get(address, port, host):
    with contextlib.suppress(OSError), socket.create_connection((address, port), 5) as s:
        s.settimeout(5)
        s.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return s.makefile("rb").read().decode(errors="replace")
    return ""


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip_packet(source, target, protocol, payload, options=b""):
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | (20 + len(options)) // 4, 0, 20 + len(options) + len(payload), 4711, 0,
                       64, protocol, 0, socket.inet_aton(source), socket.inet_aton(target)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def mac_of(device, address):
    """The far end's, after the kernel asked for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"", (address, 9))
    time.sleep(0.1)
    with open("/proc/net/arp", encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[0] == address and words[5] == device:
                return bytes.fromhex(words[3].replace(":", ""))
    raise RuntimeError(f"{address} has no address on {device}")


def frame(device, gateway, packet):
    """Sends what no routing table would: straight to the gateway, whatever it says inside."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    s.bind((device, 0))
    s.settimeout(0.2)
    s.send(mac_of(device, gateway) + s.getsockname()[4] + b"\x08\x00" + packet)
    return s


def syn(device, gateway, source, target, port, options=""):
    """Nonzero where a crafted SYN is answered with anything of TCP."""
    segment = struct.pack("!HHIIBBHHH", 45678, port, 1, 0, 0x50, 2, 8192, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(segment))
    final = target
    if options:  # a loose source route: the last hop is what the checksum is about
        final = options
        pseudo = socket.inet_aton(source) + socket.inet_aton(final) + struct.pack("!BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    route = b"\x83\x07\x04" + socket.inet_aton(options) + b"\x00" if options else b""
    with frame(device, gateway, ip_packet(source, target, 6, segment, route)) as s:
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError, socket.timeout):
                got = s.recv(2000)
                if got[12:14] == b"\x08\x00" and got[23] == 6 and struct.unpack("!H", got[36:38])[0] == 45678:
                    return True
    return False


def lie(device, gateway, source, target, port):
    """One datagram that claims to come from somewhere else."""
    datagram = struct.pack("!HHHH", 4000, port, 8 + 3, 0) + b"lie"
    frame(device, gateway, ip_packet(source, target, 17, datagram)).close()


def wait_for_datagram(port, seconds):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", port))
        s.settimeout(seconds)
        try:
            return s.recv(100).decode()
        except socket.timeout:
            return ""


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*json.loads(sys.argv[2]))))
