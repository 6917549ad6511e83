# SPDX-License-Identifier: BSD-2-Clause
"""The tables that index the program are whole: every protocol and every decoder has a fuzz target
with a corpus, every unit test and fuzz target in the tree is built, every command has its manual
section and its page its place."""
import json
import os
import re

import tree

TARGETS = re.findall(r"^  '(\w+)',$", tree.read("tests/fuzz/meson.build"), flags=re.M)
# What the peeling of headers reads itself is fuzzed as whole packets; PIM version 1 is a type of IGMP.
PEELED = {"ip": "packet", "udp": "packet", "tcp": "packet", "wire": "packet", "pim1": "igmp"}


def has_target(name):
    name = PEELED.get(name, name)
    corpus = os.path.join(tree.ROOT, "tests/fuzz/corpus", name)
    return name in TARGETS and os.path.isdir(corpus) and any(os.scandir(corpus))


def unbuilt(folder, listed):
    return [f"{folder}/{leaf}" for leaf in sorted(os.listdir(os.path.join(tree.ROOT, folder)))
            if leaf.endswith(".c") and leaf[:-2] not in listed and leaf != "replay.c"]


protocols = re.findall(r'^PROTOCOL\(\w+,\s*"(\w+)"', tree.read("src/model/protocols.def"), flags=re.M)
decoders = [m for path in tree.files("src/wire", ends=(".h",))
            for m in re.findall(r"^void (\w+)_decode\(", tree.read(path), flags=re.M)]
commands = re.findall(r"^COMMAND\((\w+)\)", tree.read("src/cmd/commands.def"), flags=re.M)
commands = [c.replace("_", " ") for c in commands]
manual = tree.read("man/weir.1")
sections = re.findall(r"^\.Ss weir (\w+(?: \w+)?)$", manual, flags=re.M)

tests = []
for folder in sorted(os.listdir(os.path.join(tree.ROOT, "tests/unit"))):
    path = f"tests/unit/{folder}"
    listed = re.findall(r"'(\w+)(?:\.c)?'", tree.read(f"{path}/meson.build"))
    tests += unbuilt(path, listed)

sources = []
for folder in tree.FLOORS:
    path = f"src/{folder}"
    if os.path.isdir(os.path.join(tree.ROOT, path)):
        sources += unbuilt(path, re.findall(r"'(\w+)\.c'", tree.read(f"{path}/meson.build")) + ["main"])

# Paths that the guides name, those with placeholders in capitals left out.
stale = []
for guide in ("README.md", "ARCHITECTURE.md", "HACKING.md"):
    for path in re.findall(r"`((?:src|tests|man|data|schema|completions|model|policy|engine|cmd|base|os|wire)"
                           r"/[\w./-]+)`", tree.read(guide)):
        roots = [os.path.join(tree.ROOT, path), os.path.join(tree.ROOT, "src", path)]
        if not re.search(r"[A-Z]{3}", path) and not any(os.path.exists(r) for r in roots):
            stale.append(f"{guide}: {path}")



def enumerated(schema, *path):
    at = json.loads(tree.read(f"schema/weir-{schema}.schema.json"))["properties"]
    for key in path:
        at = at[key]
    return at["enum"]


# Closed lists, and where the schemas repeat them.
drifted = []
for listed, word, schema, path in [
        ("protocols", "PROTOCOL", "decode", ["protocol"]), ("protocols", "TYPE", "decode", ["type"]),
        ("flags", "FLAG", "decode", ["flags", "items"]), ("points", "POINT", "decode", ["point"]),
        ("anomalies", "ANOMALY", "decode", ["anomaly"]),
        ("findings", "FINDING", "audit", ["findings", "items", "properties", "kind"])]:
    folder = "engine" if listed == "findings" else "model"
    names = re.findall(rf'^{word}\(\w+,\s*"([\w-]+)"', tree.read(f"src/{folder}/{listed}.def"), flags=re.M)
    if not names or sorted(names) != sorted(enumerated(schema, *path)):
        drifted.append(f"{listed}.def: {word} and weir-{schema}.schema.json: "
                       f"{sorted(set(names) ^ set(enumerated(schema, *path)))}")

assert protocols and decoders and commands and TARGETS
tree.report({
    "every protocol has a fuzz target and a corpus": [p for p in protocols if not has_target(p)],
    "every decoder has a fuzz target and a corpus": [d for d in decoders if not has_target(d)],
    "every fuzz target is built": unbuilt("tests/fuzz", TARGETS),
    "every unit test is built": tests,
    "every source file is built": sources,
    "every command has a section in weir(1)": [c for c in commands if c not in sections],
    "weir(1) has no section without a command": [s for s in sections if s not in commands],
    "every path that the guides name is there": stale,
    "the schemas list what the tables list": drifted,
    "every manual page is installed": [p for p in tree.files("man", ends=(".1", ".5", ".7"))
                                       if os.path.basename(p) not in tree.read("man/meson.build")],
})
