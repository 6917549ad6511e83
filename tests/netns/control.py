# SPDX-License-Identifier: BSD-2-Clause
"""Control messages as frames, and the queue at work: what the tests of the queue share."""
import ipaddress
import os
import socket
import struct
import subprocess
import sys
import time

import net

HELPER = os.path.abspath(sys.argv[1])
CALM = {**os.environ, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"}
STATION = bytes.fromhex("020000000007")
IS_IN, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK = range(1, 7)


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return ~total & 0xffff


def with_sum(message, at=2, pseudo=b""):
    return message[:at] + struct.pack("!H", checksum(pseudo + message)) + message[at + 2:]


def ip4(source, group, protocol, payload, ttl=1, alert=False):
    options = bytes.fromhex("94040000") if alert else b""
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0xc0, 20 + len(options) + len(payload), 1,
                       0x4000, ttl, protocol, 0) + packed(source) + packed(group) + options
    return with_sum(head, 10) + payload


def ip6(source, group, protocol, payload, between=b"", first=None):
    head = struct.pack("!IHBB", 6 << 28, len(between) + len(payload), protocol if first is None else first, 1)
    return head + packed(source) + packed(group) + between + payload


def records(list_of, length=4):
    out = struct.pack("!HH", 0, len(list_of))
    for kind, group, *sources in list_of:
        out += struct.pack("!BBH", kind, 0, len(sources)) + packed(group) + b"".join(map(packed, sources))
    return out


def report3(source, *list_of, good=True):
    message = with_sum(b"\x22\0\0\0" + records(list_of))
    if not good:
        message = message[:2] + bytes([message[2] ^ 1]) + message[3:]
    return ip4(source, "224.0.0.22", 2, message, alert=True)


def mld2(source, *list_of):
    message = b"\x8f\0\0\0" + records(list_of)
    pseudo = packed(source) + packed("ff02::16") + struct.pack("!II", len(message), 58)
    return ip6(source, "ff02::16", 58, with_sum(message, 2, pseudo), bytes.fromhex("3a00050200000100"), 0)


def encoded_group(group, length=32, flags=0):
    return b"\1\0" + bytes([flags, length]) + packed(group)


def hello(source, hold=0xffff):
    # priority 0: the others are designated routers
    options = struct.pack("!HHH", 1, 2, hold) + struct.pack("!HHI", 19, 4, 0) + struct.pack("!HHI", 20, 4, 0x1234)
    return ip4(source, "224.0.0.13", 103, with_sum(b"\x20\0\0\0" + options))


def join_prune(source, upstream, *sets, hold=210):
    """Each set: (group, [joined], [pruned]), an entry (address, flags)."""
    message = b"\x23\0\0\0\1\0" + packed(upstream) + struct.pack("!BBH", 0, len(sets), hold)
    for group, joined, pruned in sets:
        message += encoded_group(group) + struct.pack("!HH", len(joined), len(pruned))
        for address, flags in joined + pruned:
            message += b"\1\0" + bytes([flags, 32]) + packed(address)
    return ip4(source, "224.0.0.13", 103, with_sum(message))


def register(dr, rp, source, group):
    inner = ip4(source, group, 103, b"")
    head = with_sum(b"\x21\0\0\0\x40\0\0\0")
    return ip4(dr, rp, 103, head + inner, ttl=64)


def register6(dr, rp, source, group):
    inner = ip6(source, group, 103, b"\0\0\0\0")
    head = b"\x21\0\0\0\x40\0\0\0"
    head = with_sum(head, 2, packed(dr) + packed(rp) + struct.pack("!II", 8, 103))
    packet = ip6(dr, rp, 103, head + inner)
    return packet[:7] + b"\x40" + packet[8:]


def bootstrap(source, bsr, *ranges, priority=9, whole=None):
    """Each range: (group, length, RP, ...); `whole`: how many RPs it has in all fragments, where these are some."""
    message = b"\x24\0\0\0" + struct.pack("!HBB", 0x1234, 30, priority) + b"\1\0" + packed(bsr)
    for group, length, *rps in ranges:
        message += encoded_group(group, length)
        message += struct.pack("!BBH", (whole or {}).get(group, len(rps)), len(rps), 0)
        for rp in rps:
            message += b"\1\0" + packed(rp) + struct.pack("!HBB", 150, 0, 0)
    return ip4(source, "224.0.0.13", 103, with_sum(message))


def candidate_rp(source, bsr, *groups):
    message = b"\x28\0\0\0" + bytes([len(groups), 0, 0, 150]) + b"\1\0" + packed(source)
    return ip4(source, bsr, 103, with_sum(message + b"".join(encoded_group(g, 16) for g in groups)), ttl=64)


def frame(packet, vlan=None, to=None):
    """An Ethernet frame for a packet to a group, or to a station; tags, one or more, are VLAN numbers."""
    six = packet[0] >> 4 == 6
    mac = to or (b"\x33\x33" + packet[36:40] if six else b"\x01\x00\x5e" + bytes([packet[17] & 0x7f]) + packet[18:20])
    tags = [vlan] if isinstance(vlan, int) else vlan or []
    tag = b"".join(struct.pack("!HH", 0x8100, one) for one in tags)
    return mac + STATION + tag + (b"\x86\xdd" if six else b"\x08\x00") + packet


class Port:
    """A packet socket on an interface of a host."""

    def __init__(self, host, name):
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        if host:
            set_namespace(f"/run/netns/{host}")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((name, 0))
        self.socket.setsockopt(263, 8, 1)                  # SOL_PACKET, PACKET_AUXDATA
        libc().setns(here, 0)
        os.close(here)

    def send(self, *frames):
        for one in frames:
            self.socket.send(one)

    def raw(self, seconds):
        """All frames of the tests' station, as they come."""
        end, found = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, address = self.socket.recvfrom(65536)
            except socket.timeout:
                break
            if address[2] != 4 and data[6:12] == STATION:
                found.append(data)
        return found

    def frames(self, seconds=0.5, protocol=None, until_n=1 << 30, source=None):
        """What comes in, as (VLAN or None, IP packet), for so long or until so many are there."""
        end, found = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0 and len(found) < until_n:
            self.socket.settimeout(left)
            try:
                data, extra, _, address = self.socket.recvmsg(65536, 256)
            except socket.timeout:
                break
            if address[2] == 4:                            # what this socket's host sends
                continue
            vlan = None
            for level, kind, said in extra:
                status, *_, tci, _ = struct.unpack("=IIIHHHH", said[:20])
                vlan = tci & 0xfff if level == 263 and kind == 8 and status & 16 else vlan
            if source and data[26:30] != packed(source):
                continue
            if data[12:14] in (b"\x08\x00", b"\x86\xdd") and protocol in (None, number(data[14:])):
                found.append((vlan, data[14:]))
        return found


def number(packet):
    """The protocol that an IP packet carries, hop-by-hop options passed."""
    if packet[0] >> 4 == 4:
        return packet[9]
    return packet[40] if packet[6] == 0 else packet[6]


def libc():
    import ctypes
    return ctypes.CDLL(None, use_errno=True)


def set_namespace(path):
    fd = os.open(path, os.O_RDONLY)
    if libc().setns(fd, 0) != 0:
        raise OSError("setns")
    os.close(fd)


def groups_of(packet):
    """(type, group, sources) of each record of a report; its checksums must be right."""
    at = (packet[0] & 15) * 4
    assert checksum(packet[:at]) == 0 and checksum(packet[at:]) == 0, packet.hex()
    assert struct.unpack("!H", packet[2:4])[0] == len(packet)
    found, i = [], at + 8
    for _ in range(struct.unpack("!H", packet[at + 6:at + 8])[0]):
        kind, _, n = struct.unpack("!BBH", packet[i:i + 4])
        addresses = [str(ipaddress.ip_address(packet[k:k + 4])) for k in range(i + 4, i + 8 + 4 * n, 4)]
        found.append((kind, *addresses))
        i += 8 + 4 * n
    assert i == len(packet)
    return found


class Queue:
    """The queue with a policy on links of this namespace or of a host."""

    def __init__(self, policy, *links, host=None, mode=(), prefix=()):
        self.path = f"/run/{time.monotonic_ns()}.weir"
        with open(self.path, "w", encoding="ascii") as file:
            file.write(policy)
        self.host = host
        self.process = subprocess.Popen(
            net.at(host, *prefix, HELPER, "run", self.path, *mode, *links),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CALM, text=True)
        self.means = self.process.stdout.readline().strip()
        self.ready = self.process.stdout.readline().strip() == "ready"

    def refused(self):
        """Why it would not start."""
        said = self.process.communicate(timeout=20)[1]
        assert self.process.returncode == 3, said
        return said

    def end(self):
        """What it counted: {words: number}."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, err
        return {" ".join(words[:-1]): int(words[-1]) for words in map(str.split, out.splitlines())}

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=20)


def offered(host=None):
    out = subprocess.run(net.at(host, HELPER, "offered"), capture_output=True, check=True, env=CALM,
                         text=True).stdout
    return {" ".join(words[1:3]): int(words[3]) for words in map(str.split, out.splitlines())}


def probe():
    """The number of the means, and why it is that."""
    return subprocess.run([HELPER, "probe"], capture_output=True, env=CALM, text=True).stdout.strip()


def remove(host=None):
    subprocess.run(net.at(host, HELPER, "remove"), check=True, env=CALM)


def setting(name, value, host=None):
    subprocess.run(net.at(host, "sysctl", "-qw", f"{name}={value}"), check=True)


def until(question, seconds=10):
    """The first answer that is true, or the last one."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return answer
