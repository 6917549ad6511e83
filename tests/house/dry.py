# SPDX-License-Identifier: BSD-2-Clause
"""Floors 0 to 5 are dry: their objects call nothing that asks the system, the clock or a stream.

dry.py NM LIBRARY -- reads the symbols of the built library, so that macros and inline functions
hide nothing.  What a dry object may call of the C library is a closed list."""
import re
import subprocess
import sys

import tree

PURE = """memchr memcmp memcpy memmove memset memrchr memmem mempcpy bcmp strchr strrchr strcmp strncmp
    strcspn strspn strlen strnlen strstr strpbrk strchrnul strcasecmp strncasecmp snprintf vsnprintf
    qsort qsort_r strtoul bsearch free log log2 log1p log10 exp exp2 pow sqrt ldexp floor ceil round lround llround
    inflate inflateInit_ inflateInit2_ inflateEnd inflateReset inflateReset2 crc32 popcountdi2
    assert_fail stack_chk_fail GLOBAL_OFFSET_TABLE_ tls_get_addr gmon_start ctzdi2 cpu_model
    cpu_indicator_init""".split()
# Start-up memory, and the one line that tells of its end.
MEMORY = "malloc calloc realloc fputs fprintf fwrite exit abort stderr perror putchar".split()
INSTRUMENT = re.compile(r"^_*(asan|ubsan|lsan|sanitizer|sancov|llvm|gcov|start|stop|odr_asan)")


def plain(symbol):
    """memcpy for __memcpy_chk, memcpy@GLIBC_2.14, __isoc99_..."""
    name = symbol.split("@")[0].lstrip("_")
    return name[:-4] if name.endswith("_chk") else name


def folder_of(member):
    m = re.search(r"src_([a-z]+)_", member)
    return m.group(1) if m else None


nm, library = sys.argv[1:3]
listing = subprocess.run([nm, "-A", library], capture_output=True, text=True, check=True).stdout
home, uses = {}, []
for line in listing.splitlines():
    m = re.match(r"^.*?:([^:]+):\s*(?:[0-9a-f]+)?\s+([A-Za-z?]) (\S+)$", line)
    if not m:
        continue
    member, kind, symbol = m.group(1).split("/")[-1], m.group(2), m.group(3)
    if kind == "U":
        uses.append((member, symbol))
    elif kind.isupper():
        home[symbol] = folder_of(member)

if not home:
    print("1..0 # SKIP the library holds no symbols to read (link-time optimisation)")
    sys.exit(0)

wet, upward = [], []
for member, symbol in uses:
    folder = folder_of(member)
    if folder not in tree.FLOORS:
        continue
    source = member.replace("src_", "src/", 1).replace("_", "/", 1)
    if symbol in home:
        if home[symbol] in tree.FLOORS and not tree.may_use(folder, home[symbol]):
            upward.append(f"{source}: calls {symbol} of {home[symbol]}/")
    elif tree.FLOORS[folder] <= tree.DRY and not INSTRUMENT.match(symbol):
        allowed = PURE + (MEMORY if source.startswith("src/base/memory") else [])
        if plain(symbol) not in [a.lstrip("_") for a in allowed]:
            wet.append(f"{source}: calls {symbol}")

tree.report({
    "floors 0 to 5 call nothing wet": sorted(set(wet)),
    "no object calls a higher floor or its neighbour": sorted(set(upward)),
})
