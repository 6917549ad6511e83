# SPDX-License-Identifier: BSD-2-Clause
"""What the tree does not say: banned functions and names, marks of unfinished work, trailing
blanks; and what every file does say: its licence and what it is."""
import re

import tree

BANNED_CALLS = re.compile(r"\b(gets|strcpy|strcat|strncpy|strncat|sprintf|vsprintf|atoi|atol|atoll|atof|"
                          r"strtok|asctime|ctime|gmtime|localtime|alloca|system|popen|tmpnam|mktemp|"
                          r"rand|srand|setjmp|longjmp)\s*\(")
# json_, pcap_, pthread_, bpf_ and what libbpf. has are the names of libraries
BANNED_VERBS = re.compile(r"\b(?<!libbpf\.)(?!json_|pcap_|pthread_|bpf_)\w*_(create|destroy|get|do|handle|process)\s*\(|"
                          r"\b(create|destroy|get|do|handle|process)_\w+\s*\(|"
                          r"\b\w*(_util|_utils|_misc|_common|_manager)\b")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|\bst" r"ub\b")
PLACES = re.compile(r"/wo" r"rk/|/tmp/" r"wt|/tmp/" r"bld")


def find(pattern, paths, text_of):
    found = []
    for path in paths:
        for number, line in enumerate(text_of(path).split("\n"), 1):
            m = pattern.search(line)
            if m:
                found.append(f"{path}:{number}: {m.group(0).strip()}")
    return found


def bare(path):
    return tree.without_comments(tree.read(path))


code = tree.files("src", ends=(".c", ".h"))
tests = tree.files("tests", ends=(".c", ".h", ".py", ".sh"))
prose = tree.files("man", "completions", "schema", "data", ends=(".1", ".5", ".7", ".json", ".md"))
prose += [p for p in ("README.md", "ARCHITECTURE.md", "HACKING.md", "CHANGELOG.md", "dev",
                      "meson.build", ".ci/run") if p in tree.files(".")]
written = code + tree.files("src", ends=(".def", ".weir")) + tests + prose

nameless = [p for p in code + tests + tree.files("src", ends=(".def",))
            if "SPDX-License-Identifier: BSD-2-Clause" not in "\n".join(tree.read(p).split("\n")[:2])]
silent = [p for p in code + tree.files("tests/unit", "tests/fuzz", ends=(".c",))
          if not tree.read(p).split("\n")[1].startswith("/* ")]
conditional = [f for f in find(re.compile(r"^\s*#\s*if(n?def)?\b"), [p for p in code if p.endswith(".c")],
                               bare)
               if not f.startswith("src/os/")]

tree.report({
    "no banned function is called": find(BANNED_CALLS, code, bare),
    "no name says less than it could": find(BANNED_VERBS, code, bare),
    "nothing is marked as unfinished": find(UNFINISHED, written, tree.read),
    "no path of anybody's machine": find(PLACES, written, tree.read),
    "no blanks at the ends of lines": find(re.compile(r"[ \t]+$"), written, tree.read),
    "no typedef of a struct or an enum": find(re.compile(r"\btypedef\s+(struct|enum|union)\b"), code, bare),
    "no conditional compilation outside of os/": conditional,
    "every file names its licence": nameless,
    "every source file says what it is": silent,
    "every file ends with a line feed": [p for p in written if not tree.read(p).endswith("\n")],
})
