# SPDX-License-Identifier: BSD-2-Clause
"""contrib/wireshark/rasadv.lua in tshark: it shows what weir says of the same packets."""
import json
import os
import shutil
import struct
import subprocess
import tempfile

from cli import ROOT, Skip, equal, main, out

SCRIPT = os.path.join(ROOT, "contrib", "wireshark", "rasadv.lua")
FIELDS = ("rasadv.hostname", "rasadv.domain", "rasadv.hops")
NOTES = ("no_nul", "no_lf", "dot_for_lf", "extra_bytes", "control_bytes", "ttl_above_15")
PAYLOADS = [
    b"Hostname=thepcsname\n\0",
    b"Hostname=vpn1\nDomain=example.com\n\0",
    b"Hostname=a.Domain=b.c.\0",
    b"Hostname=a.Domain=b\n\0",
    b"Hostname=a.b.c\n\0",
    b"Hostname=a.\0",
    b"Hostname=a\n",
    b"Hostname=a\0",
    b"Hostname=a",
    b"Hostname=a\nDomain=b\0",
    b"Hostname=a\n\0x",
    b"Hostname=a\nUser=b\n\0",
    b"Hostname=a\nDomain=b\nx\0",
    b"Hostname=a\x1b[2J\r\n\0",
    b"Hostname=\n\0",
    b"Hostname=",
]


def frame(payload, ttl):
    datagram = struct.pack(">HHHH", 1034, 9753, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, ttl, 17, 0,
                     bytes((192, 0, 2, 1)), bytes((239, 255, 2, 2)))
    return bytes.fromhex("01005e7f0202 020000000001 0800") + ip + datagram


def capture(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(frames):
            f.write(struct.pack("<IIII", 1795266000 + i, 0, len(data), len(data)) + data)


def tshark(path, *words):
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    if "with Lua" not in subprocess.run(["tshark", "-v"], capture_output=True, text=True).stdout:
        raise Skip("this tshark has no Lua")
    done = subprocess.run(["tshark", "-r", path, "-X", "lua_script:" + SCRIPT, *words],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "Lua" not in done.stderr, done.stderr
    return done.stdout


def frames_with(path, filter_text):
    said = tshark(path, "-Y", filter_text, "-T", "fields", "-e", "frame.number").split()
    return [int(n) for n in said]


FOLDER = tempfile.TemporaryDirectory()
CAPTURE = os.path.join(FOLDER.name, "rasadv.pcap")
capture(CAPTURE, [frame(p, 15 - i % 3) for i, p in enumerate(PAYLOADS)] + [frame(PAYLOADS[0], 64)])
SAID = [json.loads(line) for line in out("decode", "-j", CAPTURE).splitlines()]


def test_names_and_hops():
    equal(len(SAID), len(PAYLOADS) + 1)
    lines = tshark(CAPTURE, "-T", "json", "-e", FIELDS[0], "-e", FIELDS[1], "-e", FIELDS[2])
    for said, packet in zip(SAID, json.loads(lines), strict=True):
        layers = packet["_source"]["layers"]
        names = [layers.get(f, [""])[0] for f in FIELDS]
        if "control-bytes" not in said.get("flags", []):
            equal(names[:2], [said.get("hostname", ""), said.get("domain", "")], said)
        equal(names[2], str(15 - said["ttl"]) if said["ttl"] <= 15 else "", said)


def test_notes():
    for note in NOTES:
        flagged = [s["frame"] for s in SAID if note.replace("_", "-") in s.get("flags", [])]
        assert flagged, note
        equal(frames_with(CAPTURE, "rasadv." + note), flagged, note)


def test_what_is_none():
    path = os.path.join(FOLDER.name, "none.pcap")
    capture(path, [frame(b"hostname=a\n\0", 15), frame(b"", 15), frame(b"Hostnam", 15)])
    equal(frames_with(path, "rasadv.malformed"), [1, 3])
    equal(frames_with(path, "rasadv.hostname"), [])


main(globals())
