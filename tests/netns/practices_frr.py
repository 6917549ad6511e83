# SPDX-License-Identifier: BSD-2-Clause
"""The control-plane practices of draft-chown-mboned-multicast-filtering-02 at a border router of FRR, whose
pimd and that of the router upstream say what they learned; weir run counts.

    host h0 --- l0 r u0 --- d0 u s0       r: FRR, weir with two boundaries: border at u0, receivers at l0;
    guest g0 -- l9                        l9 has none

practices_frr.py WEIR -- needs root and FRR's zebra and pimd, and skips without."""
import json
import subprocess

import net

net.enter()

import frr  # noqa: E402
from cli import equal, main  # noqa: E402
from control import ALLOW, TO_EX, Port, bootstrap, candidate_rp, frame, register, report3, setting  # noqa: E402
from daemon import Daemon, end_all, until  # noqa: E402

frr.skip_without()

HOST, GUEST, UPSTREAM, SOURCE, PRIVATE = "152.78.1.2", "152.78.1.66", "130.59.1.1", "130.59.2.10", "10.9.0.1"
POLICY = """policy "site"
boundary border extends modern.border {}
boundary receivers extends modern.receivers {}
"""
CONF = """set own = subnets of l0, l9
set lan = subnets of l0
set ssm-scoped = { 232.77.0.0/16 }
interface u0 boundary border outside enforce nftables
interface l0 boundary receivers inside enforce nftables
"""
ROUTER = """ip route 130.59.2.0/24 130.59.1.1
ip route 10.9.0.0/24 130.59.1.1
ip pim rp 152.78.1.1 224.2.0.0/16
ip pim rp 130.59.1.1 233.0.0.0/8
interface l0
 ip pim
 ip pim hello 1
 ip igmp
interface l9
 ip pim
 ip pim hello 1
 ip igmp
interface u0
 ip pim
 ip pim hello 1
"""
ABOVE = """ip route 152.78.1.0/24 130.59.1.2
ip pim rp 130.59.1.1 233.0.0.0/8
interface d0
 ip pim
 ip pim hello 1
interface s0
 ip pim
 ip pim hello 1
"""

for name in ("r", "u", "host", "guest"):
    net.add_host(name)
    setting("net.ipv6.conf.all.disable_ipv6", 1, name)
    setting("net.ipv6.conf.default.disable_ipv6", 1, name)
    setting("net.ipv4.ip_forward", 1, name)
    setting("net.ipv4.conf.all.rp_filter", 0, name)
    setting("net.ipv4.conf.default.rp_filter", 0, name)
net.add_cable(("r", "u0", "130.59.1.2/24"), ("u", "d0", UPSTREAM + "/24"))
net.add_cable(("host", "h0", HOST + "/26"), ("r", "l0", "152.78.1.1/26"))
net.add_cable(("guest", "g0", GUEST + "/26"), ("r", "l9", "152.78.1.65/26"))
net.add_cable(("u", "s0", "130.59.2.1/24"), ("u", "s1", None))
net.ip("addr", "add", "10.9.0.254/24", "dev", "s0", host="u")
HOST_PORT, GUEST_PORT, OUTSIDE_PORT = Port("host", "h0"), Port("guest", "g0"), Port("u", "d0")
DAEMON = Daemon("r", POLICY, CONF)
BOOTSTRAP = frame(bootstrap(UPSTREAM, UPSTREAM, ("224.4.0.0", 16, UPSTREAM)))
REGISTER = register(UPSTREAM, "152.78.1.1", SOURCE, "224.2.9.9")


def counted(before, boundary, **rules):
    DAEMON.until_counted(before, {(boundary, name.replace("_", "-")): n for name, n in rules.items()})


def mac_of(host, interface):
    said = subprocess.run(["ip", "-n", host, "-j", "link", "show", interface], capture_output=True, text=True)
    return bytes.fromhex(json.loads(said.stdout)[0]["address"].replace(":", ""))


def test_the_routers_stand():
    DAEMON.begin()
    frr.start("u", ABOVE)
    frr.start("r", ROUTER)
    DAEMON.ready()
    until(lambda: UPSTREAM in frr.show("r", "ip pim neighbor").get("u0", {}) and
          "130.59.1.2" in frr.show("u", "ip pim neighbor").get("d0", {}), "neighbours")
    equal(DAEMON.status()["queue"]["state"], "judged")


def test_2_5_reports_with_private_sources():
    before = DAEMON.hits()
    HOST_PORT.send(frame(report3(HOST, (ALLOW, "232.1.1.1", SOURCE, PRIVATE))))
    GUEST_PORT.send(frame(report3(GUEST, (ALLOW, "232.1.1.9", SOURCE, PRIVATE))))
    until(lambda: frr.pairs("r", "ip igmp sources") >= {(SOURCE, "232.1.1.1"), (PRIVATE, "232.1.1.9")},
          "what r learned")
    equal(frr.pairs("r", "ip igmp sources"), {(SOURCE, "232.1.1.1"), (SOURCE, "232.1.1.9"), (PRIVATE, "232.1.1.9")},
          "without weir the router believes it")
    counted(before, "receivers", bogon_source=1)


def test_2_5_groups_that_may_not_be_asked_for():
    before = DAEMON.hits()
    HOST_PORT.send(frame(report3(HOST, (TO_EX, "225.5.5.5"), (TO_EX, "224.2.5.5"))))
    until(lambda: ("*", "224.2.5.5") in frr.pairs("r", "ip igmp sources"), "what r learned")
    assert not any(g == "225.5.5.5" for _, g in frr.pairs("r", "ip igmp sources") | frr.pairs("r", "ip pim upstream"))
    counted(before, "receivers", not_assigned=1)


def test_2_5_wildcard_joins_of_ssm_groups():
    before = DAEMON.hits()
    HOST_PORT.send(frame(report3(HOST, (TO_EX, "232.2.2.2"), (ALLOW, "232.2.2.3", SOURCE))))
    until(lambda: (SOURCE, "232.2.2.3") in frr.pairs("r", "ip igmp sources"), "what r learned")
    assert not any(g == "232.2.2.2" for _, g in frr.pairs("r", "ip igmp sources"))
    counted(before, "receivers", ssm_needs_source=1)


def test_2_4_denied_joins_never_reach_the_router_upstream():
    """What the guest asks for, r joins; what may not cross the border, u never hears of."""
    before = DAEMON.hits()
    asked = {(SOURCE, "232.3.3.3"), (SOURCE, "232.77.0.1"), (PRIVATE, "232.3.3.3"), ("*", "233.1.1.1")}
    GUEST_PORT.send(frame(report3(GUEST, (ALLOW, "232.3.3.3", SOURCE, PRIVATE), (ALLOW, "232.77.0.1", SOURCE),
                                  (TO_EX, "233.1.1.1"))))
    until(lambda: frr.pairs("r", "ip pim upstream") >= asked,
          lambda: f"what r joins: {frr.pairs('r', 'ip pim upstream')}")
    until(lambda: (SOURCE, "232.3.3.3") in frr.pairs("u", "ip pim join"),
          lambda: f"what u heard: {frr.pairs('u', 'ip pim join')}")
    until(lambda: all(DAEMON.change(before).get(("border", name), 0) >= 1
                      for name in ("ssm-scoped", "bogon-source", "no-interdomain-asm")), lambda: DAEMON.change(before))
    equal(frr.pairs("u", "ip pim join") & asked, {(SOURCE, "232.3.3.3")})
    assert not any(s in ("*", PRIVATE) or g.startswith("232.77") for s, g in frr.pairs("u", "ip pim join") |
                   frr.pairs("u", "ip pim upstream")), frr.pairs("u", "ip pim join")


def test_3_1_bsr_messages_stop_at_the_border():
    before = DAEMON.hits()
    OUTSIDE_PORT.send(BOOTSTRAP)
    OUTSIDE_PORT.send(frame(candidate_rp(UPSTREAM, "130.59.1.2", "224.4.0.0"), to=mac_of("r", "u0")))
    counted(before, "border", no_foreign_bsr=2)
    assert "224.4.0.0" not in json.dumps(frr.show("r", "ip pim bsrp-info")), "r believes a foreign BSR"
    assert UPSTREAM not in json.dumps(frr.show("r", "ip pim bsr")), frr.show("r", "ip pim bsr")


def test_3_1_registers_stop_at_the_border():
    """r is the RP: it makes no state, and whoever registers is told to stop."""
    before = DAEMON.hits()
    OUTSIDE_PORT.frames(0.05)
    OUTSIDE_PORT.send(frame(REGISTER, to=mac_of("r", "u0")))
    answers = OUTSIDE_PORT.frames(3, 103, 1, "152.78.1.1")
    equal([packet[20] for _, packet in answers], [0x22], "the Register-Stop")
    queue = DAEMON.status()["queue"]
    equal((queue["register_stops"], queue["register_stops_failed"]), (1, 0))
    counted(before, "border", no_registers=1)
    assert not any(g == "224.2.9.9" for _, g in frr.pairs("r", "ip pim upstream") | frr.pairs("r", "ip mroute"))


def test_offered_is_judged():
    """Both sums come once a second, and not at the same moment: they are equal where nothing comes."""
    with frr.paused():
        until(lambda: (q := DAEMON.status()["queue"])["offered"] == q["judged"] > 0 and q["bypassed"] == 0,
              lambda: DAEMON.status()["queue"])


def test_without_weir_the_router_believes_all_of_it():
    """What the scenarios found stopped was stopped by weir."""
    DAEMON.weir("stop", "--remove")
    DAEMON.process.wait(20)
    HOST_PORT.send(frame(report3(HOST, (ALLOW, "232.4.4.4", PRIVATE), (TO_EX, "225.5.5.5"))))
    OUTSIDE_PORT.send(BOOTSTRAP, frame(REGISTER, to=mac_of("r", "u0")))
    until(lambda: frr.pairs("r", "ip igmp sources") >= {(PRIVATE, "232.4.4.4"), ("*", "225.5.5.5")}, DAEMON.said)
    until(lambda: "224.4.0.0" in json.dumps(frr.show("r", "ip pim bsrp-info")), "the foreign BSR")
    until(lambda: (SOURCE, "224.2.9.9") in frr.pairs("r", "ip pim upstream"), lambda: frr.pairs("r", "ip pim upstream"))
    until(lambda: (PRIVATE, "232.4.4.4") in frr.pairs("u", "ip pim join"), lambda: frr.pairs("u", "ip pim join"))


try:
    main(globals())
finally:
    end_all()
    frr.stop_all()
