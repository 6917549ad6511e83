# SPDX-License-Identifier: BSD-2-Clause
"""Names out of packets that would do something to a terminal, a log, a page or a parser: in RAS
host names and domains, in SAP session names and in the interface names of captures.  Whatever weir
prints, and every comment that it writes, shows them and holds no raw control byte."""
import json
import os
import re
import struct
import tempfile

from cli import equal, holds, main, run

NAMES = {
    "escape": b"a\x1b[2J\x1b]0;owned\x07b",
    "OSC 52": b"\x1b]52;c;cm0gLXJmIC8=\x1b\\",
    "CSI": b"\x1b[31;1mred\x1b[0m\x1b[9999;9999H",
    "C1": b"\x9b31m\x9d52;c;AA\x9c",
    "C1 as UTF-8": b"\xc2\x9b31m\xc2\x9d0;x\xc2\x9c",
    "carriage return": b"root\r10.9.9.9  trusted",
    "line feed": b"a\nweir: all is well",
    "NUL": b"a\0b",
    "backspace and delete": b"abc\x08\x08\x08xyz\x7f",
    "tag": b"<script>alert(1)</script><img src=x onerror=alert(2)>",
    "quotes": b"\"'`},{\"verdict\":\"permit\"}\\\"\\",
    "backslashes": b"\\u001b[2J\\x1b\\n",
    "right-to-left override": "invoice\u202egpj.exe\u2066\u2069\u200f".encode(),
    "zero width": "ad\u200bmin\ufeff\u2060".encode(),
    "line separators": "a\u2028b\u2029c\u0085d".encode(),
    "broken UTF-8": b"\xff\xfe\xc3(\xe2\x82\xed\xa0\x80\xf5\x90\x80\x80\xc0\x80",
    "tags of plane 14": "x\U000e0041\U000e007f".encode(),
    "format": b"%s%n%x%p {0} ${HOME} $(id) `id`",
    "4 KB": b"A" * 4096,
    "4 KB of escapes": b"\x1b[31m" * 800,
    "all bytes": bytes(range(256)),
}
FORBIDDEN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                       "\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]")
FOLDER = tempfile.TemporaryDirectory()


def udp(source, group, sport, dport, ttl, payload):
    """A frame; its checksums are left 0, which is a note and nothing else."""
    datagram = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, ttl, 17, 0, bytes(source),
                     bytes(group))
    return bytes.fromhex("01005e000001 020000000001 0800") + ip + datagram


def frames():
    for i, name in enumerate(NAMES.values()):
        server = (192, 0, 2, i + 1)
        sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=" + name + b"\r\nc=IN IP4 239.255.3.%d/15\r\n" % i
        yield udp(server, (239, 255, 2, 2), 1034, 9753, 15, b"Hostname=" + name + b"\n\0")
        yield udp(server, (239, 255, 2, 2), 1034, 9753, 15, b"Hostname=x\nDomain=" + name + b"\n\0")
        yield udp(server, (224, 2, 127, 254), 9875, 9875, 255, b"\x20\0\x12\x34" + bytes(server) + sdp)


def block(kind, body):
    size = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + size + body + size


def padded(value):
    return value + bytes(-len(value) % 4)


def capture():
    """pcapng, because its interfaces have names as well."""
    name = b"eth0\x1b[2J\n\xc2\x9b\xff\xe2\x80\xae"
    file = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    file += block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 2, len(name)) + padded(name) +
                  struct.pack("<HH", 0, 0))
    for i, frame in enumerate(frames()):
        stamp = (1795266000 + i) * 1000000
        file += block(6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xffffffff, len(frame), len(frame)) +
                      padded(frame))
    return file


CAPTURE = os.path.join(FOLDER.name, "hostile.pcapng")
with open(CAPTURE, "wb") as f:
    f.write(capture())


def check_text(raw, what):
    text = raw.decode()                     # UTF-8, or the test fails here
    found = FORBIDDEN.search(text)
    assert not found, f"{what}: {found.group()!r} in {text[max(0, found.start() - 60):found.end() + 20]!r}"


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)


def check_run(*words):
    done = run(*words)
    assert done.returncode in (0, 1), (words, done.returncode, done.stderr)
    assert done.stdout, words
    check_text(done.stdout, words)
    check_text(done.stderr, words)
    return done.stdout.decode()


def check_json(text):
    """No control character even after a parser has taken JSON's own escapes away."""
    value = json.loads(text)
    for string in strings_of(value):
        assert not FORBIDDEN.search(string) and "\n" not in string, string
    return value


def test_decode_text():
    text = check_run("decode", CAPTURE)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    says = [json.loads(line) for line in check_run("decode", "-j", CAPTURE).splitlines()]
    equal(len(lines), len(says), "a line feed in a name makes no line")
    holds(text, "\\x1b[2J")
    holds(text, "\\xe2\\x80\\xae")


def test_decode_text_with_more():
    check_run("decode", "-v", CAPTURE)
    check_run("decode", "-x", CAPTURE)
    check_run("decode", "-v", "-p", "modern", CAPTURE)


def test_decode_in_colour():
    done = run("decode", "--color=always", CAPTURE)
    check_text(re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout), "only colours of weir's own")
    plain = run("decode", CAPTURE).stdout
    equal(re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout), plain)


def test_decode_json():
    seen = {"hostname": set(), "domain": set(), "session": set()}
    for words in (["decode", "-j"], ["decode", "-j", "-x", "-p", "modern"]):
        for line in check_run(*words, CAPTURE).splitlines():
            said = check_json(line)
            assert "verdict" not in said or "-p" in words, line
            for key in seen:
                if key in said:
                    seen[key].add(said[key])
    for key, values in seen.items():
        assert len(values) > len(NAMES) - 5, (key, values)
        assert any("<script>" in v for v in values) and any("\\x1b" in v for v in values), key


def test_audit_text():
    for words in ([], ["-v"], ["-v", "--all"], ["-b", "peering"], ["--vantage", "inside"]):
        text = check_run("audit", *words, CAPTURE)
        holds(text, "192.0.2.1", words)
    done = run("audit", "--color=always", "-v", "--all", CAPTURE)
    check_text(re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout), "audit in colour")


def test_audit_with_a_list():
    path = os.path.join(FOLDER.name, "authorised")
    with open(path, "w", encoding="ascii") as file:
        file.write("192.0.2.0/28\n192.0.2.20 x\n")
    holds(check_run("audit", "--authorised", path, CAPTURE), "authorised")


def test_audit_json():
    report = check_json(check_run("audit", "-j", CAPTURE))
    equal(len(report["ras"]), len(NAMES))
    assert all("authorised" not in host for host in report["ras"])


def test_ras_list():
    for words in ([], ["--follow"], ["--format", "netsh"], ["--set", "own=10.0.0.0/8"]):
        holds(check_run("ras list", *words, CAPTURE), "\\x1b[2J", words)
    done = run("ras list", "--color=always", CAPTURE)
    check_text(re.sub(rb"\x1b\[[0-9;]*m", b"", done.stdout), "ras list in colour")
    equal(len(check_json(check_run("ras list", "-j", CAPTURE))["ras"]), len(NAMES))
    for line in check_run("ras list", "-j", "--follow", CAPTURE).splitlines():
        check_json(line)


def comments_of(path):
    """The comments of a pcapng file of this machine's byte order."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        body, fixed = data[at + 8:at + size - 4], {0x0A0D0D0A: 16, 1: 8, 6: 20}.get(kind)
        if kind == 6:
            fixed += -(-struct.unpack_from("<I", body, 12)[0] // 4) * 4
        while fixed is not None and fixed + 4 <= len(body):
            code, length = struct.unpack_from("<HH", body, fixed)
            if code == 1:
                yield body[fixed + 4:fixed + 4 + length]
            fixed += 4 + -(-length // 4) * 4
        at += size


def test_comments_in_captures():
    path = os.path.join(FOLDER.name, "out.pcapng")
    check_run("audit", "--write", path, "--all", CAPTURE)
    comments = list(comments_of(path))
    assert len(comments) >= len(NAMES), len(comments)
    for comment in comments:
        check_text(comment.replace(b"\n", b" "), "comment")


def test_file_names():
    path = os.path.join(FOLDER.name, "a\x1b[2J\n\udcff.pcapng")
    with open(path, "wb") as file:
        file.write(capture()[:-7])
    for words in (["decode"], ["decode", "-j"], ["audit"], ["audit", "-j"]):
        done = run(*words, path)
        equal(done.returncode, 3, words)
        check_text(done.stdout, words)
        check_text(done.stderr, words)
        if words[0] == "audit":
            done = run(*words, CAPTURE, path)   # with several files the notes name them
            check_text(done.stdout, words)
    done = run("decode", path + "\x1b[2J")
    check_text(done.stderr, "a file that is not there")


main(globals())
