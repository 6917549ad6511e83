# SPDX-License-Identifier: BSD-2-Clause
"""weir audit as a person uses it: the report to the letter, its options, its exit codes.

audit.py WEIR CAMPUS OTHER... -- captures of the generator.  WEIR_BLESS=1 writes the golden reports
anew."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from cli import ROOT, Skip, equal, holds, main, out, run

CAMPUS, OTHERS = sys.argv[2], sys.argv[3:]
NAMED = {os.path.basename(p).split(".")[0]: p for p in sys.argv[2:]}
FOLDER = tempfile.TemporaryDirectory()


def file(name, content=None):
    path = os.path.join(FOLDER.name, name)
    if content is not None:
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
    return path


def audit(*args):
    return json.loads(run("audit", "-j", *args).stdout)


def golden(name, *args):
    text = run("audit", *args).stdout.decode()
    path = os.path.join(ROOT, "tests", "golden", name)
    if os.environ.get("WEIR_BLESS"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with open(path, encoding="utf-8") as f:
        should = f.read()
    for mine, line in zip(text.splitlines(), should.splitlines()):
        equal(mine, line, name)
    equal(len(text), len(should), name)
    for line in text.splitlines():
        if len(line) > 100:
            assert " > " in line and ":" in line, f"{name}: too long: {line}"


def test_golden_reports():
    golden("campus.txt", CAMPUS)
    golden("campus-inside.txt", "--vantage", "inside", CAMPUS)
    golden("campus-against.txt", "--against", "chown-02", CAMPUS)
    golden("msdp-peering.txt", "-b", "peering", NAMED["msdp"])
    golden("links.txt", NAMED["links"])
    golden("names.txt", NAMED["names"])


def test_the_quick_way_says_the_same():
    """--write asks for remarks on every packet, which only the long way makes."""
    for path in [CAMPUS, *OTHERS]:
        for more in [], ["--against", "chown-02"], ["--inside", "vlan:34"]:
            quick = run("audit", "-j", *more, path)
            long = run("audit", "-j", "--write", file("x.pcapng"), *more, path)
            equal(quick.stdout, long.stdout, path)
            equal(quick.returncode, long.returncode, path)


def test_several_files_are_one_timeline():
    both = audit(CAMPUS, NAMED["msdp"])
    equal([i["file"] for i in both["inputs"]], [CAMPUS, NAMED["msdp"]])
    equal(both["packets"]["total"], sum(i["packets"] for i in both["inputs"]))
    equal(both["points"], audit(NAMED["msdp"], CAMPUS)["points"])


def test_exit_codes():
    clean = NAMED["links"]
    equal(run("audit", "-q", CAMPUS).returncode, 1)
    equal(run("audit", "-q", clean).returncode, 0)
    holds(out("audit", clean), "Nothing here must not cross the border.")
    equal(run("audit", file("none.pcap")).returncode, 3)
    equal(run("audit", "-p", "nonesuch", clean).returncode, 2)
    equal(run("audit", "-b", "nonesuch", clean).returncode, 2)
    equal(run("audit", "--inside", "vlan:x", clean).returncode, 2)
    equal(run("audit", "-f", "no filter (", clean).returncode, 2)
    with open(clean, "rb") as f:
        whole = f.read()
    with open(file("cut.pcapng"), "wb") as f:
        f.write(whole[:-21])
    cut = run("audit", file("cut.pcapng"))
    equal(cut.returncode, 3)
    holds(cut.stdout.decode(), "cut.pcapng")
    equal(audit(file("cut.pcapng"))["inputs"][0]["truncated"], True)


def test_against():
    equal(run("audit", "-q", "--against", "modern", CAMPUS).returncode, 0)
    equal(run("audit", "-q", "--against", "chown-02", CAMPUS).returncode, 1)
    changes = audit("--against", "chown-02", CAMPUS)["against"]["changes"]
    theirs = {(f.get("source"), f.get("speaker"), f.get("group"), f.get("group_len"), f["point"]): f
              for f in audit("-p", "chown-02", CAMPUS)["flows"]}
    mine = audit(CAMPUS)["flows"]
    differ = {}
    for f in mine:
        key = (f.get("source"), f.get("speaker"), f.get("group"), f.get("group_len"), f["point"])
        is_local = f.get("scope") in ("link-local", "interface-local") or \
            f.get("group", "").startswith("224.0.0.")
        if key in theirs and theirs[key]["verdict"] != f["verdict"] and not is_local:
            differ[key] = (f["verdict"], theirs[key]["verdict"])
    equal({(c.get("source"), c.get("speaker"), c.get("group"), c.get("group_len"), c["point"]):
           (c["from"]["verdict"], c["to"]["verdict"]) for c in changes}, differ)


def test_baseline():
    first = file("first.json", run("audit", "-j", CAMPUS).stdout.decode())
    again = audit("--baseline", first, CAMPUS)
    equal((again["findings"], again["flows"], again["ras"], again["exit"]), ([], [], [], 0))
    holds(out("audit", "--baseline", first, CAMPUS),
          f"Nothing new since {first}, which tells the {len(audit(CAMPUS)['findings']):,} findings here.")
    document = json.loads(open(first, encoding="utf-8").read())
    gone = document["findings"].pop(3)
    lost = document["ras"].pop(0)
    fewer = file("fewer.json", json.dumps(document))
    new = audit("--baseline", fewer, CAMPUS)
    equal(new["exit"], 1)
    # ranges that begin alike are not the same
    wider = next(f for f in document["findings"] if "group_len" in f)
    other = json.loads(json.dumps(document))
    other["findings"][document["findings"].index(wider)]["group_len"] += 1
    assert wider in audit("--baseline", file("wider.json", json.dumps(other)), CAMPUS)["findings"]
    assert gone in new["findings"], new["findings"]
    equal([r["address"] for r in new["ras"]], [lost["address"]])
    equal(run("audit", "--baseline", file("bad.json", "[]"), CAMPUS).returncode, 2)
    equal(run("audit", "--baseline", file("absent.json"), CAMPUS).returncode, 3)


def test_write_over_input():
    """--write never takes the capture away that it is about."""
    path, link = shutil.copy(CAMPUS, file("over.pcap")), file("link.pcap")
    os.symlink(path, link)
    for written in (path, link):
        done = run("audit", "--write", written, path)
        equal(done.returncode, 2)
        holds(done.stderr.decode(), "would overwrite the capture that is read")
        equal(os.path.getsize(path), os.path.getsize(CAMPUS))


def capture_of(linktype, frames):
    """A capture of these frames, as bytes."""
    head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, linktype)
    return head + b"".join(struct.pack("<IIII", 1795266000, 0, len(f), len(f)) + f for f in frames)


def test_full_tables_are_told():
    """600 sessions of MSDP: weir follows 512 directions at a time."""
    def keepalive(port):
        ip = bytes.fromhex("4500002b00010000400600000a0000010a000002")
        tcp = struct.pack("!HHIIBBHHH", port, 639, 1, 1, 0x50, 0x18, 1024, 0, 0) + b"\4\0\3"
        return bytes(12) + b"\x08\x00" + ip + tcp
    with open(file("full.pcap"), "wb") as f:
        f.write(capture_of(1, [keepalive(20000 + i) for i in range(600)]))
    equal(audit(file("full.pcap"))["full"], [{"name": "msdp-streams", "count": 88}])
    holds(out("audit", file("full.pcap")), "No room was left for 88 TCP streams of MSDP.")
    assert "full" not in audit(CAMPUS)


def test_a_file_that_contradicts_itself():
    """Times that go back, and packets longer than the file says packets can be, are told."""
    late, early = (struct.pack("<IIII", 1795266000 + s, 0, 60, 60) + bytes(60) for s in (9, 3))
    for snaplen, odd in [(65535, {"time-back": 2}), (50, {"over-snaplen": 4, "time-back": 2})]:
        head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snaplen, 1)
        with open(file("odd.pcap"), "wb") as f:
            f.write(head + late + early + late + early)
        said, = audit(file("odd.pcap"))["inputs"]
        equal({o["name"]: o["count"] for o in said["odd"]}, odd)
        holds(" ".join(out("audit", file("odd.pcap")).split()),
              "time-back 2 (a packet older than the one before it)")
    assert "odd" not in audit(CAMPUS)["inputs"][0]


def test_nothing_to_judge():
    """What could not be read is not called clean."""
    for capture, words, status in [
            (capture_of(1, []), "There is no packet, so nothing could be judged.", 0),
            (capture_of(147, [bytes(60)]), "No packet could be read, so nothing could be judged.", 3)]:
        done = run("audit", "-", stdin=capture)
        equal(done.stdout.decode().splitlines()[-1], words)
        equal(done.returncode, status)
        assert "\n\n\n" not in done.stdout.decode(), done.stdout
    for options in (["-f", "udp port 9"], ["--until", "2001-01-01"]):
        equal(out("audit", *options, CAMPUS).splitlines()[-1], "There is no such packet, so nothing could be judged.")
    text = run("audit", "-", stdin=capture_of(1, [bytes(60)])).stdout.decode()
    equal(text.splitlines()[-1], "Nothing here must not cross the border.")


def test_names_by_port():
    """A group without a name of its own is told by the port."""
    flow = next(f for f in audit(CAMPUS)["flows"] if f["group"] == "239.255.7.7")
    equal((flow["port"], flow["service"]), (5004, "RTP"))
    flow = next(f for f in audit(CAMPUS)["flows"] if f["point"] == "membership")
    assert "port" not in flow and "service" not in flow, flow


def test_place_of_ras_servers():
    """VLAN and link are the key of a server, beside its address."""
    for server in audit(CAMPUS)["ras"]:
        equal(server.get("vlan"), 34, server["address"])
        equal(server["link"], CAMPUS)


def test_authorised():
    servers = audit(CAMPUS)["ras"]
    assert all("authorised" not in s for s in servers)
    listed = audit("--authorised", file("ras.txt", servers[0]["address"] + "\n"), CAMPUS)
    equal([s["authorised"] for s in listed["ras"]], [True] + [False] * (len(servers) - 1))
    equal(sum(f["kind"] == "ras" for f in listed["findings"]), len(servers) - 1)
    holds(out("audit", "--authorised", file("ras.txt"), CAMPUS), "NOT AUTHORISED")


def test_inside_words():
    """A set of the policy, chosen or fixed, or addresses; what is wrong is told by the word."""
    policy = file("site.weir", "set campus = { 192.105.90.0/23 }\nboundary b { deny to 239.0.0.0/8 "
                               "default permit }\n")
    for words in ["campus"], ["192.105.90.0/24, 192.105.91.0/24"]:
        equal(run("audit", "-q", "-p", policy, "--inside", *words, CAMPUS).returncode, 1)
    for words, told in [
            ("campas", "weir: --inside: policy 'site.weir' has no set 'campas', did you mean 'campus'?\n"),
            ("10.0.0.1/8", "weir: --inside: 10.0.0.1/8 has bits behind its length; write 10.0.0.0/8\n"),
            ("vlan:4096", "weir: --inside: 'vlan:4096' is no VLAN (vlan:0 to vlan:4095) and no MAC address\n")]:
        done = run("audit", "-p", policy, "--inside", words, CAMPUS)
        equal((done.returncode, done.stderr.decode()), (2, told))


def test_inside():
    by_vlan = audit("--set", "own=192.105.90.0/23", "--inside", "vlan:34", CAMPUS)
    assert not any("direction" in o["why"] for o in by_vlan["off"]), by_vlan["off"]
    guessed = audit("--set", "own=192.105.90.0/23", "--inside", "own", CAMPUS)
    equal({o["rule"] for o in guessed["off"] if "guessed" in o["why"]}, {"spoofed-own", "foreign-source"})
    unknown = audit("--set", "own=192.105.90.0/23", CAMPUS)
    equal({o["rule"] for o in unknown["off"] if "not known" in o["why"]},
          {"spoofed-own", "foreign-source"})


def pcapng_block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng_interface(name):
    return pcapng_block(1, struct.pack("<HHIHH", 1, 0, 0, 2, len(name)) + name.ljust(4, b"\0") + bytes(4))


def test_inside_of_a_link_that_comes_late():
    """An interface that is described behind the first packets: the direction is known from the first."""
    udp = bytes.fromhex("01005e0101010200000000010800"
                        "4500001c000000000411bcce0a000001ef0101011388138800080000")
    packets = [pcapng_block(6, struct.pack("<IIIII", link, 0, i, len(udp), len(udp)) + udp)
               for link in (0, 1) for i in range(200)]
    path = file("late.pcapng")
    with open(path, "wb") as f:
        f.write(pcapng_block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(pcapng_interface(b"eth0") + b"".join(packets[:200]))
        f.write(pcapng_interface(b"eth1") + b"".join(packets[200:]))
    policy = file("sides.weir", "boundary b { deny in to 239.0.0.0/8 as comes\nwarn out to 239.0.0.0/8 as goes\n"
                                "default permit }\n")
    for link, comes in ("eth0", 200), ("eth1", 200), ("eth7", 400):
        told = audit("-p", policy, "--inside", "link:" + link, path)
        hits = {r["name"]: r["hits"] for r in told["rules"]}
        equal((hits["comes"], hits["goes"], told["off"]), (comes, 400 - comes, []), link)
    for link, hint in ("eth7", "did you mean 'link:eth0'?"), ("uplink", "there are 'eth0', 'eth1'"):
        for command in "audit", "decode":
            told = run(command, "--inside", "link:" + link, path).stderr.decode()
            assert f"no interface of the captures is named '{link}'" in told and hint in told, told

def test_write():
    if not shutil.which("tshark"):
        raise Skip("tshark is not installed")
    path = file("marked.pcapng")
    run("audit", "-q", "--write", path, CAMPUS)
    shown = subprocess.run(["tshark", "-r", path, "-Y", 'frame.comment contains "deny"', "-T", "fields",
                            "-e", "frame.comment"], capture_output=True, check=True).stdout.decode()
    denied = {f["rule"] for f in audit(CAMPUS)["findings"] if f["kind"] == "denied"}
    assert denied and all(f"deny {rule} " in shown for rule in denied), denied
    run("audit", "-q", "--all", "--write", path, NAMED["links"])
    count = subprocess.run(["tshark", "-r", path], capture_output=True, check=True).stdout.count(b"\n")
    equal(count, audit(NAMED["links"])["packets"]["multicast"])


def test_a_reader_that_goes_away():
    done = subprocess.run([sys.argv[1], "audit", "-j", CAMPUS], stdout=os.open("/dev/full", os.O_WRONLY),
                          stderr=subprocess.PIPE, check=False)
    equal(done.returncode, 3)
    with subprocess.Popen([sys.argv[1], "audit", "-j", CAMPUS], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        p.stdout.close()
        equal(p.stderr.read(), b"")


main(globals())
