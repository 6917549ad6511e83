# SPDX-License-Identifier: BSD-2-Clause
"""The MSDP relay between two FRRouting speakers, each in a host of its own: what the policy permits
reaches the far RP and the data flows, what it denies does not, and tshark reads all that weir sends.

    src -- fhr -- rp1 --(MSDP)-- weir --(MSDP)-- rp2 -- rcv     and rp1 -- rp2 for PIM and the data

What src sends comes to rp1 by a Register of fhr, its first-hop router."""
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time

import net

net.enter()

import frr  # noqa: E402
from cli import Skip, equal, holds, main  # noqa: E402

frr.skip_without()
PERMITTED, OTHER, DENIED, SOURCE = "233.252.0.7", "233.252.0.8", "239.9.9.9", "20.1.0.10"
RP1, RP2 = "10.12.0.1", "10.23.0.2"

for host in ("src", "fhr", "rp1", "weir", "rp2", "rcv"):
    net.add_host(host)
net.add_cable(("src", "s0", "20.1.0.10/24"), ("fhr", "f0", "20.1.0.1/24"))
net.add_cable(("fhr", "f1", "10.2.0.1/24"), ("rp1", "a0", "10.2.0.2/24"))
net.add_cable(("rp1", "a1", "10.12.0.1/24"), ("weir", "w0", "10.12.0.9/24"))
net.add_cable(("weir", "w1", "10.23.0.9/24"), ("rp2", "b1", "10.23.0.2/24"))
net.add_cable(("rp1", "a2", "10.99.0.1/24"), ("rp2", "b2", "10.99.0.2/24"))
net.add_cable(("rp2", "b0", "10.3.0.1/24"), ("rcv", "r0", "10.3.0.10/24"))
for host in ("fhr", "rp1", "weir", "rp2"):
    for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
        subprocess.run(net.at(host, "sysctl", "-qw", "net.ipv4." + setting), check=True)
net.ip("route", "add", "default", "via", "20.1.0.1", host="src")
net.ip("route", "add", "default", "via", "10.3.0.1", host="rcv")

INTERFACES = "".join(f"interface {name}\n ip pim\n{' ip igmp' if name[1] == '0' else ''}\n"
                     for name in ("lo", "{0}0", "{0}1", "{0}2"))


def start_routers(peer1, peer2):
    """FRR's order is keepalive, hold, connect-retry."""
    frr.start("fhr", f"ip route 10.12.0.0/24 10.2.0.2\nip pim rp {RP1} 224.0.0.0/4\n" + INTERFACES.format("f"))
    frr.start("rp1", "ip route 20.1.0.0/24 10.2.0.1\nip route 10.23.0.0/24 10.12.0.9\nip route 10.3.0.0/24 10.99.0.2\n"
              f"ip pim rp {RP1} 224.0.0.0/4\nip msdp timers 60 75 1\n"
              f"ip msdp peer {peer1} source {RP1}\n" + INTERFACES.format("a"))
    frr.start("rp2", "ip route 10.12.0.0/24 10.23.0.9\nip route 20.1.0.0/24 10.99.0.1\n"
              f"ip pim rp {RP2} 224.0.0.0/4\nip msdp timers 60 75 1\n"
              f"ip msdp peer {peer2} source {RP2}\n" + INTERFACES.format("b"))


FOLDER = "/run/weir"
os.makedirs(FOLDER)
CONF = f"{FOLDER}/weir.conf"


def write_policy():
    with open(f"{FOLDER}/site.weir", "w", encoding="ascii") as f:
        f.write("boundary msdp extends modern.msdp-transit {\n}\n")


def start_weir(msdp):
    with open(CONF, "w", encoding="ascii") as f:
        f.write(f'policy "{FOLDER}/site.weir"\nstate "{FOLDER}/state"\ncontrol "{FOLDER}/control"\n'
                f"msdp {{\n{msdp}\n}}\n")
    write_policy()
    weir = net.start("weir", "run", "-c", CONF, "--count-every", "1")
    frr.wait_for("the daemon", lambda: os.path.exists(f"{FOLDER}/control") or weir.poll() is not None, 10)
    if weir.poll() is not None:
        raise AssertionError(weir.stderr.read().decode())
    frr.wait_for("the relay", lambda: ask("peers").get("peers"), 10)
    return weir


def ask(*words):
    done = net.weir("weir", "msdp", *words, "-c", CONF, "-j")
    return json.loads(done.stdout) if done.returncode == 0 else {}


def stop(weir):
    net.weir("weir", "stop", "--keep", "-c", CONF)
    weir.wait(20)
    return weir.stderr.read().decode()


ORDINARY = f"""
  peer {RP1} {{ local 10.12.0.9 boundary msdp static-rpf description "upstream" }}
  peer {RP2} {{ local 10.23.0.9 static-rpf }}"""

capture = None
daemon = start_weir(ORDINARY)
if shutil.which("tcpdump"):
    capture = subprocess.Popen(net.at("weir", "tcpdump", "-q", "-U", "-n", "-i", "any", "-w", f"{FOLDER}/msdp.pcap",
                                      "tcp", "port", "639"), stderr=subprocess.DEVNULL)
start_routers("10.12.0.9", "10.23.0.9")


def send(groups, count=3):
    code = ("import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
            f"s.bind(('{SOURCE}',0))\ns.setsockopt(0,33,16)\n"
            f"for i in range({count}):\n for g in {groups!r}: s.sendto(b'x'*40,(g,5001))\n time.sleep(0.3)\n")
    return subprocess.Popen(net.at("src", sys.executable, "-c", code))


def states():
    return {p["peer"]: p["state"] for p in ask("peers").get("peers", [])}


def both_up():
    return states() == {RP1: "established", RP2: "established"}


def test_sessions_stand():
    frr.wait_for("both sessions", both_up, 20)
    equal({p["peer"]: p["role"] for p in ask("peers")["peers"]}, {RP1: "listens", RP2: "listens"})


def test_an_sa_reaches_the_far_rp_and_a_denied_one_does_not():
    sender = send((PERMITTED, DENIED))
    known = frr.wait_for("the SA at the far RP", lambda: frr.show("rp2", "ip msdp sa"), 20)
    equal(list(known), [PERMITTED])
    equal(known[PERMITTED][SOURCE]["rp"], RP1)
    sender.wait(20)
    equal(sorted(frr.show("rp1", "ip msdp sa")), sorted([PERMITTED, DENIED]))
    peer = ask("peers")["peers"][0]
    equal((peer["held"], peer["denied"], peer["description"]), (1, 1, "upstream"))
    equal([(e["source"], e["group"], e["rp"]) for e in ask("cache")["cache"]], [(SOURCE, PERMITTED, RP1)])
    equal(ask("cache", "--group", DENIED)["matching"], 0)
    refused = ask("cache", "--group", DENIED, "--verdict", "refused")["refusals"]
    equal([(e["source"], e["peer"], e["verdict"], e["rule"]) for e in refused], [(SOURCE, RP1, "deny", "adm-scoped")])


def data_flows():
    """A receiver behind rp2 joins the group, and hears the source."""
    code = ("import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
            f"s.bind(('{PERMITTED}',5001))\ns.setsockopt(0,35,socket.inet_aton('{PERMITTED}')+"
            "socket.inet_aton('10.3.0.10'))\ns.settimeout(15)\nprint(s.recvfrom(2000)[1][0])\n")
    receiver = subprocess.Popen(net.at("rcv", sys.executable, "-c", code), stdout=subprocess.PIPE)
    time.sleep(0.5)
    sender = send((PERMITTED,), 30)
    equal(receiver.communicate(timeout=20)[0].decode().strip(), SOURCE)
    sender.kill()
    sender.wait()


def test_the_far_router_joins_and_data_flows():
    data_flows()


def test_the_source_came_by_a_register():
    upstream = frr.show("rp1", "ip pim upstream")[PERMITTED][SOURCE]
    equal(upstream["sourceStream"], True)
    holds(str(frr.show("fhr", "ip pim upstream")[PERMITTED][SOURCE]["regState"]), "Reg")


def test_hits_are_kept():
    def hits():
        done = net.weir("weir", "hits", "--history", f"{FOLDER}/state/history.db", "-j")
        rules = json.loads(done.stdout).get("rules", []) if done.returncode == 0 else []
        return [r for r in rules if r["rule"] == "adm-scoped" and r["hits"] > 0 and r["action"] == "deny"]
    frr.wait_for("the hit of the rule that denied", hits, 15)


def test_a_reload_drops_no_session():
    before = {p["peer"]: p["established"] for p in ask("peers")["peers"]}
    with open(f"{FOLDER}/site.weir", "a", encoding="ascii") as f:
        f.write("boundary other extends msdp { }\n")
    with open(f"{FOLDER}/site.weir", encoding="ascii") as f:
        text = f.read().replace("{\n}", f"{{\n    deny to {PERMITTED} at sa as not-this-one\n}}", 1)
    with open(f"{FOLDER}/site.weir", "w", encoding="ascii") as f:
        f.write(text)
    done = net.weir("weir", "apply", "-c", CONF)
    equal(done.returncode, 0, done.stderr.decode())
    frr.wait_for("the cache judged again", lambda: ask("cache", "--verdict", "permit").get("matching") == 0, 10)
    expiring = ask("cache", "--verdict", "expiring")["cache"]
    equal([(e["source"], e["group"], e["rule"]) for e in expiring], [(SOURCE, PERMITTED, "not-this-one")])
    equal({p["peer"]: p["established"] for p in ask("peers")["peers"]}, before)
    assert both_up()


def test_a_peer_restarts():
    frr.restart_pimd("rp2")
    frr.wait_for("the session goes", lambda: states().get(RP2) != "established", 10)
    frr.wait_for("both sessions again", both_up, 40)


def test_the_relay_restarts_and_its_cache_is_refilled():
    write_policy()
    equal(net.weir("weir", "apply", "-c", CONF).returncode, 0)
    pid = [p["pid"] for p in json.loads(net.weir("weir", "status", "-c", CONF, "-j").stdout)["processes"]
           if p["name"] == "speaker"][0]
    os.kill(pid, 9)
    frr.wait_for("both sessions again", both_up, 40)
    frr.wait_for("what rp1 announces", lambda: ask("cache", "--group", PERMITTED).get("matching") == 1, 20)


def test_strangers_are_refused():
    """A connection of an address that is no peer's is closed at once, and counted."""
    net.ip("addr", "add", "10.12.0.77/24", "dev", "a1", host="rp1")
    code = ("import socket\ns=socket.create_connection(('10.12.0.9',639),3,('10.12.0.77',0))\n"
            "try: print('closed' if s.recv(9)==b'' else 'spoke')\nexcept ConnectionResetError: print('closed')\n")
    done = subprocess.run(net.at("rp1", sys.executable, "-c", code), capture_output=True, text=True, timeout=20,
                          check=False)
    equal(done.stdout, "closed\n", done.stderr)
    equal(ask("peers")["strangers"], 1)


def test_tshark_reads_all_that_weir_sends():
    if not capture or not shutil.which("tshark"):
        raise Skip("tcpdump or tshark is not installed")
    time.sleep(0.5)
    capture.terminate()
    capture.wait()
    done = subprocess.run(["tshark", "-n", "-r", f"{FOLDER}/msdp.pcap", "-Y",
                           "msdp && (ip.src == 10.12.0.9 || ip.src == 10.23.0.9)", "-T", "fields", "-e", "msdp.type",
                           "-e", "_ws.malformed", "-e", "_ws.expert.severity"], capture_output=True, text=True,
                          timeout=60, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) > 2, rows
    for row in rows:
        assert row[0] and set(row[0].split(",")) <= {"1", "4"}, row
        equal(row[1:], ["", ""])


def again(msdp, peer1, peer2):
    """Another relay, and peers that speak to these."""
    global daemon
    holds(stop(daemon), "generation")
    shutil.rmtree(f"{FOLDER}/state")
    for router, was in (("rp1", PEERS[0]), ("rp2", PEERS[1])):
        frr.configure(router, f"no ip msdp peer {was}")
    daemon = start_weir(msdp)
    frr.configure("rp1", f"ip msdp peer {peer1} source {RP1}")
    frr.configure("rp2", f"ip msdp peer {peer2} source {RP2}")
    PEERS[:] = [peer1, peer2]
    frr.wait_for("both sessions", both_up, 20)


PEERS = ["10.12.0.9", "10.23.0.9"]
TRANSPARENT = f"""
  transparent
  peer {RP1} {{ local {RP2} boundary msdp }}
  peer {RP2} {{ local {RP1} connect-retry 1s }}"""
COLLECTOR = f"""
  listen-only
  peer {RP1} {{ local 10.12.0.9 boundary msdp static-rpf }}
  peer {RP2} {{ local 10.23.0.9 static-rpf }}"""


def test_transparent_both_keep_each_others_address():
    again(TRANSPARENT, RP2, RP1)
    sender = send((PERMITTED, DENIED), 20)
    known = frr.wait_for("the SA at the far RP", lambda: frr.show("rp2", "ip msdp sa"), 20)
    equal(list(known), [PERMITTED])
    equal(list(frr.show("rp2", "ip msdp peer")), [RP1])
    equal({p["peer"]: p["role"] for p in ask("peers")["peers"]}, {RP1: "listens", RP2: "connects"})
    sender.kill()
    sender.wait()
    data_flows()


def test_without_the_relay_they_do_not_meet_unfiltered():
    holds(stop(daemon), "generation")
    code = f"import socket\ns=socket.create_connection(('{RP2}',639),1,('{RP1}',0))\n"
    done = subprocess.run(net.at("rp1", sys.executable, "-c", code), capture_output=True, timeout=20, check=False)
    holds(done.stderr.decode(), "timed out")
    net.weir("weir", "run", "--check", "-c", CONF)
    weir = start_weir(TRANSPARENT)
    net.weir("weir", "stop", "--remove", "-c", CONF)
    weir.wait(20)
    rules = subprocess.run(net.at("weir", "ip", "rule"), capture_output=True, text=True, check=True).stdout
    assert "0x639" not in rules, rules
    done = subprocess.run(net.at("rp1", sys.executable, "-c", code), capture_output=True, timeout=20, check=False)
    equal(done.returncode, 0, "the way is as it was")


def test_a_collector_tells_nobody_anything():
    global daemon
    daemon = start_weir(TRANSPARENT)
    again(COLLECTOR, "10.12.0.9", "10.23.0.9")
    sender = send((OTHER, DENIED), 10)
    frr.wait_for("the SA is collected", lambda: ask("cache", "--group", OTHER).get("matching") == 1, 20)
    time.sleep(1)
    assert OTHER not in frr.show("rp2", "ip msdp sa")
    peers = {p["peer"]: p for p in ask("peers")["peers"]}
    equal(peers[RP2]["entries_out"], 0)
    assert peers[RP1]["denied"] > 0, peers
    sender.kill()
    sender.wait()
    frr.restart_pimd("rp1")
    frr.wait_for("the session of the other goes, too", lambda: states().get(RP1) != "established", 10)
    frr.wait_for("both sessions again", both_up, 40)
    holds(stop(daemon), "generation")


main(globals())
