# SPDX-License-Identifier: BSD-2-Clause
"""Compares what weir says of the shared captures with their truth.

truth.py WEIR DIFFERENCES [--captures DIR] [--list]

For every multicast file of DIR (default: WEIR_CAPTURES, or ../shared/captures beside the
repository): the frames whose innermost destination is multicast, every IGMP and MLD record, PIM
entry, Router Advertisement, every flow with its packets and TTLs, and the counts of the audit.
The words of both sides are made the same, one line a statement, and compared frame by frame.
DIFFERENCES lists what may differ, each with the reason why weir is right; any other difference
fails, and so does a listed one that does not occur.  --list prints all that differs."""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import words  # noqa: E402

FILES = "files"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def captures_folder(wanted):
    for folder in (wanted, os.environ.get("WEIR_CAPTURES"), os.path.join(ROOT, "..", "shared", "captures")):
        if folder and os.path.exists(os.path.join(folder, "truth.tar.xz")):
            return folder
    return None


SANITIZERS = re.compile(r"Sanitizer|runtime error")


def run_json(command):
    """The output of a weir command; 0 clean, 1 findings, 3 a damaged file: all are answers."""
    done = subprocess.run(command, capture_output=True, text=True, errors="strict")
    if done.returncode not in (0, 1, 3) or SANITIZERS.search(done.stderr):
        raise SystemExit(f"not ok - {' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def read_whole(weir, path):
    """A crasher, too, goes through both commands and comes out as JSON."""
    for line in run_json([weir, "decode", "-j", "-x", path]).splitlines():
        json.loads(line)
    json.loads(run_json([weir, "audit", "-j", path]))


def read_others(weir, captures, compared):
    """The files that the truth does not tell about."""
    names = sorted(set(os.listdir(os.path.join(captures, FILES))) - set(compared))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: read_whole(weir, os.path.join(captures, FILES, name)), names))
    return len(names)


def read_table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))


def differ(name, frame, kind, truth, weir):
    """The statements that only one side has, as rows of the list of differences."""
    gone, new = truth - weir, weir - truth
    if gone or new:
        yield (name, str(frame), kind, "; ".join(sorted(gone.elements())) or "-",
               "; ".join(sorted(new.elements())) or "-")


def compare_control(name, rows, observations):
    truth = collections.defaultdict(collections.Counter)
    weir = collections.defaultdict(collections.Counter)
    for row in rows:
        truth[int(row["frame"])].update(words.of_truth(row))
    for o in observations:
        weir[o["frame"]].update(words.of_weir(o))
    for frame in sorted(truth.keys() | weir.keys()):
        yield from differ(name, frame, "control", truth[frame], weir[frame])


def compare_frames(name, rows, observations):
    truth = {int(r["frame"]) for r in rows if r["mcast_inner"] == "1"}
    weir = {o["frame"] for o in observations if words.is_multicast(o)}
    for frame in sorted(truth ^ weir):
        side = ("multicast", "-") if frame in truth else ("-", "multicast")
        yield (name, str(frame), "frame") + side


def compare_notes(name, rows, observations):
    """Bad checksums, fragments and VLANs of the multicast frames."""
    weir = collections.defaultdict(list)
    for o in observations:
        weir[str(o["frame"])].append(o)
    for r in rows:
        if r["mcast_inner"] == "1" and r["frame"] in weir:
            truth, said = words.truth_notes(r), words.weir_notes(weir[r["frame"]])
            if truth != said:
                yield name, r["frame"], "notes", " ".join(truth) or "-", " ".join(said) or "-"


def compare_flows(name, rows, observations):
    truth, weir = words.truth_flows(rows), words.weir_flows(observations)
    for key in sorted(truth.keys() | weir.keys()):
        if truth.get(key) != weir.get(key):
            yield (name, "-", "flow", words.flow_text(key, truth.get(key)), words.flow_text(key, weir.get(key)))


def compare_counts(name, rows, audit):
    truth = {"total": len(rows), "multicast": sum(r["mcast_inner"] == "1" for r in rows)}
    weir = {key: audit["packets"][key] for key in truth}
    if truth != weir:
        yield name, "-", "count", json.dumps(truth), json.dumps(weir)


def compare_file(weir, captures, truth, name):
    path = os.path.join(captures, FILES, name)
    base = os.path.join(truth, name)
    observations = [json.loads(line) for line in run_json([weir, "decode", "-j", "--checksums", path]).splitlines()]
    packets = read_table(base + ".pkt.tsv")
    rows = []
    rows += compare_frames(name, packets, observations)
    rows += compare_notes(name, packets, observations)
    rows += compare_control(name, read_table(base + ".ctl.tsv"), observations)
    rows += compare_flows(name, read_table(base + ".sg.tsv"), observations)
    rows += compare_counts(name, packets, json.loads(run_json([weir, "audit", "-j", path])))
    return rows, len(observations)


def cut(text):
    return text if len(text) <= 400 else text[:397] + "..."


def compare_all(weir, captures):
    found, statements = [], 0
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(os.path.join(captures, "truth.tar.xz")) as tar:
            tar.extractall(folder)
        truth = os.path.join(folder, "truth")
        names = sorted(f[:-len(".pkt.tsv")] for f in os.listdir(truth) if f.endswith(".pkt.tsv"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(compare_file, weir, captures, truth, n) for n in names]
            for job in jobs:
                rows, n = job.result()
                found += [tuple(cut(field) for field in row) for row in rows]
                statements += n
    return names, statements, found


def read_reasons(path):
    """file, frame, kind, truth, weir, reason; a frame of several is written 3,7-9."""
    reasons = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 6 or not fields[5].strip():
                raise SystemExit(f"{path}: a row has six fields, the last is the reason: {line!r}")
            for frame in spread(fields[1]):
                reasons[(fields[0], frame, *fields[2:5])] = fields[5]
    return reasons


def spread(frames):
    for part in frames.split(","):
        ends = re.fullmatch(r"(\d+)-(\d+)", part)
        if ends:
            yield from (str(n) for n in range(int(ends[1]), int(ends[2]) + 1))
        else:
            yield part


def main():
    parser = argparse.ArgumentParser(description="compare weir with the truth of the shared captures")
    parser.add_argument("weir")
    parser.add_argument("differences")
    parser.add_argument("--captures")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    captures = captures_folder(args.captures)
    if not captures:
        print("1..0 # SKIP the shared captures (../shared/captures) are not here")
        return 0
    names, statements, found = compare_all(args.weir, captures)
    if args.list:
        for row in found:
            print("\t".join(row))
        return 0
    reasons = read_reasons(args.differences)
    unexplained = [row for row in found if row not in reasons]
    stale = [row for row in reasons if row not in set(found)]
    print("1..3")
    for row in unexplained:
        print("# unexplained: " + "\t".join(row))
    print(f"{'not ok' if unexplained else 'ok'} 1 - {len(names)} captures, {statements} statements, "
          f"{len(found) - len(unexplained)} explained differences, {len(unexplained)} others")
    for row in stale:
        print("# does not occur: " + "\t".join(row))
    print(f"{'not ok' if stale else 'ok'} 2 - every listed difference occurs")
    print(f"ok 3 - {read_others(args.weir, captures, names)} other captures are read whole", flush=True)
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    sys.exit(main())
