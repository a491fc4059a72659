# SPDX-License-Identifier: Apache-2.0
"""Becomes a program under what a unit of systemd's allows it: as_unit.py SPEC PROGRAM ARGUMENT...

SPEC is JSON: "settings" of the unit's [Service] (a list of values each), "calls" (names of system calls)
with "allow" (whether those are all that is allowed, or all that is not), and "writable" (folders). What
is imitated here is what can make a program of ours fail: capabilities, no new privileges, umask,
filters on calls, namespaces of mounts and of the network. Runs as root; nothing of it outlives the program."""
import ctypes
import json
import os
import sys

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWNET = 0x20000, 0x08000000, 0x40000000
NAMESPACES = (0x80, CLONE_NEWNS, 0x02000000, 0x04000000, CLONE_NEWIPC, 0x10000000, 0x20000000, CLONE_NEWNET)
EACCES, EPERM, ENOSYS, EAFNOSUPPORT = 13, 1, 38, 97
CAPABILITIES = ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE "
                "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT "
                "SYS_PTRACE").split()
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, target, kind, flags, data=None):
    must(libc.mount(source and source.encode(), target.encode(), kind and kind.encode(), flags,
                    data and data.encode()))


def read_only(path, on):
    """mount_setattr, with all mounts below."""
    flags = (ctypes.c_uint64 * 4)(1 if on else 0, 0 if on else 1, 0, 0)
    must(libc.syscall(442, -100, path.encode(), 0x8000, flags, 32))


def mounts(settings, writable):
    must(libc.unshare(CLONE_NEWNS))
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    strict = settings["ProtectSystem"] == ["strict"]
    for path in writable if strict else ("/usr", "/etc", "/boot"):
        mount(path, path, None, MS_BIND | MS_REC)
    if strict:
        read_only("/", True)
        for path in ("/dev", "/proc", *writable):
            read_only(path, False)
    else:
        for path in ("/usr", "/etc", "/boot"):
            read_only(path, True)
    if not any(path.startswith("/tmp/") for path in (*writable, sys.argv[2])):
        mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV)
    hidden = [path.lstrip("-") for line in settings.get("InaccessiblePaths", []) for path in line.split()]
    for path in hidden:
        if os.path.exists(path) and not os.path.isdir(path):
            mount("/dev/null", path, None, MS_BIND)
    if settings.get("ProtectProc") == ["invisible"]:
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible,subset=pid")


def capabilities(wanted):
    """Those that are not wanted leave the bounding set, and the others' too."""
    numbers = {CAPABILITIES.index(word.removeprefix("CAP_")) for word in wanted}
    for number in range(64):
        if number not in numbers and libc.prctl(24, number, 0, 0, 0) != 0:
            break   # the first one that the kernel does not know
    mask = sum(1 << number for number in numbers)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    must(libc.capset(header, (ctypes.c_uint32 * 6)(mask, mask, 0, 0, 0, 0)))


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


MASKED_EQ, EQ = 7, 4


def refuse(filter_, call, cause, *comparisons):
    number = seccomp.seccomp_syscall_resolve_name(call.encode())
    if number >= 0:
        array = (Compare * max(1, len(comparisons)))(*[Compare(*c) for c in comparisons])
        rv = seccomp.seccomp_rule_add_array(ctypes.c_void_p(filter_), 0x00050000 | cause, number,
                                            len(comparisons), array)
        assert rv == 0, (call, comparisons, rv)


def load(filter_):
    rv = seccomp.seccomp_load(ctypes.c_void_p(filter_))
    assert rv == 0, rv
    seccomp.seccomp_release(ctypes.c_void_p(filter_))


def filters(settings, calls, allow):
    """Two: the calls by name, and calls by their arguments, as the other settings want them."""
    details = seccomp.seccomp_init(ctypes.c_uint32(0x7fff0000))
    if settings.get("RestrictNamespaces") == ["yes"]:
        refuse(details, "setns", EPERM)
        refuse(details, "clone3", ENOSYS)
        for flag in NAMESPACES:
            refuse(details, "unshare", EPERM, (0, MASKED_EQ, flag, flag))
            refuse(details, "clone", EPERM, (0, MASKED_EQ, flag, flag))
    families = {FAMILIES[word] for word in settings["RestrictAddressFamilies"][0].split()}
    for family in range(64):
        if family not in families:
            refuse(details, "socket", EAFNOSUPPORT, (0, EQ, family, 0))
    if settings.get("RestrictSUIDSGID") == ["yes"]:
        for call, position in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("creat", 1), ("mkdir", 1)):
            for bit in (0o4000, 0o2000):
                refuse(details, call, EPERM, (position, MASKED_EQ, bit, bit))
    if settings.get("MemoryDenyWriteExecute") == ["yes"]:
        refuse(details, "mmap", EPERM, (2, MASKED_EQ, 6, 6))
        refuse(details, "mprotect", EPERM, (2, MASKED_EQ, 4, 4))
    load(details)
    names = seccomp.seccomp_init(ctypes.c_uint32(0x00050000 | EPERM if allow else 0x7fff0000))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            action = 0x7fff0000 if allow else 0x00050000 | EPERM
            assert seccomp.seccomp_rule_add_array(ctypes.c_void_p(names), action, number, 0, None) == 0, call
    load(names)


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        spec = json.load(f)
    settings = spec["settings"]
    if settings.get("PrivateNetwork") == ["yes"]:
        must(libc.unshare(CLONE_NEWNET | CLONE_NEWIPC))
    mounts(settings, spec["writable"])
    os.umask(int(settings["UMask"][0], 8))
    os.chdir("/")
    capabilities(" ".join(settings["CapabilityBoundingSet"]).split())
    must(libc.prctl(38, 1, 0, 0, 0))
    filters(settings, spec["calls"], spec["allow"])
    os.execv(sys.argv[2], sys.argv[2:])


main()
