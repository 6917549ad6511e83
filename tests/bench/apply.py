#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole of `weir apply modern`, from the word to its answer, by each back end: needs root.

usage: apply.py WEIR [--rounds N]

`modern` and another policy take turns, so that something changes every time; medians.  The daemon stands in a
network namespace of its own, its state folder on a disk.  A line that ends in MISS is beyond what weir promises; the
exit code is 1 then."""
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "netns"))

import net  # noqa: E402

net.enter()
subprocess.run(["mount", "-t", "bpf", "none", "/sys/fs/bpf"], check=False)
net.add_users(weir=64990, weir_judge=64991)

from daemon import ENV, Daemon, end_all  # noqa: E402

ROUNDS = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 31
LIMIT_MS = 10
OTHER = 'policy "other"\nboundary border {\n deny to 239.0.0.0/8 as scoped\n default permit\n}\n'
missed = []


def apply_once(daemon, policy):
    """Milliseconds of the whole command, and until the rules were in force as the answer says."""
    command = daemon.command("apply", policy)
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, check=True)
    whole = (time.perf_counter() - begun) * 1e3
    said = re.search(r"In force after ([0-9.]+) ms", done.stdout)
    return whole, float(said.group(1)) if said else float("nan")


def measure(backend):
    daemon = Daemon(None, OTHER, f"interface e0 boundary border enforce {backend}\n")
    daemon.begin().ready()
    samples = []
    for _ in range(ROUNDS + 1):
        samples.append(apply_once(daemon, "modern"))
        apply_once(daemon, daemon.path("site.weir"))
        time.sleep(0.05)
    daemon.weir("stop", "--remove")
    daemon.process.wait(20)
    whole, force = (statistics.median(column) for column in zip(*samples[1:]))
    print(f"  {backend:<10} answered after {whole:6.2f} ms, in force after {force:6.2f} ms"
          f" (at most {LIMIT_MS} ms)  {'ok' if whole <= LIMIT_MS else 'MISS'}", flush=True)
    if whole > LIMIT_MS:
        missed.append(backend)


def main():
    net.ip("link", "add", "e0", "type", "veth", "peer", "name", "e1")
    for end in ("e0", "e1"):
        net.ip("link", "set", end, "up")
    print("weir apply modern, the whole command", flush=True)
    try:
        for backend in ("xdp", "tc", "nftables"):
            measure(backend)
    finally:
        end_all()
    sys.exit(1 if missed else 0)


main()
