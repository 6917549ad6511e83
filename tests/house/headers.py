# SPDX-License-Identifier: BSD-2-Clause
"""Every header compiles alone.  headers.py COMPILER..."""
import os
import subprocess
import sys

import tree

flags = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-fsyntax-only", "-x", "c",
         "-I" + os.path.join(tree.ROOT, "src"), "-I" + os.path.join(tree.ROOT, "tests")]
headers = tree.files("src", ends=(".h",))
broken = []
for start in range(0, len(headers), 16):
    batch = [(h, subprocess.Popen(sys.argv[1:] + flags + [os.path.join(tree.ROOT, h)],
                                  stderr=subprocess.PIPE, text=True))
             for h in headers[start:start + 16]]
    for header, compiler in batch:
        said = compiler.communicate()[1]
        if compiler.returncode != 0:
            broken.append(f"{header}: " + (said.strip().split("\n") or [""])[0])

unguarded = [h for h in headers
             if f"#ifndef WEIR_{h[4:].upper().replace('/', '_').replace('.', '_')}\n"
             not in tree.read(h)]
tree.report({"every header compiles alone": broken,
             "every header is guarded by its path": unguarded})
