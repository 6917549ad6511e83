#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes text files as one C array: embed.py OUT.c HEADER DECLARATION FILE...

The array's elements are { name, text, bytes }; the name is the file's without its ending.
HEADER declares the array and a count called like it with _count behind."""
import pathlib
import sys


def literal(line):
    quoted = []
    for byte in line:
        char = chr(byte)
        if char in '"\\?':
            quoted.append("\\" + char)
        elif char == "\n":
            quoted.append("\\n")
        elif char == "\t":
            quoted.append("\\t")
        elif 0x20 <= byte < 0x7f:
            quoted.append(char)
        else:
            quoted.append(f"\\{byte:03o}")
    return '"' + "".join(quoted) + '"'


def main():
    out, header, declaration, *files = sys.argv[1:]
    name = declaration.replace("[]", "").split()[-1]
    with open(out, "w", encoding="ascii") as c:
        c.write(f"/* Made by tools/embed.py. */\n#include \"{header}\"\n\n{declaration} = {{\n")
        for file in map(pathlib.Path, files):
            data = file.read_bytes()
            c.write(f"\t{{ {literal(file.stem.encode())},\n")
            for line in data.splitlines(keepends=True) or [b""]:
                c.write(f"\t  {literal(line)}\n")
            c.write(f"\t  , {len(data)} }},\n")
        c.write(f"}};\n\nconst size_t {name}_count = {len(files)};\n")


main()
