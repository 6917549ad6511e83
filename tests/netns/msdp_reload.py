# SPDX-License-Identifier: BSD-2-Clause
"""Peers of weir.conf that come, go and change while the daemon runs: the sessions of the others stand.  With
peers of Python on loopback addresses of a namespace of its own.

usage: msdp_reload.py WEIR"""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import net

net.enter()

import msdp_speak as speak  # noqa: E402
from cli import ROOT, Skip, equal, holds, main  # noqa: E402

FOLDER = "/run/weir"
CONF = f"{FOLDER}/weir.conf"
WEIR, OTHER = "127.9.0.100", "127.9.1.100"
FIRST, SECOND, THIRD, HIGH = "127.9.0.1", "127.9.0.2", "127.9.0.3", "127.9.0.200"

os.makedirs(FOLDER)
with open(f"{FOLDER}/site.weir", "w", encoding="ascii") as f:
    f.write("set own ?= {}\nboundary msdp extends modern.msdp-transit {\n}\nboundary free {\n    default permit\n}\n"
            "boundary others {\n    deny from own\n    deny to 239.0.0.0/8\n    default permit\n}\n")


def write(msdp, **more):
    with open(more.get("file", CONF), "w", encoding="ascii") as f:
        f.write(f'policy "{FOLDER}/site.weir"\nstate "{FOLDER}/state"\ncontrol "{FOLDER}/control"\n')
        f.write(f"msdp {{\n{msdp}\n}}\n" if msdp else "")
        f.write(more.get("rest", ""))


def peer(address, words="", local=WEIR):
    return f"  peer {address} {{ local {local} static-rpf {words} }}\n"


TWO = peer(FIRST) + peer(SECOND)
write(TWO)
daemon = net.start(None, "run", "-c", CONF, "--count-every", "1")


def ask(*words):
    done = net.weir(None, "msdp", *words, "-c", CONF, "-j")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def peers():
    return {p["peer"]: p for p in ask("peers").get("peers", [])}


def wait_for(what, question, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s; {sorted(peers())}: {peers()}")


def up(address, to=WEIR, **more):
    """Sockets and peers follow what was applied a moment after the answer: until then nobody listens, or
    the session is closed."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            one = speak.Peer(address, to, **more)
        except ConnectionError:
            time.sleep(0.05)
            continue
        while one.hear(0.05) and time.monotonic() < end:
            if peers().get(address, {}).get("state") == "established":
                return one
        one.close()
    raise AssertionError(f"the session of {address}: not within 20 s; {sorted(peers())}: {peers()}")


def refused(address, to, what, **more):
    wait_for(what, lambda: speak.refused(address, to, **more), 8)


def server_at(address):
    end = time.monotonic() + 8
    while True:
        try:
            return socket.create_server((address, 639))
        except OSError:
            assert time.monotonic() < end, f"{address} is taken"
            time.sleep(0.05)


def apply(msdp, *words, **more):
    write(msdp, **more)
    done = net.weir(None, "apply", *words, "-c", CONF)
    equal(done.returncode, 0, done.stderr.decode())
    return done.stdout.decode()


def sessions(*addresses):
    return [peers()[a]["established"] for a in addresses]


wait_for("the daemon", peers, 20)
capture = None
if shutil.which("tcpdump") and shutil.which("tshark"):
    capture = subprocess.Popen(["tcpdump", "-q", "-U", "-n", "-i", "lo", "-s", "0", "-B", "8192", "-w", f"{FOLDER}/msdp.pcap", "tcp",
                                "port", "639"], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
first, second = up(FIRST), up(SECOND)
KEY, NEW_KEY = b"the old key", b"the new key"


def test_a_peer_is_added():
    first.sock.send(speak.sa("64.1.1.1", ("44.1.1.1", "233.252.1.1")))
    wait_for("its entry", lambda: ask("cache").get("entries") == 1)
    holds(apply(TWO + peer(THIRD, f'password "{KEY.decode()}"')), f"MSDP peer {THIRD}: new.")
    refused(THIRD, WEIR, "without a key")
    third = up(THIRD, key=KEY)
    wait_for("the cache for it", lambda: third.knows(("44.1.1.1", "233.252.1.1")))
    equal(sessions(FIRST, SECOND, THIRD), [1, 1, 1])
    third.close()
    wait_for("its end", lambda: peers()[THIRD]["state"] == "listen")


def test_a_password_changes_and_the_session_begins_anew():
    third = up(THIRD, key=KEY)
    before = sessions(THIRD)[0]
    out = apply(TWO + peer(THIRD, f'password "{NEW_KEY.decode()}"'))
    holds(out, f"MSDP peer {THIRD}: another password or TTL security; its session begins anew.")
    assert not third.hear(10), "the old session stands"
    equal(peers()[THIRD]["last_end"], "renewed")
    refused(THIRD, WEIR, "the old key", key=KEY)
    third = up(THIRD, key=NEW_KEY)
    equal(sessions(FIRST, SECOND, THIRD), [1, 1, before + 1])
    with open(f"{FOLDER}/key", "w", encoding="ascii") as f:
        f.write(KEY.decode() + "\n")
    apply(TWO + peer(THIRD, f'password file "{FOLDER}/key"'))
    assert not third.hear(10), "the session with the key before stands"
    third = up(THIRD, key=KEY)
    # the same configuration, another file: SIGHUP reads it, too
    with open(f"{FOLDER}/key", "w", encoding="ascii") as f:
        f.write(NEW_KEY.decode() + "\n")
    daemon.send_signal(signal.SIGHUP)
    assert not third.hear(10), "the session with the key before stands"
    up(THIRD, key=NEW_KEY)
    equal(sessions(FIRST, SECOND), [1, 1])


def test_check_tells_of_the_relay():
    check = f"{FOLDER}/check.conf"
    write(peer(FIRST, 'boundary msdp password "x"') + peer(HIGH, local="10.77.0.1"), file=check)
    done = net.weir(None, "run", "--check", "-c", check)
    equal(done.returncode, 0, done.stderr.decode())
    text = done.stdout.decode()
    for part in ("MSDP, as a speaker", f"{FIRST}       listens  {WEIR}", "outside  msdp", "password\n",
                 f"{HIGH}     connects 10.77.0.1", "10.77.0.1 is no address of this machine yet"):
        holds(text, part)
    write(peer(FIRST, 'password file "nothing"'), file=check)
    done = net.weir(None, "run", "--check", "-c", check)
    equal(done.returncode, 1)
    holds(done.stdout.decode(), "/nothing cannot be read: No such file or directory")
    holds(done.stdout.decode(), "No peer has a boundary")
    document = json.loads(net.weir(None, "run", "--check", "-j", "-c", check).stdout)
    equal((document["msdp"]["way"], document["msdp"]["filters"], len(document["msdp"]["peers"])), ("speaker", False, 1))
    try:
        import jsonschema
    except ImportError:
        return
    with open(os.path.join(ROOT, "schema", "weir-check-run.schema.json"), encoding="utf-8") as f:
        jsonschema.Draft202012Validator(json.load(f)).validate(document)


def test_a_password_file_that_is_none_is_refused():
    before = peers()
    for name, why in ((f"{FOLDER}/nothing", "is not there"), ("/etc/hostname", "not in the folder")):
        write(TWO + peer(THIRD, f'password file "{name}"'))
        done = net.weir(None, "apply", "-c", CONF)
        equal(done.returncode, 3, done.stdout.decode())
        holds(done.stderr.decode(), name)
        holds(done.stderr.decode(), why)
    equal({a: p["established"] for a, p in peers().items()}, {a: p["established"] for a, p in before.items()})


def test_a_configuration_with_mistakes_changes_nothing():
    before = {a: p["established"] for a, p in peers().items()}
    for mistake, why in (("  peer 127.9.0.7 { }\n", "names no local address"), (peer(FIRST), "stands here twice"),
                         (peer("127.9.0.7", "colour red"), "colour"),
                         (peer("127.9.0.7", 'password "' + 81 * "x" + '"'), "1 to 80 bytes"),
                         ("  mesh-group m { 127.9.0.7 }\n", "no such peer"),
                         (peer("127.9.0.7", "boundary nowhere"), "no boundary 'nowhere'")):
        write(TWO + mistake)
        done = net.weir(None, "apply", "-c", CONF)
        equal(done.returncode, 2, done.stdout.decode() + done.stderr.decode())
        holds(done.stderr.decode(), why)
    equal({a: p["established"] for a, p in peers().items()}, before)


def test_a_peer_changes_in_place():
    out = apply(peer(FIRST, 'description "north" hold 90s data strip') + peer(SECOND) + peer(THIRD))
    holds(out, f"MSDP peer {FIRST}: changed; its session stays.")
    equal(peers()[FIRST]["description"], "north")
    equal(sessions(FIRST, SECOND), [1, 1])
    # a boundary is another: the cache is judged anew, and SAs too
    first.sock.send(speak.sa("64.1.1.1", ("10.1.1.1", "233.252.1.9")))
    wait_for("what was permitted", lambda: second.knows(("10.1.1.1", "233.252.1.9")))
    apply(peer(FIRST, "boundary msdp") + peer(SECOND) + peer(THIRD))
    gone = wait_for("what is not any more", lambda: ask("cache", "--verdict", "expiring").get("cache"))
    equal([e["source"] for e in gone], ["10.1.1.1"])
    equal(sessions(FIRST, SECOND), [1, 1])


def test_a_peer_is_removed():
    third = up(THIRD)
    third.sock.send(speak.sa("64.3.3.3", ("44.3.3.3", "233.252.3.3")))
    wait_for("its entry", lambda: ask("cache", "--rp", "64.3.3.3").get("matching") == 1)
    holds(apply(TWO), f"MSDP peer {THIRD}: gone; its session is closed.")
    assert not third.hear(10), "its session stands"
    wait_for("what it announced is forgotten", lambda: ask("cache", "--rp", "64.3.3.3").get("matching") == 0)
    equal(sorted(peers()), [FIRST, SECOND])
    stranger = speak.Peer(THIRD, WEIR)
    assert not stranger.hear(10), "who is no peer any more is heard"
    equal(sessions(FIRST, SECOND), [1, 1])


def test_what_it_announces_itself():
    own = ("44.7.7.7", "233.252.7.7")
    apply(f"  originator {WEIR}\n  originate {own[0]} {own[1]}\n" + TWO)
    wait_for("its own", lambda: first.knows(own) and second.knows(own))
    equal([(e["rp"], e.get("own")) for e in ask("cache", "--source", own[0])["cache"]], [(WEIR, True)])
    apply(f"  originator 127.9.0.99\n  originate {own[0]} {own[1]}\n" + TWO)
    wait_for("another originator", lambda: [e["rp"] for e in ask("cache", "--source", own[0])["cache"]] == ["127.9.0.99"])
    apply(TWO)
    wait_for("its end", lambda: ask("cache", "--source", own[0])["matching"] == 0)
    equal(sessions(FIRST, SECOND), [1, 1])


def test_another_address_to_listen_at():
    apply(TWO + peer(THIRD, local=OTHER))
    third = up(THIRD, OTHER)
    equal(sessions(FIRST, SECOND), [1, 1])
    apply(TWO)
    assert not third.hear(10)
    refused(THIRD, OTHER, "nobody listens there any more")
    apply(TWO + peer(THIRD, local=OTHER))
    up(THIRD, OTHER)
    apply(TWO)
    # where another program listens, and an address that comes later
    with server_at(OTHER):
        apply(TWO + peer(THIRD, local=OTHER))
        time.sleep(0.3)
    up(THIRD, OTHER)
    holds(apply(TWO + peer("10.66.0.1", local="10.66.0.9")), "10.66.0.9 is no address of this machine yet")
    for address in ("10.66.0.9", "10.66.0.1"):
        net.ip("addr", "add", f"{address}/32", "dev", "lo")
    up("10.66.0.1", "10.66.0.9")
    apply(TWO)
    equal(sessions(FIRST, SECOND), [1, 1])


def test_a_peer_that_is_called():
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HIGH, 639))
        listener.listen(4)
        apply(TWO + peer(HIGH, "connect-retry 1s"))
        listener.settimeout(8)
        speak.Peer(HIGH, sock=listener.accept()[0])
        wait_for("the session", lambda: peers()[HIGH]["state"] == "established")
    apply(TWO)
    equal(sessions(FIRST, SECOND), [1, 1])


def test_what_is_not_confirmed_comes_back():
    apply(TWO + peer(THIRD), "--confirm", "2s")
    third = up(THIRD)
    assert not third.hear(12), "the session of an unconfirmed peer stands"
    wait_for("the peers before", lambda: sorted(peers()) == [FIRST, SECOND])
    equal(sessions(FIRST, SECOND), [1, 1])


def test_what_the_kernel_refuses_changes_no_peer():
    """It was staged before the rules were refused; an address that comes has the relay told of its policy again."""
    if not shutil.which("nft"):
        raise Skip("nft is not installed")
    net.add_cable((None, "pa", None), (None, "pb", None))
    mine, enforced = peer(FIRST, "boundary others") + peer(SECOND), "interface {} boundary others outside enforce nftables\n"
    rest = "set own = subnets of pa\n" + enforced.format("pa")
    apply(mine, rest=rest)
    first.sock.send(speak.sa("64.1.1.1", ("10.88.0.7", "233.252.1.8")))
    wait_for("what was permitted", lambda: second.knows(("10.88.0.7", "233.252.1.8")))
    subprocess.run(["nft", "add", "chain", "netdev", "weir", "ingress/pb"], check=True)    # no base chain
    write(peer(FIRST, "boundary others") + peer(SECOND, 'password "another"'), rest=rest + enforced.format("pb"))
    done = net.weir(None, "apply", "-c", CONF)
    equal(done.returncode, 3, done.stdout.decode() + done.stderr.decode())
    holds(done.stderr.decode(), "the kernel does not take it, the old policy stays: nftables: File exists")
    net.ip("addr", "add", "10.88.0.9/24", "dev", "pa")
    wait_for("what is not any more", lambda: "10.88.0.7" in [e["source"] for e in
                                                             ask("cache", "--verdict", "expiring").get("cache", [])])
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    net.ip("link", "del", "pa")
    apply(TWO)
    told = peers()
    equal([(told[a]["state"], told[a]["established"]) for a in (FIRST, SECOND)], [("established", 1)] * 2)


def test_routes_of_the_kernel():
    """Peer-RPF (iii) by next hops, of which several may be equally good; (v) for some RPs."""
    net.add_host("far")
    net.add_cable((None, "near0", "10.50.0.9/24"), ("far", "far0", "10.50.0.1/24"))
    for last in (2, 3, 4):
        net.ip("addr", "add", f"10.50.0.{last}/24", "dev", "far0", host="far")
    net.ip("route", "add", "64.77.0.0/16", "nexthop", "via", "10.50.0.1", "nexthop", "via", "10.50.0.2")
    net.ip("route", "add", "64.78.0.0/16", "via", "10.50.0.3")
    net.ip("route", "add", "64.79.0.0/16", "via", "10.50.0.77")
    apply(TWO + "".join(f"  peer 10.50.0.{last} {{ local 10.50.0.9 {words} }}\n" for last, words in
                        ((1, ""), (2, ""), (3, ""), (4, "static-rpf { 64.79.0.0/16, 64.78.0.0/16 }"))))
    far = {last: speak.Peer(f"10.50.0.{last}", "10.50.0.9", sock=net.socket_at("far")) for last in (1, 2, 3, 4)}
    wait_for("all sessions", lambda: all(peers()[f"10.50.0.{last}"]["state"] == "established" for last in far))
    believed = {(1, "64.77.1.1"), (2, "64.77.1.1"), (3, "64.78.1.1"), (4, "64.79.1.1"), (3, "10.50.0.3")}
    for last, one in far.items():
        for number, rp in enumerate(("64.77.1.1", "64.78.1.1", "64.79.1.1", "10.50.0.3")):
            one.sock.send(speak.sa(rp, (f"44.50.{last}.{number}", "233.252.50.1")))
    wait_for("all that is believed", lambda: first.knows(
        *((f"44.50.{last}.{number}", "233.252.50.1") for last in far
          for number, rp in enumerate(("64.77.1.1", "64.78.1.1", "64.79.1.1", "10.50.0.3")) if (last, rp) in believed)))
    equal({(int(e["peer"].split(".")[3]), e["rp"]) for e in ask("cache")["cache"] if e["peer"].startswith("10.50")},
          believed)
    refused = ask("cache", "--verdict", "rpf")["refusals"]
    equal(len([e for e in refused if e["peer"].startswith("10.50.0.")]), 16 - len(believed))
    for one in far.values():
        one.close()
    equal(sessions(FIRST, SECOND), [1, 1])


def test_the_processes_begin_again_with_the_peers_in_force():
    global first, second
    apply(TWO + peer(THIRD))
    for name in ("judge", "speaker"):
        status = json.loads(net.weir(None, "status", "-c", CONF, "-j").stdout)
        os.kill([p["pid"] for p in status["processes"] if p["name"] == name][0], signal.SIGKILL)
        wait_for("the peers in force", lambda: sorted(peers()) == [FIRST, SECOND, THIRD], 15)
        if name == "judge":
            time.sleep(0.5)
            equal(sessions(FIRST, SECOND), [1, 1])
    first, second = up(FIRST), up(SECOND)
    up(THIRD)


def test_the_cache_is_another_and_the_relay_begins_anew():
    holds(apply("  cache 1000\n" + TWO), "begins anew with all its sessions")
    wait_for("the relay", lambda: ask("peers").get("entries_max") == 1000)
    up(FIRST)


def test_no_msdp_at_all_and_again():
    global first, second
    apply("")
    wait_for("its end", lambda: not peers())
    done = net.weir(None, "msdp", "peers", "-c", CONF)
    equal(done.returncode, 2, done.stderr.decode())
    holds(done.stderr.decode(), "relays no MSDP")
    refused(FIRST, WEIR, "no connection")
    apply(TWO)
    wait_for("the relay", peers)
    first, second = up(FIRST), up(SECOND)


def test_role_transit():
    """The boundary msdp-transit of the policy, where it has one."""
    write(TWO + peer(THIRD, "role transit"))
    done = net.weir(None, "apply", "-c", CONF)
    equal(done.returncode, 2)
    holds(done.stderr.decode(), "has no boundary 'msdp-transit'")
    with open(f"{FOLDER}/site.weir", "a", encoding="ascii") as f:
        f.write("boundary msdp-transit extends modern.msdp-transit { }\n")
    apply(TWO + peer(THIRD, "role transit"))
    third = up(THIRD)
    equal(peers()[THIRD]["boundary"], "msdp-transit")
    third.sock.send(speak.sa("128.223.0.1", ("8.8.8.8", "232.1.1.1"), ("8.8.8.8", "239.255.1.1"), ("10.1.1.1", "233.252.0.7"),
                             ("8.8.8.8", "233.252.0.7")))
    wait_for("what is permitted", lambda: first.knows(("8.8.8.8", "233.252.0.7")))
    refused = ask("cache", "--verdict", "deny", "--peer", THIRD)["refusals"]
    equal(sorted(e["group"] for e in refused), ["232.1.1.1", "233.252.0.7", "239.255.1.1"])
    equal([p["peer"] for p in ask("peers", "--verdict", "deny")["peers"]], [THIRD])
    equal([(p["peer"], p["matching"]) for p in ask("peers", "--source", "8.8.8.8")["peers"]], [(THIRD, 1)])


def test_the_relay_has_no_rights():
    def find():
        status = json.loads(net.weir(None, "status", "-c", CONF, "-j").stdout)
        pids = [p["pid"] for p in status["processes"] if p["name"] == "speaker"]
        return pids[0] if pids and os.path.exists(f"/proc/{pids[0]}") else None
    pid = wait_for("the relay's process", find)
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        words = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        equal(int(words[name], 16), 0, name)
    equal((words["NoNewPrivs"], words["Seccomp"]), ("1", "2"))
    assert "0" not in words["Uid"].split(), words["Uid"]


def test_data_and_a_batch():
    inner = speak.packet("44.9.9.9", "233.252.9.9")
    first.sock.send(speak.sa("64.1.1.1", ("44.9.9.9", "233.252.9.9"), data=inner))
    batch = [(f"44.9.{i >> 8}.{i & 255}", "233.252.9.1") for i in range(255)]
    first.sock.send(speak.sa("64.1.1.1", *batch))
    wait_for("all of it", lambda: second.knows(("44.9.9.9", "233.252.9.9"), *batch))
    told = peers()
    equal((told[FIRST]["data_in"], told[SECOND]["data_out"]), (1, 1))
    assert told[FIRST]["sas_in"] >= 2 and told[SECOND]["sas_out"] >= 3, told


def test_tshark_reads_all_that_weir_sends():
    if not capture:
        raise Skip("tcpdump or tshark is not installed")
    time.sleep(0.5)
    capture.terminate()
    capture.wait()
    done = subprocess.run(["tshark", "-n", "-o", "ip.check_checksum:TRUE", "-r", f"{FOLDER}/msdp.pcap", "-Y",
                           f"tcp.srcport == 639 && tcp.len > 0 && (ip.src == {WEIR} || ip.src == {OTHER})", "-T", "fields",
                           "-e", "msdp.type", "-e", "msdp.sa.entry_count", "-e", "_ws.malformed", "-e", "msdp.length", "-e",
                           "tcp.reassembled_in", "-e", "tcp.segment"],
                          capture_output=True, text=True, timeout=60, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    types = [t for row in rows for t in row[0].split(",") if t]
    counts = [int(n) for row in rows for n in row[1].split(",") if n]
    assert types and set(types) <= {"1", "4"}, types
    assert max(counts) > 1 and 0 not in counts, counts
    assert all(int(n) <= 9192 for row in rows for n in row[3].split(",") if n)
    for row in rows:
        equal(row[2], "", f"malformed {row}")
        assert row[0] or row[4], f"not dissected: {row}"


def test_the_daemon_is_well():
    net.weir(None, "stop", "--keep", "-c", CONF)
    daemon.wait(20)
    log = daemon.stderr.read().decode()
    assert "AddressSanitizer" not in log and "runtime error" not in log, log
    holds(log, "it begins anew with its new password")
    holds(log, "entries that it announced are forgotten here")
    holds(log, f"cannot listen for MSDP at {OTHER}: Address already in use")


main(globals())
