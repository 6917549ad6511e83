# SPDX-License-Identifier: BSD-2-Clause
"""Every filtering practice of draft-chown-mboned-multicast-filtering-02 (2.1 to 2.6, 3.1 to 3.3) between a
site and the outside: the kernel routes multicast, weir run enforces, and each practice shows who gets
what and which rule counted it.  Of the draft's 2.2 the relay is tried by msdp.py.

     out x0 --- o0 b l1 --- h1 y1       b: smcrouted, and weir with three boundaries: border at o0,
                    l2 --- h2 y2        organisation at c0, subnet at l1; l2 has none
                    c0 --- far z0

practices.py WEIR ENFORCER -- needs root and smcrouted, and skips without."""
import collections
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import net

net.enter()

from cli import equal, main, out  # noqa: E402
from control import Port, candidate_rp, checksum, frame, ip4, register, setting  # noqa: E402
from daemon import ENV, Daemon, end_all, until  # noqa: E402

if not shutil.which("smcrouted"):
    net.skip_all("smcrouted is not installed")

ENFORCER = os.path.abspath(sys.argv[2])
OUTSIDE, HOST, OTHER, FAR = "130.59.1.2", "152.78.1.2", "152.78.1.66", "152.78.1.130"
GROUP = "224.2.100.100"				# may go anywhere
POLICY = """policy "site"
boundary border extends chown-02.border {
    deny out ttl < 16 at data as ttl-threshold "the threshold of old" ref "draft 3.1"
    permit out to 224.2.0.0/16 at register as our-registers
    permit out to 224.2.0.0/16 at bootstrap type candidate-rp as our-ranges
}
boundary organisation extends chown-02.organisation {
    deny out to 224.9.0.0/16 at register as not-registered "a campus keeps it" ref "draft 3.2"
    permit out at register as registered
}
boundary subnet extends chown-02.subnet {}
"""
CONF = """set own = subnets of l1
set sap = { 224.2.127.254 }
set site-scopes = { 239.193.0.0/16 }
interface o0 boundary border outside enforce nftables registers silent
interface c0 boundary organisation outside enforce nftables
interface l1 boundary subnet inside enforce nftables
"""
SMCROUTE = """phyint o0 enable
phyint c0 enable
phyint l1 enable
phyint l2 enable
mroute from o0 group 224.0.0.0/4 to c0 l1 l2
mroute from c0 group 224.0.0.0/4 to o0 l1 l2
mroute from l1 group 224.0.0.0/4 to o0 c0 l2
mroute from l2 group 224.0.0.0/4 to o0 c0 l1
"""
# The entries of the draft's 3.1 and 3.3.
BORDER_LIST = """224.0.1.1 224.0.1.2 224.0.1.3 224.0.1.8 224.0.1.20 224.0.1.22 224.0.1.24 224.0.1.25 224.0.1.35
224.0.1.38 224.0.1.39 224.0.1.40 224.0.1.41 224.0.1.60 224.0.1.65 224.0.1.76 224.0.2.1 224.0.2.2 224.0.2.3
224.0.23.1 224.0.23.2 224.1.0.1 224.1.0.38 224.2.0.2 224.2.0.3 224.77.0.0/16 224.101.101.101 225.1.2.3
226.77.0.0/16 229.55.150.208 231.0.0.0/8 234.21.81.1 234.42.42.0/30 234.42.42.32/31 234.42.42.40/30
234.142.142.42/31 234.142.142.44/30 234.142.142.48/28 234.142.142.64/26 234.142.142.128/29
234.142.142.136/30 234.142.142.140/31 234.142.142.142 239.0.0.0/8 239.252.0.0/14 239.234.5.6""".split()
SUBNET_LIST = """224.0.1.1 224.0.1.2 224.0.1.3 224.0.1.8 224.0.1.24 224.0.1.25 224.0.1.60 224.0.1.76 224.0.2.1
224.0.2.2 234.21.81.1 239.255.0.0/16""".split()


def topology():
    for name in ("b", "out", "h1", "h2", "far"):
        net.add_host(name)
        setting("net.ipv6.conf.all.disable_ipv6", 1, name)
        setting("net.ipv6.conf.default.disable_ipv6", 1, name)
    for key in ("conf.all.rp_filter", "conf.default.rp_filter"):
        setting(f"net.ipv4.{key}", 0, "b")
    setting("net.ipv4.ip_forward", 1, "b")
    net.add_cable(("out", "x0", OUTSIDE + "/24"), ("b", "o0", "130.59.1.1/24"))
    net.add_cable(("h1", "y1", HOST + "/26"), ("b", "l1", "152.78.1.1/26"))
    net.add_cable(("h2", "y2", OTHER + "/26"), ("b", "l2", "152.78.1.65/26"))
    net.add_cable(("far", "z0", FAR + "/26"), ("b", "c0", "152.78.1.129/26"))
    with open("/run/smcroute.conf", "w", encoding="ascii") as f:
        f.write(SMCROUTE)
    return subprocess.Popen(net.at("b", "smcrouted", "-n", "-N", "-f", "/run/smcroute.conf", "-P", "/run/smcroute.pid",
                                   "-u", "/run/smcroute.sock"), stderr=subprocess.DEVNULL)


SMCROUTED = topology()
PORTS = {name: Port(name, interface) for name, interface in (("out", "x0"), ("h1", "y1"), ("h2", "y2"), ("far", "z0"))}
ADDRESS = {"out": OUTSIDE, "h1": HOST, "h2": OTHER, "far": FAR}
DAEMON = Daemon("b", POLICY, CONF)
NUMBER = 0
BEFORE = collections.Counter()
OFFERED = collections.Counter()				# by sender, since weir stands
FORWARDED = {}						# control messages, by boundary and rule
PRIVATE = {"10.1.2.3": "private-source", "172.20.0.1": "private-source", "192.168.7.7": "private-source",
           "169.254.3.3": "link-local-source", "192.0.2.9": "test-net-source", "127.0.0.5": "loopback-source"}
ASSIGNED = ["224.0.5.5", "224.1.5.5", "224.2.5.5", "224.3.5.5", "224.4.5.5", "232.5.5.5", "233.5.5.5", "234.5.5.5"]
NOT_ASSIGNED = ["224.5.5.5", "224.255.1.1", "225.5.5.5", "227.5.5.5", "230.5.5.5", "235.5.5.5", "238.5.5.5"]
SAP = "224.2.127.254"


def ends(entry):
    """The first and the last group of an entry, as far as no earlier entry holds them."""
    net_of = ipaddress.ip_network(entry)
    narrower = [ipaddress.ip_network(e) for e in BORDER_LIST + SUBNET_LIST]
    narrower = [n for n in narrower if n != net_of and n.subnet_of(net_of)]
    return sorted({str(a) for a in (net_of[0], net_of[-1]) if not any(a in n for n in narrower)})


def udp(source, group, ttl=64, port=5000):
    """A frame, and the number that it ends in."""
    global NUMBER
    NUMBER += 1
    body = b"WEIR" + struct.pack("!I", NUMBER)
    head = struct.pack("!HHHH", 4000, port, 8 + len(body), 0)
    return frame(ip4(source, group, 17, head + body, ttl=ttl)), NUMBER


def numbers(port, last, seconds=3):
    """Of the frames that come, until the last one is there."""
    found, end = set(), time.monotonic() + seconds
    while last not in found and time.monotonic() < end:
        for _, packet in port.frames(end - time.monotonic(), 17, 1):
            if packet[-8:-4] == b"WEIR":
                found.add(struct.unpack("!I", packet[-4:])[0])
    assert last in found, "what may go anywhere did not come"
    return found


def crossing(sender, receivers, packets, port=5000):
    """For each receiver which of the packets came; (source or None, group, ttl) each.  Behind them one is
    sent that goes everywhere: what has not come before it does not come."""
    sent = []
    for source, group, ttl in packets:
        data, number = udp(source or ADDRESS[sender], group, ttl, port)
        sent.append(number)
        PORTS[sender].send(data)
        if len(sent) % 50 == 0:
            time.sleep(0.01)
    data, last = udp(ADDRESS[sender], GROUP)
    PORTS[sender].send(data)
    OFFERED[sender] += len(sent) + 1
    come = {name: numbers(PORTS[name], last) for name in receivers}
    return {name: [n in come[name] for n in sent] for name in receivers}


def to(*groups, source=None, ttl=64):
    return [(source, group, ttl) for group in groups]


def counters():
    """(boundary, rule, link, hook, packets), of the kernel, from which weir run may just take an older policy away."""
    def read():
        return subprocess.run(net.at("b", ENFORCER, "counts"), capture_output=True, text=True, env=ENV)

    done = until(lambda: (d := read()).returncode == 0 and d, lambda: read().stderr)
    for line in done.stdout.splitlines():
        boundary, link, hook, rule, _, *_, packets, _ = line.split(" ")
        yield boundary, rule, link, hook, int(packets)


def met():
    found = collections.Counter()
    for boundary, rule, _, _, packets in counters():
        found[boundary, rule] += packets
    return found


def counted(boundary, rules):
    """So many more under each of the rules than when the test began."""
    now = met()
    equal({name: now[boundary, name] - BEFORE[boundary, name] for name in rules}, dict(rules), boundary)


def routes():
    said = subprocess.run(["ip", "-n", "b", "mroute"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(([\d.]+),([\d.]+)\).*State: resolved", said))


def route(sender, flows):
    """The kernel holds few packets of what it has no route for yet, and smcrouted may not be ready: in
    small steps, again and again."""
    flows = [(source or ADDRESS[sender], group) for source, group, _ in flows]
    for i in range(0, len(flows), 8):
        some = set(flows[i:i + 8])

        def missing():
            left = some - routes()
            for flow in left:
                PORTS[sender].send(udp(*flow, ttl=1)[0])		# too short-lived to go on
            return left

        until(lambda: not missing(), lambda: f"routes for {some - routes()}")


BORDER_ENDS = {entry: ends(entry) for entry in BORDER_LIST}
SUBNET_ENDS = {entry: ends(entry) for entry in SUBNET_LIST}
SCOPED = ["239.255.1.1", "239.193.1.1", "239.192.1.1"]
FLOWS = {
    "out": [p for groups in BORDER_ENDS.values() for p in to(*groups)] + to(GROUP, SAP, *ASSIGNED, *NOT_ASSIGNED) +
    [p for source in PRIVATE if source[:3] != "127" for p in to(GROUP, "232.5.5.5", source=source)],
    "h2": [p for groups in BORDER_ENDS.values() for p in to(*groups)] + to(GROUP, *ASSIGNED, *NOT_ASSIGNED, *SCOPED) +
    to("239.255.2.2") + to(GROUP, source="10.9.9.9"),
    "h1": [p for groups in SUBNET_ENDS.values() for p in to(*groups)] + to(GROUP, "239.255.255.250") +
    [p for source in (OTHER, FAR, "152.78.2.5") for p in to("224.2.7.7", source=source)],
    "far": to(GROUP, *SCOPED),
}


def test_without_weir_all_of_it_crosses():
    """What the scenarios find stopped is stopped by weir: none of it is before."""
    for sender, others in (("out", ["h1", "h2", "far"]), ("h2", ["out", "h1", "far"]), ("h1", ["out", "h2", "far"]),
                           ("far", ["out", "h1", "h2"])):
        route(sender, FLOWS[sender])
        for name, come in crossing(sender, others, FLOWS[sender]).items():
            equal(come, [True] * len(come), f"{sender} to {name}")
    DAEMON.begin().ready()
    OFFERED.clear()


def test_2_1_only_assigned_ranges_come_in():
    come = crossing("out", ["h1", "h2", "far"], to(*ASSIGNED, *NOT_ASSIGNED))
    for name in come:
        equal(come[name], [True] * len(ASSIGNED) + [False] * len(NOT_ASSIGNED), name)
    counted("border", {"assigned": len(ASSIGNED) + 1, "default": len(NOT_ASSIGNED)})


def test_2_3_only_assigned_ranges_go_out():
    come = crossing("h2", ["out", "far"], to(*ASSIGNED, *NOT_ASSIGNED))
    equal(come["out"], [True] * len(ASSIGNED) + [False] * len(NOT_ASSIGNED))
    equal(come["far"], [True] * len(come["far"]), "they may be used within the site")
    counted("border", {"assigned": len(ASSIGNED) + 1, "default": len(NOT_ASSIGNED)})


def border_rules():
    """{entry: its rule}, from the profile itself."""
    text = out("policy", "--text", "chown-02")
    text = text[text.index("boundary border "):text.index("boundary organisation")]
    return dict(re.findall(r"deny +to ([\d./]+) at data, sa\s+as (\S+)", text))


def try_border_list(sender, receiver):
    rules = border_rules()
    equal(set(rules), set(BORDER_LIST), "the entries of the draft")
    groups = [group for entry in BORDER_LIST for group in BORDER_ENDS[entry]]
    equal(crossing(sender, [receiver], to(*groups))[receiver], [False] * len(groups))
    equal(len(set(rules.values())), len(BORDER_LIST), "each has a counter of its own")
    counted("border", {rules[entry]: len(BORDER_ENDS[entry]) for entry in BORDER_LIST})


def test_3_1_border_list_coming_in():
    try_border_list("out", "h2")


def test_3_1_border_list_going_out():
    try_border_list("h2", "out")


def test_3_1_private_sources_whatever_the_group():
    packets = [p for source in PRIVATE for p in to(GROUP, "232.5.5.5", source=source)]
    come = crossing("out", ["h1", "h2", "far"], packets)
    for name in come:
        equal(come[name], [False] * len(packets), name)
    want = collections.Counter(rule for rule in PRIVATE.values() for _ in range(2))
    equal(crossing("h2", ["out"], to(GROUP, source="10.9.9.9"))["out"], [False], "going out")
    want["private-source"] += 1
    counted("border", want)


def test_3_1_sap_storm_is_limited():
    """20 a second and 100 at once from each source: the storm stops, the announcement goes on."""
    begun = time.monotonic()
    come = crossing("out", ["h2"], to(SAP) * 200)["h2"]
    most = 100 + 20 * (time.monotonic() - begun) + 1
    assert 100 <= sum(come) <= most and all(come[:100]), (sum(come), most)
    equal(crossing("out", ["h2"], to(SAP, source=PRIVATE_FREE))["h2"], [True], "another announcer is not limited")
    counted("border", {"sap-storm": 201})


PRIVATE_FREE = "130.59.1.77"
FLOWS["out"] += to(SAP, source=PRIVATE_FREE)


def test_3_1_ttl():
    """TTL on arrival, though the hook is behind the router's decrement."""
    come = crossing("h2", ["out", "far"], [(None, GROUP, ttl) for ttl in (1, 2, 15, 16, 17, 64)])
    equal(come["out"], [False, False, False, True, True, True])
    equal(come["far"], [False, True, True, True, True, True], "it is a rule of the border alone")
    counted("border", {"ttl-threshold": 2})


def mac_of(host, interface):
    said = subprocess.run(["ip", "-n", host, "-j", "link", "show", interface], capture_output=True, check=True)
    return bytes.fromhex(json.loads(said.stdout)[0]["address"].replace(":", ""))


def pim_between(receiver, n, *packets):
    """What h2, a router, sends to routers behind b, and what comes there: PIM messages, decremented once."""
    PORTS[receiver].frames(0.01)
    PORTS["h2"].send(*(frame(packet, to=mac_of("b", "l2")) for packet in packets))
    come = [packet for _, packet in PORTS[receiver].frames(3, 103, n, OTHER)]
    assert all(checksum(packet[:20]) == 0 and packet[8] == 63 for packet in come), come
    return [packet[20:].hex() for packet in come]


def test_2_4_registers_and_candidates_that_are_forwarded():
    """Unicast PIM on its way through b: at the border what is refused goes in silence, as `registers silent` says, and a
    Candidate-RP message loses a range; at c0 a Register-Stop comes back in the name of the RP there."""
    refused, kept = (lambda rp, group=group: register(OTHER, rp, OTHER, group) for group in ("224.9.1.1", "224.2.1.1"))
    PORTS["h2"].frames(0.01)
    equal(pim_between("out", 2, refused(OUTSIDE), kept(OUTSIDE), candidate_rp(OTHER, OUTSIDE, "239.9.0.0", "224.2.0.0")),
          [kept(OUTSIDE)[20:].hex(), candidate_rp(OTHER, OUTSIDE, "224.2.0.0")[20:].hex()])
    equal(pim_between("far", 1, refused(FAR), kept(FAR)), [kept(FAR)[20:].hex()])
    stops = PORTS["h2"].frames(3, 103, 1)
    equal([(packet[12:16], packet[20]) for _, packet in stops], [(socket.inet_aton(FAR), 0x22)], "of c0 alone")
    FORWARDED.update({("border", name): 1 for name in ("our-registers", "no-registers", "our-ranges", "candidate-rp")})
    FORWARDED.update({("organisation", name): 1 for name in ("not-registered", "registered")})
    equal(PORTS["h2"].frames(0.01, 103), [], "nothing else came back")

    def is_judged():
        queue = DAEMON.status()["queue"]
        became = {i["name"]: (i["passed"], i["dropped"], i["rewritten"]) for i in queue["interfaces"]}
        return (queue["offered"] == queue["judged"] and queue["bypassed"] == queue["register_stops_failed"] == 0 and
                (queue["register_stops"], became["o0"], became["c0"]) == (1, (1, 1, 1), (1, 1, 0)))

    until(is_judged, lambda: DAEMON.status()["queue"])


def test_3_2_scopes_nest():
    """Each scope within the next: the subnet's, the campus's, the organisation's, the world."""
    for sender, others in (("h2", ["far", "out"]), ("far", ["h2", "out"])):
        come = crossing(sender, others, to(*SCOPED, GROUP))
        equal(come[others[0]], [False, False, True, True], f"{sender} to the other campus")
        equal(come["out"], [False, False, False, True], f"{sender} to the world")
    counted("organisation", {"local-scope": 2, "site-scope": 2})
    counted("border", {"scoped-groups-239.252.0.0-14": 1, "scoped-groups-239.0.0.0-8": 3})


def test_3_3_subnet_list():
    rules = dict(zip(SUBNET_LIST, ("ntp", "sgi-dogfight", "rwhod", "sun-nis", "microsoft-ds", "nbc-pro",
                                   "hp-device-disc", "iapp", "rwho", "sun-rpc", "limewire", "subnet-scope")))
    groups = [group for entry in SUBNET_LIST for group in SUBNET_ENDS[entry]]
    come = crossing("h1", ["h2", "far"], to(*groups))
    equal(come["h2"], [False] * len(groups))
    counted("subnet", {rules[entry]: len(SUBNET_ENDS[entry]) for entry in SUBNET_LIST})


def test_3_3_a_lan_sends_from_its_own_subnet():
    """set own = subnets of l1, which follows the addresses of l1."""
    strangers = [OTHER, FAR, "152.78.2.5"]
    packets = [p for source in strangers for p in to("224.2.7.7", source=source)]
    equal(crossing("h1", ["h2"], packets)["h2"], [False] * 3)
    counted("subnet", {"off-lan-source": 3})
    net.ip("addr", "add", "152.78.2.1/26", "dev", "l1", host="b")
    until(lambda: crossing("h1", ["h2"], packets)["h2"] == [False, False, True], "the new subnet")
    net.ip("addr", "del", "152.78.2.1/26", "dev", "l1", host="b")
    until(lambda: crossing("h1", ["h2"], packets)["h2"] == [False] * 3, "the old subnet")


def test_3_3_ssdp_and_mdns_stay_in_their_subnet():
    """The printer that floods with too large a TTL, and mDNS, which no router forwards."""
    equal(crossing("h1", ["h2", "far", "out"], to("239.255.255.250", "224.0.0.251", ttl=255)),
          {name: [False, False] for name in ("h2", "far", "out")})
    counted("subnet", {"upnp": 1, ".link-local": 1})


def test_rasadv_does_not_leave_the_site():
    come = crossing("h2", ["h1", "far", "out"], to("239.255.2.2", ttl=128), port=9753)
    equal(come, {"h1": [False], "far": [False], "out": [False]})
    counted("subnet", {"rasadv": 1})
    counted("organisation", {"local-scope": 1})
    counted("border", {"scoped-groups-239.252.0.0-14": 1})


def heartbeat():
    """Whether the operator, who is outside, hears the site."""
    data, number = udp(OTHER, GROUP)
    PORTS["h2"].send(data)
    return any(packet[-4:] == struct.pack("!I", number) for _, packet in PORTS["out"].frames(0.3, 17, 1))


def test_confirm_rolls_back_when_the_operator_is_cut_off():
    """A policy that stops the operator's own line: nobody is there to confirm it."""
    before = DAEMON.status()["generation"]
    assert heartbeat()
    wrong = DAEMON.write("wrong.weir", POLICY.replace("deny out ttl", f"deny to {GROUP} as oops\n    deny out ttl"))
    operator = subprocess.Popen(DAEMON.command("apply", wrong, "--confirm", "2s"), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=ENV, start_new_session=True)
    until(lambda: not heartbeat(), "the wrong policy")
    begun = time.monotonic()
    if operator.poll() is None:
        os.killpg(operator.pid, signal.SIGHUP)			# the terminal is gone with the line
    operator.wait()
    equal(heartbeat(), False)
    until(heartbeat, "the policy of before")
    assert time.monotonic() - begun < 10, "this took too long"
    until(lambda: "was not confirmed: the policy before is in force again" in DAEMON.said(), DAEMON.said)
    assert DAEMON.hits()["border", "oops"] >= 1, "what it stopped is counted"
    until(lambda: (s := DAEMON.status())["generation"] == before and "pending" not in s, "the generation of before")


def test_offered_is_counted():
    """All that the hosts sent met exactly one rule where it arrived; the history says what the kernel and the queue say."""
    arrived = collections.Counter()
    for _, rule, link, hook, packets in counters():
        if hook == "ingress" and rule != "oops":
            arrived[link] += packets
    equal({"out": arrived["o0"], "h1": arrived["l1"], "far": arrived["c0"]},
          {name: OFFERED[name] for name in ("out", "h1", "far")})
    kernel = {key: n for key, n in met().items() if n > 0 and key[1] != "oops"}
    equal(set(kernel) & set(FORWARDED), set())
    DAEMON.until_counted({}, kernel | FORWARDED)


def begun_with_counts(test):
    def run():
        global BEFORE
        BEFORE = met()
        test()
    return run


try:
    main({name: begun_with_counts(test) for name, test in globals().items() if name.startswith("test_")})
finally:
    end_all()
    SMCROUTED.kill()
    SMCROUTED.wait()
