#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes a file as one C array: embed_object.py OUT.c HEADER NAME FILE

HEADER declares `const unsigned char NAME[]`, aligned to 8, and `const size_t NAME_n`."""
import pathlib
import sys

out, header, name, file = sys.argv[1:]
data = pathlib.Path(file).read_bytes()
with open(out, "w", encoding="ascii") as c:
    c.write(f'/* Made by tools/embed_object.py. */\n#include "{header}"\n\n')
    c.write(f"_Alignas(8) const unsigned char {name}[] = {{\n")
    for at in range(0, len(data), 20):
        c.write("\t" + "".join(f"{byte}," for byte in data[at:at + 20]) + "\n")
    c.write(f"}};\n\nconst size_t {name}_n = {len(data)};\n")
