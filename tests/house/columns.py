# SPDX-License-Identifier: BSD-2-Clause
"""Lines fit the page: code aims at 96 columns and is never over 100.  Lines that hold a string, a
comment or a row of a table may be as wide as it is.

columns.py --fix lets clang-format break the statements that are too long, and nothing else."""
import os
import subprocess
import sys

import tree

MOST = 100


def is_too_long(line):
    return len(line.expandtabs(8)) > MOST and not any(s in line for s in ('"', "/*", "\t{", "\t."))


def too_long(path):
    return [n for n, line in enumerate(tree.read(path).split("\n"), 1) if is_too_long(line)]


sources = tree.files("src", ends=(".c", ".h"))
if "--fix" in sys.argv:
    for path in sources:
        # from the bottom, so that the numbers above stay true
        for number in reversed(too_long(path)):
            subprocess.run(["clang-format", "-i", f"--lines={number}:{number}",
                            os.path.join(tree.ROOT, path)], check=True)
    sys.exit(0)

tree.report({f"no line of code is over {MOST} columns":
             [f"{p}:{n}" for p in sources for n in too_long(p)]})
