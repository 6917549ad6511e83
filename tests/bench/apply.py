#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""From the word `weir apply` until the policy is in force, and until the answer, which waits for the disk besides: by
each back end, for `modern` and for 10,000 rules.  Needs root.

usage: apply.py WEIR [--rounds N]

Each policy and another, small one take turns, so that something changes every time; medians.  The daemon stands in a
network namespace of its own, its state folder on a disk.  What the answer says of the time in force is since the
program began; what a program takes to begin, all of `weir --version`, is added.  A line that ends in MISS is beyond
what weir promises; the exit code is 1 then."""
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
MANY = 10000
OTHER = 'policy "other"\nboundary border {\n deny to 239.0.0.0/8 as scoped\n default permit\n}\n'
NOWHERE = os.open("/dev/null", os.O_WRONLY)
missed = []


def run_once(command):
    """Milliseconds of the whole command, and what it said."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=ENV, check=True)
    return (time.perf_counter() - begun) * 1e3, done.stdout


def begin_once():
    """Milliseconds of a program that does nothing, without what this one does around it."""
    weir = os.path.abspath(sys.argv[1])
    begun = time.perf_counter()
    os.waitpid(os.posix_spawn(weir, [weir, "--version"], ENV, file_actions=[(os.POSIX_SPAWN_DUP2, NOWHERE, 1)]), 0)
    return (time.perf_counter() - begun) * 1e3


def apply_once(daemon, policy):
    """Milliseconds of the whole command, and until the rules were in force."""
    start = begin_once()
    whole, said = run_once(daemon.command("apply", policy))
    return whole, start + float(re.search(r"In force after ([0-9.]+) ms", said).group(1))


def many_rules():
    rules = [f" deny from 10.{i >> 8 & 31}.{i & 255}.0/24 to 239.{i >> 8 & 63}.{i & 255}.7 as r{i}\n" if i % 2 else
             f" deny to 239.{i >> 8 & 63}.{i & 255}.9 as r{i}\n" for i in range(MANY)]
    return 'policy "many"\nboundary border {\n' + "".join(rules) + " default permit\n}\n"


def tell(name, samples, limit):
    whole, force = (statistics.median(column) for column in zip(*samples[1:]))
    print(f"  {name:<24} in force after {force:7.2f} ms (at most {limit} ms)  {'ok' if force <= limit else 'MISS'},"
          f" answered after {whole:7.2f} ms", flush=True)
    if force > limit:
        missed.append(name)


def measure(backend):
    daemon = Daemon(None, OTHER, f"interface e0 boundary border enforce {backend}\n")
    daemon.begin().ready()
    many = daemon.write("many.weir", many_rules())
    for policy, name, rounds, limit in (("modern", "modern", ROUNDS, 10),
                                        (many, f"{MANY:,} rules", ROUNDS // 4, 500)):
        samples = []
        for _ in range(rounds + 1):
            samples.append(apply_once(daemon, policy))
            apply_once(daemon, daemon.path("site.weir"))
            time.sleep(0.05)
        tell(f"{backend}, {name}", samples, limit)
    daemon.weir("stop", "--remove")
    daemon.process.wait(20)


def main():
    net.ip("link", "add", "e0", "type", "veth", "peer", "name", "e1")
    for end in ("e0", "e1"):
        net.ip("link", "set", end, "up")
    print("From weir apply", flush=True)
    try:
        for backend in ("xdp", "tc", "nftables"):
            measure(backend)
    finally:
        end_all()
    sys.exit(1 if missed else 0)


main()
