# SPDX-License-Identifier: BSD-2-Clause
"""The layer-2 practices of draft-chown-mboned-multicast-filtering-02 3.3 on a Linux bridge with snooping:
an access point and an access switch in one.

    router r0 --- p0 [br0] w1 --- c1 client      weir: wireless at w1 and w2, a host's port at a1
                           w2 --- c2 silent
                           a1 --- h1 host

practices_bridge.py WEIR -- needs root and bridge, and skips without."""
import ipaddress
import json
import shutil
import struct
import subprocess
import time

import net

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)

from cli import equal, holds, main  # noqa: E402
from control import (ALLOW, TO_EX, Port, frame, hello, ip4, ip6, mld2, packed, report3, setting,  # noqa: E402
                     with_sum)
from daemon import Daemon, end_all, until  # noqa: E402

if not shutil.which("bridge"):
    net.skip_all("bridge is not installed")

ROUTER, CLIENT, HOST, SOURCE = "152.78.1.1", "152.78.1.11", "152.78.1.21", "130.59.1.9"
ROUTER6, CLIENT6, HOST6 = "fe80::1", "fe80::11", "fe80::21"
POLICY = """policy "site"
boundary wireless extends modern.wireless {
    deny in to 233.9.0.0/16 at data as video "streams of the lecture halls, on wires alone" ref "draft 3.3"
    permit in speaker fe80::1 at router as router-advertisement
    permit to ff1e::/16 at membership as asked-by-mld
}
boundary port extends modern.subnet {}
"""
CONF = """set own = { 152.78.1.0/24, 2001:630:d0::/48 }
set routers = { fe80::1 }
interface w1 boundary wireless inside enforce auto
interface w2 boundary wireless inside enforce nftables
interface a1 boundary port inside enforce auto
"""
WIRES = (("router", "r0", "p0"), ("client", "c1", "w1"), ("silent", "c2", "w2"), ("host", "h1", "a1"))

net.add_host("ap")
setting("net.ipv6.conf.all.disable_ipv6", 1, "ap")
setting("net.ipv6.conf.default.disable_ipv6", 1, "ap")
net.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_igmp_version", "3",
       "mcast_mld_version", "2", "mcast_query_response_interval", "10", host="ap")
net.ip("link", "set", "br0", "type", "bridge", "mcast_querier", "1", host="ap")		# snooping waits one such interval
for name, far, near in WIRES:
    net.add_host(name)
    setting("net.ipv6.conf.all.disable_ipv6", 1, name)
    setting("net.ipv6.conf.default.disable_ipv6", 1, name)
    net.add_cable((name, far, None), ("ap", near, None))
    net.ip("link", "set", near, "master", "br0", host="ap")
net.ip("link", "set", "br0", "up", host="ap")
subprocess.run(["bridge", "-n", "ap", "link", "set", "dev", "p0", "mcast_router", "2"], check=True)
setting("net.bridge.bridge-nf-call-iptables", 1, "ap")
setting("net.bridge.bridge-nf-call-ip6tables", 1, "ap")
setting("net.bridge.bridge-nf-filter-vlan-tagged", 1, "ap")
ADDRESS = {"router": ROUTER, "client": CLIENT, "host": HOST}
PORTS = {name: Port(name, far) for name, far, _ in WIRES}
DAEMON = Daemon("ap", POLICY, CONF, keeps_mounts=True)
NUMBER = 0


def icmp6(kind, source, group, body):
    message = bytes([kind, 0, 0, 0]) + body
    pseudo = packed(source) + packed(group) + struct.pack("!II", len(message), 58)
    packet = ip6(source, group, 58, with_sum(message, 2, pseudo))
    return packet[:7] + b"\xff" + packet[8:]


def advertisement(source):
    return icmp6(134, source, "ff02::1", bytes(12))


def solicitation(source, target):
    group = packed("ff02::1:ff00:0")[:13] + packed(target)[13:]
    return icmp6(135, source, str(ipaddress.ip_address(group)), b"\0" * 4 + packed(target))


def udp(source, group, port=5004, ttl=32):
    global NUMBER
    NUMBER += 1
    body = b"WEIR" + struct.pack("!I", NUMBER)
    head = struct.pack("!HHHH", 4000, port, 8 + len(body), 0)
    if ":" not in source:
        return ip4(source, group, 17, head + body, ttl=ttl)
    pseudo = packed(source) + packed(group) + struct.pack("!II", 8 + len(body), 17)
    packet = ip6(source, group, 17, with_sum(head + body, 6, pseudo))
    return packet[:7] + bytes([ttl]) + packet[8:]


def come_in(port, last):
    """What comes in at a host, until the last packet has."""
    come = []
    while last not in come:
        more = port.frames(5, None, 1)
        assert more, "what everybody should hear has not come"
        come.append(more[0][1])
    return come


def who_hears(sender, *packets):
    """For each packet the hosts where it comes out as it was.  Behind them comes a report of a link-local
    group, which goes to all, and waits in the queue for what is there before it."""
    global NUMBER
    NUMBER += 1
    last = report3(ADDRESS[sender], (TO_EX, f"224.0.0.{NUMBER % 99 + 150}"))
    PORTS[sender].send(*map(frame, packets), frame(last))
    heard = {name: come_in(port, last) for name, port in PORTS.items() if name != sender}
    return [{name for name, come in heard.items() if packet in come} for packet in packets]


def learned(port):
    done = subprocess.run(["bridge", "-n", "ap", "-j", "mdb", "show", "dev", "br0"], capture_output=True, check=True)
    return {(e.get("src", "*"), e["grp"]) for e in json.loads(done.stdout)[0]["mdb"] if e["port"] == port}


def counted(before, boundary, **rules):
    DAEMON.until_counted(before, {(boundary, name.replace("_", "-")): n for name, n in rules.items()})


def test_without_weir_a_client_is_believed():
    """What the scenarios find stopped is stopped by weir."""
    until(lambda: who_hears("router", udp(SOURCE, "232.8.8.9")) == [set()], "snooping")
    for sender, source in (("client", CLIENT6), ("host", HOST6)):
        heard = who_hears(sender, advertisement(source), hello(CLIENT), udp(CLIENT, "239.255.255.250"))
        assert "router" in heard[0] and "router" in heard[1] and "router" in heard[2], heard
    equal(who_hears("router", udp(SOURCE, "232.8.8.9")), [{"client", "host"}], "taken for routers: they get everything")
    for port in ("w1", "a1"):
        for kind in "01":
            subprocess.run(["bridge", "-n", "ap", "link", "set", "dev", port, "mcast_router", kind], check=True)
    DAEMON.begin().ready()
    said = DAEMON.weir("run", "--check", status=None)
    assert "does not know joined" not in said, said
    holds(said, "br0 snoops: by itself it keeps what nobody asked for from w1, which counts under .snoop-offered")
    for name in ("port, rule mdns", "wireless, rule discovery"):
        holds(said, f"{name}:\n  link-local groups pass the ports of a bridge")


def test_3_3_wireless_neighbour_discovery():
    """A client's report of its solicited-node group, which the bridge learns; then both sides find each other."""
    assert "router" in who_hears("client", mld2(CLIENT6, (TO_EX, "ff02::1:ff00:11")))[0]
    until(lambda: ("*", "ff02::1:ff00:11") in learned("w1"), lambda: learned("w1"))
    assert "client" in who_hears("router", solicitation(ROUTER6, CLIENT6))[0]
    assert "router" in who_hears("client", solicitation(CLIENT6, ROUTER6))[0]


def test_3_3_wireless_router_advertisements():
    before = DAEMON.hits()
    equal(who_hears("router", advertisement(ROUTER6)), [{"client", "silent", "host"}])
    equal(who_hears("client", advertisement(CLIENT6)), [set()])
    equal(who_hears("router", advertisement("fe80::66")), [set()], "one of no known router, from the wired side")
    counted(before, "wireless", rogue_router=1, unknown_router=2)


def test_3_3_router_advertisement_on_a_host_port():
    before = DAEMON.hits()
    equal(who_hears("host", advertisement(HOST6)), [set()])
    counted(before, "port", unknown_router=1)


def test_3_3_wireless_what_must_pass_is_counted():
    """Neighbour discovery, the router's advertisements, MLD and DHCPv6: each that comes from a cell or into one counts
    there, as link-local or control; and what the queue judges of it under its rule."""
    before = DAEMON.hits()
    by_client = [[solicitation(CLIENT6, ROUTER6), udp(CLIENT6, "ff02::1:2", 547, ttl=1),
                  mld2(CLIENT6, (TO_EX, f"ff1e::8:{i}"))] for i in range(5)]
    by_router = [[solicitation(ROUTER6, CLIENT6), advertisement(ROUTER6)] for _ in range(5)]
    heard = who_hears("client", *sum(by_client, []))
    assert all("router" in names for names in heard), heard
    come = who_hears("router", *sum(by_router, []))
    assert all("client" in names for names in come), come
    wanted = len(heard) + sum("silent" in names for names in heard) + 2 + sum(
        len(names & {"client", "silent"}) for names in come) + 2

    def passed():
        change = DAEMON.change(before)
        return change.get(("wireless", ".link-local"), 0) + change.get(("wireless", ".control"), 0)

    until(lambda: passed() >= wanted, lambda: (wanted, DAEMON.change(before)))
    assert passed() <= wanted + 4, (wanted, passed(), "the bridge's own queries are few")
    counted(before, "wireless", asked_by_mld=5 + sum("silent" in names for names in heard[2::3]),
            router_advertisement=sum(len(names - {"host"}) for names in come[1::2]))


def test_3_3_wireless_dhcpv6():
    assert "router" in who_hears("client", udp(CLIENT6, "ff02::1:2", 547, ttl=1))[0]


def test_3_3_wireless_what_only_routers_say():
    before = DAEMON.hits()
    query = ip4(CLIENT, "224.0.0.1", 2, with_sum(bytes.fromhex("1164000000000000027d0000")), alert=True)
    equal(who_hears("client", query, hello(CLIENT)), [set(), set()])
    counted(before, "wireless", rogue_querier=1, pim_from_client=1)


def test_3_3_wireless_video():
    """Who asks for a stream gets it; a cell where nobody asked does not; some may have none."""
    before = DAEMON.hits()
    equal(who_hears("router", udp(SOURCE, "232.8.8.8"), udp(SOURCE, "233.9.1.1")), [set(), set()])
    report = report3(CLIENT, (ALLOW, "232.8.8.8", SOURCE), (TO_EX, "233.9.1.1"))
    assert "router" in who_hears("client", report)[0]
    until(lambda: {(SOURCE, "232.8.8.8"), ("*", "233.9.1.1")} <= learned("w1"), lambda: learned("w1"))
    until(lambda: who_hears("router", udp(SOURCE, "232.8.8.8")) == [{"client"}], "the kernel is told a moment later")
    equal(who_hears("router", udp(SOURCE, "232.8.8.8"), udp(SOURCE, "232.8.8.9"), udp(SOURCE, "233.9.1.1")),
          [{"client"}, set(), set()])
    counted(before, "wireless", video=1)


def test_3_3_wireless_video_that_nobody_joined_is_kept_by_snooping():
    """The bridge keeps it from the cells before any rule could: that is counted, port by port."""
    def kept():
        return {one["interface"]: (one["offered"], one["passed"], one["kept"]) for one in DAEMON.status()["snooping"]}

    def grown(was):
        return {name: tuple(a - b for a, b in zip(now, was[name])) for name, now in kept().items()}

    time.sleep(1.1)								# what came so far is read
    was, before = until(lambda: len(kept()) == 2 and kept(), kept), DAEMON.hits()
    asked = udp(SOURCE, "232.8.8.8")
    assert "router" in who_hears("client", report3(CLIENT, (ALLOW, "232.8.8.8", SOURCE)))[0]
    until(lambda: (SOURCE, "232.8.8.8") in learned("w1"), lambda: learned("w1"))
    equal(who_hears("router", udp(SOURCE, "232.8.9.1"), asked, udp(SOURCE, "239.1.2.9")), [set(), {"client"}, set()])
    assert "host" in who_hears("router", udp("2001:db8::9", "ff3e::8:1"))[0], "nobody asks for IPv6: it goes everywhere"
    equal(who_hears("client", udp(CLIENT, "224.2.5.5")), [{"router"}], "w1 gets nothing back of what it sends")
    until(lambda: grown(was) == {"w1": (4, 2, 2), "w2": (5, 1, 4)}, lambda: grown(was))
    counted(before, "wireless", **{".snoop_offered": 9, ".snoop_passed": 3})
    holds(DAEMON.weir("status"), "the bridge kept away")


def test_3_3_wireless_video_that_nobody_joined():
    """Where the bridge does not snoop tc at w1 and nftables at w2 keep it out, until somebody in a cell asks for it."""
    cells = {"client", "silent"}
    served = {i["name"]: i["hooks"]["egress"] for b in DAEMON.status()["boundaries"] for i in b["interfaces"]}
    equal((served["w1"], served["w2"]), ("tc", "nftables"))
    net.ip("link", "set", "br0", "type", "bridge", "mcast_snooping", "0", host="ap")
    try:
        before = DAEMON.hits()
        heard = who_hears("router", udp(SOURCE, "232.8.8.7"), udp(SOURCE, "239.1.2.3"))
        assert all(not cells & names and "host" in names for names in heard), heard
        counted(before, "wireless", not_joined=4)
        assert "router" in who_hears("client", report3(CLIENT, (ALLOW, "232.8.8.7", SOURCE)))[0]
        until(lambda: cells <= who_hears("router", udp(SOURCE, "232.8.8.7"))[0], "what somebody in the cell asked for")
        assert not cells & who_hears("router", udp("130.59.1.8", "232.8.8.7"))[0], "of another source"
    finally:
        net.ip("link", "set", "br0", "type", "bridge", "mcast_snooping", "1", host="ap")


def test_3_3_ssdp_and_mdns_between_bridged_subnets():
    before = DAEMON.hits()
    groups = ("239.255.255.250", "ff05::c", "ff05::fb")
    packets = [udp(HOST if "." in g else "2001:630:d0::21", g, ttl=255) for g in groups]
    equal(who_hears("host", *packets, udp(HOST, "224.2.5.5")), [set(), set(), set(), {"router"}])
    counted(before, "port", ssdp=2, mdns=1)


def test_3_3_a_port_sends_from_its_own_subnet():
    before = DAEMON.hits()
    equal(who_hears("host", udp("152.78.9.9", "224.2.5.5"), udp(HOST, "224.2.5.5")), [set(), {"router"}])
    equal(who_hears("client", udp("152.78.9.9", "224.2.5.5"), udp(CLIENT, "224.2.5.5")), [set(), {"router"}])
    counted(before, "port", off_lan_source=1)
    counted(before, "wireless", off_lan_source=1)


try:
    main(globals())
finally:
    end_all()
