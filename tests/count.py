# SPDX-License-Identifier: BSD-2-Clause
"""The closing line of a test run: how many cases passed, failed and were skipped.

count.py JUNIT [MORE-FAILURES] -- exits 1 where anything failed, or nothing was run."""
import re
import sys
import xml.etree.ElementTree as tree


def tell_why(suite):
    """What the test wrote below each row of TAP that is not ok."""
    said = suite.findtext("system-out") or ""
    for row in re.findall(r"^not ok .*\n(?:#.*\n?)*", said, flags=re.M):
        print("\n".join("  " + line for line in row.splitlines()[:70]))


passed, failed, skipped = 0, int(sys.argv[2]) if len(sys.argv) > 2 else 0, 0
if failed:
    print("failed: the build with clang")
for suite in tree.parse(sys.argv[1]).iter("testsuite"):
    cases = suite.findall("testcase")
    bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    skips = [c for c in cases if c.find("skipped") is not None]
    for case in bad:
        print(f"failed: {suite.get('name')}: {case.get('name')}")
    if bad:
        tell_why(suite)
    for case in skips:
        print(f"skipped: {suite.get('name')}: {case.get('name')}")
    # a program that ended badly although each of its cases passed
    if not bad and int(suite.get("errors", 0)) + int(suite.get("failures", 0)) > 0:
        print(f"failed: {suite.get('name')}")
        failed += 1
    failed += len(bad)
    skipped += len(skips)
    passed += len(cases) - len(bad) - len(skips)
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
