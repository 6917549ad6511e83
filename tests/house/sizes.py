# SPDX-License-Identifier: BSD-2-Clause
"""How long functions and files are: printed, and failed where one has outgrown its reader."""
import re

import tree

FUNCTION_MAX, FILE_MAX, HEADER_AIM = 80, 800, 150


def functions(path):
    """(name, first line, lines) of every function: its brace stands in column 0."""
    lines = tree.without_comments(tree.read(path)).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            head = " ".join(lines[max(0, start - 4):start - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            if line == "}" and names:
                yield names[-1], start, number - start + 1
            start = None


long_files, sizes, long_functions = [], [], []
for path in tree.files("src", ends=(".c", ".h")):
    n = tree.read(path).count("\n")
    if path.endswith(".h") and n > HEADER_AIM:
        print(f"# {path}: {n} lines, a header aims at {HEADER_AIM}")
    if n > FILE_MAX:
        long_files.append(f"{path}: {n} lines")
    for name, line, length in functions(path):
        sizes.append(length)
        if length > FUNCTION_MAX:
            long_functions.append(f"{path}:{line}: {name} has {length} lines")

sizes.sort()
print(f"# {len(sizes)} functions: median {sizes[len(sizes) // 2]} lines, nine of ten up to "
      f"{sizes[len(sizes) * 9 // 10]}, longest {sizes[-1]}")
tree.report({f"no function is over {FUNCTION_MAX} lines": long_functions,
             f"no file is over {FILE_MAX} lines": long_files})
