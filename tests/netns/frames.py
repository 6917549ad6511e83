# SPDX-License-Identifier: BSD-2-Clause
"""Frames for the tests of what the kernel enforces: whole and right, each with a number of its own at
its end, so that who arrives can be told."""
import socket
import struct

MARK = b"WEIR"
PAYLOADS = {
    "-": b"\xf0" * 12, "control": b"", "rasadv": b"Hostname=VPN\n\0",
    "sap": b"\x20\0\0\1\x0a\0\0\1application/sdp\0v=0\r\n",
}


def numbered(data):
    """The number of a test's frame; None for what the machine itself says."""
    return struct.unpack("!I", data[-4:])[0] if data[-8:-4] == MARK else None


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def upper(protocol, dport, fragment, word, number):
    """What stands behind the IP header and its extensions."""
    body = PAYLOADS[word] + MARK + struct.pack("!I", number)
    if fragment == 2:
        return b"later fragment: no header here" + body
    if protocol == 17:
        return struct.pack("!HHHH", 40000, dport, 8 + len(body), 0) + body
    if protocol == 6:
        return struct.pack("!HHIIBBHHH", 40000, dport, 0, 0, 0x50, 2, 0, 0, 0) + body
    if protocol == 2:
        return struct.pack("!BBH4s", 0x16, 0, 0, b"\xef\1\2\3") + body
    if protocol == 58:
        return struct.pack("!BBH", 143, 0, 0) + body
    return struct.pack("!BBH", 0x20, 0, 0) + body


def ip4(source, group, protocol, ttl, fragment, payload, options=b""):
    flags = {0: 0, 1: 0x2000, 2: 0x0010}[fragment]
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, 4 * words + len(payload), 1, flags, ttl,
                       protocol, 0, socket.inet_aton(source), socket.inet_aton(group)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(source, group, protocol, ttl, fragment, payload, hop_by_hop=False):
    following = protocol
    if fragment:
        payload = struct.pack("!BBHI", following, 0, 1 if fragment == 1 else 0x40, 7) + payload
        following = 44
    if hop_by_hop:
        payload = struct.pack("!BB6s", following, 0, b"\5\2\0\0\1\0") + payload
        following = 0
    return struct.pack("!IHBB", 0x60000000, len(payload), following, ttl) + \
        socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, group) + payload


def frame(packet, number=0, vlan=None, target=None, plain=False):
    """One packet as a frame.  `packet` has source, group, protocol, dport, ttl, fragment, word.  Some
    have options or extension headers, unless they are to be plain."""
    is6 = ":" in packet.group
    extended = not plain and number % 3 == 0
    payload = upper(packet.protocol, packet.dport, packet.fragment, packet.word, number)
    if is6:
        body = ip6(packet.source, packet.group, packet.protocol, packet.ttl, packet.fragment, payload,
                   extended or packet.word == "control")
        group = b"\x33\x33" + socket.inet_pton(socket.AF_INET6, packet.group)[12:]
    else:
        body = ip4(packet.source, packet.group, packet.protocol, packet.ttl, packet.fragment, payload,
                   b"\x94\4\0\0" if extended else b"")
        low = socket.inet_aton(packet.group)
        group = b"\1\0\x5e" + bytes([low[1] & 0x7f]) + low[2:]
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    return (target or group) + b"\2\0\0\0\0\1" + tag + (b"\x86\xdd" if is6 else b"\x08\0") + body
