# SPDX-License-Identifier: BSD-2-Clause
"""Lines fit the page: C aims at 96 columns and is never over 100.

columns.py --fix lets clang-format break the statements that are too long, and nothing else."""
import os
import subprocess
import sys

import tree

MOST = 100


def too_long(path, most):
    return [n for n, line in enumerate(tree.read(path).split("\n"), 1)
            if len(line.expandtabs(8)) > most]


sources = tree.files("src", "tests", ends=(".c", ".h"))
if "--fix" in sys.argv:
    for path in sources:
        # from the bottom, so that the numbers above stay true
        for number in reversed(too_long(path, MOST)):
            subprocess.run(["clang-format", "-i", f"--lines={number}:{number}",
                            os.path.join(tree.ROOT, path)], check=True)
    sys.exit(0)

tree.report({f"no line of C is over {MOST} columns":
             [f"{p}:{n}" for p in sources for n in too_long(p, MOST)]})
