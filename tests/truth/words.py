# SPDX-License-Identifier: BSD-2-Clause
"""The same words for the same statement, from a row of the truth and from a line of `weir decode -j`.

A statement is "TYPE WHAT SOURCE GROUP [rp RP] from SPEAKER to RECEIVER [bad-checksum]"; what a
message says of nobody is "-".  Addresses are written as Python's ipaddress writes them."""
import ipaddress
import re

ANY = ("0.0.0.0", "::")
CONTROL = ("igmp", "mld", "pim", "msdp", "sap")
IGMP = {0x11: ("query", "query"), 0x12: ("v1-report", "join"), 0x16: ("v2-report", "join"),
        0x17: ("v2-leave", "leave"), 0x22: ("v3-report", None), 0x13: ("dvmrp", "none"),
        0x1E: ("mtrace", "none"), 0x1F: ("mtrace", "none")}
MLD = {130: ("query", "query"), 131: ("mldv1-report", "join"), 132: ("mldv1-done", "leave"),
       143: ("mldv2-report", None)}
PIM = {0: "hello", 1: "register", 2: "register-stop", 3: "join-prune", 4: "bootstrap", 5: "assert",
       6: "graft", 7: "graft-ack", 8: "candidate-rp", 9: "state-refresh", 10: "df-election",
       11: "ecmp-redirect", 12: "pfm"}
PIM1 = {0: "v1-query", 1: "v1-register", 2: "v1-register-stop", 3: "v1-join-prune", 4: "v1-rp-reachable",
        5: "v1-assert", 6: "v1-graft", 7: "v1-graft-ack"}
# RFC 3376 4.2.12, DESIGN section 6: what a record without sources says, and what each source adds.
RECORDS = {1: ("none", "join"), 2: ("join", None), 3: ("leave", "join"), 4: ("join", None),
           5: ("none", "join"), 6: ("none", "leave")}


def addr(text):
    """As weir writes it: RFC 5952, with a dotted end for mapped addresses."""
    try:
        a = ipaddress.ip_address(text)
    except ValueError:
        return text
    if a.version == 6 and a.ipv4_mapped:
        return f"::ffff:{a.ipv4_mapped}"
    return str(a)


def prefix(text):
    """ADDRESS/LENGTH, without the length of a host."""
    address, _, length = text.partition("/")
    whole = "128" if ":" in address else "32"
    return addr(address) if length in ("", whole) else f"{addr(address)}/{length}"


def is_multicast_address(text):
    try:
        return ipaddress.ip_address(text).is_multicast
    except ValueError:
        return False


def statement(kind, what, source, group, rp, speaker, receiver, flags=()):
    text = f"{kind} {what} {source} {group}"
    if rp:
        text += f" rp {rp}"
    text += f" from {speaker} to {receiver}"
    return " ".join([text, *flags])


class Row:
    """One row of a ctl.tsv, whose fields it names."""

    def __init__(self, row):
        self.row = row
        self.extra = dict(part.partition("=")[::2] for part in (row["extra"] or "").split(" "))
        self.flags = ["bad-checksum"] if self.extra.get("ck") == "0" else []

    def say(self, kind, what, source="-", group="-", rp=None, flags=()):
        return statement(kind, what, source, group, rp, addr(self.row["ip_src"]), addr(self.row["ip_dst"]),
                         [*flags, *self.flags])

    def list(self, name):
        field = self.row[name]
        return [] if field in ("-", "", None) else [x for x in field.split(",") if x]


def say_membership(r, kinds, number):
    kind, what = kinds[number]
    group = addr(r.row["group"])
    sources = r.list("sources")
    if what is None:
        rectype = r.row["rectype"]
        if rectype in ("-", "") or int(rectype) not in RECORDS:
            return [r.say(kind, "none")]
        empty, each = RECORDS[int(rectype)]
        if sources and each:
            return [r.say(kind, each, addr(s), group) for s in sources]
        return [r.say(kind, empty, "*" if empty != "none" else "-", group)]
    if what == "query" and group in ANY:
        return [r.say(kind, what)]
    if what == "query" and sources:
        return [r.say(kind, what, addr(s), group) for s in sources]
    if what == "none":
        return [r.say(kind, what)]
    return [r.say(kind, what, "*", group)]


ENTRY = re.compile(r"([0-9a-fA-F.:]+/\d+)(?: \(([SWR]*)\))?")


def say_join_prune(r, kind):
    group = prefix(r.row["group"]) if r.row["group"] != "-" else "-"
    joins, _, prunes = (r.row["sources"] or "").removeprefix("J:").partition("P:")
    out = []
    for what, text in (("join", joins), ("prune", prunes)):
        for source, letters in ENTRY.findall(text):
            is_any = "W" in letters
            flags = (["rpt"] if "R" in letters else []) + (["wildcard"] if is_any else [])
            said = "none" if kind == "graft-ack" else what
            out.append(r.say(kind, said, "*" if is_any else prefix(source), group,
                             addr(source.split("/")[0]) if is_any else None, flags))
    return out or [r.say(kind, "none", "-", group)]


def say_bootstrap(r):
    groups = [prefix(g) for g in r.list("group")]
    rps = [addr(a) for a in r.extra.get("rp", "").split(",") if a]
    # tshark lists ranges and RPs apart: one word for each, not for each pair.
    return [r.say("bootstrap", "range", "-", g) for g in sorted(set(groups))] + \
           [r.say("bootstrap", "rp", "-", "-", a) for a in sorted(set(rps))] or [r.say("bootstrap", "rp")]


def any_if_zero(text):
    return "*" if text in ANY else text


def say_pim(r, number):
    kind = PIM.get(number)
    group = prefix(r.row["group"])
    source = addr(r.row["sources"])
    rp = addr(r.extra["rp"]) if "rp" in r.extra else None
    if kind in ("join-prune", "graft", "graft-ack"):
        return say_join_prune(r, kind)
    if kind == "hello":
        return [r.say(kind, "hello")]
    if kind == "register":
        inner = r.extra.get("inner", "->-").split(">")
        is_null = r.extra.get("N") == "1"
        rp = addr(r.row["ip_dst"])
        return [r.say("null-register" if is_null else kind, "register", addr(inner[0]), addr(inner[1]),
                      None if is_multicast_address(rp) else rp, ["null"] if is_null else [])]
    if kind in ("register-stop", "assert", "state-refresh", "ecmp-redirect"):
        return [r.say(kind, "none", any_if_zero(source), group, None,
                      ["rpt"] if r.extra.get("rpt") == "1" else [])]
    if kind == "bootstrap":
        return say_bootstrap(r)
    if kind == "candidate-rp":
        return [r.say(kind, "rp", "-", g, rp) for g in (prefix(x) for x in r.list("group"))]
    if kind == "df-election":
        return [r.say(kind, "none", "-", "-", rp)]
    return [r.say(kind or "-", "none")]


def say_pim1(r, number):
    if PIM1.get(number) == "v1-rp-reachable":
        return [r.say("v1-rp-reachable", "rp", "-", prefix(r.row["group"]), addr(r.extra["rp"]))]
    if PIM1.get(number) in ("v1-join-prune", "v1-graft", "v1-graft-ack"):
        return say_join_prune(r, PIM1[number])
    return [r.say(PIM1.get(number, "-"), "none")]


def say_session(r):
    """A SAP row: one c= line, its groups counted (RFC 8866 5.7)."""
    origin = addr(r.extra["origin"])
    if r.row["type"] == "1":
        return [r.say("delete", "none", origin)]
    address, *numbers = r.row["group"].split("/")
    n = int(numbers[-1]) if len(numbers) == (2 if r.row["rectype"] == "IP4" else 1) else 1
    base = ipaddress.ip_address(address)
    return [r.say("announce", "announce", origin, addr(str(base + i))) for i in range(n)]


def say_auto_rp(r):
    kind = "rp-announce" if r.row["type"] == "1" else "rp-discovery"
    return [r.say(kind, "rp", "-", prefix(r.row["group"]), addr(r.extra["rp"]))]


def say_msdp(r):
    if r.row["type"] == "4":
        return [r.say("keepalive", "none")]
    if r.row["type"] == "2":
        return [r.say("sa-request", "query", "-", addr(r.row["group"]))]
    return [r.say("sa", "sa", addr(r.row["sources"]), addr(r.row["group"]), addr(r.extra["rp"]))]


OTHERS = {"sap": say_session, "auto-rp": say_auto_rp, "msdp": say_msdp}


def of_truth(row):
    """The statements of one row of a ctl.tsv."""
    r = Row(row)
    if row["proto"] in OTHERS:
        return OTHERS[row["proto"]](r)
    number = int(row["type"], 0) if row["type"] not in ("-", "") else -1
    if row["proto"] == "igmp" and number in IGMP:
        return say_membership(r, IGMP, number)
    if row["proto"] == "mld" and number in MLD:
        return say_membership(r, MLD, number)
    if row["proto"] == "pim":
        return say_pim(r, number)
    if row["proto"] == "pim1":
        return say_pim1(r, number)
    if row["proto"] == "ra":
        return [r.say("router-advertisement", "router")]
    return [r.say(f"{row['proto']}-{row['type']}", "none")]


def is_control(o):
    return o["protocol"] in CONTROL and o.get("type") != "data" or o.get("type") == "router-advertisement"


# The truth only says that they are there.
UNREAD = ("mtrace", "dvmrp")
# The truth does not tell them.
UNTOLD = ("rgmp", "router-discovery")
COMPARED_FLAGS = ("rpt", "wildcard", "null", "bad-checksum")


def weir_prefix(o, name):
    length = o.get(name + "_len")
    return "-" if name not in o else prefix(f"{o[name]}/{length}") if length is not None else addr(o[name])


def of_weir(o):
    """The statements of one observation."""
    if not is_control(o) or o.get("type") in UNTOLD or is_quoted(o):
        return []
    flags = [f for f in COMPARED_FLAGS if f in o["flags"]]
    ends = (addr(o.get("speaker", "-")), addr(o.get("receiver", "-")))
    if "anomaly" in o:
        return [f"{o['protocol']} anomaly {o['anomaly']} from {ends[0]} to {ends[1]}"]
    group, rp = weir_prefix(o, "group"), o.get("rp")
    if o.get("type") in UNREAD:
        return [statement(o["type"], "none", "-", "-", None, *ends, flags)]
    if o.get("type") == "bootstrap" and group != "-":
        said = [statement("bootstrap", "range", "-", group, None, *ends, flags)]
        return said + ([statement("bootstrap", "rp", "-", "-", addr(rp), *ends, flags)] if rp else [])
    return [statement(o.get("type"), o.get("what"), weir_prefix(o, "source"), group, rp and addr(rp), *ends, flags)]


def is_multicast(o):
    """The carrying header goes to a group, or it is a Register, whose inner one does."""
    return is_multicast_address(o.get("receiver", "-")) or o.get("what") == "register"


CHECKSUMS = {"ip": "bad-ip-checksum", "udp": "bad-udp-checksum", "pim": "bad-checksum", "igmp": "bad-checksum",
             "icmpv6": "bad-checksum"}


def truth_notes(row):
    notes = {CHECKSUMS.get(name, name) for name in row["badcksum"].split(",") if name != "-"}
    if row["frag"] == "1":
        notes.add("fragment")
    if row["vlans"] != "-":
        notes.add("vlan " + row["vlans"].split(",")[0])
    return sorted(notes)


def weir_notes(observations):
    """What the statements of one frame note together."""
    compared = {*CHECKSUMS.values(), "fragment"}
    notes = {flag for o in observations for flag in o["flags"] if flag in compared}
    return sorted(notes | {f"vlan {o['vlan']}" for o in observations if "vlan" in o})


def add_flow(flows, key, packets, low, high):
    n, least, most = flows.get(key, (0, low, high))
    flows[key] = (n + packets, min(least, low), max(most, high))


def truth_flows(rows):
    """Packets and TTLs of each (source, group), of every multicast IP header outside of Registers."""
    flows = {}
    for r in rows:
        if r["ctx"] != "pimreg":
            add_flow(flows, (addr(r["src"]), addr(r["group"])), int(r["packets"]), int(r["ttl_min"]),
                     int(r["ttl_max"]))
    return flows


def is_quoted(o):
    """What SAP or rasadv say inside of a Register or an SA, which is never judged."""
    return "point" not in o and o["protocol"] in ("sap", "rasadv")


# What stands beside the `data` of its own packet.
BESIDE_DATA = ("announce", "delete", "rp-announce", "rp-discovery")


def weir_flows(observations):
    """The same: a `data` is one header; the statements of one control message share theirs."""
    flows, seen = {}, set()
    for o in observations:
        key = (addr(o.get("speaker", "-")), addr(o.get("receiver", "-")))
        if o.get("type") in BESIDE_DATA or is_quoted(o) or not is_multicast_address(key[1]):
            continue
        if (is_control(o) or "anomaly" in o) and (o["frame"], key) in seen:
            continue
        seen.add((o["frame"], key))
        add_flow(flows, key, 1, o.get("ttl", -1), o.get("ttl", -1))
    return flows


def flow_text(key, value):
    if value is None:
        return "-"
    return f"{key[0]} > {key[1]}: {value[0]} packets, TTL {value[1]}-{value[2]}"
