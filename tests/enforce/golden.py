# SPDX-License-Identifier: BSD-2-Clause
"""Small policies and the nftables text that they become: NAME.weir, whose first line says for which
links, and NAME.nft.  golden.py ENFORCER compares; golden.py ENFORCER --bless writes what it is now."""
import glob
import os
import subprocess
import sys

enforcer, bless = os.path.abspath(sys.argv[1]), "--bless" in sys.argv
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")


def complaints(path):
    with open(path, encoding="utf-8") as f:
        links = f.readline().removeprefix("# links:").split()
    said = subprocess.run([enforcer, "text", path, "border", "--", *links], capture_output=True, text=True,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, timeout=60)
    golden = path.removesuffix(".weir") + ".nft"
    if bless:
        with open(golden, "w", encoding="utf-8") as f:
            f.write(said.stdout)
    with open(golden, encoding="utf-8") as f:
        should = f.read()
    if said.returncode == 0 and said.stdout == should:
        return []
    for number, (a, b) in enumerate(zip(said.stdout.split("\n") + [""], should.split("\n") + [""]), 1):
        if a != b:
            return [f"line {number} is     {a.strip()}", f"line {number} should {b.strip()}"]
    return [f"exit {said.returncode}: {said.stderr}"]


paths = sorted(glob.glob(os.path.join(folder, "*.weir")))
print(f"1..{len(paths)}")
failed = 0
for i, path in enumerate(paths, 1):
    found = complaints(path)
    failed += bool(found)
    print(f"{'not ok' if found else 'ok'} {i} - {os.path.basename(path)}")
    for line in found:
        print(f"# {line}")
sys.exit(failed > 0)
