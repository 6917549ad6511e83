# SPDX-License-Identifier: BSD-2-Clause
"""Control packets through the queue, on a bridge: what snooping learns, what other ports hear, and what
is counted, with a listener and without.

queue.py QUEUE-HELPER -- needs root (for the namespaces), and skips without."""
import json
import shutil
import struct
import subprocess

import net

net.enter()

from cli import equal, holds, main  # noqa: E402
from control import (ALLOW, IS_EX, TO_EX, Port, Queue, checksum, encoded_group, frame, groups_of, hello, ip4,  # noqa: E402
                     ip6, mld2, number, offered, packed, probe, register, register6, remove, report3, setting,
                     until, with_sum)

POLICY = """boundary b {
    deny to { 239.1.1.1, ff0e::1:1 } as no-group
    deny from { 10.0.0.9 } as no-source
    deny in at router as no-router
    deny in at membership type query as no-querier
    deny in at join type hello as no-pim
    default permit
}"""
HOST = "10.1.0.77"

if not shutil.which("bridge") or not shutil.which("sysctl"):
    net.skip_all("bridge or sysctl is not installed")
if not probe().startswith(("0 ", "1 ")):
    net.skip_all(probe())

net.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "1",
       "mcast_igmp_version", "3", "mcast_mld_version", "2")
for i in "12":
    net.add_host(f"h{i}")
    setting("net.ipv6.conf.default.disable_ipv6", 1, f"h{i}")      # no reports but those of the tests
    net.add_cable((None, f"p{i}", None), (f"h{i}", f"e{i}", f"10.1.0.{i}/24"))
    net.ip("link", "set", f"p{i}", "master", "br0", "up")
net.ip("link", "set", "br0", "up")
ONE, TWO = Port("h1", "e1"), Port("h2", "e2")
setting("net.bridge.bridge-nf-filter-vlan-tagged", 1)
# where snooping sends reports: as if a router were there
subprocess.run(["bridge", "link", "set", "dev", "p2", "mcast_router", "2"], check=True)


def learned():
    """Groups that snooping has learned at the first port."""
    out = subprocess.run(["bridge", "-j", "mdb", "show", "dev", "br0"], capture_output=True, check=True).stdout
    return {e["grp"] for e in json.loads(out)[0]["mdb"] if e["port"] == "p1" and not e["grp"].startswith("ff02")}


def forget():
    for state in ("0", "1"):
        net.ip("link", "set", "br0", "type", "bridge", "mcast_snooping", state)


def heard(kind, send, seconds=2, until_n=1):
    """What the second host hears when the first one sends."""
    TWO.frames(0.05)
    ONE.send(*send)
    return TWO.frames(seconds, kind, until_n, HOST)


def test_snooping_learns_the_kept_groups_only():
    forget()
    queue = Queue(POLICY, "p1,bridge=br0")
    assert queue.ready, queue.refused()
    print(f"# {queue.means}")
    before = offered()
    got = heard(2, [frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2"),
                                  (ALLOW, "232.1.1.1", "10.0.0.1", "10.0.0.9"),
                                  (ALLOW, "232.1.1.2", "10.0.0.9")))])
    equal([groups_of(packet) for _, packet in got],
          [[(TO_EX, "239.2.2.2"), (ALLOW, "232.1.1.1", "10.0.0.1")]])
    equal(got[0][1][20:24].hex(), "94040000", "Router Alert")
    equal(until(learned), {"239.2.2.2", "232.1.1.1"})
    ONE.send(frame(mld2("fe80::7", (TO_EX, "ff0e::1:1"), (TO_EX, "ff0e::2:2"))))
    until(lambda: "ff0e::2:2" in learned())
    equal(learned(), {"239.2.2.2", "232.1.1.1", "ff0e::2:2"})
    ONE.send(frame(report3(HOST, (IS_EX, "239.3.3.3"), good=False)))
    equal(until(lambda: offered()["p1 received"] - before.get("p1 received", 0) >= 3), True)
    counts = queue.end()
    after = offered()
    equal(counts["judged p1 received"], after["p1 received"] - before.get("p1 received", 0), "offered = judged")
    equal(counts["why p1 bad-checksum"], 1)
    equal(counts["rule p1 no-group"], 2)
    equal(counts["rule p1 no-source"], 2)
    assert "239.3.3.3" not in learned()


def test_a_judge_without_privileges():
    forget()
    queue = Queue(POLICY, "p1,bridge=br0", mode=("split",))
    assert queue.ready, queue.refused()
    got = heard(2, [frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2")))])
    equal([groups_of(packet) for _, packet in got], [[(TO_EX, "239.2.2.2")]])
    equal(queue.end()["why p1 trimmed"], 1)


def test_tagged_frames_do_not_go_past():
    forget()
    queue = Queue(POLICY, "p1,bridge=br0")
    got = heard(2, [frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2")), vlan=7)])
    equal([(vlan, groups_of(packet)) for vlan, packet in got], [(7, [(TO_EX, "239.2.2.2")])])
    equal(learned(), {"239.2.2.2"})
    queue.end()


def test_two_tags():
    """The kernel hands a queue no packet under two tags: closed drops those of control protocols."""
    udp = ip4(HOST, "239.2.2.2", 17, bytes.fromhex("138813880008") + b"\0\0", ttl=4)
    mld = mld2("fe80::7", (TO_EX, "ff0e::2:2"))
    frames = [frame(report3(HOST, (TO_EX, "239.2.2.2")), vlan=[7, 8]), frame(mld, vlan=[7, 8]), frame(udp, vlan=[7, 8])]

    def passing(port, other, words):
        queue = Queue(POLICY, words)
        assert queue.ready, queue.refused()
        seen = Port(other[0], other[1])
        port.send(*frames)
        got = len(seen.raw(0.3))
        queue.end()
        remove()
        return got

    equal(passing(ONE, ("h2", "e2"), "p1,bridge=br0"), 1, "closed: the data alone")
    equal(passing(TWO, ("h1", "e1"), "p1,bridge=br0"), 1, "closed, the other way")
    equal(passing(ONE, ("h2", "e2"), "p1,bridge=br0,open"), 3, "open")


def test_a_hole_is_refused_loudly():
    for name in ("filter-vlan-tagged", "call-iptables", "call-ip6tables"):
        setting(f"net.bridge.bridge-nf-{name}", 0)
        queue = Queue(POLICY, "p1,bridge=br0")
        equal(queue.ready, False)
        holds(queue.refused(), f"net.bridge.bridge-nf-{name} is 0, must be 1")
        setting(f"net.bridge.bridge-nf-{name}", 1)


def test_ports_of_hosts():
    """Router Advertisements, queries and PIM from hosts stop at their port; neighbour discovery does not."""
    queue = Queue(POLICY, "p1,bridge=br0")

    def icmp6(kind, body, group, hops=255):
        message = bytes([kind, 0, 0, 0]) + body
        pseudo = packed("fe80::7") + packed(group) + struct.pack("!II", len(message), 58)
        packet = ip6("fe80::7", group, 58, with_sum(message, 2, pseudo))
        return packet[:7] + bytes([hops]) + packet[8:]

    solicitation = icmp6(135, b"\0" * 4 + packed("fe80::9"), "ff02::1:ff00:9")
    advertisement = icmp6(134, bytes(12), "ff02::1")
    query = ip4(HOST, "224.0.0.1", 2, with_sum(bytes.fromhex("1164000000000000027d0000")), alert=True)
    assert checksum(query[24:]) == 0
    marker = ip4(HOST, "224.0.0.1", 17, bytes.fromhex("138813880008") + b"\0\0")
    TWO.frames(0.05)
    bridge = Port(None, "br0")                # what comes to the machine that is the bridge is judged, too
    ONE.send(*map(frame, (advertisement, query, hello(HOST), solicitation, marker)))
    for port, wanted in ((TWO, [(58, 135), (17, None)]), (bridge, [(17, None)])):
        got = [p for _, p in port.frames(1.0) if p[12:16] == packed(HOST) or p[8:24] == packed("fe80::7")]
        got = [(number(p), p[40] if number(p) == 58 else None) for p in got]
        equal([g for g in got if g in wanted], wanted)
        assert not [g for g in got if g not in ((58, 135), (17, None))], got
    counts = queue.end()
    equal([counts[f"rule p1 {name}"] for name in ("no-router", "no-querier", "no-pim")], [1, 1, 1])


def test_what_routers_say_of_rps_and_of_each_other():
    """Auto-RP, Candidate-RP and PFM messages lose a range on their way; a stranger's Assert and Hello go."""
    policy = """boundary b {
    deny to 239.66.0.0/16 as no-range
    deny speaker not 10.1.0.77 at join type assert as no-assert
    deny speaker not 10.1.0.77 at join type hello as no-hello
    default permit
}"""
    bad, good, rp = encoded_group("239.66.0.0", 16), encoded_group("239.77.0.0", 16), b"\1\0" + packed("10.1.0.5")

    def flooded(*groups):
        return b"".join(struct.pack("!HH", 1, 18) + g + struct.pack("!HH", 1, 210) + rp for g in groups)

    def announced(*groups):
        body = struct.pack("!BBHI", 0x11, 1, 180, 0) + packed("10.1.0.5") + bytes([2, len(groups)])
        body += b"".join(bytes([0, 16]) + packed(g) for g in groups)
        head = struct.pack("!HHHH", 496, 496, 8 + len(body), 0)
        pseudo = packed(HOST) + packed("224.0.1.39") + struct.pack("!HH", 17, 8 + len(body))
        return ip4(HOST, "224.0.1.39", 17, with_sum(head + body, 6, pseudo), ttl=8)

    def candidate(*groups):
        message = b"\x28\0\0\0" + struct.pack("!BBH", len(groups), 0, 150) + rp + b"".join(groups)
        return ip4(HOST, "10.1.0.2", 103, with_sum(message), ttl=64)

    def pim(kind, body, source=HOST):
        return ip4(source, "224.0.0.13", 103, with_sum(bytes([0x20 + kind, 0, 0, 0]) + body))

    statement = encoded_group("239.5.5.5") + rp + struct.pack("!II", 1, 1)
    sent = [announced("239.66.0.0", "239.77.0.0"), candidate(bad, good), pim(12, rp + flooded(bad, good)),
            pim(5, statement), pim(5, statement, "10.1.0.66"), hello(HOST), hello("10.1.0.66")]
    kept = [announced("239.77.0.0"), candidate(good), pim(12, rp + flooded(good)), pim(5, statement), hello(HOST)]
    queue = Queue(policy, "p1,bridge=br0")
    assert queue.ready, queue.refused()
    TWO.frames(0.05)
    ONE.send(*[frame(p, to=mac_of("h2", "e2") if p[16:20] == packed("10.1.0.2") else None) for p in sent])
    got = [p for _, p in TWO.frames(2, None, len(kept)) if number(p) in (17, 103)]
    equal([p.hex() for p in got], [p.hex() for p in kept])
    counts = queue.end()
    equal([counts[f"rule p1 {name}"] for name in ("no-range", "no-assert", "no-hello")], [3, 1, 1])
    equal([counts[f"why p1 {why}"] for why in ("trimmed", "refused", "admitted")], [3, 2, 2])


def mac_of(host, interface):
    said = subprocess.run(["ip", "-n", host, "-j", "link", "show", interface], capture_output=True, check=True).stdout
    return bytes.fromhex(json.loads(said)[0]["address"].replace(":", ""))


def test_nobody_listens():
    """Dead by kill -9: closed drops, open passes; and all that was offered was judged or bypassed."""
    report = frame(report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2")))
    for mode, words in (("closed", "p1,bridge=br0"), ("open", "p1,bridge=br0,open")):
        forget()
        remove()
        queue = Queue(POLICY, words)
        equal(len(heard(2, [report] * 5, until_n=5)), 5)
        queue.kill()
        got = heard(2, [report] * 3, seconds=1, until_n=3)
        equal([groups_of(packet) for _, packet in got],
              [] if mode == "closed" else [[(TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2")]] * 3, mode)
        equal(offered()["p1 received"], 8, mode)
        queue = Queue(POLICY, words)              # adopts the counter
        heard(2, [report] * 2, until_n=2)
        equal(queue.end()["judged p1 received"], 2, mode)
        equal(offered()["p1 received"], 10, mode)
    remove()
    equal(offered(), {})


def test_a_register_of_either_family_is_answered():
    """Forwarded by a router; the answer comes from the RP that never heard of it, on the wire."""
    for name in ("a", "r", "b"):
        net.add_host(name)
        setting("net.ipv6.conf.default.accept_dad", 0, name)
        setting("net.ipv4.conf.default.rp_filter", 0, name)
    net.add_cable(("a", "a0", "10.3.0.1/24"), ("r", "ra", "10.3.0.2/24"))
    net.add_cable(("b", "b0", "10.4.0.1/24"), ("r", "rb", "10.4.0.2/24"))
    for host, link, address in (("a", "a0", "2001:db8:3::1"), ("r", "ra", "2001:db8:3::2"),
                                ("b", "b0", "2001:db8:4::1"), ("r", "rb", "2001:db8:4::2")):
        net.ip("addr", "add", f"{address}/64", "dev", link, "nodad", host=host)
    setting("net.ipv4.ip_forward", 1, "r")
    setting("net.ipv6.conf.all.forwarding", 1, "r")
    out = subprocess.run(["ip", "-n", "r", "-j", "link", "show", "ra"], capture_output=True, check=True).stdout
    mac = bytes.fromhex(json.loads(out)[0]["address"].replace(":", ""))
    queue = Queue("boundary b { deny out to { 239.1.1.1, ff0e::1:1 } at register default permit }", "rb", host="r")
    assert queue.ready, queue.refused()
    dr, rp = Port("a", "a0"), Port("b", "b0")
    dr.frames(0.05)
    dr.send(frame(register("10.3.0.1", "10.4.0.1", "10.3.0.9", "239.1.1.1"), to=mac),
            frame(register6("2001:db8:3::1", "2001:db8:4::1", "2001:db8:3::9", "ff0e::1:1"), to=mac),
            frame(register("10.3.0.1", "10.4.0.1", "10.3.0.9", "239.2.2.2"), to=mac))
    stops = sorted((p for _, p in dr.frames(3, 103, 2)), key=len)
    equal([p[0] >> 4 for p in stops], [4, 6])
    equal((stops[0][12:20], stops[0][20]), (packed("10.4.0.1") + packed("10.3.0.1"), 0x22))
    equal((stops[1][8:40], stops[1][40]), (packed("2001:db8:4::1") + packed("2001:db8:3::1"), 0x22))
    equal([p[-4:] for _, p in rp.frames(0.5, 103)], [packed("239.2.2.2")])
    counts = queue.end()
    equal((counts["stops"], counts["stops-failed"], counts["why rb refused"]), (2, 0, 2))


def test_without_nfqueue():
    """A tap between two ports: dropped by a rule, heard before it, sent again; tags are put back."""
    net.ip("link", "set", "br0", "type", "bridge", "mcast_snooping", "0")
    queue = Queue(POLICY, "p1,bridge=br0", mode=("tap",))
    holds(queue.refused(), "serves only a pair of bridge ports")
    queue = Queue(POLICY, "p1,bridge=br0,peer=p2,open", mode=("tap",))
    holds(queue.refused(), "cannot fail open")
    queue = Queue(POLICY, "p1,bridge=br0,peer=p2", mode=("tap",))
    assert queue.ready, queue.refused()
    report = report3(HOST, (TO_EX, "239.1.1.1"), (TO_EX, "239.2.2.2"))
    leave = with_sum(b"\x17\0\0\0" + packed("239.2.2.2"))
    got = heard(2, [frame(report), frame(report, vlan=7), frame(ip4(HOST, "224.0.0.2", 2, leave))], until_n=3)
    equal([(vlan, groups_of(p) if p[24] == 0x22 else "leave") for vlan, p in got],
          [(None, [(TO_EX, "239.2.2.2")]), (7, [(TO_EX, "239.2.2.2")]), (None, "leave")])
    equal(got[0][1][20:24].hex(), "94040000", "Router Alert")
    udp = ip4(HOST, "239.2.2.2", 17, bytes.fromhex("138813880008") + b"\0\0", ttl=4)
    equal(len(heard(17, [frame(udp)], seconds=0.5)), 1, "data goes its own way")
    TWO.send(frame(report))                               # the other way: out, where joins to 239.1.1.1 are denied too
    equal([groups_of(p) for _, p in ONE.frames(2, 2, 1, HOST)], [[(TO_EX, "239.2.2.2")]])
    counts = queue.end()
    equal((counts["judged p1 received"], counts["judged p1 forwarded"], counts["lost"]), (3, 1, 0))
    equal((offered()["p1 received"], offered()["p1 forwarded"]), (3, 1), "offered = judged")
    equal(heard(2, [frame(report)], seconds=0.5), [], "nobody there: closed")
    remove()
    equal(len(heard(2, [frame(report)])), 1)
    equal(offered(), {})
    setting("net.bridge.bridge-nf-filter-vlan-tagged", 1)


main(globals())
