#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure weir beside its peers: medians of processor time, cases interleaved in one run.

usage: bench.py WEIR [--gen WEIR-GEN] [--judge PROGRAM] [--rounds N] [--megabytes N] [--folder F]

Captures are generated once into a temporary folder.  The mix (weir-gen bench-mix, tests/gen/bench.c)
is 1 GB of frames of 714 bytes on average: 72 % UDP multicast in about 93,000 (S,G), of which few
send much, 15 % unicast, 5 % IGMPv2 and v3, 2.5 % PIM, 1 % MSDP (half of it bare acknowledgments),
1.5 % SAP, 3 % mDNS, SSDP and Router Advertisements; every tenth frame has a VLAN tag.  A line that
ends in MISS is beyond what weir promises; the exit code is 1 then.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

missed = []


def run(command, stdin=None):
    """Processor seconds, wall-clock seconds, and peak memory in MB of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(commands, rounds):
    """The median of each named command, {name: (cpu, wall, peak)}; the first round warms up."""
    samples = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            sample = run(command)
            if number > 0:
                samples[name].append(sample)
    return {name: tuple(statistics.median(column) for column in zip(*rows))
            for name, rows in samples.items()}


def verdict(what, value, limit, unit="", at_least=False):
    good = value >= limit if at_least else value <= limit
    print(f"  {what:<58}{value:8.2f}{unit} ({'at least' if at_least else 'at most'} {limit}{unit})"
          f"  {'ok' if good else 'MISS'}")
    if not good:
        missed.append(what)


def show(results, packets, size):
    for name, (cpu, wall, peak) in results.items():
        print(f"  {name:<34}{cpu:7.3f} s cpu {wall:7.3f} s wall {packets / cpu / 1e6:7.1f} Mpkt/s"
              f" {size / cpu / 1e9:6.2f} GB/s {peak:5.0f} MB")


def count_packets(path):
    """Records of a little-endian pcap file, counted without reading their bytes."""
    count = 0
    with open(path, "rb") as file:
        file.seek(24)
        while True:
            header = file.read(16)
            if len(header) < 16:
                return count
            file.seek(int.from_bytes(header[8:12], "little"), os.SEEK_CUR)
            count += 1


def generate(options, scene, size, path):
    print(f"Writing {path} ...", file=sys.stderr)
    subprocess.run([options.gen, scene, path, str(size)], check=True)
    # what was just written lies in the cache in single pages; read afresh, as captures are, in large ones
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bench_capture(options, path, title, limits):
    packets, size = count_packets(path), os.path.getsize(path)
    commands = {"cat": ["cat", path],
                "read() in blocks of 256 KiB": ["dd", "if=" + path, "of=/dev/null", "bs=256k"],
                "weir audit --jobs 1": [options.weir, "audit", "--jobs", "1", path]}
    if shutil.which("tcpdump"):
        commands["tcpdump multicast"] = ["tcpdump", "-r", path, "-w", "/dev/null", "multicast"]
    print(f"{title}: {packets:,} packets, {size / 1e6:,.0f} MB")
    results = compare(commands, options.rounds)
    show(results, packets, size)
    weir = results["weir audit --jobs 1"][0]
    plain = results["read() in blocks of 256 KiB"][0]
    if "read" in limits:
        verdict("weir : plain read", weir / plain, limits["read"], "x")
        verdict("weir : cat", weir / results["cat"][0], limits["cat"], "x")
    if "tcpdump multicast" in results:
        verdict("weir : tcpdump", weir / results["tcpdump multicast"][0], limits["tcpdump"], "x")
    if "rate" in limits:
        verdict(f"million packets a second (plain read: {packets / plain / 1e6:.0f})",
                packets / weir / 1e6, limits["rate"], at_least=True)
    return weir / packets


def bench_tshark(options, folder, weir_per_packet):
    if not shutil.which("tshark"):
        return
    path = os.path.join(folder, "slice.pcap")
    generate(options, "bench-mix", 40_000_000, path)
    packets = count_packets(path)
    cpu = run(["tshark", "-r", path, "-Y", "igmp || pim"])[0]
    print(f"tshark on a slice: {packets:,} packets, {cpu / packets * 1e6:.1f} us a packet")
    verdict("tshark : weir, a packet", cpu / packets / weir_per_packet, 100, "x", at_least=True)


def bench_memory(options, folder):
    path = os.path.join(folder, "worst.pcap")
    generate(options, "worst", 1_000_000, path)
    for jobs in ("1", "2"):
        _, wall, peak = run([options.weir, "audit", "--jobs", jobs, path])
        print(f"A million sources, 65,536 groups: {wall:.2f} s with --jobs {jobs}")
        verdict("peak memory", peak, 64, " MB")


def bench_check(options, folder):
    path = os.path.join(folder, "large.weir")
    with open(path, "w", encoding="ascii") as file:
        file.write('policy "large"\nboundary border {\n')
        for i in range(10_000):
            file.write(f"    deny from 198.{i % 200}.{i // 200}.0/24 to 232.{i // 256}.{i % 256}.0/24 as r{i}\n")
        file.write("    default permit\n}\n")
    print("weir check of 10,000 rules")
    verdict("seconds", statistics.median(run([options.weir, "check", path])[1] for _ in range(3)), 1.0)


def bench_start(options):
    """One-shot commands, by the clock; /bin/true beside them is what the machine takes for any."""
    print("One-shot commands")
    for words in (["/bin/true"], [options.weir, "--version"],
                  [options.weir, "explain", "198.51.100.1", "239.255.1.1"]):
        wall = statistics.median(run(words)[1] for _ in range(50)) * 1000
        if words[0] == options.weir:
            verdict("weir " + " ".join(words[1:]), wall, 5, " ms")
        else:
            print(f"  {words[0]:<58}{wall:8.2f} ms")


def bench_explain(options, folder):
    path = os.path.join(folder, "queries")
    with open(path, "w", encoding="ascii") as file:
        for i in range(400_000):
            file.write(f"198.51.{i % 200}.{i % 251} 2{24 + i % 16}.{i % 7}.{i // 256 % 256}.{i % 256}\n")
    with open(path, "rb") as file:
        wall = run([options.weir, "explain", "-j", "-"], stdin=file)[1]
    print("weir explain -j -, 400,000 queries")
    verdict("thousand queries a second", 400 / wall, 200, at_least=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weir")
    parser.add_argument("--gen", help="weir-gen (default: beside weir)")
    parser.add_argument("--judge", help="the benchmark of one verdict (default: beside weir)")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the mixed capture")
    parser.add_argument("--folder", help="where the captures lie; kept, and used again")
    options = parser.parse_args()
    beside = os.path.dirname(os.path.abspath(options.weir))
    options.gen = options.gen or os.path.join(beside, "tests/gen/weir-gen")
    options.judge = options.judge or os.path.join(beside, "tests/bench/bench-judge")
    folder = options.folder or tempfile.mkdtemp(prefix="weir-bench-")
    os.makedirs(folder, exist_ok=True)
    try:
        mix, snap = os.path.join(folder, "mix.pcap"), os.path.join(folder, "snap96.pcap")
        if not os.path.exists(mix):
            generate(options, "bench-mix", options.megabytes * 1_000_000, mix)
        if not os.path.exists(snap):
            generate(options, "bench-snap", options.megabytes * 500_000, snap)
        per_packet = bench_capture(options, mix, "Mixed traffic", {"read": 1.6, "cat": 2, "tcpdump": 0.6})
        bench_capture(options, snap, "The same, cut to 96 bytes", {"tcpdump": 0.4, "rate": 25})
        bench_tshark(options, folder, per_packet)
        bench_memory(options, folder)
        bench_check(options, folder)
        bench_explain(options, folder)
        bench_start(options)
    finally:
        if not options.folder:
            shutil.rmtree(folder)
    if os.path.exists(options.judge):
        print("One verdict", flush=True)
        missed.extend(["one verdict"] if subprocess.run([options.judge], check=False).returncode else [])
    if missed:
        print(f"{len(missed)} beyond what is promised: {', '.join(missed)}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
