# SPDX-License-Identifier: BSD-2-Clause
"""Includes go down: a folder includes itself and lower floors only, by paths from src/."""
import os
import re

import tree

wrong_way, not_from_src, unknown = [], [], []
for path in tree.files("src", ends=(".c", ".h")):
    folder = path.split("/")[1]
    if folder not in tree.FLOORS:
        unknown.append(f"{path}: '{folder}' has no floor in tests/house/tree.py")
        continue
    for number, line in enumerate(tree.read(path).split("\n"), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        used = m.group(1).split("/")[0]
        if not os.path.exists(os.path.join(tree.ROOT, "src", m.group(1))):
            not_from_src.append(f"{path}:{number}: {m.group(1)} is not a path from src/")
        elif not tree.may_use(folder, used):
            wrong_way.append(f"{path}:{number}: floor {tree.FLOORS[folder]} includes {m.group(1)}"
                             f" of floor {tree.FLOORS[used]}")

tree.report({
    "every folder of src/ has a floor": unknown,
    "includes are paths from src/": not_from_src,
    "includes go to the same folder or a lower floor": wrong_way,
})
