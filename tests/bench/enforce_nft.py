# SPDX-License-Identifier: BSD-2-Clause
"""What a policy costs in nftables, per packet and to bring into force, beside ipset and linear rules.

enforce_nft.py ENFORCER OFFER [ROUNDS] -- each case in a namespace of its own, all of them round by
round, so that whatever else the machine does meets all alike; medians.  Every packet is dropped, but for
those that are said to pass; the cost is over an empty chain at the same hook, that does the same.  A case
takes so many packets that each flow comes by some 240 times: the first of them finds caches that the case
before has filled, and fewer packets measure that.  Ends with 1 where a cost is over what it may be, or a
fifth over what the fewest prefixes cost.  Needs root."""
import os
import random
import statistics
import subprocess
import sys
import tempfile

ENFORCER, OFFER = (os.path.abspath(a) for a in sys.argv[1:3])
# a case's costs differ by a tenth from round to round: the ratio of two wants many
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 21
INSTALLS = 7
PACKETS = 1000000
SIZES = (64, 1000, 10000)
SOURCES = 32
RULES = 64
LIMITS_NS = {"groups": 80, "sources": 160}
GROWTH = 1.2
LIMITS_MS = {"modern": 10, "10,000 rules": 500, "10,000 pairs": 500}
FOLDER = tempfile.TemporaryDirectory()
random.seed(9)
missed = []


def run(*words, host=None, text=None):
    command = ["nsenter", f"--net=/run/netns/{host}"] if host else []
    done = subprocess.run([*command, *words], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()[:300]}")
    return done.stdout


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def prefixes(n, first, bits):
    """Disjoint ones as operators write them: hosts, /24, some /28 and a few /16."""
    found, taken = {}, set()
    while len(found) < n:
        length = random.choices((32, 24, 28, 16), (60, 27, 10, 3 if n < 2000 else 0))[0]
        address = (first | random.getrandbits(bits)) >> (32 - length) << (32 - length)
        key = address >> 16 if length == 16 else address >> 8
        if (address >> 16) in taken or (length == 16 and any(k >> 16 == key for k in found)) or \
                (length < 32 and key in taken) or address in found:
            continue
        taken.add(key)
        found[address] = length
    return sorted(found.items())


def within(prefix):
    address, length = prefix
    return dotted(address | random.getrandbits(32 - length) if length < 32 else address)


def text_of(prefix):
    return f"{dotted(prefix[0])}/{prefix[1]}"


def policy(groups, sources, action="deny"):
    """Rules of as many prefixes each, every one denied; with sources, every other rule asks for some."""
    lines = ["boundary border {"]
    for i in range(RULES):
        some = groups[i::RULES]
        origin = f"from {{ {', '.join(text_of(s) for s in sources[i % 4::4])} }} " if sources and i % 2 else ""
        lines.append(f"{action} {origin}to {{ {', '.join(text_of(p) for p in some)} }} as r{i}")
    return "\n".join([*lines, f"default {action}", "}", ""])


def pairs(groups, sources):
    """4096 flows: 7 of 10 to a group that is named."""
    lines = []
    for _ in range(4096):
        named = random.random() < 0.7
        group = within(random.choice(groups)) if named else dotted(0xe1000000 | random.getrandbits(26))
        known = sources and random.random() < 0.7
        source = within(random.choice(sources)) if known else dotted(0x0b000000 | random.getrandbits(24))
        lines.append(f"{source} {group}")
    return "\n".join(lines) + "\n"


class Case:
    """An interface in a namespace of its own, with something in front of it."""
    made = 0

    def __init__(self, name, base, flows):
        Case.made += 1
        self.name, self.base, self.flows, self.took = name, base, flows, []
        self.host = f"wnb{os.getpid()}x{Case.made}"
        run("ip", "netns", "add", self.host)
        run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb", host=self.host)
        for end in ("va", "vb", "lo"):
            run("ip", "link", "set", end, "up", host=self.host)

    def offer(self):
        self.took.append(float(run("chrt", "-f", "50", OFFER, "va", str(PACKETS), host=self.host,
                                   text=self.flows)))

    @property
    def median(self):
        return statistics.median(self.took)

    @property
    def cost(self):
        """Over its base: the median of the differences within a round."""
        return statistics.median(t - b for t, b in zip(self.took, self.base.took)) if self.base else 0


def chain(body):
    return f"table netdev t {{ chain c {{ type filter hook ingress device va priority 0; {body} }} ; }}"


def iptables(case, *rules):
    run("iptables-nft-restore", host=case.host,
        text="*raw\n" + "".join(f"-A PREROUTING {r}\n" for r in rules) + "COMMIT\n")


def policy_of_pairs(n):
    """n pairs of hosts, each by a rule of its own."""
    hosts = random.sample(range(0x0b000000, 0x60000000), n)
    named = [(host, 0xe9000000 + 7 * i) for i, host in enumerate(hosts)]
    return named, "boundary border {\n" + "".join(
        f"deny from {dotted(s)} to {dotted(g)} as p{i}\n" for i, (s, g) in enumerate(named)) + "default deny }\n"


def weir_pairs(base, n):
    """7 of 10 packets are of a pair that is named, the others of a source and a group that are no pair."""
    named, text = policy_of_pairs(n)
    other = random.sample(named, len(named))
    flows = "".join(f"{dotted(s)} {dotted(g if random.random() < 0.7 else o)}\n"
                    for (s, g), (_, o) in random.sample(list(zip(named, other)), 4096))
    return weir(f"weir, {n} pairs", base, named, [], flows, text)


def weir(name, base, groups, sources, flows, text=None):
    case = Case(name, base, flows)
    path = os.path.join(FOLDER.name, f"{len(groups)}{len(sources)}.weir")
    with open(path, "w", encoding="ascii") as f:
        f.write(text or policy(groups, sources))
    run(ENFORCER, "install", path, "border", "--", "va,outside,nftables", host=case.host)
    return case


def floor(name, base, groups, flows):
    """The least that a policy can cost in nftables that looks a packet's group up and counts it: hosts alone, one
    hash, one chain with a counter a rule, no other question."""
    case = Case(name, base, flows)
    hosts = [p for p in groups if p[1] == 32]
    chains = "".join(f"chain r{i} {{ counter drop ; }} ; " for i in range(RULES))
    elements = ", ".join(f"{dotted(a)} : goto r{i % RULES}" for i, (a, _) in enumerate(hosts))
    run("nft", "-f", "-", host=case.host, text=f"table netdev t {{ {chains} map m {{ type ipv4_addr : verdict ; "
        f"size {4 * len(hosts)} ; elements = {{ {elements} }} ; }} ; chain c {{ type filter hook ingress device va "
        f"priority 0 ; ip daddr vmap @m ; counter drop ; }} ; }}")
    return case


def cases():
    sources = prefixes(SOURCES, 0x0a000000, 24)
    groups = {n: prefixes(n, 0xe1000000, 26) for n in SIZES}
    flows = {n: pairs(groups[n], sources) for n in SIZES}
    empty = Case("empty netdev chain", None, flows[SIZES[0]])
    run("nft", "-f", "-", host=empty.host, text=chain("drop;"))
    raw = Case("empty raw chain", None, flows[SIZES[0]])
    iptables(raw, "-j DROP")
    passing = Case("empty netdev chain, packets pass", None, flows[SIZES[0]])
    run("nft", "-f", "-", host=passing.host, text=chain("policy accept;"))
    found = [empty, raw, passing]
    for n in SIZES:
        found.append(weir(f"weir, {n} groups", empty, groups[n], [], flows[n]))
    for n in SIZES:
        found.append(weir(f"weir, {SOURCES} sources x {n} groups", empty, groups[n], sources, flows[n]))
    for n in (SIZES[0], SIZES[-1]):
        text = policy(groups[n], [], "permit").replace("{", "{\ndeny to 239.255.255.255 as one", 1)
        found.append(weir(f"weir, {n} groups, packets pass", passing, groups[n], [], flows[n], text))
    found.append(weir_pairs(empty, SIZES[-1]))
    for n in (SIZES[0], SIZES[-1]):
        found.append(floor(f"floor: one look-up, one counter, {n}", empty, groups[n], flows[n]))
    for n in (SIZES[0], SIZES[-1]):
        case = Case(f"ipset hash:net, {n} groups", raw, flows[n])
        run("ipset", "restore", host=case.host, text=f"create g hash:net maxelem {2 * n}\n" + "".join(
            f"add g {text_of(p)}\n" for p in groups[n]))
        iptables(case, "-m set --match-set g dst -j DROP", "-j DROP")
        found.append(case)
    n = SIZES[0]
    case = Case(f"nft interval map, {n} groups", empty, flows[n])
    run("nft", "-f", "-", host=case.host, text=chain("ip daddr vmap { " + ", ".join(
        f"{text_of(p)} : drop" for p in groups[n]) + " } ; drop;"))
    found.append(case)
    case = Case(f"nft linear rules, {n} groups", empty, flows[n])
    run("nft", "-f", "-", host=case.host, text=chain(" ; ".join(
        f"ip daddr {text_of(p)} counter drop" for p in groups[n]) + " ; drop;"))
    found.append(case)
    return found


def per_packet():
    found = []
    try:
        found = cases()
        for _ in range(ROUNDS):
            for case in found:
                case.offer()
        print(f"nftables, CPU ns per packet at ingress, {PACKETS} packets of 4096 flows, median of {ROUNDS}")
        for case in found:
            print(f"  {case.name:36} {case.median:8.1f}" + (f"   {case.cost:+8.1f}" if case.base else ""))
        by_name = {c.name: c.cost for c in found}
        small, large = (by_name[f"weir, {n} groups"] for n in (SIZES[0], SIZES[-1]))
        least = [by_name[f"floor: one look-up, one counter, {n}"] for n in (SIZES[0], SIZES[-1])]
        print(f"  weir over the floor {small / least[0]:.2f} times at {SIZES[0]}, {large / least[1]:.2f} at {SIZES[-1]}")
        for n in SIZES:
            for kind, words in (("groups", ""), ("sources", f"{SOURCES} sources x ")):
                least_cost = by_name[f"weir, {words}{SIZES[0]} groups"]
                verdict(f"{words}{n} groups", by_name[f"weir, {words}{n} groups"],
                        LIMITS_NS[kind] if n == SIZES[0] else GROWTH * least_cost, " ns")
        print(f"  {SIZES[-1]} groups cost {large / small:.2f} times what {SIZES[0]} cost; "
              f"ipset {by_name[f'ipset hash:net, {SIZES[-1]} groups'] / large:.1f} times, "
              f"linear rules of {SIZES[0]} {by_name[f'nft linear rules, {SIZES[0]} groups'] / small:.1f} times")
    finally:
        for number in range(1, Case.made + 1):
            subprocess.run(["ip", "netns", "del", f"wnb{os.getpid()}x{number}"], check=False)


def verdict(what, value, limit, unit):
    if value > limit:
        missed.append(what)
    print(f"  {what}: {value:.1f}{unit}, at most {limit:.0f}: {'MISSED' if value > limit else 'ok'}")


def times(line):
    return [float(w) for w in line.replace(",", "").split() if w.replace(".", "").isdigit()]


def to_in_force():
    """From the policy's text, while another generation stands."""
    case = Case("apply", None, "")
    path = os.path.join(FOLDER.name, "many.weir")
    with open(path, "w", encoding="ascii") as f:
        f.write("boundary border {\n" + "".join(
            f"deny to 239.{i >> 8 & 255}.{i & 255}.7 as r{i}\n" for i in range(10000)) + "default permit }\n")
    print(f"From policy text to rules in force, ms (load, compile, install), median of {INSTALLS}")
    try:
        paired = os.path.join(FOLDER.name, "paired.weir")
        with open(paired, "w", encoding="ascii") as f:
            f.write(policy_of_pairs(10000)[1])
        names = {path: "10,000 rules", paired: "10,000 pairs"}
        for name in ("modern", "chown-02", *names):
            sets = [] if name in names else ["own=192.0.2.0/24"]
            took = [times(run("chrt", "-f", "50", ENFORCER, "install", name, "border", *sets, "--",
                              "va,outside,nftables", host=case.host)) for _ in range(INSTALLS + 1)][1:]
            parts = [statistics.median(t[i] for t in took) for i in range(3)]
            print(f"  {names.get(name, name):36} {sum(parts):8.1f}   "
                  f"{parts[0]:.1f} + {parts[1]:.1f} + {parts[2]:.1f}")
            if names.get(name, name) in LIMITS_MS:
                verdict(names.get(name, name), sum(parts), LIMITS_MS[names.get(name, name)], " ms")
    finally:
        subprocess.run(["ip", "netns", "del", case.host], check=False)


if os.geteuid() != 0:
    sys.exit("enforce_nft.py: needs root")
per_packet()
to_in_force()
sys.exit(1 if missed else 0)
