# SPDX-License-Identifier: BSD-2-Clause
"""The report does not depend on how it was made: one thread or many, quick or step by step.

jobs.py WEIR CAPTURES... -- the generated captures, and the shared ones where they are."""
import gzip
import os
import sys
import tempfile

from cli import ROOT, Skip, equal, main, run

CAPTURES = sys.argv[2:]
SHARED = os.path.join(os.environ.get("WEIR_CAPTURES", os.path.join(ROOT, "../shared/captures")), "files")


def report(files, *options):
    """Exit code and both reports of an audit."""
    done = [run("audit", *options, form, *files) for form in ("-v", "-j")]
    return done[0].returncode, done[0].stdout, done[1].stdout


def same(files, *options, jobs=("2", "8")):
    one = report(files, "--jobs", "1", *options)
    for jobs in jobs:
        equal(report(files, "--jobs", jobs, *options), one, f"{files[0]} with {jobs} jobs")


def test_each_capture():
    for capture in CAPTURES:
        same([capture])


def test_all_together():
    same(CAPTURES)
    same(CAPTURES, "-f", "udp or igmp", "-b", "peering")


def test_quick_and_slow():
    """With --write every packet goes the long way."""
    for capture in CAPTURES:
        quick = report([capture], "--jobs", "1", "-b", "peering")
        equal(report([capture], "--jobs", "1", "-b", "peering", "--write", "/dev/null"), quick, capture)


def test_packed_and_piped():
    with tempfile.TemporaryDirectory() as folder:
        packed = os.path.join(folder, "capture.gz")
        with open(CAPTURES[0], "rb") as plain, gzip.open(packed, "wb") as out:
            out.write(plain.read())
        same([packed])
    with open(CAPTURES[0], "rb") as plain:
        data = plain.read()
    one = run("audit", "-j", "--jobs", "1", "-", stdin=data)
    equal(run("audit", "-j", "--jobs", "8", "-", stdin=data).stdout, one.stdout, "standard input")


def test_shared():
    if not os.path.isdir(SHARED):
        raise Skip("no captures in ../shared/captures")
    files = sorted(os.path.join(SHARED, name) for name in os.listdir(SHARED))
    for i, capture in enumerate(files[::16]):
        same([capture], jobs=[["2"], ["8"]][i % 2])     # small ones: in one piece for either
    same(files)


main(globals())
