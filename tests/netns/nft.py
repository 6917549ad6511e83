# SPDX-License-Identifier: BSD-2-Clause
"""The nftables back end in a namespace: random policies and random packets through veth pairs, a
bridge and the kernel's multicast routing, held to the reference by counters and by who arrives; reloads
under traffic; counters that outlive everything.

nft.py WEIR ENFORCER -- needs root and nftables; WEIR_LONG=1 reloads 300 times under 100,000 packets a
second and tries more policies."""
import collections
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ENFORCER = os.path.abspath(sys.argv[2])

import net  # noqa: E402
from cli import Skip, equal, main  # noqa: E402
from frames import frame  # noqa: E402

LONG = os.environ.get("WEIR_LONG", "0") not in ("", "0")
CALM = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
Packet = collections.namedtuple("Packet", "source group protocol dport ttl fragment word action rule")
FOLDER = tempfile.TemporaryDirectory()


def enforcer(*words, host=None, good=True):
    command = ["nsenter", f"--net=/run/netns/{host}"] if host else []
    done = subprocess.run([*command, ENFORCER, *words], capture_output=True, text=True, env=CALM,
                          timeout=120)
    assert not good or done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout if good else done


def write(name, text):
    path = os.path.join(FOLDER.name, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def packets(seed, n, direction, policy, *sets):
    lines = enforcer("packets", str(seed), str(n), direction, policy, "border", *sets).split("\n")[:-1]
    for line in lines:
        w = line.split(" ")
        yield Packet(w[0], w[1], int(w[2]), int(w[3]), int(w[4]), int(w[5]), *w[6:])


def counts(host=None):
    """{(link, hook, rule): [passed, refused]}"""
    found = {}
    for line in enforcer("counts", host=host).split("\n")[:-1]:
        _, link, hook, rule, kind, *_, n, _ = line.split(" ")
        found.setdefault((link, hook, rule), [0, 0])[kind == "refused"] += int(n)
    return found


def difference(after, before):
    return {key: [n - m for n, m in zip(value, before.get(key, [0, 0]))] for key, value in after.items()}


def tap(interface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)    # SO_RCVBUFFORCE
    s.bind((interface, 0))
    return s


def drain(s, number_of):
    """The numbers of all frames that came."""
    numbers = []
    s.settimeout(0.15)
    while True:
        try:
            data, where = s.recvfrom(65536)
        except socket.timeout:
            return numbers
        if where[2] != socket.PACKET_OUTGOING and number_of(data) is not None:
            numbers.append(number_of(data))


def numbered(data):
    """The number of a test's frame; None for what the machine itself says."""
    if data[6:12] != b"\2\0\0\0\0\1":
        return None
    return struct.unpack("!I", data[-4:])[0]


def judge(sent, arrived, found, link, hook, passes=("permit", "warn", "ignore", "unjudged")):
    """Verdicts by who arrives, and by the counters: each packet in exactly one."""
    arrived = collections.Counter(arrived)
    should = collections.Counter(p.rule for p in sent)
    limited = collections.Counter()
    for number, p in enumerate(sent):
        if p.action == "limit":
            limited[p.rule] += arrived[number]
        else:
            assert arrived[number] == (p.action in passes), f"{p}: arrived {arrived[number]} times"
    for (where, at, rule), (passed, refused) in found.items():
        if where == link and at == hook:
            assert passed + refused == should[rule], f"{rule}: {passed}+{refused}, sent {should[rule]}"
            if rule in limited:
                assert passed == limited[rule], f"{rule}: {passed} passed, {limited[rule]} arrived"
    assert set(should) <= {rule for where, at, rule in found if (where, at) == (link, hook)}
    equal(sum(sum(n) for (where, at, _), n in found.items() if (where, at) == (link, hook)), len(sent))


def random_policy(seed):
    text = enforcer("random", str(seed), str(1 + seed % 24))
    return write("random.weir", text)


def loads(policy):
    return enforcer("packets", "1", "1", "in", policy, "border", good=False).returncode == 0


def send_all(s, sent, vlan=None):
    for number, p in enumerate(sent):
        s.send(frame(p, number, vlan if vlan is None else vlan + number % 7))


class Bridge:
    """pa - [pb bridge pc] - pd: what passes pb comes out at pd."""

    def __init__(self):
        for which in ("default", "all"):      # nobody but the test says anything
            with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w", encoding="ascii") as f:
                f.write("1")
        net.add_cable((None, "pa", None), (None, "pb", None))
        net.add_cable((None, "pc", None), (None, "pd", None))
        net.ip("link", "add", "name", "br0", "type", "bridge", "mcast_snooping", "0")
        for port in ("pb", "pc"):
            net.ip("link", "set", port, "master", "br0")
        net.ip("link", "set", "br0", "up")
        time.sleep(0.1)
        self.sender, self.receiver = tap("pa"), tap("pd")

    def offer(self, sent, vlan=None):
        before = counts()
        drain(self.receiver, numbered)
        send_all(self.sender, sent, vlan)
        arrived = drain(self.receiver, numbered)
        return arrived, difference(counts(), before)


BRIDGE = None


def bridge():
    global BRIDGE
    BRIDGE = BRIDGE or Bridge()
    return BRIDGE


def one_policy(policy, seed, link, hook, side, *sets, n=120):
    """One hook alone: `hook` is where the direction of `side` is judged."""
    inward = (side == "outside") == (hook == "ingress")
    sent = list(packets(seed, n, "in" if inward else "out", policy, *sets))
    enforcer("install", policy, "border", *sets, "--", f"{link},{side},nftables,port")
    arrived, found = bridge().offer(sent, 5 if seed % 3 == 0 else None)
    try:
        # a boundary that stops nothing in a direction has no hook there
        if any(key[:2] == (link, hook) for key in found):
            judge(sent, arrived, found, link, hook)
            return 1
        assert all(p.action in ("permit", "warn", "ignore", "unjudged") for p in sent)
        return 0
    except AssertionError:
        print(f"# seed {seed}, {link} {hook} {side}: {policy}")
        if os.path.exists(policy):
            with open(policy, encoding="utf-8") as f:
                print("# " + f.read().replace("\n", "\n# "))
        raise


def random_policies(link, hook, first):
    enforcer("remove")
    judged = tried = 0
    for seed in range(first, first + (300 if LONG else 14)):
        policy = random_policy(seed)
        if loads(policy):
            tried += 1
            judged += one_policy(policy, seed, link, hook, "inside" if seed % 2 else "outside")
    assert judged * 2 > tried > 5, (judged, tried)


def test_ingress_says_what_the_reference_says():
    random_policies("pb", "ingress", 100)


def test_bridge_egress_says_what_the_reference_says():
    random_policies("pc", "egress", 1000)


def test_built_in_borders():
    enforcer("remove")
    own = "own=192.0.2.0/24, 2001:db8::/32"
    for seed, policy in enumerate(("modern", "chown-02", "ssm-only")):
        for side in ("inside", "outside"):
            one_policy(policy, 3 * seed + 1, "pb", "ingress", side, own, n=400)
            one_policy(policy, 3 * seed + 2, "pc", "egress", side, own, n=200)


net.enter()
main(globals())
