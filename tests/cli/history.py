# SPDX-License-Identifier: BSD-2-Clause
"""The history: audits add to it once, hits reads it, over edits of the policy and whatever stands
in the file."""
import csv
import fcntl
import io
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import tempfile
import termios
import time

from cli import ROOT, WEIR, CALM, Skip, a_capture, equal, err, holds, main, out, run

BORDER = """policy "site"
boundary edge {
    deny to 233.252.0.1 as %s
    warn from 10.0.0.0/8 as inner
    permit to 233.252.0.9 as never
    default permit
}
"""
BEGIN = 1795266000


def packet(source, group, size=100):
    payload = b"\0" * (size - 42)
    udp = struct.pack("!HHHH", 4000, 4000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20 + len(udp), 1, 0, 8, 17, 0,
                     *map(int, source.split(".")), *map(int, group.split(".")))
    return bytes.fromhex("01005e7c0001020000000001") + b"\x08\0" + ip + udp


def capture(*packets):
    """Of (seconds, source, group)."""
    head = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
    body = b""
    for at, source, group in packets:
        frame = packet(source, group)
        body += struct.pack("<IIII", BEGIN + int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame
    return head + body


class Place:
    """A folder with captures, a policy and a history."""
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.db = self.at("h.db")

    def at(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        with open(self.at(name), "wb" if isinstance(content, bytes) else "w") as f:
            f.write(content)
        return self.at(name)

    def audit(self, name, *packets, policy=BORDER % "loud", more=()):
        return run("audit", "-q", "--history", self.db, "-p", self.write("p.weir", policy), *more,
                   self.write(name, capture(*packets)))

    def hits(self, *args):
        return {r["rule"]: r for r in json.loads(out("hits", "--history", self.db, "-j", *args))["rules"]}


DAY = [(0, "198.51.100.1", "233.252.0.1"), (1, "10.1.1.1", "233.252.0.2"),
       (7201, "198.51.100.1", "233.252.0.1"), (7202, "198.51.100.2", "233.252.0.1")]


def test_counters_last_over_audits_and_edits():
    place = Place()
    equal(place.audit("a.pcap", *DAY).returncode, 1)
    equal({k: (r["hits"], r["bytes"], r["generations"]) for k, r in place.hits().items()},
          {"loud": (3, 300, 1), "inner": (1, 100, 1), "never": (0, 0, 1), "default": (0, 0, 1)})
    place.audit("b.pcap", (90000, "198.51.100.1", "233.252.0.1"),
                policy=BORDER.replace("warn", "deny") % "loud")
    hits = place.hits()
    equal({k: (r["hits"], r["generations"]) for k, r in hits.items()},
          {"loud": (4, 2), "inner": (1, 2), "never": (0, 2), "default": (0, 2)})
    equal(hits["inner"]["action"], "deny")
    equal(hits["loud"]["since"], "2026-11-21T13:00:00.000000Z")
    equal(hits["loud"]["last"], "2026-11-22T14:00:00.000000Z")
    assert "last" not in hits["never"]
    place.audit("c.pcap", (100000, "198.51.100.1", "233.252.0.1"), policy=BORDER % "louder")
    hits = place.hits()
    equal((hits["loud"]["hits"], hits["louder"]["hits"], hits["louder"]["generations"]), (4, 1, 1))
    equal((hits["loud"]["until"], hits["inner"]["generations"]),
          ("2026-11-22T14:00:00.000000Z", 3))


def test_the_table():
    place = Place()
    place.audit("a.pcap", *DAY)
    text = out("hits", "--history", place.db, "--until", "2026-11-21T15:02:00Z")
    holds(text, "boundary edge\nRULE")
    loud, never = (next(x for x in text.splitlines() if x.startswith(n)) for n in ("loud", "never"))
    holds(loud, "deny            3    300 B 2026-11-21 15:00 2026-11-21 (gen 1)")
    holds(loud, "▄")
    holds(never, "never            2026-11-21 (gen 1)")
    for line in text.splitlines():
        assert len(line) <= 100, line


def test_times():
    place = Place()
    place.audit("a.pcap", *DAY)
    for args, hits in (("--since=2026-11-21T15:00:00Z", 2), ("--until=2026-11-21T15:00:00Z", 1),
                       ("--since=2026-11-21T15:05:00Z", 0), ("--since=36500d", 3)):
        equal(place.hits(args)["loud"]["hits"], hits, args)
    day = place.hits("--until", "2026-11-21T15:01:00Z")["loud"]["day"]
    equal((sum(day), day[-1]), (3, 2))
    equal(run("hits", "--history", place.db, "--since", "soon").returncode, 2)


def test_an_input_counts_once():
    place = Place()
    place.audit("a.pcap", *DAY)
    before = place.hits()
    done = place.audit("again.pcap", *DAY)
    equal(done.returncode, 1)
    holds(done.stderr.decode(), "nothing was added to the history")
    equal(place.hits(), before)
    place.audit("b.pcap", *DAY, (90000, "198.51.100.1", "233.252.0.1"))
    equal(place.hits()["loud"]["hits"], 3 + 4)


def test_the_counters_are_those_of_the_audit():
    place = Place()
    many = [(i * 7.5, f"198.51.100.{i % 9}", f"233.252.0.{i % 4}") for i in range(3000)]
    place.audit("a.pcap", *many)
    report = json.loads(out("audit", "-j", "-p", place.at("p.weir"), place.at("a.pcap")))
    audited = {r["name"]: (r["hits"], r["packets"], r["bytes"]) for r in report["rules"] if r["hits"]}
    hits = place.hits()
    equal({k: (r["hits"], r["packets"], r["bytes"]) for k, r in hits.items() if r["hits"]}, audited)
    equal({k: r["hits"] for k, r in place.hits("--since", "1000d").items()},
          {k: r["hits"] for k, r in hits.items()})
    buckets = sqlite3.connect(place.db).execute(
        "SELECT count(*), min(hit.hits), max(hit.hits) FROM hit JOIN rule ON rule.id = rule WHERE name = 'loud'")
    equal(buckets.fetchone(), (75, 10, 10))


def past(place, what, *args):
    return list(json.loads(out("history", what, "--history", place.db, "-j", *args)).values())[1]


def test_flows_and_findings():
    place = Place()
    place.audit("a.pcap", *DAY)
    place.audit("b.pcap", (90000, "198.51.100.1", "233.252.0.1"))
    flows = {(f["source"], f["group"]): (f["packets"], f["bytes"], f["verdict"], f["rule"], f["first"],
                                         f["last"]) for f in past(place, "flows")}
    equal(flows, {
        ("198.51.100.1", "233.252.0.1"): (3, 300, "deny", "loud", "2026-11-21T13:00:00.000000Z",
                                          "2026-11-22T14:00:00.000000Z"),
        ("198.51.100.2", "233.252.0.1"): (1, 100, "deny", "loud", "2026-11-21T15:00:02.000000Z",
                                          "2026-11-21T15:00:02.000000Z"),
        ("10.1.1.1", "233.252.0.2"): (1, 100, "warn", "inner", "2026-11-21T13:00:01.000000Z",
                                      "2026-11-21T13:00:01.000000Z")})
    for args, n in ((["--source", "198.51.100.1"], 1), (["--group", "233.252.0.1"], 2),
                    (["--address", "10.1.1.1"], 1), (["--address", "233.252.0.2"], 1),
                    (["--since", "2026-11-22T00:00:00Z"], 1), (["--until", "2026-11-21T14:00:00Z"], 2),
                    (["-b", "edge"], 3), (["-b", "x"], 0)):
        equal(len(past(place, "flows", *args)), n, args)
    found = {(f["kind"], f["source"], f["count"]) for f in past(place, "findings")}
    equal(found, {("denied", "198.51.100.1", 3), ("denied", "198.51.100.2", 1)})
    holds(out("history", "--history", place.db), "198.51.100.1    233.252.0.1      data       deny ")
    equal(run("history", "--history", place.db, "xyz").returncode, 2)


def test_nothing_is_cut():
    """A row of a pipe is one line; on a terminal what is too long goes on below, and every line fits."""
    place = Place()
    place.audit("a.pcap", *DAY)
    db = sqlite3.connect(place.db)
    long = "a-rule-whose-name-is-" + "long-" * 8 + "indeed"
    for table, column in ("rule", "name"), ("flow", "rule"):
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = 'loud'", (long,))
    group = "ff3e:40:2001:db8:1234:5678:90ab:cdef"
    equal(db.execute("UPDATE flow SET target = ?, packets = 123456789012 WHERE target = '233.252.0.2'",
                     (group,)).rowcount, 1)
    db.commit()
    db.close()
    for words in (["history"], ["hits"]):
        rows = out(*words, "--history", place.db).splitlines()
        assert any(re.search(rf"(^| ){long}( |$)", row) and "deny" in row for row in rows), rows
    holds(out("history", "--history", place.db), f"10.1.1.1        {group} data       warn    123,456,789,012 ")
    for columns in 80, 100:
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        subprocess.run([WEIR, "history", "--history", place.db], stdout=child, env={**CALM, "NO_COLOR": "1"}, check=True)
        rows = os.read(parent, 65536).decode().replace("\r", "").splitlines()
        os.close(child)
        equal([row for row in rows if len(row) > columns], [], columns)
        assert any(row.strip() == long for row in rows) and any(row.endswith(f" {group}") for row in rows), rows
        # the less telling columns go first
        equal([word in rows[1] for word in ("POINT", "LAST", "RULE", "FIRST")], [True] * 3 + [columns == 100])


def test_counts():
    place = Place()
    place.audit("a.pcap", *DAY)
    equal([(c["at"], c["kind"], c["name"], c["count"]) for c in past(place, "counts")],
          [("2026-11-21T13:00:00.000000Z", "flag", "bad-ip-checksum", 2),
           ("2026-11-21T13:00:00.000000Z", "point", "data deny", 1),
           ("2026-11-21T13:00:00.000000Z", "point", "data warn", 1),
           ("2026-11-21T15:00:00.000000Z", "flag", "bad-ip-checksum", 2),
           ("2026-11-21T15:00:00.000000Z", "point", "data deny", 2)])
    equal(len(past(place, "counts", "--since", "2026-11-21T14:00:00Z")), 2)
    equal(past(place, "counts", "-b", "none"), [])


def test_servers():
    evil = b"evil\x1b[2J\xff=\""
    capture_of = bytearray(a_capture())
    capture_of[-len(b"thepcsname\n\0"):-2] = evil[:10].ljust(10, b"x")
    capture_of[24:28] = (1795266000 + 3600).to_bytes(4, "little")
    place = Place()
    for name, content in (("a.pcap", a_capture()), ("b.pcap", bytes(capture_of))):
        run("audit", "-q", "--history", place.db, place.write(name, content))
    server, = past(place, "ras")
    equal((server["address"], server["count"]), ("192.0.2.7", 2))
    equal([e["event"] for e in past(place, "events")], ["new", "renamed"])
    equal(past(place, "events")[0]["hostname"], "thepcsname")
    for args in ([], ["-j"], ["--csv"]):
        assert b"\x1b" not in run("history", "ras", "--history", place.db, *args).stdout


def test_bars_without_utf8():
    place = Place()
    now = int(time.time()) - BEGIN
    place.audit("a.pcap", (now - 60, "198.51.100.1", "233.252.0.1"))
    for locale, bar in (("C.UTF-8", "\u2588"), ("C", "#")):
        line = next(x for x in out("hits", "--history", place.db, env={"LC_ALL": locale}).splitlines()
                    if x.startswith("loud"))
        equal(line[-1], bar, locale)


def test_one_format():
    place = Place()
    place.audit("a.pcap", *DAY)
    for command in (["hits"], ["history", "flows"]):
        done = run(*command, "--history", place.db, "-j", "--csv")
        equal(done.returncode, 2)
        assert b"not both" in done.stderr, done.stderr


def test_hostile_names():
    place = Place()
    place.audit("a.pcap", *DAY)
    db = sqlite3.connect(place.db)
    evil = "=cmd|'x'!A1\x1b[2J\u202e<script>\",\r\n"
    for i, start in enumerate(("=", "+", "-", "@")):
        db.execute("INSERT INTO rule(boundary, name, action, since, until) VALUES('edge', ?, 'deny', 1, ?)",
                   (start + evil, i))
    db.commit()
    db.close()
    for args in ([], ["-j"], ["--csv"]):
        text = run("hits", "--history", place.db, *args).stdout
        assert b"\x1b" not in text and "\u202e".encode() not in text, args
    rows = list(csv.DictReader(io.StringIO(out("hits", "--history", place.db, "--csv"), newline="")))
    equal(len([r for r in rows if r["rule"][0] == "'"]), 4)
    equal([r for r in rows if r["rule"][0] in "=+-@"], [])
    equal(len(rows), 8)
    for name in ("' OR 1=1 --", "loud'; DROP TABLE rule; --"):
        equal(place.hits("--rule", name), {})
    equal(list(place.hits("--rule", "loud")), ["loud"])


def schema_of(name):
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed")
    with open(os.path.join(ROOT, "schema", f"weir-{name}.schema.json"), encoding="utf-8") as f:
        return jsonschema.Draft202012Validator(json.load(f))


def test_json_by_its_schema():
    place = Place()
    place.audit("a.pcap", *DAY)
    servers = place.write("servers", "192.0.2.8\n")
    run("audit", "-q", "--history", place.db, "--authorised", servers, place.write("b.pcap", a_capture()))
    schema_of("hits").validate(json.loads(out("hits", "-j", "--history", place.db)))
    schema_of("ras").validate(json.loads(run("ras", "list", "-j", "--history", place.db).stdout))
    for what in ("flows", "findings", "ras", "events", "counts"):
        document = json.loads(out("history", what, "-j", "--history", place.db))
        schema_of("history").validate(document)
        rows = list(document.values())[1]
        assert rows, what
        header, *lines = csv.reader(io.StringIO(out("history", what, "--csv", "--history", place.db), newline=""))
        equal(len(lines), len(rows), what)
        for row, line in zip(rows, lines):
            words = {k: v for k, v in zip(header, line) if v}
            told = {k: "yes" if v is True else "no" if v is False else str(v) for k, v in row.items() if v != ""}
            equal({k: v.lstrip("'") for k, v in words.items()}, told, what)
        equal(len(header), len(lines[0]), what)


def ras_at(hours, address="192.0.2.7", name=b"thepcsname"):
    """The capture of one advertisement, so many hours later, of another address or name."""
    content = bytearray(a_capture())
    content[24:28] = (1795266000 + hours * 3600).to_bytes(4, "little")
    ip = content.index(bytes((192, 0, 2, 7)))
    content[ip:ip + 4] = bytes(map(int, address.split(".")))
    content[-len(b"thepcsname\n\0"):-2] = name.ljust(10, b"x")
    return bytes(content)


def listed(place, *args):
    done = run("ras", "list", "-j", "--history", place.db, *args)
    return done.returncode, {(s["address"], s["hostname"]): s for s in json.loads(done.stdout)["ras"]}


def test_events_of_servers():
    place = Place()
    servers = place.write("servers", "192.0.2.7\n")
    for i, (content, *args) in enumerate((
            (ras_at(0),), (ras_at(1),), (ras_at(9),), (ras_at(20, "192.0.2.99"),),
            (ras_at(21, "192.0.2.99"), "--authorised", servers), (ras_at(22), "--authorised", servers))):
        run("audit", "-q", "--history", place.db, *args, place.write(f"{i}.pcap", content))
    equal([(e["address"][8:], e["event"]) for e in past(place, "events")],
          [("7", "new"), ("7", "returned"), ("99", "new"), ("99", "moved"), ("99", "not-authorised"),
           ("7", "returned")])
    equal({s["address"]: (s["count"], s["authorised"]) for s in past(place, "ras")},
          {"192.0.2.7": (4, True), "192.0.2.99": (2, False)})


def test_servers_without_an_operand():
    place = Place()
    for i, args in enumerate(((0,), (1,), (2, "192.0.2.99", b"othername"))):
        run("audit", "-q", "--history", place.db, place.write(f"{i}.pcap", ras_at(*args)))
    status, servers = listed(place)
    equal(status, 1)
    one = servers["192.0.2.7", "thepcsname"]
    equal((one["count"], one["first"], one["last"], one["hops"], one["period_s"]),
          (2, "2026-11-21T13:00:00.123456Z", "2026-11-21T14:00:00.123456Z", 0, 3600))
    assert one["mac"]
    assert all("authorised" not in s for s in servers.values())
    both = place.write("both", "192.0.2.7\n192.0.2.99\n")
    equal(listed(place, "--authorised", both)[0], 0)
    status, servers = listed(place, "--authorised", place.write("one", "192.0.2.7 thepcsname\n"))
    equal((status, [s["authorised"] for s in servers.values()]), (1, [True, False]))
    netsh = run("ras", "list", "--history", place.db, "--format", "netsh").stdout.decode()
    holds(netsh, "Timestamp                 Sender\n")
    holds(netsh, "Sat Nov 21 14:00:00 2026  192.0.2.7\n   Hostname=thepcsname\n")
    equal(run("ras", "list", "--follow", "--history", place.db).returncode, 2)
    equal(run("ras", "list", "--history", place.at("none.db")).returncode, 3)
    empty = Place()
    empty.audit("a.pcap", *DAY)
    done = run("ras", "list", "--history", empty.db)
    equal((done.returncode, done.stdout), (0, b""))
    holds(done.stderr.decode(), "the history knows no server")


def test_states_are_those_of_now():
    import time
    hours = (int(time.time()) - 1795266000) / 3600
    place = Place()
    for i, ago in enumerate((0.1, 2, 5)):
        content = bytearray(ras_at(0, f"192.0.2.{i + 1}", b"name%d" % i))
        content[24:28] = (1795266000 + int((hours - ago) * 3600)).to_bytes(4, "little")
        run("audit", "-q", "--history", place.db, place.write(f"{i}.pcap", bytes(content)))
    equal([s["state"] for s in listed(place)[1].values()], ["new", "late", "gone"])
    equal([s["state"] for s in past(place, "ras")], ["new", "late", "gone"])


def test_an_older_history_is_brought_up_to_date():
    place = Place()
    run("audit", "-q", "--history", place.db, place.write("a.pcap", ras_at(0)))
    db = sqlite3.connect(place.db)          # as it was before servers had interfaces
    db.executescript("""
        CREATE TABLE old AS SELECT * FROM server; DROP TABLE server; ALTER TABLE server_event DROP COLUMN interface;
        CREATE TABLE server(address TEXT NOT NULL, vlan INTEGER NOT NULL, hostname BLOB NOT NULL,
            domain BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count_before INTEGER NOT NULL,
            count INTEGER NOT NULL, state TEXT NOT NULL, hops INTEGER, run INTEGER NOT NULL,
            began INTEGER NOT NULL, PRIMARY KEY(address, vlan)) WITHOUT ROWID;
        INSERT INTO server SELECT address, vlan, hostname, domain, first, last, count_before, count, state, hops,
            run, began FROM old;
        DROP TABLE old; DROP TABLE peer; PRAGMA user_version = 3;""")
    db.close()
    holds(err("ras", "list", "--history", place.db), "an older weir made this history")
    run("audit", "-q", "--history", place.db, place.write("b.pcap", ras_at(1)))
    equal([(s["address"], s["count"]) for s in past(place, "ras")], [("192.0.2.7", 2)])
    equal([e["event"] for e in past(place, "events")], ["new"])


def test_what_is_no_history():
    place = Place()
    other = place.at("other.db")
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE x(y)")
    db.commit()
    db.close()
    bytes_before = open(other, "rb").read()
    capture_file = place.write("c.pcap", capture(*DAY))
    for path in (other, place.write("text", "no database at all, but quite some bytes of text\n" * 99)):
        for args in (["hits", "--history", path], ["audit", "-q", "--history", path, capture_file]):
            done = run(*args)
            equal((done.returncode, done.stdout), (3, b""), args)
            assert done.stderr.startswith(b"weir: cannot "), done.stderr
    equal(open(other, "rb").read(), bytes_before)
    equal(run("hits", "--history", place.at("none.db")).returncode, 3)
    assert not os.path.exists(place.at("none.db"))


def test_a_newer_version_is_refused():
    place = Place()
    place.audit("a.pcap", *DAY)
    db = sqlite3.connect(place.db)
    db.execute("PRAGMA user_version = 999")
    db.close()
    holds(err("hits", "--history", place.db), "a newer weir made this history (version 999")


def test_reading_needs_no_right_to_write():
    if os.getuid() != 0 or not os.path.exists("/usr/bin/setpriv"):
        raise Skip("not root, or no setpriv")
    place = Place()
    place.audit("a?#%20.pcap", *DAY)
    os.chmod(place.folder.name, 0o755)
    read = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", WEIR, "hits", "-j", "--history",
            place.db]
    done = subprocess.run(read, capture_output=True, env=CALM, check=False)
    equal((done.returncode, done.stderr), (0, b""))
    equal(json.loads(done.stdout)["rules"][0]["hits"], 3)
    writer = sqlite3.connect(place.db)          # a writer holds the log: it is read, too
    writer.execute("UPDATE rule SET hits = 77 WHERE name = 'loud'")
    writer.commit()
    done = subprocess.run(read, capture_output=True, env=CALM, check=False)
    equal((done.returncode, done.stderr), (0, b""))
    equal(json.loads(done.stdout)["rules"][0]["hits"], 77)
    writer.close()


def test_a_locked_history_stops_no_audit():
    place = Place()
    place.audit("a.pcap", *DAY)
    lock = sqlite3.connect(place.db, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    done = run("audit", "-j", "--history", place.db, "-p", place.at("p.weir"),
               place.write("b.pcap", capture(*DAY[:2])))
    lock.execute("ROLLBACK")
    equal(done.returncode, 3)
    equal(json.loads(done.stdout)["rules"][0]["hits"], 1)
    equal(done.stderr.decode().count("weir: "), 1)
    holds(done.stderr.decode(), "locked")
    equal(place.hits()["loud"]["hits"], 3)


def test_the_usual_place():
    place = Place()
    env = {"XDG_STATE_HOME": place.at("state"), "HOME": place.at("home")}
    done = run("hits", env=env)
    if os.path.exists("/var/lib/weir/history.db"):
        raise Skip("this machine has a history")
    holds(done.stderr.decode(), "there is no history " + place.at("state/weir/history.db") + " yet")
    done = run("ras list", env=env)
    equal((done.returncode, done.stdout), (3, b""))
    holds(done.stderr.decode(), "there is no history " + place.at("state/weir/history.db") + " yet")
    holds(run("hits", env={**env, "XDG_STATE_HOME": "not/absolute"}).stderr.decode(),
          place.at("home/.local/state/weir/history.db"))


main(globals())
