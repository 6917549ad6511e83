# SPDX-License-Identifier: BSD-2-Clause
"""What tshark says of a capture, as rows like those of a ctl.tsv.

tshark prints every field of every packet (-T pdml); this file knows the names of its fields, and
of no format.  It does not put MSDP over several TCP segments together by itself, but it does
follow streams: each TLV of the followed bytes is written into one packet (text2pcap) and read by
tshark again."""
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

IPS = {"ip": ("ip.src", "ip.dst", "ip.ttl"), "ipv6": ("ipv6.src", "ipv6.dst", "ipv6.hlim")}
ICMP_ERRORS6 = range(1, 5)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def first(proto, *names):
    """What the first field of one of these names shows, or None."""
    for field in proto.iter("field"):
        if field.get("name") in names:
            return field.get("show")
    return None


def every(proto, *names):
    return [f for f in proto.iter("field") if f.get("name") in names]


def prefix_in(field):
    """ADDRESS/LENGTH as it stands in the field's line, with what is in brackets behind it."""
    return re.search(r"([0-9a-fA-F.:]+/\d+(?: \([SWR]+\))?)", field.get("showname")).group(1)


def membership_rows(proto, row):
    row["type"] = first(proto, "igmp.type", "icmpv6.type")
    records = every(proto, "igmp.record_type", "icmpv6.mldr.mar.record_type")
    groups = [f.get("show") for f in every(proto, "igmp.maddr", "icmpv6.mldr.mar.multicast_address",
                                           "icmpv6.mld.multicast_address")]
    sources = [[] for _ in groups]
    at = -1
    for field in proto.iter("field"):
        if field.get("name") in ("igmp.maddr", "icmpv6.mldr.mar.multicast_address",
                                 "icmpv6.mld.multicast_address"):
            at += 1
        if field.get("name") in ("igmp.saddr", "icmpv6.mldr.mar.source_address", "icmpv6.mld.source_address"):
            sources[at].append(field.get("show"))
    for i, group in enumerate(groups):
        rectype = records[i].get("show") if records else "-"
        yield dict(row, group=group, rectype=rectype, sources=",".join(sources[i]) or "-")
    if not groups:
        yield row


def join_rows(proto, row):
    for group_set in every(proto, "pim.group_set"):
        group = every(group_set, "pim.group", "pim.group_ip6")[0]
        joins = [prefix_in(f) for f in every(group_set, "pim.join_ip", "pim.join_ip6")]
        prunes = [prefix_in(f) for f in every(group_set, "pim.prune_ip", "pim.prune_ip6")]
        yield dict(row, group=prefix_in(group), sources="J:%s P:%s" % (";".join(joins), ";".join(prunes)))


def prefixes(proto):
    """The group prefixes of a message: tshark repeats each address inside of its own field."""
    fields = every(proto, "pim.group", "pim.group_ip6")
    return ",".join(prefix_in(f) for f in fields if "/" in f.get("showname")) or "-"


RPS = ("pim.rp", "pim.rp_ip6")


def pim_rows(proto, row, inner):
    kind = int(first(proto, "pim.type"))
    row = dict(row, proto="pim", type=str(kind))
    extra = {"ck": "0" if first(proto, "pim.cksum.status") == "0" else "1"}
    rps = [f.get("show") for f in every(proto, *RPS)]
    if kind in (3, 6, 7):
        yield from (dict(r, extra=text(extra)) for r in join_rows(proto, row))
        return
    if kind == 1:
        extra.update(N=first(proto, "pim.register_flag.null_register"), inner=inner)
    if kind == 5:
        extra["rpt"] = first(proto, "pim.rpt")
    if rps:
        extra["rp"] = ",".join(dict.fromkeys(rps))
    yield dict(row, group=prefixes(proto), extra=text(extra),
               sources=first(proto, "pim.source", "pim.source_ip6") or "-")


def text(extra):
    return " ".join(f"{key}={value}" for key, value in extra.items() if value is not None)


def auto_rp_rows(proto, row):
    kind = first(proto, "auto_rp.type")
    rp = length = None
    for field in proto.iter("field"):
        name, show = field.get("name"), field.get("show")
        if name == "auto_rp.rp_addr":
            rp = show
        if name == "auto_rp.mask_len":
            length = show
        if name == "auto_rp.group_prefix":
            yield dict(row, proto="auto-rp", type=kind, group=f"{show}/{length}", extra=f"rp={rp}")


def sap_rows(proto, row):
    """The groups of each c= line: ADDRESS/TTL/COUNT in IPv4, ADDRESS/COUNT in IPv6."""
    if first(proto, "sap.flags.v") != "1":
        return
    row = dict(row, proto="sap", type=first(proto, "sap.flags.t"),
               extra="origin=" + first(proto, "sap.originating_source", "sap.originating_source.ipv6"))
    for field in every(proto, "sdp.connection_info"):
        _, family, address = field.get("show").split(" ")
        yield dict(row, group=address, rectype=family)


def msdp_rows(proto, row):
    """One TLV: the RP, then for each block the group and the source."""
    rp, group = first(proto, "msdp.sa.rp_addr"), None
    for field in proto.iter("field"):
        if field.get("name") == "msdp.sa.group_addr":
            group = field.get("show")
        if field.get("name") == "msdp.sa.src_addr":
            yield dict(row, proto="msdp", type="1", group=group, sources=field.get("show"), extra=f"rp={rp}")
    kind = first(proto, "msdp.type")
    if kind in ("2", "4"):
        yield dict(row, proto="msdp", type=kind, group=first(proto, "msdp.sa_req.group_addr") or "-")


def icmp6_rows(proto, row):
    kind = int(first(proto, "icmpv6.type"))
    if kind in (130, 131, 132, 143):
        yield from membership_rows(proto, dict(row, proto="mld"))
    elif kind == 134:
        yield dict(row, proto="ra", type="134")


def packet_rows(packet):
    """Every control item of one packet, under the IP header that carries it."""
    row = {"frame": first(packet, "num"), "ip_src": "-", "ip_dst": "-", "ttl": "-", "group": "-",
           "rectype": "-", "sources": "-", "extra": ""}
    protos = list(packet)
    for i, proto in enumerate(protos):
        name = proto.get("name")
        if name in IPS:
            source, destination, ttl = (first(proto, field) for field in IPS[name])
            row = dict(row, ip_src=source, ip_dst=destination, ttl=ttl)
        elif name == "icmp" or name == "icmpv6" and int(first(proto, "icmpv6.type")) in ICMP_ERRORS6:
            return
        elif name == "igmp":
            yield from membership_rows(proto, dict(row, proto="igmp", extra=checksum(proto)))
        elif name == "icmpv6":
            yield from icmp6_rows(proto, dict(row, extra=checksum(proto)))
        elif name == "pim":
            yield from pim_rows(proto, row, inner_of(protos[i + 1:] + list(proto)))
            return			# what a Register carries is no item of its own
        elif name == "auto_rp":
            yield from auto_rp_rows(proto, row)
        elif name == "sap":
            yield from sap_rows(packet, row)


def checksum(proto):
    return "ck=0" if first(proto, "igmp.checksum.status", "icmpv6.checksum.status") == "0" else "ck=1"


def inner_of(protos):
    for proto in protos:
        if proto.get("name") in IPS:
            source, destination, _ = IPS[proto.get("name")]
            return f"{first(proto, source)}>{first(proto, destination)}"
    return None


# What has rows at all; the data of a large capture would be a large document.
CONTROL = "igmp || pim || icmpv6 || sap || auto_rp || msdp"


def packets_of(path):
    return ElementTree.fromstring(run("tshark", "-n", "-r", path, "-Y", CONTROL, "-T", "pdml"))


def rows_of(path):
    """The rows of a capture, MSDP aside."""
    return [row for packet in packets_of(path) for row in packet_rows(packet)]


def streams_of(path):
    """(source, destination, bytes) of both ways of each MSDP stream, as tshark follows it, hole by hole."""
    listed = run("tshark", "-n", "-r", path, "-Y", "tcp.port==639", "-T", "fields", "-e", "tcp.stream", text=True)
    for number in sorted(set(listed.split())):
        # With its MSDP reader tshark takes an SA's data for the packet, and loses it from the stream.
        lines = run("tshark", "-n", "-r", path, "--disable-protocol", "msdp", "-q", "-z",
                    f"follow,tcp,raw,{number}", text=True).splitlines()
        ends = [line.split(" ")[2].rpartition(":")[0] for line in lines if line.startswith("Node ")]
        said = [line for line in lines if re.fullmatch(r"\t?[0-9a-f]+", line)]
        for way, there, back in ((False, *ends), (True, *reversed(ends))):
            parts = b"".join(bytes.fromhex(s.strip()) for s in said if s.startswith("\t") == way)
            # A hole is told in words among the bytes; behind it a segment begins with a TLV again.
            for part in re.split(rb"\[\d+ bytes missing in capture file\]", parts):
                yield there, back, part


def tlvs_of(stream):
    """The TLVs of a stream, RFC 3618 12.1: type, length of all."""
    while len(stream) >= 3:
        n = int.from_bytes(stream[1:3], "big")
        if n < 3 or n > len(stream):
            return
        yield stream[:n]
        stream = stream[n:]


def msdp_rows_of(path):
    """The rows of every MSDP TLV of a capture, the streams put together by tshark."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for source, destination, stream in streams_of(path):
            dump, capture = os.path.join(folder, "dump"), os.path.join(folder, "capture")
            with open(dump, "w", encoding="ascii") as f:
                for tlv in tlvs_of(stream):
                    for i in range(0, len(tlv), 16):
                        f.write(f"{i:06x} {tlv[i:i + 16].hex(' ')}\n")
            if not os.path.getsize(dump):
                continue
            run("text2pcap", "-q", "-T", "51234,639", dump, capture)
            row = {"frame": "0", "ip_src": source, "ip_dst": destination, "group": "-", "sources": "-",
                   "rectype": "-", "extra": ""}
            for packet in packets_of(capture):
                for proto in packet.iter("proto"):
                    if proto.get("name") == "msdp":
                        rows += msdp_rows(proto, row)
    return rows
