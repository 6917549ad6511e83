# SPDX-License-Identifier: BSD-2-Clause
"""Memory stays under 64 MB whatever the capture: sources, groups, peers and servers without end, in
one file and in many that are open at once.

memory.py WEIR SANITIZERS -- a program with sanitizers takes memory of its own; then the one that
WEIR_PLAIN names is measured, with the generator beside it (./dev test sets it), or none."""
import os
import struct
import subprocess
import sys
import tempfile

from cli import CALM, Skip, WEIR, equal, main

PROGRAM = os.environ.get("WEIR_PLAIN") or (WEIR if sys.argv[2] == "none" else None)
MOST = 64 << 20
FILES, PACKETS = 40, 200_000

FOLDER = tempfile.TemporaryDirectory()
WORST = os.path.join(FOLDER.name, "worst.pcap")


def need_program():
    if not PROGRAM:
        raise Skip("built with sanitizers, and WEIR_PLAIN names no program without")


def peak(*args):
    """Most bytes in memory at a time, and the exit status."""
    need_program()
    # meson has the C library fill what is taken, and what is never used would count
    env = {k: v for k, v in CALM.items() if k != "MALLOC_PERTURB_"}
    process = subprocess.Popen([PROGRAM, *args], env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024, process.returncode


def test_a_million_sources_and_65_thousand_groups():
    need_program()
    subprocess.run([os.path.join(os.path.dirname(PROGRAM), "tests/gen/weir-gen"), "worst", WORST],
                   check=True)
    most, status = peak("audit", "-j", "--jobs", "64", WORST)
    equal(status, 1)
    print(f"# one file, 64 threads: {most / 1e6:.1f} MB")
    assert 16 << 20 < most < MOST, most


def write_pieces():
    """The first packets, dealt to files by turns, so that all are open at once.  Little by little:
    what this program takes counts for the one that it starts."""
    paths = [os.path.join(FOLDER.name, f"piece{i}.pcap") for i in range(FILES)]
    pieces = [open(path, "wb") for path in paths]
    with open(WORST, "rb") as f:
        head = f.read(24)
        for piece in pieces:
            piece.write(head)
        for n in range(PACKETS):
            record = f.read(16)
            pieces[n % FILES].write(record + f.read(struct.unpack_from("<I", record, 8)[0]))
    for piece in pieces:
        piece.close()
    return paths


def test_many_files():
    need_program()
    most, _ = peak("audit", "-q", "--jobs", "8", *write_pieces())
    print(f"# {FILES} files: {most / 1e6:.1f} MB")
    assert most < MOST, most


main(globals())
