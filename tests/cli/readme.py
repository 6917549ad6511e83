# SPDX-License-Identifier: BSD-2-Clause
"""The README shows what weir prints: every ```console block is run and compared.

readme.py WEIR CAPTURE -- with WEIR_BLESS=1 the blocks are written anew instead."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from cli import CALM, ROOT, WEIR, main

CAPTURE = os.path.abspath(sys.argv[2])
README = os.path.join(ROOT, "README.md")


def shown(line):
    """What the command prints, in a folder that holds the capture."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(WEIR, os.path.join(folder, "weir"))
        shutil.copy(CAPTURE, os.path.join(folder, "campus.pcap"))
        done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=120,
                              env={**CALM, "PATH": folder + ":" + os.environ["PATH"]})
    assert done.returncode in (0, 1), (line, done.stderr)
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.M)


def blocks():
    with open(README, encoding="utf-8") as f:
        text = f.read()
    return text, [(m.group(1), m) for m in
                  re.finditer(r"```console\n\$ ([^\n]*)\n(.*?)```\n", text, flags=re.S)]


def bless():
    text, found = blocks()
    for line, m in reversed(found):
        text = text[:m.start(2)] + shown(line) + text[m.end(2):]
    with open(README, "w", encoding="utf-8") as f:
        f.write(text)


def test_blocks_are_what_weir_prints():
    found = blocks()[1]
    assert len(found) >= 3
    for line, m in found:
        assert m.group(2) == shown(line), f"{line}: WEIR_BLESS=1 writes the blocks anew"


if os.environ.get("WEIR_BLESS"):
    bless()
main(globals())
