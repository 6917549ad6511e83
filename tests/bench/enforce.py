#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a policy costs in the kernel, by XDP: medians of cases that took turns, and their ratios.

usage: enforce.py PROGRAM BENCH.o [--rounds N]

PROGRAM is bench-enforce-bpf, which needs root.  A line that ends in MISS is beyond what weir promises;
the exit code is 1 then."""
import argparse
import subprocess
import sys

missed = []


def verdict(what, value, limit, unit="", at_least=False):
    good = value >= limit if at_least else value <= limit
    print(f"  {what:<66}{value:8.2f}{unit} ({'at least' if at_least else 'at most'} {limit}{unit})"
          f"  {'ok' if good else 'MISS'}")
    if not good:
        missed.append(what)


def read(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{command[0]}: exit {done.returncode}")
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def tell_lookups(t):
    print(f"One program, 4096 (S,G) in turns (two LPM tries: {int(t['ip4-prefixes'])} prefixes)")
    for family in ("ip4", "ip6"):
        base, policy, tables = t[f"{family}-without"], t[f"{family}-policy"], t[f"{family}-tables"]
        print(f"  {family}: {base:.1f} ns without look-ups, {policy:.1f} ns with the policy, and {tables:.1f} ns with all"
              " its tables,\n  which is what a flow costs that is not remembered")
        if family == "ip4":
            lpm = t["ip4-lpm"]
            print(f"  {family}: {lpm:.1f} ns with the policy on two LPM tries")
            verdict("IPv4: the policy over the program without look-ups", policy - base, 12, " ns")
            verdict("IPv4: two LPM tries : the policy", (lpm - base) / (policy - base), 8, "x", True)
            print(f"  {family}: its tables alone cost {tables - base:.2f} ns over it,"
                  f" {(lpm - base) / (tables - base):.1f}x less than the tries")
    for family in "46":
        base, policy, tables = (t[f"joined{family}-{case}"] for case in ("without", "policy", "tables"))
        print(f"  ip{family}, where `not joined` decides: {policy - base:.1f} ns over the program without look-ups, and"
              f" {tables - base:.1f} ns\n  for a flow that is not remembered")


def tell_path(t):
    print("Frames over a veth pair, all dropped at its end by native XDP, beside a bare XDP drop: the processor's time\n"
          "for each, from the kernel's generator of XDP frames (BPF_F_TEST_XDP_LIVE_FRAMES, as a driver hands frames\n"
          "over, without an skb) to the drop, with 4096 (S,G) in turns; both cases have the same sender, which is a part\n"
          "of both; a bare drop reads no byte of the packet.  The ratio is the median of those in each turn")
    for name, what, limit in (("ip4", "rules with from, to, at", 1.15),
                              ("modern", "`modern`, which asks for the protocol too", 1.3),
                              ("asking", "rules with ttl, port and limit before them", 1.3),
                              ("ip6", "`modern`, IPv6", 1.3)):
        drop, weir = t[f"path-{name}-drop"], t[f"path-{name}-weir"]
        print(f"  {what}: {drop:.1f} ns and {weir:.1f} ns, {1e3 / weir:.1f} million packets a second")
        verdict(what, t[f"path-{name}-ratio"], limit, "x")


def tell_pairs(t):
    print("The same with rules for 10000 pairs of source and group before them")
    for family, limit in (("4", 60), ("6", 70)):
        base, policy = t[f"pairs{family}-without"], t[f"pairs{family}-policy"]
        verdict(f"ip{family}: 10000 pairs and `modern`, over the program without look-ups", policy - base, limit, " ns")


def tell_install(t):
    print("From a policy in memory until a packet meets it in the kernel, which another processor asks all the time\n"
          "(the first time the program is verified too)")
    for name, limit in (("modern", 10), ("large", 500), ("pairs", 500)):
        print(f"  {name}: {t[f'{name}-first-ms']:.1f} ms the first time; whoever installs it goes on after"
              f" {t[f'{name}-return-ms']:.1f} ms, and all\n  packets that met the one before are through after"
              f" {t[f'{name}-settled-ms']:.1f} ms")
        verdict(f"{name}: in force", t[f"{name}-force-ms"], limit, " ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("object")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    read_back = read([options.program, options.object, str(options.rounds)])
    if "skip" in read_back:
        print(f"XDP and tc: skipped, {read_back['skip']}")
        return
    times = {name: float(value) for name, value in read_back.items()}
    tell_lookups(times)
    tell_pairs(times)
    tell_path(times)
    tell_install(times)
    sys.exit(1 if missed else 0)


main()
