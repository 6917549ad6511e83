# SPDX-License-Identifier: BSD-2-Clause
"""The queue beside a router of FRR, in the router's own words: what its IGMP and PIM learn, what reaches
the router upstream of it, and how it takes a refused Register.

    host ---- r1 (FRR, weir) ---- r3 (FRR)
               |
               w (weir at FORWARD) ---- rp

queue_frr.py QUEUE-HELPER -- needs root and FRR's zebra and pimd, and skips without."""
import json
import os
import socket

import net

net.enter()

import frr  # noqa: E402
from cli import equal, main  # noqa: E402
from control import (ALLOW, TO_EX, Port, Queue, bootstrap, frame, hello, join_prune, offered,  # noqa: E402
                     probe, report3, set_namespace, setting, until)

POLICY = """boundary b {
    deny in to 232.9.9.9 as no-group
    deny in from 10.3.0.66 as no-source
    deny in from * to 232.0.0.0/8 at membership, join as ssm-needs-source
    deny in to 239.66.0.0/16 at bootstrap as no-range
    deny in rp 10.66.0.1 at bootstrap as no-rp
    deny in speaker not { 10.1.0.10, 10.2.0.3, 10.4.0.2 } at join type hello as no-neighbour
    deny out to 232.2.2.2 at join as no-join-out
    deny out to 239.1.1.1 at register as no-register
    default permit
}"""
CONF = {
    "r1": """ip route 10.3.0.0/24 10.2.0.3
ip route 10.5.0.0/24 10.4.0.2
ip pim rp 10.5.0.5 239.0.0.0/8
interface l0
 ip pim
 ip pim hello 1
 ip igmp
interface u0
 ip pim
 ip pim hello 1
interface w0
 ip pim
 ip pim hello 1
""",
    "r3": """ip route 10.1.0.0/24 10.2.0.1
interface d0
 ip pim
 ip pim hello 1
interface s0
 ip pim
 ip pim hello 1
""",
}

frr.skip_without()
if not probe().startswith(("0 ", "1 ")):
    net.skip_all(probe())

for name in ("h", "r1", "r3", "w", "rp"):
    net.add_host(name)
    setting("net.ipv4.ip_forward", 1, name)
    setting("net.ipv4.conf.all.rp_filter", 0, name)
    setting("net.ipv4.conf.default.rp_filter", 0, name)
net.add_cable(("h", "h0", "10.1.0.10/24"), ("r1", "l0", "10.1.0.1/24"))
net.add_cable(("r1", "u0", "10.2.0.1/24"), ("r3", "d0", "10.2.0.3/24"))
net.add_cable(("r1", "w0", "10.4.0.1/24"), ("w", "w1", "10.4.0.2/24"))
net.add_cable(("w", "w2", "10.5.0.2/24"), ("rp", "x0", "10.5.0.5/24"))
net.add_cable(("r3", "s0", "10.3.0.1/24"), ("r3", "s1", None))
net.ip("route", "add", "10.1.0.0/24", "via", "10.4.0.1", host="w")
net.ip("route", "add", "default", "via", "10.5.0.2", host="rp")
net.ip("route", "add", "default", "via", "10.1.0.1", host="h")
HOST, NEXT, RP = Port("h", "h0"), Port("w", "w1"), Port("rp", "x0")


def wait_for_neighbours():
    """r1 and r3 find each other; the router towards the RP is one in name only."""
    def both():
        NEXT.send(frame(hello("10.4.0.2")))
        n = frr.show("r1", "ip pim neighbor")
        return "10.2.0.3" in n.get("u0", {}) and "10.4.0.2" in n.get("w0", {}) and \
            "10.2.0.1" in frr.show("r3", "ip pim neighbor").get("d0", {})
    return until(both, 30)


for name, config in CONF.items():
    frr.start(name, config)


def test_the_routers_stand():
    assert wait_for_neighbours(), (frr.show("r1", "ip pim neighbor"), frr.show("r3", "ip pim neighbor"))


def test_kept_groups_only():
    """Received: a report. Sent: the router's own joins, of which one is not for the router upstream."""
    queue = Queue(POLICY, "l0", "u0", host="r1")
    assert queue.ready, queue.refused()
    asked = frame(report3("10.1.0.10", (ALLOW, "232.1.1.1", "10.3.0.10", "10.3.0.66"),
                          (ALLOW, "232.2.2.2", "10.3.0.10"), (ALLOW, "232.9.9.9", "10.3.0.10")))
    HOST.send(asked)
    kept = {("10.3.0.10", "232.1.1.1"), ("10.3.0.10", "232.2.2.2")}
    until(lambda: frr.pairs("r1", "ip igmp sources") >= kept)
    equal(frr.pairs("r1", "ip igmp sources"), kept)
    until(lambda: {g for _, g in frr.pairs("r1", "ip pim upstream")} >= {"232.1.1.1", "232.2.2.2"})
    equal({p for p in frr.pairs("r1", "ip pim upstream") if p[1].startswith("232")}, kept)
    until(lambda: frr.pairs("r3", "ip pim join"))
    equal(frr.pairs("r3", "ip pim join"), {("10.3.0.10", "232.1.1.1")})
    # a neighbour on the LAN joins for others
    HOST.send(frame(hello("10.1.0.10")))
    until(lambda: "10.1.0.10" in frr.show("r1", "ip pim neighbor").get("l0", {}))
    HOST.send(frame(join_prune("10.1.0.10", "10.1.0.1", ("232.9.9.9", [("10.3.0.10", 4)], []),
                               ("232.3.3.3", [("10.3.0.66", 4), ("10.3.0.10", 4)], []))))
    until(lambda: ("10.3.0.10", "232.3.3.3") in frr.pairs("r1", "ip pim join"))
    equal(frr.pairs("r1", "ip pim join"), kept | {("10.3.0.10", "232.3.3.3")})
    counts, after = queue.end(), offered("r1")
    assert counts["rule l0 no-group"] == 2 and counts["rule l0 no-source"] == 2, counts
    assert counts["rule u0 no-join-out"] >= 1, counts
    for link, hook in (("l0", "received"), ("u0", "received"), ("u0", "sent"), ("l0", "sent")):
        words = f"{link} {hook}"
        late = after[words] - counts[f"judged {words}"]
        assert 0 <= late <= 5, (words, late)        # what came between the end and the question


def test_neighbours_and_what_they_flood():
    """A Bootstrap loses a range and an RP; (*,G) joins of SSM groups and strangers' Hellos go."""
    queue = Queue(POLICY, "l0", "u0", host="r1")
    assert queue.ready, queue.refused()
    HOST.send(frame(hello("10.1.0.66")), frame(hello("10.1.0.10")))
    HOST.send(frame(report3("10.1.0.10", (TO_EX, "232.5.5.5"), (TO_EX, "239.5.5.5"))))
    HOST.send(frame(join_prune("10.1.0.10", "10.1.0.1", ("232.6.6.6", [("10.5.0.5", 7)], []),
                               ("239.6.6.6", [("10.5.0.5", 7)], []))))
    HOST.send(frame(bootstrap("10.1.0.10", "10.1.0.10", ("239.66.0.0", 16, "10.1.0.10"),
                              ("239.77.0.0", 16, "10.66.0.1", "10.1.0.10"), ("239.88.0.0", 16, "10.1.0.10"))))

    def ranges():
        said = json.dumps(frr.show("r1", "ip pim bsrp-info"))
        return {g for g in ("239.66.0.0/16", "239.77.0.0/16", "239.88.0.0/16") if g in said}, "10.66.0.1" in said

    until(lambda: len(ranges()[0]) >= 2)
    equal(ranges(), ({"239.77.0.0/16", "239.88.0.0/16"}, False), json.dumps(frr.show("r1", "ip pim bsrp-info")))
    until(lambda: ("*", "239.6.6.6") in frr.pairs("r1", "ip pim join"))
    equal({p for p in frr.pairs("r1", "ip pim join") if p[0] == "*"}, {("*", "239.5.5.5"), ("*", "239.6.6.6")})
    assert "10.1.0.66" not in frr.show("r1", "ip pim neighbor")["l0"]
    counts = queue.end()
    equal([counts[f"rule l0 {name}"] for name in ("no-range", "no-rp", "ssm-needs-source", "no-neighbour")],
          [1, 1, 2, 1])


def test_a_register_refused():
    """Forwarded: to the RP goes only what may; the first router falls silent about the other."""
    queue = Queue(POLICY, "w2", host="w")
    assert queue.ready, queue.refused()
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    set_namespace("/run/netns/h")
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    source.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
    source.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.1.0.10"))
    set_namespace(f"/proc/self/fd/{here}")
    registers = set()

    def silent():
        for group in ("239.1.1.1", "239.2.2.2"):
            source.sendto(b"data", (group, 5000))
        registers.update(socket.inet_ntoa(p[28 + 16:28 + 20]) for _, p in RP.frames(0.3, 103) if p[20] == 0x21)
        said = frr.show("r1", "ip pim upstream")
        states = {g: said.get(g, {}).get("10.1.0.10", {}).get("regState") for g in ("239.1.1.1", "239.2.2.2")}
        silent.states = states
        return states["239.1.1.1"] == "RegPrune" and "239.2.2.2" in registers and states

    until(silent, 15)
    counts = queue.end()
    equal(silent.states, {"239.1.1.1": "RegPrune", "239.2.2.2": "RegJoined"})
    equal(registers, {"239.2.2.2"})
    assert counts["stops"] >= 1 and counts["stops-failed"] == 0, counts
    equal(counts["judged w2 forwarded"], offered("w")["w2 forwarded"])
    assert counts["why w2 refused"] >= 1


main(globals())
