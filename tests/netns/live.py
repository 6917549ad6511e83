# SPDX-License-Identifier: BSD-2-Clause
"""weir watch over time, in namespaces: its history while it runs, and when one of its processes is
killed or the disk is full; the memberships that it asks for, at the other end of the link; more
sources and groups than it has room for; what a stranger names himself."""
import json
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

import net

net.enter()

from cli import CALM, WEIR, Skip, equal, holds  # noqa: E402

LONG = bool(os.environ.get("WEIR_LONG"))
CALM = {**CALM, "ASAN_OPTIONS": "detect_leaks=0"}      # the leak checker traces, which the sandbox forbids
if net.is_part():
    net.skip_address_detection()
    net.add_cable((None, "va", None), (None, "vb", "192.0.2.2/24"))
    for end in ("va", "vb"):
        net.ip("link", "set", end, "mtu", "9200")
FOLDER = tempfile.TemporaryDirectory()
os.chmod(FOLDER.name, 0o755)


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(protocol, source, group, payload, ttl=1, options=b"", number=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), number, 0,
                       ttl, protocol, 0, socket.inet_aton(source), socket.inet_aton(group)) + options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    mac = bytes((1, 0, 0x5e, socket.inet_aton(group)[1] & 0x7f)) + socket.inet_aton(group)[2:]
    return mac + bytes.fromhex("020000000001") + b"\x08\0" + head + payload


def udp(source, group, payload=b"x" * 20, port=5004, ttl=15, number=0):
    return ip4(17, source, group, struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload, ttl,
               number=number)


def send(*frames, interface="va"):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        for frame in frames:
            s.send(frame)


def until(question, what, patience=20):
    end = time.monotonic() + patience
    while not question():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


class Watch:
    """weir watch, ready when it is locked up."""

    def __init__(self, *args):
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen([WEIR, "watch", "-v", *args, "vb"], stdout=self.out, stderr=self.err,
                                        env=CALM, stdin=subprocess.DEVNULL)
        until(lambda: "without privileges" in self.said() or self.process.poll() is not None, "the start")

    def told(self):
        return os.pread(self.out.fileno(), 1 << 28, 0)

    def said(self):
        return os.pread(self.err.fileno(), 1 << 20, 0).decode()

    def child(self, name):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                    if comm.read().strip() == name:
                        return int(pid)
        return None

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def sound(path):
    db = sqlite3.connect(path)
    equal(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
    db.close()


def hits(path):
    done = subprocess.run([WEIR, "hits", "-j", "--history", path], capture_output=True, env=CALM, check=True)
    return sum(r["hits"] for r in json.loads(done.stdout)["rules"])


def at(name):
    return os.path.join(FOLDER.name, name)


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_a_history_while_it_runs():
    path = at("runs.db")
    watch = Watch("--history", path)
    clerk = status_of(watch.child("weir-clerk"))
    equal((int(clerk["CapEff"], 16), int(clerk["CapPrm"], 16), clerk["Seccomp"], clerk["NoNewPrivs"]),
          (0, 0, "2", "1"))
    announce = b"Hostname=vpn1\n\0"
    send(*(udp("198.51.100.7", "233.252.0.9", number=i) for i in range(40)),
         udp("192.0.2.1", "239.255.2.2", announce, 9753))
    until(lambda: b"vpn1" in watch.told(), "the server")
    until(lambda: hits(path) >= 41, "the first sample")            # it is written while weir runs
    send(*(udp("198.51.100.7", "233.252.0.9", number=99 + i) for i in range(5)))
    time.sleep(0.3)
    equal(watch.end(), 1, watch.said())
    assert hits(path) >= 46
    sound(path)
    flows = json.loads(subprocess.run([WEIR, "history", "-j", "--history", path], capture_output=True,
                                      env=CALM, check=True).stdout)["flows"]
    equal([f["packets"] for f in flows if f["group"] == "233.252.0.9"], [45])
    done = subprocess.run([WEIR, "ras", "list", "-j", "--history", path], capture_output=True, env=CALM)
    server, = json.loads(done.stdout)["ras"]
    equal((server["address"], server["hostname"], server["link"], server["state"]),
          ("192.0.2.1", "vpn1", "vb", "new"))


SIDES = """policy "s"
boundary edge {
    deny to 233.252.0.1 in as inward
    deny to 233.252.0.2 out as outward
    default permit
}
"""


def test_sides_and_an_interface_that_returns():
    """What comes in over an inside interface goes out; one that vanishes and returns is joined again."""
    with open(at("sides.weir"), "w", encoding="ascii") as f:
        f.write(SIDES)
    net.add_cable((None, "ia", None), (None, "ib", "203.0.113.2/24"))
    words = [WEIR, "watch", "-v", "-j", "--lines", "-p", at("sides.weir"), "--join", "239.7.7.7", "vb", "ib=inside"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(words, stdout=out, stderr=err, env=CALM, stdin=subprocess.DEVNULL)
        until(lambda: b"without privileges" in os.pread(err.fileno(), 1 << 16, 0), "the start")
        for interface in ("va", "ia"):
            for group in ("233.252.0.1", "233.252.0.2"):
                send(udp("198.51.100.7", group), interface=interface)
            time.sleep(0.3)                    # not copies of each other
        net.ip("link", "del", "ib")
        until(lambda: b"is gone" in os.pread(out.fileno(), 1 << 20, 0), "that it is gone")
        net.add_cable((None, "ia", None), (None, "ib", "203.0.113.2/24"))

        def joined():
            with open("/proc/net/igmp", encoding="ascii") as f:
                return re.search(r"\tib .*\n(\t\t\t\t.*\n)*\t\t\t\t070707EF", f.read())
        until(joined, "the membership on the interface that returned")
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        lines = [json.loads(line) for line in os.pread(out.fileno(), 1 << 20, 0).decode().splitlines()]
    told = {(x["interface"], x["rule"], x["group"]) for x in lines
            if x.get("event") == "rule" and x.get("verdict") == "deny"}
    equal(told, {("vb", "inward", "233.252.0.1"), ("ib", "outward", "233.252.0.2")})
    net.ip("link", "del", "ib")


def test_what_the_kernel_loses():
    """A judge that stands still while more comes than the ring holds: told, reported, and kept."""
    path = at("lost.db")
    watch = Watch("--history", path, "-j", "--duration", "1h")
    watch.process.send_signal(signal.SIGSTOP)
    send(*[udp("198.51.100.7", "233.252.0.9", b"x" * 8000)] * 11000)       # 88 MB, the ring holds 64
    watch.process.send_signal(signal.SIGCONT)
    until(lambda: os.path.exists(path) and hits(path) > 1000, "a sample")
    watch.end()
    given = json.loads(watch.told())["inputs"][0]
    lost = given["dropped"]
    assert lost > 1000 and 11000 <= given["packets"] + lost < 11050, given
    done = subprocess.run([WEIR, "history", "counts", "-j", "--history", path], capture_output=True, env=CALM,
                          check=True)
    equal(sum(c["count"] for c in json.loads(done.stdout)["counts"] if c["kind"] == "lost"), lost)


def test_killed():
    """Whichever of the three processes is killed, the history is sound; the others end or go on."""
    path = at("killed.db")
    for i, victim in enumerate(("weir-clerk", "weir", None)):
        watch = Watch("--history", path)
        send(*(udp("198.51.100.7", "233.252.0.9", number=i * 50 + k) for k in range(20)))
        time.sleep(0.3)
        children = [watch.child("weir-clerk"), watch.child("weir")]
        os.kill(watch.child(victim) if victim else watch.process.pid, signal.SIGKILL)
        if victim:
            send(udp("198.51.100.8", "233.252.0.10"))
            until(lambda: b"233.252.0.10" in watch.told(), "a packet that is judged all the same")
            watch.end()
            equal(watch.said().count("cannot write the history"), victim == "weir-clerk", watch.said())
        else:
            watch.process.wait(10)
        for pid in children:
            until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the others")
        sound(path)


def test_a_full_disk():
    """A file system of 8 MB, full: counting goes on, it is said once, and made up for."""
    disk = at("disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", disk], check=True)
    try:
        path, filler = f"{disk}/h.db", f"{disk}/filler"
        watch = Watch("--history", path, "--lines")
        with open(filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        send(*(udp(f"198.51.{i // 200}.{i % 200 + 1}", "233.252.0.9", number=i) for i in range(4000)))
        until(lambda: "cannot write the history" in watch.said(), "the trouble", 30)
        send(udp("198.51.100.8", "233.252.0.11"))
        until(lambda: b"233.252.0.11" in watch.told(), "a packet that is judged all the same")
        os.remove(filler)
        until(lambda: "writes the history" in watch.said(), "its end", 40)
        watch.end()
        equal(watch.said().count("cannot write the history"), 1, watch.said())
        assert hits(path) >= 4001, hits(path)
        sound(path)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


# --- membership ---

def records_of(message, size):
    """Of an IGMPv3 or MLDv2 report: (type of record, group, sources), its addresses of 4 or 16 bytes."""
    family = socket.AF_INET if size == 4 else socket.AF_INET6

    def addresses(data):
        return tuple(socket.inet_ntop(family, data[k:k + size]) for k in range(0, len(data), size))

    left, message = int.from_bytes(message[6:8], "big"), message[8:]
    for _ in range(left):
        end = 4 + size + size * int.from_bytes(message[2:4], "big")
        yield message[0], addresses(message[4:4 + size])[0], addresses(message[4 + size:end])
        message = message[end:]


def said_by(frame):
    """Reports of the machine's own in a frame; of the older versions ("v2" or "mldv1", group)."""
    if frame[12:14] == b"\x08\0" and frame[23] == 2 and frame[26:30] == bytes((192, 0, 2, 2)):
        igmp = frame[14 + (frame[14] & 15) * 4:14 + int.from_bytes(frame[16:18], "big")]
        if igmp[0] == 0x16:
            return [("v2", socket.inet_ntoa(igmp[4:8]))]
        return records_of(igmp, 4) if igmp[0] == 0x22 else []
    if frame[12:14] == b"\x86\xdd" and frame[20] == 0 and frame[54] == 58:
        icmp = frame[62:]
        if icmp[0] == 131:
            return [("mldv1", socket.inet_ntop(socket.AF_INET6, icmp[8:24]))]
        return records_of(icmp, 16) if icmp[0] == 143 else []
    return []


def reports(s, wanted, seconds=3):
    """Waits until all that is wanted was reported, and returns what else was."""
    seen, end = set(), time.monotonic() + seconds
    while not wanted <= seen:
        assert time.monotonic() < end, f"no report of {wanted - seen}, but {seen}"
        if select.select([s], [], [], 0.1)[0]:
            seen |= set(said_by(s.recv(2048)))
    return seen


def query4(version):
    body = struct.pack("!BBH4s", 0x11, 1, 0, bytes(4)) + (struct.pack("!BBH", 2, 1, 0) if version == 3 else b"")
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]     # to be answered within 0.1 s
    return ip4(2, "192.0.2.1", "224.0.0.1", body, options=b"\x94\4\0\0")


def query6(version):
    source, group = socket.inet_pton(socket.AF_INET6, "fe80::1"), socket.inet_pton(socket.AF_INET6, "ff02::1")
    body = struct.pack("!BBHHH16s", 130, 0, 0, 100, 0, bytes(16)) + (struct.pack("!BBH", 2, 1, 0) if version == 2 else b"")
    body = body[:2] + struct.pack("!H", checksum(source + group + struct.pack("!II", len(body), 58) + body)) + body[4:]
    return bytes.fromhex("333300000001" "020000000001" "86dd" "60000000") + \
        struct.pack("!HBB", 8 + len(body), 0, 1) + source + group + bytes.fromhex("3a00050200000100") + body


def test_membership_of_its_own():
    """Joined, kept alive through queriers of every version, and left at the end."""
    s = net.listen("va")
    watch = Watch("--join", "239.1.2.3", "--join", "232.1.2.3,192.0.2.9", "--join", "ff0e::77",
                  "--join", "ff3e::1234,2001:db8::9")
    one, one6 = ("192.0.2.9",), ("2001:db8::9",)
    reports(s, {(4, "239.1.2.3", ()), (5, "232.1.2.3", one),           # TO_EX {}, ALLOW {S}
                (4, "ff0e::77", ()), (5, "ff3e::1234", one6)})
    time.sleep(1.5)                                                    # they are told twice
    for _ in range(8):
        while select.select([s], [], [], 0)[0]:
            s.recv(2048)
        send(query4(3), query6(2))
        reports(s, {(2, "239.1.2.3", ()), (1, "232.1.2.3", one), (2, "ff0e::77", ()), (1, "ff3e::1234", one6)})
    watch.end()
    reports(s, {(3, "239.1.2.3", ()), (6, "232.1.2.3", one),           # TO_IN {}, BLOCK {S}
                (3, "ff0e::77", ()), (6, "ff3e::1234", one6)})
    s.close()


def test_membership_with_an_old_querier():
    s = net.listen("va")
    watch = Watch("--join", "239.1.2.3", "--join", "ff0e::77")
    reports(s, {(4, "239.1.2.3", ()), (4, "ff0e::77", ())})
    for _ in range(4):
        while select.select([s], [], [], 0)[0]:
            s.recv(2048)
        send(query4(2), query6(1))
        reports(s, {("v2", "239.1.2.3"), ("mldv1", "ff0e::77")})
    watch.end()
    s.close()


def test_membership_as_tshark_sees_it():
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    net.add_host("far")
    net.add_cable(("far", "eth0", "198.51.100.1/24"), (None, "vc", "198.51.100.2/24"))
    out = tempfile.TemporaryFile()
    shark = subprocess.Popen(net.at("far", "tshark", "-l", "-n", "-i", "eth0", "-a", "duration:20", "-V", "-Y",
                                    "igmp.record_type || icmpv6.type == 143"),
                             stdout=out, stderr=subprocess.PIPE, env=CALM)
    until(lambda: b"Capturing" in os.read(shark.stderr.fileno(), 4096), "tshark")
    time.sleep(1)
    watch = subprocess.Popen([WEIR, "watch", "-q", "--join", "239.1.2.3", "--join", "ff3e::1234,2001:db8::9",
                              "--join", "ff0e::77", "vc"], env=CALM, stdin=subprocess.DEVNULL)

    def seen(*patterns):
        said = os.pread(out.fileno(), 1 << 24, 0).decode()
        return all(re.search(pattern, said) for pattern in patterns)

    until(lambda: seen(r"Group Record : 239\.1\.2\.3  Change To Exclude Mode", r"Changed to exclude: ff0e::77",
                       r"Allow new sources: ff3e::1234", r"2001:db8::9"), "what it joined")
    watch.send_signal(signal.SIGTERM)
    watch.wait(20)
    until(lambda: seen(r"Group Record : 239\.1\.2\.3  Change To Include Mode", r"Changed to include: ff0e::77",
                       r"Block old sources: ff3e::1234"), "what it left")
    shark.terminate()
    shark.communicate(timeout=20)


# --- strangers ---

HOSTILE = [b"\x1b[2J\x1b]52;c;cm0=\x07", b"\x9b31m\xc2\x9b0m", b"a\r\nb", b"n\0n", b"<script>\"'`",
           "a\u202eb\u2066".encode(), b"A" * 4096, b"\xff\xfe\xc0\x80"]
CONTROL = re.compile(rb"[\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")


def hostile_frames():
    for i, name in enumerate(HOSTILE):
        yield udp(f"198.51.100.{i + 1}", "239.255.2.2", b"Hostname=" + name + b"\nDomain=" + name + b"\n\0", 9753)
        sdp = b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=" + name + b"\r\nt=0 0\r\nc=IN IP4 233.252.0.1/16\r\n"
        sap = struct.pack("!BBH4s", 0x20, 0, i + 1, bytes((198, 51, 100, i + 1))) + b"application/sdp\0" + sdp
        yield udp(f"198.51.100.{i + 1}", "224.2.127.254", sap, 9875)


def check_clean(output, what):
    bad = CONTROL.search(output)
    assert not bad, f"{what}: {output[max(0, bad.start() - 60):bad.end() + 20]!r}"
    try:
        output.decode()
    except UnicodeDecodeError:
        raise AssertionError(f"{what} is no UTF-8")


def test_hostile_names_in_every_output():
    path = at("hostile.db")
    ways = (["--lines", "--history", path], ["-j"], ["--duration", "4s"], ["-j", "--duration", "4s"])
    watches = [Watch(*words) for words in ways]
    send(*hostile_frames())
    for words, watch in zip(ways, watches):
        if "--duration" in words:
            equal(watch.process.wait(20), 1, words)
        else:
            until(lambda: b"198.51.100.7" in watch.told(), "the names")
            time.sleep(0.5)
            watch.end()
        check_clean(watch.told(), words)
        assert b"198.51.100.7" in watch.told(), words
        check_clean(watch.said().encode(), words)
    for words in (["hits"], ["history"], ["history", "findings"], ["history", "ras"], ["history", "events"],
                  ["ras", "list"], ["ras", "list", "--format", "netsh"]):
        for more in ([], ["-j"], ["--csv"]):
            if (words[0] == "ras" and "--csv" in more) or ("netsh" in words and more):
                continue
            done = subprocess.run([WEIR, *words, "--history", path, *more], capture_output=True, env=CALM)
            assert done.stdout and done.returncode in (0, 1), (words, more, done.stderr)
            check_clean(done.stdout.replace(b"\r\n", b"\n") if "--csv" in more else done.stdout, words + more)


def memory_of(pid):
    """Its own, in kB: not the rings, which are the kernel's."""
    status = status_of(pid)
    return int(status["RssAnon"].split()[0])


def test_more_than_there_is_room_for():
    """Sources and groups without end; the room for flows is 262,144."""
    sources = 1000000 if LONG else 275000
    watch = Watch("-j", "--duration", "1h")
    began = memory_of(watch.process.pid)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("va", 0))
        frame = bytearray(udp("10.0.0.0", "233.252.0.0", b"x" * 4))
        for i in range(sources):
            frame[26:30] = struct.pack("!I", 0x0b000000 + i)
            frame[30:34] = struct.pack("!I", 0xe9000000 + i % 65536)
            frame[24:26] = b"\0\0"
            frame[24:26] = struct.pack("!H", checksum(bytes(frame[14:34])))
            s.send(frame)
            if i % 512 == 511:
                time.sleep(0.002)
    time.sleep(0.5)
    grown = memory_of(watch.process.pid)
    watch.end()
    report = json.loads(watch.told())
    had = report["inputs"][0]["packets"]
    print(f"# {sources} sources, 65,536 groups: {had} packets judged, {report['flows_evicted']} flows evicted, "
          f"{began} kB of its own before, {grown} kB after")
    assert had >= sources * 0.999, had
    assert report["flows_evicted"] >= had - 262144 - 1000, report["flows_evicted"]
    if not is_sanitized():
        assert grown < 64 << 10, f"{grown} kB"


def is_sanitized():
    with open(WEIR, "rb") as f:
        return b"__asan_init" in f.read()


# the longest first
net.main_apart(globals(), ["test_a_full_disk"], ["test_more_than_there_is_room_for"],
               ["test_hostile_names_in_every_output"],
               ["test_membership_as_tshark_sees_it", "test_membership_of_its_own",
                "test_membership_with_an_old_querier"], at_once=5)
