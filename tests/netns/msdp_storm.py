# SPDX-License-Identifier: BSD-2-Clause
"""Storms of Source-Actives, briefly: limits are exact, every good source passes, no session is lost, and the
daemon answers meanwhile.  Its times are those of a machine that does other things too, under sanitizers;
./dev bench msdp has the promised ones.

usage: msdp_storm.py WEIR STORM"""
import json
import os
import sys
import time

import net

net.enter()

import msdp_storms as storms  # noqa: E402
from cli import ROOT, Skip, equal, main  # noqa: E402

HELPER = sys.argv[2]
NAMES = list(storms.STORMS)
# With others at work on the machine, all of the storm goes first, or nothing is measured but they.
FIRST = storms.first_of_all(10)
relay = storms.Relay(first=FIRST)


def survives(name, seconds, scale=1):
    seen = storms.storm(relay, HELPER, name, seconds, scale, FIRST, FIRST)
    print(f"# {name}: good ones in {seen['median_ms']:.1f} ms, 99 of 100 in {seen['p99_ms']:.1f} ms, all in "
          f"{seen['worst_ms']:.1f} ms; {seen['sent']:.0f} sent; {seen['memory_mb']:.0f} MB; an answer took at most "
          f"{seen['control_ms']:.0f} ms")
    equal(seen["lost"], 0, "sessions lost")
    assert seen["said"] >= 100 * (seconds - 1) * 0.5, seen
    equal(seen["came"], seen["said"], "good sources that passed")
    equal(seen["held"], seen["limits"], "entries held")
    equal(seen["passed_on"], seen["limits"], "entries of the storm that were passed on")
    assert seen["control_ms"] < 1000 and seen["worst_ms"] < 1500, seen


def test_random_entries_of_one_peer():
    survives(NAMES[0], 2, 5)


def test_one_source_with_many_groups():
    survives(NAMES[1], 2)


def test_a_worm_through_two_peers():
    survives(NAMES[2], 2, 10)


def test_answers_by_their_schema():
    try:
        import jsonschema
    except ImportError:
        raise Skip("python3-jsonschema is not installed") from None
    with open(os.path.join(ROOT, "schema", "weir-msdp.schema.json"), encoding="utf-8") as f:
        validator = jsonschema.Draft202012Validator(json.load(f))
    for what in ("peers", "cache", "policers", "clear"):
        answer = relay.ask(what)
        equal(answer["schema"], f"weir-msdp-{what}/1")
        if what == "cache":
            # more was refused than its log keeps, and it says how much
            assert 0 < answer["forgotten"] < answer["refused"], (answer["forgotten"], answer["refused"])
        validator.validate(answer)
    answer["cleared"] = -1
    assert not validator.is_valid(answer)


def test_the_history_learns():
    """The storm's limit was reached before the first count or is seen by the second."""
    end = time.monotonic() + 20
    while True:
        done = net.weir(None, "msdp", "learn", "-j", "--history", f"{storms.FOLDER}/state/history.db")
        told = json.loads(done.stdout)["boundaries"] if done.returncode == 0 else []
        days = {p["peer"]: p["days"][-1] for b in told for p in b["peers"]}
        if days.get(storms.STORM, {}).get("held", 0) > 0 or time.monotonic() > end:
            break
        time.sleep(0.2)
    equal([b.get("boundary") for b in told], [None, "storm"])
    stormy = days[storms.STORM]
    assert 0 < stormy["held"] <= storms.PEER_LIMIT and stormy["of_rp"] == stormy["held"], stormy
    assert stormy["new"] == stormy["new_of_source"] == 0, "all of it came in the first minute of a session"
    assert stormy["entries_in"] >= stormy["fresh"] >= stormy["held"] and stormy["sessions"] >= 1, stormy


def test_the_daemon_is_well():
    log = relay.stop()
    assert "died" not in log and "AddressSanitizer" not in log and "runtime error" not in log, log


main(globals())
