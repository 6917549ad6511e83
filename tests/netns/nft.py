# SPDX-License-Identifier: BSD-2-Clause
"""The nftables back end in a namespace: random policies and random packets through veth pairs, a
bridge and the kernel's multicast routing, held to the reference by counters and by who arrives; reloads
under traffic; counters that outlive everything.

nft.py WEIR ENFORCER -- needs root and nftables; WEIR_LONG=1 reloads 300 times under 100,000 packets a
second and tries more policies."""
import collections
import glob
import ipaddress
import itertools
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

ENFORCER = os.path.abspath(sys.argv[2])

import net  # noqa: E402
from cli import Skip, equal, main  # noqa: E402
from frames import checksum, frame, numbered  # noqa: E402

LONG = os.environ.get("WEIR_LONG", "0") not in ("", "0")
CALM = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
Packet = collections.namedtuple("Packet", "source group protocol dport ttl fragment word action rule")
FOLDER = tempfile.TemporaryDirectory()
TURNS = itertools.count()


def enforcer(*words, host=None, good=True):
    """Half of all images are brought in pieces, as far as they have any."""
    command = ["nsenter", f"--net=/run/netns/{host}"] if host else []
    brings = words[0] in ("install", "reload", "replace", "abandon")
    ahead = {"ENFORCER_AHEAD": "1"} if brings and next(TURNS) // 2 % 2 == 0 else {}
    done = subprocess.run([*command, ENFORCER, *words], capture_output=True, text=True, env={**CALM, **ahead},
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


def drain(s, number_of, patience=0.1):
    """The numbers of all frames that came, until none comes for a while."""
    numbers = []
    s.settimeout(patience)
    while True:
        try:
            data, where = s.recvfrom(65536)
        except socket.timeout:
            return numbers
        if where[2] != socket.PACKET_OUTGOING and number_of(data) is not None:
            numbers.append(number_of(data))


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


def random_policy(seed, kind="random"):
    text = enforcer(kind, str(seed), str(1 + seed % 24 + (20 if kind == "random-pairs" else 0)))
    return write("random.weir", text)


def loads(policy):
    return enforcer("packets", "1", "1", "in", policy, "border", good=False).returncode == 0


TAGS = (b"\x88\xa8\0\5\x81\0\0\6", b"\x91\0\0\5", b"\x81\0\0\5\x81\0\0\6\x88\xa8\0\7", b"\x91\0\0\5\x81\0\0\6")
DEEP = "tags that the kernel leaves in the frame"


def tagged(data, number):
    return data[:12] + TAGS[number % len(TAGS)] + data[12:]


def send_all(s, sent, vlan=None):
    for number, p in enumerate(sent):
        if vlan == DEEP:
            s.send(tagged(frame(p, number, plain=True), number))
        else:
            s.send(frame(p, number, vlan if vlan is None else vlan + number % 7))


def is_in_reach(p):
    """Behind several tags: no extension headers, and no bucket for each source."""
    return p.action != "limit" and not (p.fragment and ":" in p.group)


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
        drain(self.receiver, numbered, 0.001)
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
    enforcer("remove")
    enforcer("install", policy, "border", *sets, "--", f"{link},{side},nftables,port")
    vlan = (5, DEEP, None)[seed % 3]
    if vlan == DEEP:
        sent = [p for p in sent if is_in_reach(p)]
    arrived, found = bridge().offer(sent, vlan)
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


def is_too_large(policy, link):
    said = enforcer("text", policy, "border", "--", f"{link},outside,nftables,port", good=False)
    return said.returncode != 0 and "too many pairs" in said.stderr


def random_policies(link, hook, first, kind="random", n=10):
    judged = tried = refused = 0
    for seed in range(first, first + (300 if LONG else n)):
        policy = random_policy(seed, kind)
        if kind == "random-pairs" and is_too_large(policy, link):
            refused += 1
        elif loads(policy):
            tried += 1
            judged += one_policy(policy, seed, link, hook, "inside" if seed % 2 else "outside")
    assert judged * 2 > tried > 4 and refused * 50 <= tried, (judged, tried, refused)


def test_ingress_says_what_the_reference_says():
    random_policies("pb", "ingress", 100)


def test_bridge_egress_says_what_the_reference_says():
    random_policies("pc", "egress", 1000)


def test_pairs_say_what_the_reference_says():
    CALM["ENFORCER_PAIRS"] = "1"
    try:
        random_policies("pb", "ingress", 3000, "random-pairs", 5)
        random_policies("pc", "egress", 3500, "random-pairs", 5)
    finally:
        del CALM["ENFORCER_PAIRS"]


def test_built_in_borders():
    own = "own=192.0.2.0/24, 2001:db8::/32"
    for seed, policy in enumerate(("modern", "chown-02", "ssm-only")):
        for side in ("inside", "outside"):
            one_policy(policy, 3 * seed + 1, "pb", "ingress", side, own, n=400)
            one_policy(policy, 3 * seed + 2, "pc", "egress", side, own, n=200)


def test_long_lists():
    """Networks and four thousand hosts, some of them within networks, by three rules each."""
    networks = [f"{225 + (i >> 15)}.{i >> 7 & 255}.{i << 1 & 255}" for i in range(5500)]
    lists = [[f"{n}.9" for i, n in enumerate(networks) if i % 500 == 0]]
    lists += [[f"{n}.9" if i % 4 else f"{n}.0/24" for i, n in enumerate(networks) if i % 3 == k] for k in range(3)]
    rules = [f" {'permit' if k == 1 else 'deny'} to {{ {', '.join(groups)} }} as r{k}\n"
             for k, groups in enumerate(lists)]
    policy = write("long.weir", f"boundary border {{\n{''.join(rules)} default permit\n}}\n")
    assert one_policy(policy, 2, "pb", "ingress", "outside", n=400)
    assert one_policy(policy, 4, "pb", "ingress", "outside", n=400)


def test_the_kernel_takes_the_golden_texts():
    bridge()
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "enforce", "golden")
    for policy in sorted(glob.glob(folder + "/*.weir")):
        enforcer("install", policy, "border", "--", "pb,outside,nftables,port", "pc,inside,nftables")


def can_be_routed(p):
    """What a kernel routes: no link-local group, a source that can be one, a TTL that lasts."""
    if p.ttl < 2 or p.rule.startswith(".") or p.word == "control":
        return False
    group, source = ipaddress.ip_address(p.group), ipaddress.ip_address(p.source)
    if group.version == 6 and group.packed[1] & 15 < 3:
        return False
    return not (source.is_multicast or source.is_loopback or source.is_unspecified or
                source.packed[0] in (0, 255) and source.version == 4)


class Router:
    """pe - [r0 router r1] - ph, which forwards by the kernel's multicast routing."""

    def __init__(self, wanted):
        net.add_host("r")
        for name, outer in (("r0", "pe"), ("r1", "ph")):
            net.add_cable(("r", name, None), (None, outer, None))
        for line in ("ipv4.conf.all.rp_filter=0", "ipv4.conf.r0.rp_filter=0", "ipv4.ip_forward=1",
                     "ipv6.conf.all.forwarding=1", "ipv6.conf.all.disable_ipv6=0",
                     "ipv6.conf.r0.disable_ipv6=0", "ipv6.conf.r1.disable_ipv6=0"):
            name, value = line.split("=")
            path = "/proc/sys/net/" + name.replace(".", "/")
            subprocess.run(net.at("r", "sh", "-c", f"echo {value} > {path}"), check=True)
        net.ip("addr", "add", "10.99.0.1/24", "dev", "r0", host="r")
        net.ip("addr", "add", "10.98.0.1/24", "dev", "r1", host="r")
        pairs = sorted({(p.source, p.group) for p in wanted})
        config = write("smc.conf", "phyint r0 enable\nphyint r1 enable\n" + "".join(
            f"mroute from r0 source {s} group {g} to r1\n" for s, g in pairs))
        self.daemon = subprocess.Popen(net.at("r", "smcrouted", "-n", "-N", "-f", config, "-i", "wr", "-P",
                                              os.path.join(FOLDER.name, "pid"), "-u",
                                              os.path.join(FOLDER.name, "sock")),
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.sender, self.receiver = tap("pe"), tap("ph")
        end = time.monotonic() + 10
        while self.routes() < len(pairs) and time.monotonic() < end and self.daemon.poll() is None:
            time.sleep(0.1)
        self.all_there = self.routes() >= len(pairs)

    @staticmethod
    def routes():
        said = ""
        for family in ("ip_mr_cache", "ip6_mr_cache"):
            said += subprocess.run(net.at("r", "cat", f"/proc/net/{family}"), capture_output=True,
                                   text=True).stdout
        return sum(1 for line in said.splitlines() if "Group" not in line)

    def close(self):
        self.daemon.terminate()
        return self.daemon.communicate(timeout=10)[0].decode()


def test_routed_packets():
    """The forward hook stands behind the decrement: what it says of a TTL is of that on arrival."""
    if not shutil.which("smcrouted"):
        raise Skip("smcroute is not installed")
    rounds = []
    for seed in range(5000, 5040 if LONG else 5012):
        text = enforcer("random", str(seed), str(2 + seed % 12))
        policy = write(f"routed-{seed}.weir", text)
        if loads(policy):
            sent = [p for p in packets(seed, 120, "out", policy) if can_be_routed(p)]
            rounds.append((policy, sent))
    if not os.path.exists("/proc/net/ip_mr_vif") or not os.path.exists("/proc/net/ip6_mr_vif"):
        raise Skip("this kernel routes no multicast")
    router = Router([p for _, sent in rounds for p in sent])
    if not router.all_there:
        raise AssertionError("no routes: " + router.close()[-200:])
    judged = 0
    for policy, sent in rounds:
        enforcer("remove", host="r")
        enforcer("install", policy, "border", "--", "r1,outside,nftables", host="r")
        before = counts("r")
        drain(router.receiver, numbered, 0.001)
        for number, p in enumerate(sent):
            router.sender.send(frame(p, number, plain=True))
        arrived = drain(router.receiver, numbered)
        found = difference(counts("r"), before)
        found = {key: n for key, n in found.items() if key[2][0] != "."}    # what the router says itself
        if any(key[:2] == ("r1", "egress") for key in found):
            judge(sent, arrived, found, "r1", "egress")
            judged += len(sent)
    router.close()
    assert judged > 100, judged


SENDING = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.97.0.1"))
for group, ttl in (w.split(",") for w in sys.argv[1:]):
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, int(ttl))
    try:
        s.sendto(b"mine", (group, 9))
    except PermissionError:     # the kernel tells the sender what it dropped
        print(group, ttl)
"""


def group_of(data):
    """Of a UDP packet to the discard port."""
    return socket.inet_ntoa(data[30:34]) if data[12:14] == b"\x08\0" and data[36:38] == b"\0\x09" else None


def test_what_the_machine_itself_sends():
    """It is judged where it leaves, with the TTL that it has; what is the link's own matter passes."""
    net.add_host("o")
    net.add_cable(("o", "r2", "10.97.0.1/24"), (None, "pi", None))
    policy = write("own.weir", "boundary border { deny to 239.3.3.3 ttl < 3 as low deny to 239.1.1.1 as stops "
                   "default permit }")
    enforcer("install", policy, "border", "--", "r2,outside,nftables", host="o")
    receiver = tap("pi")
    before = counts("o")
    said = subprocess.run(["nsenter", "--net=/run/netns/o", sys.executable, "-c", SENDING, "239.1.1.1,9",
                           "239.2.2.2,9", "224.0.0.251,1", "239.3.3.3,2", "239.3.3.3,3"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    equal(said, "239.1.1.1 9\n239.3.3.3 2\n")
    arrived = drain(receiver, group_of)
    found = {rule: n for (_, hook, rule), (n, _) in difference(counts("o"), before).items() if hook == "egress"}
    equal(sorted(arrived), ["224.0.0.251", "239.2.2.2", "239.3.3.3"])
    equal([found[rule] for rule in ("low", "stops", "default")], [1, 1, 2])
    assert found[".link-local"] >= 1, found


A = """boundary border { permit to 239.1.1.1 as first-passes deny to 239.2.2.2 as second-stops
default deny "nobody gets here" }"""
B = """boundary border { deny to 239.1.1.1 as first-stops permit to 239.2.2.2 as second-passes
default deny }"""


def words(line):
    """{"sent": 5, ...} of "sent 5 ..." """
    w = line.split()
    return {w[i]: int(w[i + 1]) for i in range(0, len(w) - 1, 2)}


def test_reloads_under_traffic():
    """No packet is judged by half of a policy, and no count is lost."""
    bridge()
    enforcer("remove")
    a, b = write("a.weir", A), write("b.weir", B)
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    time.sleep(0.2)
    before = counts()
    with subprocess.Popen([ENFORCER, "blast", "pa", "pd", "60000" if LONG else "2500"], env=CALM, text=True,
                          stdout=subprocess.PIPE) as traffic:
        time.sleep(0.3)
        reloads = 300 if LONG else 12
        said = enforcer("reload", str(reloads), b, a, "border", "--", "pb,outside,nftables,port")
        still = traffic.poll() is None
        saw = words(traffic.communicate(timeout=120)[0])
    assert still, "the traffic ended before the reloads did"
    found = {rule: n for (_, hook, rule), (n, _) in difference(counts(), before).items() if hook == "ingress"}
    rate = saw["sent"] * 1000 // saw["ms"]
    print(f"# {said.splitlines()[0]}, {saw['sent']} packets, {rate} a second, {saw['changes']} changes seen")
    equal((saw["twice"], saw["unseen"]), (0, 0))
    assert rate >= 100000 or not LONG, rate
    equal(sum(found.values()), saw["sent"], "offered = counted")
    equal(found["first-passes"], saw["first"])
    equal(found["second-passes"], saw["second"])
    equal(found["default"], 0, "judged by half of a policy")
    assert 2 <= saw["changes"] <= reloads, "the numbers tell of more changes than there were"


def test_what_several_tags_hide():
    """Ports behind options are out of reach: such frames are counted by themselves, and pass where it fails open."""
    bridge()
    policy = write("deep.weir", "boundary border { deny to 239.1.1.1 as first deny port 1900 as ssdp default permit }")
    first = Packet("10.1.2.3", "239.1.1.1", 17, 5000, 9, 0, "-", "deny", "first")
    second = first._replace(group="239.2.2.2", dport=1900, rule="ssdp")
    for failing, passes in (("", [3]), (",closed", [])):
        enforcer("remove")
        enforcer("install", policy, "border", "--", f"pb,outside,nftables,port{failing}")
        drain(BRIDGE.receiver, numbered)
        before = counts()
        for number in range(1, 5):      # the third has options
            BRIDGE.sender.send(tagged(frame((first, second)[number % 2], number), number))
        BRIDGE.sender.send(frame(second, 5, plain=True)[:12] + 4 * b"\x81\0\0\5" + b"\x81\0\0\6\x08\0")
        BRIDGE.sender.send(tagged(frame(first._replace(group="10.1.1.1"), 6, target=b"\2\0\0\0\0\x42"), 6))
        arrived = drain(BRIDGE.receiver, numbered)
        found = {rule: n for (_, hook, rule), (n, _) in difference(counts(), before).items() if hook == "ingress" and n}
        equal(found, {"first": 2, "ssdp": 1, ".tagged-twice": 2})
        equal(arrived, passes + [6])


def as_later_fragment(data):
    """The same bytes, said to stand behind others: what looks like ports and a message is neither."""
    return data[:14] + ip4_again(data[14:34], b"\0\x10") + data[34:] if data[12] == 8 else \
        data[:18] + struct.pack("!HB", len(data) - 54 + 8, 44) + data[21:54] + b"\x11\0\0\x10\0\0\0\7" + data[54:]


def ip4_again(head, place):
    head = head[:6] + place + head[8:10] + b"\0\0" + head[12:]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def test_a_later_fragment_is_no_announcement():
    bridge()
    enforcer("remove")
    policy = write("later.weir", "boundary border { deny protocol rasadv as ras deny protocol sap as sap "
                   "deny port 9875 as port default permit }")
    enforcer("install", policy, "border", "--", "pb,outside,nftables,port")
    sent = []
    for group, dport, word in (("239.255.2.2", 9753, "rasadv"), ("224.2.127.254", 9875, "sap"),
                               ("239.7.7.7", 9753, "rasadv"), ("239.7.7.7", 9875, "sap"),
                               ("ff05::77", 9753, "rasadv"), ("ff0e::2:7ffe", 9875, "sap")):
        source = "10.1.2.3" if "." in group else "2001:db8::9"
        sent.append(Packet(source, group, 17, dport, 9, 0, word, "deny", word.replace("adv", "")))
    arrived, found = BRIDGE.offer(sent)
    judge(sent, arrived, found, "pb", "ingress")
    before = counts()
    for number, p in enumerate(sent):
        BRIDGE.sender.send(as_later_fragment(frame(p, number, plain=True)))
    arrived = drain(BRIDGE.receiver, numbered)
    judge([p._replace(action="permit", rule="default") for p in sent], arrived, difference(counts(), before), "pb",
          "ingress")


def test_frames_that_end_within_the_header():
    """No group, no verdict: nothing counts them.  With all of its addresses a frame is judged."""
    bridge()
    enforcer("remove")
    enforcer("install", write("all.weir", "boundary border { deny to 239.1.1.0/24 as some deny to ff0e::/16 as wide "
                              "default deny }"), "border", "--", "pb,outside,nftables,port")
    for group, protocol, header in (("239.1.1.1", 17, 20), ("239.9.9.9", 2, 20), ("ff0e::7", 17, 40), ("ff05::7", 6, 40)):
        source = "10.1.2.3" if "." in group else "2001:db8::9"
        whole = frame(Packet(source, group, protocol, 5000, 9, 0, "-", "deny", "-"), 1, plain=True)
        before = counts()
        for n in range(1, header):
            BRIDGE.sender.send(whole[:14 + n])
        drain(BRIDGE.receiver, numbered)
        equal(sum(map(sum, difference(counts(), before).values())), 0, group)
        BRIDGE.sender.send(whole[:14 + header])
        drain(BRIDGE.receiver, numbered)
        equal(sum(map(sum, difference(counts(), before).values())), 1, group)


def chains():
    said = subprocess.run(["nft", "list", "chains"], capture_output=True, text=True, check=True).stdout
    return sum(1 for line in said.splitlines() if line.startswith("\tchain"))


def test_a_killed_installer_changes_nothing():
    """Rules and counters outlive whoever brought them; the next one finds its way."""
    bridge()
    enforcer("remove")
    a, b = write("a.weir", A), write("b.weir", B)
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    usual = chains()
    before = counts()
    with subprocess.Popen([ENFORCER, "blast", "pa", "pd", "1800"], env=CALM, text=True,
                          stdout=subprocess.PIPE) as traffic:
        for _ in range(3):
            with subprocess.Popen([ENFORCER, "reload", "1000", b, a, "border", "--", "pb,outside,nftables,port"],
                                  env={**CALM, "ENFORCER_AHEAD": "1"}, stdout=subprocess.DEVNULL) as victim:
                time.sleep(0.3)
                victim.kill()
        saw = words(traffic.communicate(timeout=60)[0])
    found = {rule: n for (_, hook, rule), (n, _) in difference(counts(), before).items() if hook == "ingress"}
    equal(sum(found.values()), saw["sent"], "offered = counted")
    equal(found["default"], 0, "judged by half of a policy")
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    equal(chains(), usual, "what the dead left behind")
    for _ in range(11):
        enforcer("abandon", b, "border", "--", "pb,outside,nftables,port")
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    equal(chains(), usual, "what many dead left behind")


def test_pieces_alone():
    """What is brought ahead of an image that never comes goes again, and with the next one if its bringer dies."""
    bridge()
    a, b = write("a.weir", A), write("b.weir", B)
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    usual = chains()
    equal(enforcer("ahead", b, "border", "--", "pb,outside,nftables,port"), "3 pieces\n")
    equal(chains(), usual, "pieces that were forgotten")
    for _ in range(11):
        enforcer("ahead-and-die", b, "border", "--", "pb,outside,nftables,port")
    assert chains() != usual
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    equal(chains(), usual, "pieces of the dead")


def test_pieces_of_others():
    """Pieces that are none of the image that comes, or have gone, stop nothing: a policy of before comes back."""
    bridge()
    a, b = write("a.weir", A), write("b.weir", B)
    enforcer("install", b, "border", "--", "pb,outside,nftables,port")
    usual = chains()
    said = enforcer("amiss", a, b, "border", "--", "pb,outside,nftables,port")
    equal(said.count("in force after"), 7, said)
    enforcer("install", b, "border", "--", "pb,outside,nftables,port")
    equal(chains(), usual, "pieces of others")


def test_limits_by_source():
    """Each source has a bucket of its own: the burst, and what time brought meanwhile."""
    bridge()
    enforcer("remove")
    policy = write("limit.weir", "boundary border { limit 1/m burst 20 by source to 239.1.1.1 as slow "
                   "limit 1/m burst 30 to 239.2.2.2 as all default permit }")
    enforcer("install", policy, "border", "--", "pb,outside,nftables,port")
    sent = [Packet(f"10.1.2.{i % 3}", "239.1.1.1", 17, 5000, 9, 0, "-", "limit", "slow") for i in range(150)]
    sent += [Packet(f"10.1.2.{i % 3}", "239.2.2.2", 17, 5000, 9, 0, "-", "limit", "all") for i in range(90)]
    arrived, found = BRIDGE.offer(sent)
    equal(found[("pb", "ingress", "slow")], [60, 90])
    equal(found[("pb", "ingress", "all")], [30, 60])
    equal(len(arrived), 90)


def test_counters_of_vanished_rules_are_handed_out():
    bridge()
    enforcer("remove")
    a, b = write("a.weir", A), write("b.weir", B)
    enforcer("install", a, "border", "--", "pb,outside,nftables,port")
    BRIDGE.offer([Packet("10.1.2.3", "239.1.1.1", 17, 5000, 9, 0, "-", "permit", "first-passes")] * 7)
    said, kept = enforcer("replace", a, b, "border", "--", "pb,outside,nftables,port").split("forgotten\n")
    assert "border pb ingress first-passes passed gone 7" in said, said
    assert "first-stops" in kept and "first-passes" not in kept, kept
    equal(counts()[("pb", "ingress", ".link-local")], [0, 0])


def test_a_bad_plan_leaves_the_old_one():
    bridge()
    enforcer("remove")
    enforcer("install", write("a.weir", A), "border", "--", "pb,outside,nftables,port")
    subprocess.run(["nft", "add", "chain", "netdev", "weir", "ingress/pc"], check=True)    # no base chain
    standing = chains()
    done = enforcer("install", write("b.weir", B), "border", "--", "pb,outside,nftables,port",
                    "pc,outside,nftables,port", good=False)
    equal(done.returncode, 3)
    assert "nftables: File exists" in done.stderr, done.stderr
    equal(chains(), standing, "what the refused one brought")
    first = Packet("10.1.2.3", "239.1.1.1", 17, 5000, 9, 0, "-", "permit", "first-passes")
    arrived, found = BRIDGE.offer([first] * 5)
    equal((len(arrived), found[("pb", "ingress", "first-passes")]), (5, [5, 0]))
    enforcer("remove")
    equal(subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout, "")


def test_dry_run_counts_and_passes():
    bridge()
    enforcer("install", write("b.weir", B), "border", "--", "pb,outside,nftables,port,dry")
    first = Packet("10.1.2.3", "239.1.1.1", 17, 5000, 9, 0, "-", "deny", "first-stops")
    arrived, found = BRIDGE.offer([first] * 5)
    equal((len(arrived), found[("pb", "ingress", "first-stops")]), (5, [5, 0]))


def test_unicast_and_interfaces_that_return():
    """Unicast is neither stopped nor counted; an interface that is made again is enforced again."""
    bridge()
    enforcer("install", write("b.weir", B), "border", "--", "pb,outside,nftables,port")
    one = Packet("10.1.2.3", "10.9.9.9", 17, 5000, 9, 0, "-", "permit", "")
    drain(BRIDGE.receiver, numbered)
    before = counts()
    BRIDGE.sender.send(frame(one, 1, target=b"\2\0\0\0\0\x42"))
    equal(drain(BRIDGE.receiver, numbered), [1])
    equal(counts(), before)
    first = Packet("10.1.2.3", "239.1.1.1", 17, 5000, 9, 0, "-", "deny", "first-stops")
    for _ in range(3):
        net.ip("link", "del", "pb")
        net.add_cable((None, "pa", None), (None, "pb", None))
        net.ip("link", "set", "pb", "master", "br0")
        enforcer("install", os.path.join(FOLDER.name, "b.weir"), "border", "--", "pb,outside,nftables,port")
        BRIDGE.sender = tap("pa")
        arrived, found = BRIDGE.offer([first] * 4)
        equal((arrived, found[("pb", "ingress", "first-stops")]), ([], [4, 0]))


net.enter()
main(globals())
