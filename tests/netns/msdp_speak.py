# SPDX-License-Identifier: BSD-2-Clause
"""A small MSDP speaker for tests of sockets: it connects from an address of its own, with a TCP-MD5 key where it
is given one, and checks all that it is told."""
import errno
import select
import socket
import struct

from cli import Skip, equal

TCP_MD5SIG, TCP_REPAIR = 14, 19


def packet(source, group, size=40, ttl=15):
    """UDP in IPv4, as it comes encapsulated."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 7, 0, ttl, 17, 0) + socket.inet_aton(source) + socket.inet_aton(group)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:]
    return head + struct.pack("!HHHH", 5001, 5001, size, 0) + bytes(size - 8)


def sa(rp, *entries, data=b""):
    """One TLV; RFC 3618 12.2.1."""
    body = b"".join(b"\0\0\0\x20" + socket.inet_aton(g) + socket.inet_aton(s) for s, g in entries)
    return struct.pack("!BHB", 1, 8 + len(body) + len(data), len(entries)) + socket.inet_aton(rp) + body + data


class Peer:
    """What it reads is checked: no TLV over 9192 bytes, no SA without entries (FRR 8.4 falls over both)."""

    def __init__(self, address, to=None, key=None, ttl=None, sock=None, patience_s=2.0):
        self.address, self.heard, self.rest = address, set(), b""
        self.sock = sock or socket.socket()
        if to is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ttl:
                self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            if key:
                set_key(self.sock, to, key)
            self.sock.bind((address, 0))
            self.sock.settimeout(patience_s)
            self.sock.connect((to, 639))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def hear(self, seconds=0.0):
        """Everything that has come; False where the session has ended."""
        while select.select([self.sock], [], [], seconds)[0]:
            try:
                piece = self.sock.recv(65536)
            except ConnectionError:
                return False
            if not piece:
                return False
            self.rest += piece
            while len(self.rest) >= 3 and len(self.rest) >= struct.unpack("!H", self.rest[1:3])[0]:
                n = struct.unpack("!H", self.rest[1:3])[0]
                self.take(self.rest[:n])
                self.rest = self.rest[n:]
        return True

    def take(self, tlv):
        assert 3 <= len(tlv) <= 9192, len(tlv)
        if tlv[0] == 4:
            return
        equal(tlv[0], 1, "type")
        assert tlv[3] > 0 and len(tlv) >= 8 + 12 * tlv[3], tlv
        for i in range(tlv[3]):
            at = 8 + 12 * i
            self.heard.add((socket.inet_ntoa(tlv[at + 8:at + 12]), socket.inet_ntoa(tlv[at + 4:at + 8])))

    def knows(self, *entries):
        self.hear()
        return set(entries) <= self.heard

    def close(self):
        self.sock.close()

    def vanish(self):
        """As a machine that loses its power: no FIN, no RST."""
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.sock.close()


def set_key(sock, address, key):
    remote = struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton(address) + bytes(120)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG,
                        remote + struct.pack("=BBHI", 0, 0, len(key), 0) + key.ljust(80, b"\0"))
    except OSError as e:
        if e.errno in (errno.ENOPROTOOPT, errno.EINVAL):
            raise Skip("this kernel has no TCP MD5 signatures") from None
        raise


def refused(address, to, **more):
    """True where no connection comes to stand."""
    try:
        Peer(address, to, patience_s=0.7, **more).close()
    except (socket.timeout, ConnectionError):
        return True
    return False
