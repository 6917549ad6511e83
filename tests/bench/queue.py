#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure the trimming of IGMPv3 reports: from one port of a bridge through the queue to another.

usage: queue.py QUEUE-HELPER

Every report loses one of its three records.  The judge has one core, the sender (whose core carries the
packets to the queue, as a network card's would) the other.  The rates rise until reports are lost; the exit
code is 1 where 70,000 a second are too many.  Needs root."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "netns"), os.path.join(os.path.dirname(HERE), "cli")]

import net  # noqa: E402

net.enter()

from control import ALLOW, CALM, HELPER, TO_EX, Queue, frame, offered, probe, report3, setting  # noqa: E402

POLICY = "boundary b { deny to 239.1.1.1 at membership deny from 10.0.0.9 at membership default permit }"
PROMISED = 70_000
SECONDS = 3

if not probe().startswith(("0 ", "1 ")):
    net.skip_all(probe())
setting("net.ipv6.conf.default.disable_ipv6", 1)          # nothing but what is counted
net.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
for i in "12":
    net.add_host(f"h{i}")
    setting("net.ipv6.conf.default.disable_ipv6", 1, f"h{i}")
    net.add_cable((None, f"p{i}", None), (f"h{i}", f"e{i}", f"10.1.0.{i}/24"))
    net.ip("link", "set", f"p{i}", "master", "br0", "up")
net.ip("link", "set", "br0", "up")
setting("net.bridge.bridge-nf-filter-vlan-tagged", 1)
REPORT = frame(report3("10.1.0.1", (TO_EX, "239.2.2.2"), (TO_EX, "239.1.1.1"),
                       (ALLOW, "232.1.1.1", "10.0.0.1", "10.0.0.2"))).hex()


def received():
    out = subprocess.run(net.at("h2", "ip", "-s", "-s", "link", "show", "e2"), capture_output=True, text=True,
                         check=True).stdout
    return int(re.search(r"RX:.*\n\s+\d+\s+(\d+)", out).group(1))


def pinned(core):
    """A core for itself: what else the machine does is not what is measured."""
    return ["chrt", "-f", "50", "taskset", "-c", str(core)]


def measure(rate, split):
    """(delivered, offered, microseconds of the judge a report, achieved rate)."""
    count = rate * SECONDS // 32 * 32
    queue = Queue(POLICY, "p1,bridge=br0", mode=("split",) if split else (), prefix=pinned(0))
    before, met = received(), offered().get("p1 received", 0)
    out = subprocess.run(pinned(1) + net.at("h1", HELPER, "send", "e1", str(count), str(rate), REPORT),
                         capture_output=True, text=True, check=True, env=CALM).stdout
    counts = queue.end()
    seconds = float(out.split()[1])
    assert offered()["p1 received"] - met == count
    assert counts["why p1 trimmed"] <= count and counts["why p1 admitted"] == 0
    return received() - before, count, \
        (counts["cpu-us"] + counts.get("relay-us", 0)) / max(1, counts["why p1 trimmed"]), count / seconds


def main():
    good = {}
    print(f"Trimming IGMPv3 reports, {SECONDS} s at each rate")
    for split, name in ((False, "one process"), (True, "judge without privileges")):
        for rate in (60_000, 70_000, 80_000, 100_000, 120_000, 150_000):
            delivered, count, effort, achieved = measure(rate, split)
            print(f"  {name:<26}{achieved:10,.0f}/s  {delivered:>8,} of {count:>8,} delivered"
                  f"  {effort:5.2f} us cpu a report")
            if delivered < count:
                break
            good[name] = achieved
    for name, rate in good.items():
        print(f"  {name:<26}{rate:10,.0f}/s without loss (at least {PROMISED:,})"
              f"  {'ok' if rate >= PROMISED * 0.99 else 'MISS'}")
    sys.exit(0 if len(good) == 2 and min(good.values()) >= PROMISED * 0.99 else 1)


main()
