#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measure weir live beside tcpdump and dumpcap, over a veth pair in a network namespace of its own:
the highest rate at which each loses nothing, and the processor time that it takes for a packet.

usage: live.py WEIR [--rounds N] [--million N]

Needs root.  The sender has one processor, each receiver in turn the other; every round tries every
receiver, and medians count.  A line that ends in MISS is beyond what weir promises."""
import argparse
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = "WEIR_BENCH_NETNS"
SETTLE_S = 0.4
missed = []


def enter():
    if os.environ.get(HERE):
        return
    if os.geteuid() != 0:
        sys.exit("live.py needs root, for a network namespace")
    os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv], {**os.environ, HERE: "1"})


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def make_link():
    ip("link", "add", "va", "type", "veth", "peer", "name", "vb")
    for end in ("va", "vb"):
        with open(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "w", encoding="ascii") as f:
            f.write("1")
        ip("link", "set", end, "up")


def on(processor, *words):
    """Ahead of everything else on a processor, where that is allowed."""
    return ["taskset", "-c", str(processor), "chrt", "-f", "40", *words]


class Receiver:
    """A program that reads vb: how many packets it had, and the processor time it took."""

    def __init__(self, name, words, ready, count):
        self.name, self.words, self.ready, self.count = name, words, ready, count

    def run(self, send):
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(on(0, *self.words), stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while self.ready not in os.pread(err.fileno(), 1 << 16, 0) and time.monotonic() < end:
            time.sleep(0.02)
        sent, took, sender_cpu = send()
        time.sleep(SETTLE_S)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = sum(getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime")) - sender_cpu
        said = os.pread(out.fileno(), 1 << 26, 0).decode() + os.pread(err.fileno(), 1 << 20, 0).decode()
        return sent / took, self.count(said) / sent, cpu / sent


def count_weir(said):
    return json.loads(said[said.index("{"):said.rindex("}") + 1])["inputs"][0]["packets"]


def count_by(pattern):
    return lambda said: int(re.search(pattern, said).group(1))


def receivers(weir):
    yield Receiver("weir watch", [weir, "watch", "-v", "-j", "--duration", "1h", "vb"], b"without privileges", count_weir)
    if shutil.which("tcpdump"):
        yield Receiver("tcpdump -w /dev/null", ["tcpdump", "-i", "vb", "-B", "65536", "-w", "/dev/null"],
                       b"listening on", count_by(r"(\d+) packets? captured"))
    if shutil.which("dumpcap"):
        yield Receiver("dumpcap -w /dev/null", ["dumpcap", "-q", "-i", "vb", "-B", "64", "-w", "/dev/null"],
                       b"File: ", count_by(r"received/dropped on interface 'vb': (\d+)"))


def sender(program, path, frames, rate):
    def send():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = on(1, program, "va", path, str(frames), *([str(rate)] if rate else []))
        said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = sum(getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime"))
        return int(said[0]), float(said[1]), cpu
    return send


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--million", type=float, default=2, help="packets of one trial")
    options = parser.parse_args()
    enter()
    make_link()
    beside = os.path.dirname(os.path.abspath(options.weir))
    frames, results = int(options.million * 1e6), {}
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        path = os.path.join(folder, "mix.pcap")
        subprocess.run([os.path.join(beside, "tests/gen/weir-gen"), "bench-mix", path, "60000000"], check=True)
        send = sender(os.path.join(beside, "tests/bench/bench-send"), path, frames, 0)
        for _ in range(options.rounds):
            for receiver in receivers(options.weir):
                results.setdefault(receiver.name, []).append(receiver.run(send))
    print(f"Live over a veth pair, {frames:,} packets a trial, as fast as they can be sent")
    median = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()}
    for name, (rate, part, cpu) in median.items():
        print(f"  {name:<24}{rate / 1e6:6.2f} Mpkt/s offered{part * 100:9.3f} % of them had"
              f"{rate * part / 1e6:7.2f} Mpkt/s{cpu * 1e9:7.0f} ns of processor a packet")
    rate, part, cpu = median.pop("weir watch")
    for name, (other_rate, other_part, other_cpu) in median.items():
        ratio = rate * part / (other_rate * other_part)
        print(f"  weir : {name:<24}{ratio:6.2f}x as many packets, {cpu / other_cpu:5.2f}x the processor time"
              f"{'' if ratio >= 0.995 or 'tcpdump' not in name else '  MISS'}")
        if ratio < 0.995 and "tcpdump" in name:
            missed.append(name)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
