# SPDX-License-Identifier: BSD-2-Clause
"""Configurations with mistakes and what weir says of them: conf/NAME.conf and NAME.diag.
conf.py WEIR compares, conf.py WEIR --bless writes what weir says now, for a reader of the
difference."""
import os
import subprocess
import sys

weir, bless = os.path.abspath(sys.argv[1]), "--bless" in sys.argv
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "conf")


def said_of(name):
    done = subprocess.run([weir, "run", "--check", "-c", name], cwd=folder, capture_output=True, timeout=60,
                          env={**os.environ, "NO_COLOR": "1"})
    return done.stdout + done.stderr + f"exit {done.returncode}\n".encode()


names = sorted(n for n in os.listdir(folder) if n.endswith(".conf"))
failed = 0
print(f"1..{len(names)}")
for number, name in enumerate(names, 1):
    said, path = said_of(name), os.path.join(folder, name[:-5] + ".diag")
    if bless:
        with open(path, "wb") as f:
            f.write(said)
    with open(path, "rb") as f:
        should = f.read()
    failed += said != should
    print(f"{'ok' if said == should else 'not ok'} {number} - {name}")
    for a, b in zip(said.split(b"\n"), should.split(b"\n")):
        if a != b:
            print(f"# is     {a!r}\n# should {b!r}")
            break
sys.exit(1 if failed else 0)
