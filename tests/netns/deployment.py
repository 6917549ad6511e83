# SPDX-License-Identifier: BSD-2-Clause
"""The configurations of weir-deployment(7), each run as it stands, on interfaces of the names that it
uses, with packets that must and must not come through.

deployment.py WEIR -- needs root, and skips without."""
import json
import os
import re
import socket
import struct
import subprocess
import tempfile
import time

import net
from net import ip

import msdp_speak as speak
from cli import CALM, ROOT, Skip, WEIR, equal, main

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)
ENV = {**CALM, "ASAN_OPTIONS": "detect_leaks=0"}
PATIENCE = 20

with open(os.path.join(ROOT, "man", "weir-deployment.7"), encoding="utf-8") as page:
    PAGE = page.read()
BLOCKS = {name: (kind, text) for kind, name, text in
          re.findall(r'^\.\\" (conf|policy): (\S+)\n\.Bd -literal[^\n]*\n(.*?)^\.Ed', PAGE, flags=re.M | re.S)}


def quiet(name):
    for key, value in ((f"ipv6/conf/{name}/disable_ipv6", "1"), (f"ipv4/conf/{name}/rp_filter", "0"),
                       ("ipv4/conf/all/rp_filter", "0")):
        with open(f"/proc/sys/net/{key}", "w", encoding="ascii") as f:
            f.write(value)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(source, group):
    to = socket.inet_aton(group)
    udp = struct.pack("!HHHH", 4000, 5000, 28, 0) + b"x" * 20
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 16, 17, 0, socket.inet_aton(source), to)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes([1, 0, 0x5e, to[1] & 0x7f, to[2], to[3]]) + b"\x02\0\0\0\0\1\x08\0" + head + udp


class Place:
    """The daemon with one configuration, eth0 to eth2 with their far ends far0 to far2; a bridge of eth0
    and eth1 where it is wanted."""

    def __init__(self, name, bridge=False):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        for i in range(3):
            ip("link", "add", f"eth{i}", "type", "veth", "peer", "name", f"far{i}")
            for end in (f"eth{i}", f"far{i}"):
                quiet(end)
                ip("link", "set", end, "up")
        if bridge:
            ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
            quiet("br0")
            ip("link", "set", "br0", "up")
            for i in (0, 1):
                ip("link", "set", f"eth{i}", "master", "br0")
            for key in ("call-iptables", "call-ip6tables", "filter-vlan-tagged"):
                with open(f"/proc/sys/net/bridge/bridge-nf-{key}", "w", encoding="ascii") as f:
                    f.write("1")
        else:
            ip("addr", "add", "192.105.91.1/24", "dev", "eth1")
        for other, (kind, text) in BLOCKS.items():
            if kind == "policy":
                self.write(other, text)
        self.write("ras.txt", "192.105.90.7\n")
        self.conf = self.write("weir.conf", BLOCKS[name][1] + 'state "state"\ncontrol "control.sock"\n')
        self.log = tempfile.TemporaryFile()
        self.process = None

    def write(self, name, text):
        with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as f:
            f.write(text)
        return f.name

    def __enter__(self):
        check = subprocess.run([WEIR, "run", "--check", "-c", self.conf], capture_output=True, text=True, env=ENV)
        equal(check.returncode, 0, check.stdout + check.stderr)
        self.process = subprocess.Popen([WEIR, "run", "-c", self.conf, "--count-every", "1"], stdout=self.log,
                                        stderr=self.log, env=ENV, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while "in force" not in self.said() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.03)
        said = self.said()
        if "br_netfilter" in said and not os.path.exists("/proc/sys/net/bridge"):
            self.__exit__()
            raise Skip("this kernel hands no bridged packet to nftables: no br_netfilter")
        assert "in force" in said, said
        return self

    def __exit__(self, *_):
        subprocess.run([WEIR, "stop", "--remove", "-c", self.conf], env=ENV, capture_output=True)
        if self.process:
            self.process.kill()
            self.process.wait()
        for name in ("br0", "eth0", "eth1", "eth2"):
            subprocess.run(["ip", "link", "del", name], capture_output=True)

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def status(self):
        return json.loads(subprocess.run([WEIR, "status", "-j", "-c", self.conf], env=ENV,
                                         capture_output=True).stdout)

    def hits(self):
        done = subprocess.run([WEIR, "hits", "-j", "--history", self.folder.name + "/state/history.db"], env=ENV,
                              capture_output=True)
        return {r["rule"]: r["hits"] for r in json.loads(done.stdout)["rules"]}

    def counts(self, rule, n, patience=PATIENCE):
        end = time.monotonic() + patience
        while self.hits().get(rule) != n and time.monotonic() < end:
            time.sleep(0.1)
        equal(self.hits().get(rule), n, rule)


def send(interface, *packets):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        for source, group in packets:
            s.send(frame(source, group))


def received(interface, send_all):
    """Groups of the UDP frames that come in there meanwhile."""
    with net.listen(interface) as s:
        s.settimeout(0.3)
        send_all()
        groups = []
        try:
            while True:
                data = s.recv(2048)
                if data[12:14] == b"\x08\0" and data[23] == 17:
                    groups.append(socket.inet_ntoa(data[30:34]))
        except socket.timeout:
            return groups


def test_every_block_is_tried():
    tried = set(re.findall(r'Place\("([\w.-]+)"', open(__file__, encoding="utf-8").read()))
    equal({n for n, (kind, _) in BLOCKS.items() if kind == "conf"}, tried)


def test_border():
    with Place("border") as p:
        send("far0", ("131.243.1.1", "239.255.255.250"), ("131.243.1.1", "232.1.2.3"), ("10.1.2.3", "232.1.2.3"),
             ("192.105.91.7", "232.1.2.3"), ("192.105.90.7", "232.1.2.3"), ("131.243.1.1", "224.0.1.1"))
        p.counts("bogon-source", 1)
        p.counts("spoofed-own", 2)		# of eth1's subnet, and of the one that is written
        p.counts("ntp", 1)
        equal(p.status()["boundaries"][0]["interfaces"][0]["state"], "up")


def test_bridge():
    with Place("bridge", bridge=True):
        seen = received("far1", lambda: send("far0", ("131.243.1.1", "239.255.255.250"),
                                             ("131.243.1.1", "232.1.2.3"), ("10.1.2.3", "232.1.2.3")))
        equal(seen, ["232.1.2.3"])
        seen = received("far0", lambda: send("far1", ("192.105.90.7", "232.1.2.4"), ("131.243.1.1", "232.1.2.5"),
                                             ("192.105.90.7", "239.255.255.250")))
        equal(seen, ["232.1.2.4"])


def test_subnet():
    with Place("subnet") as p:
        send("far1", ("192.105.91.7", "239.255.255.250"), ("192.105.91.7", "224.2.3.4"), ("131.243.1.1", "224.2.3.4"))
        p.counts("ssdp", 1)
        p.counts("off-lan-source", 1)
        p.counts("default", 1)


def test_access():
    with Place("access", bridge=True) as p:
        seen = received("far0", lambda: send("far1", ("192.105.90.7", "239.255.2.2"), ("192.105.90.7", "239.1.2.3")))
        equal(seen, ["239.1.2.3"])
        p.counts("rasadv", 1)


class Lonely:
    """The MSDP relay with one configuration, where the addresses of all are this machine's."""

    def __init__(self, *addresses):
        self.addresses = addresses

    def __enter__(self):
        for address in self.addresses:
            ip("addr", "add", f"{address}/32", "dev", "lo")

    def __exit__(self, *_):
        for address in self.addresses:
            ip("addr", "del", f"{address}/32", "dev", "lo")


def msdp(place, *words):
    done = subprocess.run([WEIR, "msdp", *words, "-j", "-c", place.conf], env=ENV, capture_output=True)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def roles(place):
    return {(q["peer"], q["role"], q.get("boundary"), q.get("mesh_group")) for q in msdp(place, "peers")["peers"]}


def check_schemas(place):
    try:
        import jsonschema
    except ImportError:
        return
    with open(os.path.join(ROOT, "schema", "weir-msdp.schema.json"), encoding="utf-8") as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    for words in (("peers",), ("peers", "--verdict", "deny"), ("cache",), ("cache", "--verdict", "refused"),
                  ("cache", "--verdict", "withheld"), ("policers",), ("policers", "--source", "131.243.1.1")):
        validator.validate(msdp(place, *words))


def call(address, local, **more):
    """The relay listens a moment after the policy is in force."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return speak.Peer(address, local, **more)
        except ConnectionRefusedError:
            assert time.monotonic() < end, "nobody listens"
            time.sleep(0.05)


def meet(place, address, local, **more):
    peer = call(address, local, **more)
    end = time.monotonic() + PATIENCE
    while not [q for q in msdp(place, "peers")["peers"] if q["peer"] == address and q["state"] == "established"]:
        assert time.monotonic() < end, "no session"
        time.sleep(0.05)
    return peer


def hears(peer, *entries):
    end = time.monotonic() + PATIENCE
    while not peer.knows(*entries):
        assert time.monotonic() < end, peer.heard
        time.sleep(0.05)
    equal(peer.heard, set(entries))


PROVIDER, RP, OTHER_RP = "198.51.100.1", "192.105.90.1", "192.105.90.3"
OURS, THEIRS = ("192.105.90.7", "224.2.3.4"), ("131.243.1.1", "224.2.3.5")


def test_msdp_transparent():
    with Place("msdp-transparent") as p:
        equal(roles(p), {(PROVIDER, "connects", "peering", None), (RP, "listens", None, None)})


def test_msdp_speaker():
    with Lonely(PROVIDER, "198.51.100.2", RP, "192.105.90.2", OTHER_RP), Place("msdp-speaker") as p:
        equal(roles(p), {(PROVIDER, "listens", "peering", None), (RP, "listens", None, "site"),
                         (OTHER_RP, "connects", None, "site")})
        outer, inner = meet(p, PROVIDER, "198.51.100.2", ttl=255), meet(p, RP, "192.105.90.2")
        outer.sock.send(speak.sa(PROVIDER, THEIRS, OURS, ("131.243.1.1", "232.1.1.1"), ("10.1.1.1", "224.2.3.5")))
        hears(inner, THEIRS)
        inner.sock.send(speak.sa(RP, OURS, ("192.105.90.7", "239.255.1.1"), THEIRS))
        hears(outer, OURS)
        refused = msdp(p, "cache", "--verdict", "deny", "--peer", PROVIDER)["refusals"]
        equal({(e["source"], e["group"]) for e in refused}, {OURS, ("131.243.1.1", "232.1.1.1"), ("10.1.1.1", "224.2.3.5")})
        withheld = msdp(p, "cache", "--verdict", "withheld")["cache"]
        equal({(e["source"], e["group"]) for e in withheld}, {("192.105.90.7", "239.255.1.1"), THEIRS})
        equal({e["withheld_from"][0]["peer"] for e in withheld}, {PROVIDER})
        check_schemas(p)
        outer.close()
        inner.close()


def test_msdp_collector():
    with Lonely(RP, "192.105.90.2"), Place("msdp-collector") as p:
        inner = meet(p, RP, "192.105.90.2")
        inner.sock.send(speak.sa(PROVIDER, THEIRS, ("10.1.1.1", "224.2.3.5")))
        end = time.monotonic() + PATIENCE
        while msdp(p, "cache").get("matching") != 1 and time.monotonic() < end:
            time.sleep(0.05)
        equal([(e["source"], e["group"]) for e in msdp(p, "cache")["cache"]], [THEIRS])
        equal(msdp(p, "peers")["peers"][0]["denied"], 1)
        inner.close()


def test_tap():
    with Place("tap") as p:
        equal(p.status()["boundaries"][0]["interfaces"][0]["state"], "off")
        send("far0", ("131.243.1.1", "224.0.1.1"), ("131.243.1.1", "232.1.2.3"))
        p.counts("ntp", 1, 25)


main(globals())
