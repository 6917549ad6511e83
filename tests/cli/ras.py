# SPDX-License-Identifier: BSD-2-Clause
"""weir ras list on captures: the inventory, its states and findings, and its layouts."""
import json
import os
import struct
import tempfile

from cli import ROOT, Skip, equal, err, holds, main, out, run

FOLDER = tempfile.TemporaryDirectory()
BEGIN = 1795266000                      # 2026-11-21 13:00 UTC
MINUTE, HOUR = 60, 3600


def frame(source, payload, ttl=15, group="239.255.2.2", port=9753, vlan=None):
    datagram = struct.pack(">HHHH", 1034, port, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, ttl, 17, 0,
                     bytes(map(int, source.split("."))), bytes(map(int, group.split("."))))
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", 0xffff - total) + ip[12:]
    tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
    return bytes.fromhex("01005e7f0202 020000000001") + tag + b"\x08\0" + ip + datagram


def hello(name, domain=None):
    return f"Hostname={name}\n".encode() + (f"Domain={domain}\n".encode() if domain else b"") + b"\0"


def capture(name, packets):
    """Packets: (seconds, frame)."""
    path = os.path.join(FOLDER.name, name)
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, data in packets:
            f.write(struct.pack("<IIII", BEGIN + at, 0, len(data), len(data)) + data)
    return path


def listed(path, *words):
    return json.loads(out("ras list", "-j", *words, path))


def words_of(*words):
    """The text without its lines."""
    return " ".join(out("ras list", *words).split())


def states(path):
    return {h["address"]: h["state"] for h in listed(path)["ras"]}


TICK = frame("192.0.2.99", b"x", group="239.1.1.1", port=5000)      # what moves the clock alone


def test_states_by_the_clock():
    one = [(0, frame("192.0.2.1", hello("a")))]
    for last, state in ((0, "new"), (65 * MINUTE - 1, "new"), (65 * MINUTE, "late"),
                        (3 * HOUR - 1, "late"), (3 * HOUR, "gone")):
        equal(states(capture("s.pcap", one + [(last, TICK)]))["192.0.2.1"], state, last)
    two = one + [(HOUR, frame("192.0.2.1", hello("a")))]
    equal(states(capture("s.pcap", two))["192.0.2.1"], "seen")
    back = one + [(4 * HOUR, frame("192.0.2.1", hello("a")))]
    equal(states(capture("s.pcap", back))["192.0.2.1"], "returned")
    equal(listed(capture("s.pcap", two))["ras"][0]["period_s"], 3600)


def test_moved_and_duplicate_names():
    path = capture("m.pcap", [(0, frame("192.0.2.1", hello("a"))), (HOUR, frame("192.0.2.2", hello("a"))),
                              (0, frame("192.0.2.3", hello("b"))), (1, frame("192.0.2.4", hello("b"))),
                              (HOUR, frame("192.0.2.3", hello("b")))])
    flags = {h["address"]: h["flags"] for h in listed(path)["ras"]}
    assert "moved" in flags["192.0.2.2"] and "moved" not in flags["192.0.2.1"], flags
    assert "duplicate-name" in flags["192.0.2.3"] and "duplicate-name" in flags["192.0.2.4"], flags


def test_hops():
    path = capture("h.pcap", [(0, frame("192.0.2.1", hello("a"), ttl=15)), (1, frame("192.0.2.2", hello("b"), ttl=12)),
                              (2, frame("192.0.2.3", hello("c"), ttl=16))])
    equal([h.get("hops") for h in listed(path)["ras"]], [0, 3, None])


def test_authorised_servers():
    path = capture("a.pcap", [(0, frame("192.0.2.1", hello("a"))), (1, frame("192.0.2.2", hello("b", "example.com")))])
    servers = os.path.join(FOLDER.name, "servers")
    with open(servers, "w", encoding="ascii") as f:
        f.write("192.0.2.1  # the first\n192.0.2.2 b.example.com\n")
    equal(run("ras list", "--authorised", servers, path).returncode, 0)
    assert "NOT AUTHORISED" not in out("ras list", "--authorised", servers, path)
    with open(servers, "w", encoding="ascii") as f:
        f.write("192.0.2.1 other\n192.0.2.2\n")
    equal(run("ras list", "--authorised", servers, path).returncode, 1)
    text = words_of("--authorised", servers, path)
    equal(text.count("NOT AUTHORISED"), 1)
    holds(text, '"a" at 192.0.2.1 announces a dial-in or VPN entrance that the firewall does not see')
    equal([h["authorised"] for h in listed(path, "--authorised", servers)["ras"]], [False, True])
    equal(run("ras list", path).returncode, 1)
    holds(out("ras list", path), "no list given")
    assert "authorised" not in listed(path)["ras"][0]
    equal(run("ras list", "--authorised", servers + ".none", path).returncode, 3)


def test_authorised_servers_of_the_configuration():
    path = capture("c.pcap", [(0, frame("192.0.2.1", hello("a"))), (1, frame("192.0.2.2", hello("b")))])
    conf = os.path.join(FOLDER.name, "weir.conf")
    for name, text in (("one", "192.0.2.1 a\n"), ("two", "# no end of line\n192.0.2.2"),
                       ("weir.conf", 'policy modern\nras authorised "one", "two"\n')):
        with open(os.path.join(FOLDER.name, name), "w", encoding="ascii") as f:
            f.write(text)
    done = run("ras list", "-j", "--config", conf, path)
    equal((done.returncode, done.stderr), (0, b""))
    equal([h["authorised"] for h in json.loads(done.stdout)["ras"]], [True, True])
    holds(out("audit", "--config", conf, path), "authorised")
    equal([h["authorised"] for h in json.loads(out("audit", "-j", "--config", conf, path))["ras"]], [True, True])
    equal(run("ras list", "--config", conf, "--authorised", os.path.join(FOLDER.name, "one"), path).returncode, 1)
    with open(os.path.join(FOLDER.name, "two"), "w", encoding="ascii") as f:
        f.write("\nnobody\n")
    for command in ("ras list", "audit"):
        done = run(command, "--config", conf, path)
        equal(done.returncode, 2)
        holds(done.stderr.decode(), "two:2:1: error")
    for text, status, says in (("policy modern\nras authorised \"none\"\n", 3, "cannot read the list"),
                               ("policy modern\nras\n", 2, "has mistakes; weir run --check -c"),
                               ("policy modern\n", 1, "")):
        with open(conf, "w", encoding="ascii") as f:
            f.write(text)
        done = run("ras list", "--config", conf, path)
        equal(done.returncode, status, text)
        holds(done.stderr.decode(), says)
    equal(run("ras list", "--config", conf + ".none", path).returncode, 3)


def kinds(path, *words):
    return {(f["kind"], f["source"]) for f in listed(path, *words)["findings"]}


def test_from_outside_and_out_of_the_site():
    path = capture("o.pcap", [(0, frame("192.0.2.1", hello("home"), vlan=10)),
                              (1, frame("203.0.113.9", hello("away"), ttl=9, vlan=20))])
    plain = {("ras", "192.0.2.1"), ("ras", "203.0.113.9")}
    outside, leaves = ("ras-from-outside", "203.0.113.9"), ("ras-leaves", "192.0.2.1")
    equal(kinds(path), plain)
    equal(kinds(path, "--set", "own=192.0.2.0/24"), plain | {outside})
    equal(kinds(path, "--inside", "192.0.2.0/24"), plain | {outside})
    equal(kinds(path, "--site-hops", "6"), plain)
    equal(kinds(path, "--site-hops", "5"), plain | {outside})
    equal(kinds(path, "--inside", "vlan:10"), plain | {outside, leaves})
    text = words_of("--inside", "vlan:10", "--set", "own=192.0.2.0/24", path)
    holds(text, "comes from outside of the site: its address is none of the site's; it came over 6 routers")
    holds(text, "is announced out of the site")
    text = words_of("--site-hops", "0", path)
    holds(text, "no two hosts of the site have more than 0 between them")


def test_other_groups_and_ports():
    path = capture("w.pcap", [(0, frame("192.0.2.1", hello("a"), group="239.255.2.3")),
                              (1, frame("192.0.2.1", hello("a"), port=9754)),
                              (2, frame("192.0.2.2", b"something", group="224.5.6.7")),
                              (3, frame("192.0.2.2", b"something", port=53)),
                              (4, frame("192.0.2.2", b"something"))])
    equal([(o["group"], o["dport"], o["advertisement"], o["flags"], o.get("anomaly"))
           for o in listed(path)["others"]],
          [("239.255.2.3", 9753, True, ["wrong-group"], None), ("239.255.2.2", 9754, True, ["wrong-port"], None),
           ("224.5.6.7", 9753, False, ["wrong-group"], None), ("239.255.2.2", 53, False, ["wrong-port"], None),
           ("239.255.2.2", 9753, False, [], "type")])
    text = words_of(path)
    for words in ("an advertisement to another group", "an advertisement to another port",
                  "port 9753 with another group than 239.255.2.2", "239.255.2.2 with another port than 9753",
                  "no advertisement, though group and port are right"):
        holds(text, words)


def test_the_layout_of_netsh():
    path = capture("n.pcap", [(0, frame("192.0.2.1", hello("thepcsname"))), (61, frame("192.0.2.2", hello("b", "example.com")))])
    equal(out("ras list", "--format", "netsh", path),
          "Timestamp                 Sender\n"
          "------------------------  ----------------------------------\n"
          "Sat Nov 21 13:00:00 2026  192.0.2.1\n"
          "   Hostname=thepcsname\n"
          "Sat Nov 21 13:01:01 2026  192.0.2.2\n"
          "   Hostname=b\n"
          "   Domain=example.com\n")
    equal(run("ras list", "-j", "--format", "netsh", path).returncode, 2)


def test_following():
    path = capture("f.pcap", [(0, frame("192.0.2.1", hello("a"))), (HOUR, frame("192.0.2.1", hello("a")))])
    equal(out("ras list", "--follow", path),
          "2026-11-21 13:00:00  192.0.2.1  a  0 hops  new, no list given\n"
          "2026-11-21 14:00:00  192.0.2.1  a  0 hops  seen, 2x, no list given\n")
    lines = [json.loads(line) for line in out("ras list", "-j", "--follow", path).splitlines()]
    equal([(x["time"], x["count"], x["state"]) for x in lines],
          [("2026-11-21T13:00:00.000000Z", 1, "new"), ("2026-11-21T14:00:00.000000Z", 2, "seen")])
    equal(len(out("ras list", "--follow", "--count", "1", path).splitlines()), 1)


def test_nothing_heard():
    path = capture("e.pcap", [(0, TICK), (5 * MINUTE, TICK)])
    done = run("ras list", path)
    equal((done.returncode, done.stderr), (0, b""))
    holds(done.stdout.decode(), "No server announces itself in 5 minutes of traffic.\nThat proves nothing yet")
    equal(listed(path)["ras"], [])


def test_quiet():
    path = capture("q.pcap", [(0, frame("192.0.2.1", hello("a")))])
    for words in ([], ["--follow"], ["-j"], ["--format", "netsh"]):
        done = run("ras list", "-q", *words, path)
        equal((done.returncode, done.stdout, done.stderr), (1, b"", b""), words)


def test_what_cannot_be_read():
    path = capture("t.pcap", [(0, frame("192.0.2.1", hello("a"))), (1, frame("192.0.2.2", hello("b")))])
    with open(path, "r+b") as f:
        f.truncate(os.path.getsize(path) - 3)
    done = run("ras list", path)
    equal(done.returncode, 3)
    holds(done.stdout.decode(), "192.0.2.1", "what is known is told")
    holds(done.stderr.decode(), "t.pcap")
    equal(run("ras list", "no-such-thing").returncode, 3)
    holds(err("ras list", "no-such-thing"), "'no-such-thing' is neither an interface nor a file")
    equal(run("ras list", "lo", path).returncode, 2)


def test_json_by_its_schema():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed")
    with open(os.path.join(ROOT, "schema", "weir-ras.schema.json"), encoding="utf-8") as f:
        schema = json.load(f)
    for name in sorted(os.listdir(FOLDER.name)):
        if name.endswith(".pcap"):
            for words in ([], ["--set", "own=192.0.2.0/24"]):
                jsonschema.validate(listed(os.path.join(FOLDER.name, name), *words), schema)


main(globals())
