# SPDX-License-Identifier: BSD-2-Clause
"""weir msdp learn: limits out of the days in a history, as a policy takes them and as JSON by its schema."""
import json
import os
import sqlite3
import tempfile
import time

from cli import ROOT, Skip, a_capture, equal, holds, main, out, run

DAY = 86400
TODAY = int(time.time()) // DAY * DAY
SUMS = 12


def history(rows):
    """A history with these days: (peer, days ago, boundary, held, of one source, of one /24, of one RP[, new ones in a minute,
    of one source])."""
    folder = tempfile.TemporaryDirectory()
    capture, path = os.path.join(folder.name, "a.pcap"), os.path.join(folder.name, "history.db")
    with open(capture, "wb") as f:
        f.write(a_capture())
    run("audit", "-q", "--history", path, capture)
    with sqlite3.connect(path) as db:
        for peer, ago, boundary, *figures in rows:
            figures += [None] * (6 - len(figures))
            db.execute(f"INSERT INTO peer VALUES(?, ?, ?, 1440, ?, ?, ?, ?{', 7' * SUMS}, ?, ?)",
                       (peer, TODAY - ago * DAY, boundary, *figures))
    db.close()
    return folder, path


# Ten quiet days and a storm on one of them; a second peer with less, but with more of one RP.
FOLDER, DB = history([("192.0.2.1", ago, "border", 400 + ago, 12, 40, 300) for ago in range(10) if ago != 4] +
                     [("192.0.2.1", 4, "border", 90000, 50000, 50000, 90000)] +
                     [("192.0.2.2", ago, "border", 20, 3, 3, 310) for ago in range(3)] +
                     [("192.0.2.9", 0, "", 1, 1, 1, 1)])


def learned(*args):
    done = run("msdp learn", "--history", DB, *args)
    equal(done.returncode, 0, done.stderr.decode())
    return done.stdout.decode()


def limits(*args):
    return {b.get("boundary"): {x["by"]: (x["over"], x["then"], x["usual"], x["peer"]) for x in b["limits"]}
            for b in json.loads(learned("-j", *args))["boundaries"]}


def test_limits_are_a_multiple_of_what_is_usual():
    # the median of the days, of which the sixth of ten is 406: the storm moves it by no more
    equal(limits()["border"], {"peer": (1300, "alarm", 406, "192.0.2.1"), "source": (36, "deny", 12, "192.0.2.1"),
                               "source/24": (120, "deny", 40, "192.0.2.1"), "rp": (930, "deny", 310, "192.0.2.2")})
    equal(limits("--times", "10")["border"]["peer"][0], 4100)


def test_rates_of_new_entries():
    """RFC 3618 18; days that an older weir wrote know nothing of it."""
    folder, path = history([("192.0.2.1", ago, "border", 400, 12, 40, 300, 30 + ago, 4) for ago in range(4)] +
                           [("192.0.2.1", ago, "border", 400, 12, 40, 300) for ago in range(4, 9)] +
                           [("192.0.2.1", 9, "border", 400, 12, 40, 300, 70000, 60000)] +
                           [("192.0.2.2", 0, "border", 20, 3, 3, 310, 5, 5)])
    text = run("msdp learn", "--history", path).stdout.decode()
    # the third of five known days; the storm of one of them moves it by no more
    for part in ("police sa by peer      over 1200 warn 900 new 96/m then alarm",
                 '"3 times the 400 of 192.0.2.1, and the 32 new ones in a minute of 192.0.2.1"',
                 "police sa by source    over 36 warn 27 new 15/m then deny", "of 192.0.2.2",
                 "32 new ones in a minute, 4 of one source"):
        holds(text, part)
    limits_now = json.loads(run("msdp learn", "-j", "--history", path).stdout)["boundaries"][0]["limits"]
    equal([(x["by"], x.get("new_per_minute"), x.get("new_usual"), x.get("new_peer")) for x in limits_now],
          [("peer", 96, 32, "192.0.2.1"), ("source", 15, 5, "192.0.2.2"), ("source/24", None, None, None),
           ("rp", None, None, None)])
    policy = os.path.join(folder.name, "site.weir")
    with open(policy, "w", encoding="ascii") as f:
        f.write("boundary border extends modern.msdp-transit {\n" + text + "}\n")
    done = run("check", policy)
    equal(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
    assert "new" not in learned("-b", "border").split("police")[1], "nothing is known of days before"
    folder.cleanup()


def test_never_less_than_ten():
    equal(limits()[None]["source"][0], 10)


def test_days_and_peers_may_be_chosen():
    equal(limits("--peer", "192.0.2.2")["border"]["peer"][2:], (20, "192.0.2.2"))
    equal(list(limits("-b", "border")), ["border"])
    equal(limits("--since", "1d")["border"]["peer"][2], 401)
    equal(run("msdp learn", "--history", DB, "--since", "soon").returncode, 2)
    equal(run("msdp learn", "--history", DB, "--times", "0").returncode, 2)


def test_the_text_says_why():
    text = learned()
    storm = time.strftime("%Y-%m-%d", time.gmtime(TODAY - 4 * DAY))
    for part in ("# for boundary border\n", "# 192.0.2.1, 10 days since", f"but 90000 on {storm}, more than the limit",
                 "fewer than 7 days", "these peers have none yet", '"3 times the 406 of 192.0.2.1"'):
        holds(text, part)


def test_a_policy_takes_it_as_it_is():
    text = learned("-b", "border")
    path = os.path.join(FOLDER.name, "site.weir")
    with open(path, "w", encoding="ascii") as f:
        f.write("boundary border extends modern.msdp-transit {\n" + text + "}\n")
    done = run("check", path)
    equal(done.returncode, 0, done.stdout.decode() + done.stderr.decode())


def test_json_by_its_schema():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed")
    with open(os.path.join(ROOT, "schema", "weir-msdp.schema.json"), encoding="utf-8") as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    validator.validate(json.loads(learned("-j")))
    document = json.loads(learned("-j"))
    document["boundaries"][0]["limits"][0]["over"] = "many"
    assert not validator.is_valid(document)


def test_a_history_without_peers():
    empty, path = history([])
    done = run("msdp learn", "--history", path)
    equal((done.returncode, done.stdout), (0, b""))
    holds(done.stderr.decode(), "no such MSDP peer")
    equal(json.loads(out("msdp learn", "-j", "--history", path))["boundaries"], [])
    empty.cleanup()


def test_hostile_names_stay_harmless():
    folder, path = history([("192.0.2.1\x1b[2J", 0, "b\n}\x1b]0;x\x07", 1, 1, 1, 1)])
    for args in ((), ("-j",)):
        text = run("msdp learn", "--history", path, *args).stdout
        assert b"\x1b" not in text and b"\x07" not in text and b"\n}" not in text.rstrip(b"}\n"), text
    folder.cleanup()


main(globals())
