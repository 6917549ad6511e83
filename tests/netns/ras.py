# SPDX-License-Identifier: BSD-2-Clause
"""weir ras, live: what it announces is what Windows announces."""
import signal
import time

import net

net.enter()

from cli import equal, holds, main  # noqa: E402

# The frame that a Windows 2000 server sent, as its observer published it.
WINDOWS = bytes.fromhex(
    "01005E7F0202100000112233080045000031" "1F4D00000F116A9EC0695A66EFFF0202"
    "040A2619001DBE38486F73746E616D653D7468657063736E616D650A00")
# What each machine and each packet has of its own: MAC, IP ID, header checksum, source, source port,
# UDP checksum.
OWN = [(6, 12), (18, 20), (24, 30), (34, 36), (40, 42)]


def without_own(frame):
    return bytes(0 if any(a <= i < b for a, b in OWN) else byte for i, byte in enumerate(frame))


def is_rasadv(frame):
    return frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[30:34] == b"\xef\xff\2\2"


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


net.add_cable((None, "near", "192.0.2.7/24"), (None, "far", None))
net.add_cable((None, "near2", "198.51.100.7/24"), (None, "far2", None))


def heard_by(interface, *words):
    s = net.listen(interface)
    done = net.weir(None, "ras", "announce", *words)
    frame = net.next_frame(s, is_rasadv)
    s.close()
    return done, frame


def test_the_datagram_is_that_of_windows():
    done, frame = heard_by("far", "--hostname", "thepcsname", "--interface", "near", "--count", "1")
    equal((done.returncode, done.stdout), (0, b""))
    equal(done.stderr.decode(), "Announced on near (192.0.2.7).\n")
    equal(without_own(frame).hex(), without_own(WINDOWS).hex())
    equal(frame[26:30], bytes((192, 0, 2, 7)), "source")
    equal(checksum(frame[14:34]), 0xffff, "header checksum")


def test_a_domain_member():
    _, frame = heard_by("far", "--hostname", "vpn1", "--domain", "example.com", "--interface", "near", "-c1")
    equal(frame[42:], b"Hostname=vpn1\nDomain=example.com\n\0")
    equal(frame[22], 15, "TTL")


def test_every_interface_by_default():
    a, b = net.listen("far"), net.listen("far2")
    done = net.weir(None, "ras", "announce", "--hostname", "x", "--count", "1")
    equal(done.returncode, 0)
    equal(net.next_frame(a, is_rasadv)[26:30], bytes((192, 0, 2, 7)))
    equal(net.next_frame(b, is_rasadv)[26:30], bytes((198, 51, 100, 7)))
    for s in (a, b):
        s.close()


def test_the_interval_and_the_count():
    s = net.listen("far")
    began = time.monotonic()
    done = net.weir(None, "ras", "announce", "--interface", "near", "--interval", "1s", "--count", "3")
    took = time.monotonic() - began
    equal(done.returncode, 0)
    assert 1.9 < took < 4, took
    for _ in range(3):
        assert net.next_frame(s, is_rasadv)
    s.close()


def test_signals_end_it():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        s = net.listen("far")
        weir = net.start(None, "ras", "announce", "--interface", "near")
        assert net.next_frame(s, is_rasadv)
        weir.send_signal(number)
        out, err = weir.communicate(timeout=10)
        equal((weir.returncode, out, err), (0, b"", b"Announced on near (192.0.2.7).\n"))
        s.close()


def test_what_cannot_be_announced():
    for words, status, says in (
            (["--hostname", "two words"], 2, "the format cannot carry the host name 'two words'"),
            (["--hostname", ""], 2, "cannot carry the host name ''"),
            (["--hostname", "x" * 257], 2, "cannot carry the host name"),
            (["--hostname", "a\x1b[2J"], 2, "cannot carry the host name 'a\\x1b[2J'"),
            (["--hostname", "a.Domain=b"], 2, "cannot carry the host name 'a.Domain=b'"),
            (["--hostname", "a", "--domain", "b\n"], 2, "cannot carry the domain 'b\\x0a'"),
            (["--interface", "far", "--count", "1"], 3, "cannot announce on far: it has no IPv4 address"),
            (["--interface", "none", "--count", "1"], 3, "cannot announce on none: there is no such interface"),
            (["--interval", "0"], 2, "--interval wants a time span")):
        done = net.weir(None, "ras", "announce", *words)
        equal(done.returncode, status, words)
        holds(done.stderr.decode(), says, words)


main(globals())
