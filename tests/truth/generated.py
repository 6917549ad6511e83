# SPDX-License-Identifier: BSD-2-Clause
"""Compares what weir says of captures with what tshark says of them.

generated.py WEIR GENERATOR SCENE...   or   generated.py WEIR CAPTURE...

For what the shared captures lack (MSDP, SAP, most record types of IGMPv3, Auto-RP): the generator
makes captures, and every IGMP and MLD record, PIM entry, Auto-RP range, SAP session, MSDP (S,G) and
Router Advertisement that tshark finds in them must be among weir's words, frame by frame, and no
other.  MSDP is compared stream by stream, since tshark does not tell which frame completes a TLV."""
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shark  # noqa: E402
import words  # noqa: E402


def count(pairs):
    found = collections.defaultdict(collections.Counter)
    for frame, said in pairs:
        found[frame].update(said)
    return found


def compare(weir, path):
    lines = subprocess.run([weir, "decode", "-j", path], capture_output=True, text=True, check=True).stdout
    said = [json.loads(line) for line in lines.splitlines()]
    truth = count((int(r["frame"]), words.of_truth(r)) for r in shark.rows_of(path) + shark.msdp_rows_of(path))
    mine = count((0 if o["protocol"] == "msdp" else o["frame"], words.of_weir(o)) for o in said)
    for frame in sorted(truth.keys() | mine.keys()):
        for word in sorted((truth[frame] - mine[frame]).elements()):
            yield f"frame {frame}: only tshark: {word}"
        for word in sorted((mine[frame] - truth[frame]).elements()):
            yield f"frame {frame}: only weir: {word}"
    yield sum(sum(c.values()) for c in mine.values())


def generate(generator, scene, folder):
    path = os.path.join(folder, scene + ".pcap")
    subprocess.run([generator, scene, path], check=True)
    return path


def judge(weir, path, number):
    """A capture of which nothing is said proves nothing."""
    *differences, n = compare(weir, path)
    good = not differences and n > 0
    for difference in differences[:40]:
        print("# " + difference)
    print(f"{'ok' if good else 'not ok'} {number} - {os.path.basename(path)}: {n} statements, "
          f"{len(differences)} differences", flush=True)
    return good


def main():
    weir, names = sys.argv[1], sys.argv[2:]
    if not shutil.which("tshark") or not shutil.which("text2pcap"):
        print("1..0 # SKIP tshark and text2pcap (Debian: tshark) are not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if os.access(names[0], os.X_OK):
            names = [generate(names[0], scene, folder) for scene in names[1:]]
        print(f"1..{len(names)}")
        return 1 if sum([not judge(weir, path, i) for i, path in enumerate(names, 1)]) else 0


if __name__ == "__main__":
    sys.exit(main())
