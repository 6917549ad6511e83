# SPDX-License-Identifier: BSD-2-Clause
"""The MSDP relay's sockets, tried by a peer of Python: roles, restarts, half-open connections, timers, keys,
TTL security, and streams cut in any way.  All on loopback addresses of a namespace of its own.

usage: msdp_peer.py BED -- the relay without the daemon around it (tests/relay/bed.c)"""
import json
import os
import socket
import subprocess
import sys
import time

import net

net.enter()

import msdp_speak as speak  # noqa: E402
from cli import CALM, equal, main  # noqa: E402
from msdp_speak import sa  # noqa: E402

BED = os.path.abspath(sys.argv[1])
WEIR = "127.9.0.100"
FIRST, SECOND, KEYED, NEAR, MUTE, HIGH = ("127.9.0.1", "127.9.0.2", "127.9.0.3", "127.9.0.4", "127.9.0.5",
                                          "127.9.0.200")
KEY = b"a good key"
CONF = "/run/weir.conf"

with open(CONF, "w", encoding="ascii") as f:
    f.write('policy modern\nmsdp {\n' + "".join(
        f"  peer {address} {{ local {WEIR} static-rpf {more} }}\n" for address, more in
        ((FIRST, ""), (SECOND, ""), (KEYED, f'password "{KEY.decode()}"'), (NEAR, "ttl-security 1 hold 4s keepalive 2s"),
         (MUTE, "hold 3s keepalive 1s"), (HIGH, "connect-retry 1s"))) + "}\n")


class Bed:
    def __init__(self):
        self.process = subprocess.Popen([BED, CONF], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=CALM)
        self.peers()

    def peers(self):
        self.process.stdin.write(b"peers\n")
        self.process.stdin.flush()
        return {p["peer"]: p for p in json.loads(self.process.stdout.readline())["peers"]}

    def stop(self):
        log = self.process.communicate(timeout=10)[1].decode()
        assert "AddressSanitizer" not in log and "runtime error" not in log, log
        return log

    def kill(self):
        self.process.kill()
        self.process.communicate()


bed = Bed()


def wait_for(what, question, seconds=6):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s; {bed.peers()}")


class Peer(speak.Peer):
    def __init__(self, address, **more):
        super().__init__(address, None if "sock" in more else WEIR, **more)


def state(address):
    return bed.peers()[address]["state"]


def up(address, **more):
    peer = Peer(address, **more)
    wait_for("the session", lambda: state(address) == "established")
    return peer


def ended(address):
    return bed.peers()[address].get("last_end")


def entries(number, n):
    return [(f"44.{number}.{i >> 8}.{i & 255}", f"233.252.{number}.{i & 255}") for i in range(n)]


def test_one_byte_a_segment():
    first, second = up(FIRST), up(SECOND)
    wanted = entries(1, 7)
    for byte in sa("64.1.1.1", *wanted[:5]) + b"\x04\0\x03" + sa("64.1.1.1", *wanted[5:]):
        first.sock.send(bytes([byte]))
    wait_for("what came in single bytes", lambda: second.knows(*wanted))
    equal(second.heard, set(wanted))
    first.close()
    second.close()


def test_64_kb_a_segment():
    first, second = up(FIRST), up(SECOND)
    wanted = entries(2, 12000)
    stream = b"".join(sa("64.1.1.1", *wanted[i:i + 120]) for i in range(0, len(wanted), 120))
    for i in range(0, len(stream), 65536):
        first.sock.sendall(stream[i:i + 65536])
    wait_for("what came in large pieces", lambda: second.knows(*wanted), 10)
    first.close()
    second.close()


def test_a_peer_that_restarts_is_told_the_cache():
    second = up(SECOND)
    wait_for("the cache", lambda: second.knows(*entries(1, 7), *entries(2, 12000)), 10)
    second.sock.send(sa("64.1.1.2", *entries(10, 5)))
    second.hear(0.1)
    second.close()
    wait_for("its end", lambda: state(SECOND) != "established")
    equal(ended(SECOND), "closed")
    # 12,000 entries of its own, which it is not told, stand before the five that it is
    first = up(FIRST)
    wait_for("the other's entries behind its own", lambda: first.knows(*entries(10, 5)), 2)
    equal(first.heard, set(entries(10, 5)))
    first.close()


def test_a_half_open_connection_gives_way_to_a_new_one():
    first, second = up(FIRST), up(SECOND)
    sessions = bed.peers()[SECOND]["established"]
    second.vanish()
    equal(state(SECOND), "established")
    second = Peer(SECOND)
    wait_for("the new session", lambda: bed.peers()[SECOND]["established"] == sessions + 1)
    first.sock.send(sa("64.1.1.1", *entries(3, 1)))
    wait_for("what is told on the new one", lambda: second.knows(*entries(3, 1)))
    equal((state(SECOND), state(FIRST)), ("established", "established"))
    first.close()
    second.close()


def test_the_hold_timer_ends_a_silent_session():
    peer = up(MUTE)
    begun = time.monotonic()
    wait_for("the hold timer", lambda: state(MUTE) != "established")
    took = time.monotonic() - begun
    assert 2.5 < took < 4.5, took
    equal(ended(MUTE), "hold-timer")
    assert not peer.hear(0.5), "the connection stands still"
    peer.close()


def test_a_format_error_ends_the_session_and_no_other():
    first, mute = up(FIRST), up(MUTE)
    mute.sock.send(b"\x01\0\x02")
    wait_for("the end", lambda: state(MUTE) != "established")
    assert not mute.hear(0.5)
    equal(state(FIRST), "established")
    first.close()
    mute.close()


def test_a_receiver_that_takes_nothing_is_cut_off_and_harms_nobody():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((MUTE, 0))
    sock.connect((WEIR, 639))
    deaf = Peer(MUTE, sock=sock)
    first, second = up(FIRST), up(SECOND)
    wait_for("the deaf one's session", lambda: state(MUTE) == "established")
    wanted = [(f"45.{i >> 16}.{i >> 8 & 255}.{i & 255}", "233.252.45.1") for i in range(60000)]
    begun, ended_at = time.monotonic(), None
    first.sock.sendall(b"".join(sa("64.1.1.1", *wanted[i:i + 120]) for i in range(0, len(wanted), 120)))
    wait_for("all of it where it is taken", lambda: second.knows(*wanted), 10)
    took = time.monotonic() - begun
    while not ended_at and time.monotonic() - begun < 12:
        try:
            deaf.sock.send(b"\x04\0\x03")	# it is not the hold timer
        except OSError:
            pass
        ended_at = time.monotonic() if state(MUTE) != "established" else None
        time.sleep(0.2)
    equal(ended(MUTE), "stalled")
    assert ended_at - begun >= 2.5 and took < ended_at - begun + 5, (took, ended_at - begun)
    equal((state(FIRST), state(SECOND)), ("established", "established"))
    for peer in (deaf, first, second):
        peer.close()


def test_a_good_key_and_a_bad_one():
    for bad in (b"another key", None):
        try:
            Peer(KEYED, key=bad, patience_s=0.7)
        except socket.timeout:
            pass
        else:
            raise AssertionError(f"a connection with the key {bad!r}")
    equal(state(KEYED), "listen")
    peer, second = up(KEYED, key=KEY), up(SECOND)
    peer.sock.send(sa("64.1.1.1", *entries(4, 1)))
    wait_for("what came with the key", lambda: second.knows(*entries(4, 1)))
    peer.close()
    second.close()


def test_ttl_security():
    """What comes from too far away is not even connected: nothing gets in before it is looked at."""
    second = up(SECOND)
    try:
        Peer(NEAR, ttl=64, patience_s=0.7)
    except socket.timeout:
        pass
    else:
        raise AssertionError("a connection from far away")
    near = up(NEAR, ttl=255)
    near.sock.send(sa("64.1.1.1", *entries(6, 1)))
    wait_for("what came from near", lambda: second.knows(*entries(6, 1)))
    near.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 254)
    near.sock.send(sa("64.1.1.1", *entries(5, 1)))
    time.sleep(0.3)
    equal((state(NEAR), second.knows(*entries(5, 1))), ("established", False))
    near.vanish()
    second.close()


def test_both_connect_at_once():
    """weir has the lower address and connects; the other does, too: one session stands, and stays."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HIGH, 639))
        own = Peer(HIGH)
        wait_for("the session of the other's", lambda: state(HIGH) == "established")
        listener.listen(4)
        own.sock.send(sa("64.1.1.1", *entries(7, 1)))
        second = up(SECOND)
        wait_for("what came on it", lambda: second.knows(*entries(7, 1)))
        own.close()
        listener.settimeout(6)
        accepted = Peer(HIGH, sock=listener.accept()[0])
        wait_for("the session of weir's", lambda: state(HIGH) == "established")
        extra = Peer(HIGH)
        assert not extra.hear(2), "a second connection is kept"
        equal(state(HIGH), "established")
        second.sock.send(sa("64.1.1.1", *entries(8, 1)))
        wait_for("what is told on the first", lambda: accepted.knows(*entries(8, 1)))
        for peer in (accepted, extra, second):
            peer.close()


def test_a_stranger_is_refused():
    stranger = Peer("127.9.0.77")
    assert not stranger.hear(2), "a stranger is heard"
    stranger.close()


def test_weir_restarts_and_the_cache_comes_back():
    global bed
    bed.kill()
    bed = Bed()
    first, second = up(FIRST), up(SECOND)
    equal(second.heard, set())
    first.sock.send(sa("64.1.1.1", *entries(9, 100)))
    wait_for("the cache again", lambda: second.knows(*entries(9, 100)))
    first.close()
    second.close()
    bed.stop()


main(globals())
