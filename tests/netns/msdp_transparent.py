# SPDX-License-Identifier: BSD-2-Clause
"""The transparent relay with TCP-MD5 (RFC 2385): two neighbours that keep each other's address, each with a key of
its own on its leg.  FRRouting 8.4 has no keys, so that both are peers of Python.

    a -- weir -- b

usage: msdp_transparent.py WEIR"""
import json
import os
import socket
import subprocess
import time

import net

net.enter()

import msdp_speak as speak  # noqa: E402
from cli import equal, holds, main  # noqa: E402

A, B, FOLDER = "10.1.0.1", "10.2.0.2", "/run/weir"
CONF, KEY_A, KEY_B = f"{FOLDER}/weir.conf", b"of the leg to a", b"of the leg to b"
FROM_A, FROM_B = ("44.1.1.1", "233.252.1.1"), ("44.2.2.2", "233.252.2.2")

for host in ("a", "weir", "b"):
    net.add_host(host)
net.add_cable(("a", "a0", f"{A}/24"), ("weir", "w0", "10.1.0.9/24"))
net.add_cable(("b", "b0", f"{B}/24"), ("weir", "w1", "10.2.0.9/24"))
net.ip("route", "add", "default", "via", "10.1.0.9", host="a")
net.ip("route", "add", "default", "via", "10.2.0.9", host="b")
net.ip("route", "add", "64.50.0.0/16", "via", B, host="weir")
for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0", "conf.w0.rp_filter=0",
                "conf.w1.rp_filter=0"):
    subprocess.run(net.at("weir", "sysctl", "-qw", "net.ipv4." + setting), check=True)
os.makedirs(FOLDER)


def write(key_a=KEY_A, key_b=KEY_B, ordinary=False):
    def password(key):
        return f'password "{key.decode()}"' if key else ""

    with open(CONF, "w", encoding="ascii") as f:
        f.write(f'policy modern\nstate "{FOLDER}/state"\ncontrol "{FOLDER}/control"\nmsdp {{\n')
        f.write("" if ordinary else "  transparent\n")
        f.write(f"  peer {A} {{ local {'10.1.0.9' if ordinary else B} static-rpf {password(key_a)} }}\n"
                f"  peer {B} {{ local {'10.2.0.9' if ordinary else A} static-rpf connect-retry 1s {password(key_b)} }}\n"
                "}\n")


write()
daemon = net.start("weir", "run", "-c", CONF, "--count-every", "1")


def ask(*words):
    done = net.weir("weir", "msdp", *words, "-c", CONF, "-j")
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
    raise AssertionError(f"{what}: not within {seconds} s; {peers()}")


def call(key, patience_s=10):
    """From a to b, as a believes."""
    return speak.Peer(A, B, key=key, sock=net.socket_at("a"), patience_s=patience_s)


def is_refused(key):
    try:
        call(key, 0.7).close()
    except (socket.timeout, ConnectionError):
        return True
    return False


def listen(key):
    listener = net.socket_at("b")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if key:
        speak.set_key(listener, A, key)
    listener.bind((B, 639))
    listener.listen(4)
    listener.settimeout(8)
    return listener


def accept(listener):
    sock, remote = listener.accept()
    equal(remote[0], A, "b believes that a calls")
    return speak.Peer(B, sock=sock)


def test_the_relay_stands():
    wait_for("the daemon", peers, 20)
    equal({a: p["role"] for a, p in peers().items()}, {A: "listens", B: "connects"})


def test_a_wrong_key_on_either_leg_is_no_session():
    for key in (KEY_B, b"wrong", None):
        assert is_refused(key), key
    equal(peers()[A]["state"], "listen")
    with listen(KEY_A) as listener:
        listener.settimeout(2.5)
        try:
            listener.accept()
            raise AssertionError("a connection with the key of the other leg")
        except socket.timeout:
            pass
    equal((peers()[A]["established"], peers()[B]["established"]), (0, 0))


def pass_on(key_a, key_b):
    """Both sessions, and an SA each way."""
    with listen(key_b) as listener:
        b = accept(listener)
        a = call(key_a)
        wait_for("both sessions", lambda: all(p["state"] == "established" for p in peers().values()))
        a.sock.send(speak.sa("64.50.1.1", FROM_A))	# weir's own route to that RP leads to b
        b.sock.send(speak.sa(B, FROM_B))
        wait_for("what a says", lambda: b.knows(FROM_A))
        wait_for("what b says", lambda: a.knows(FROM_B))
        equal((a.heard, b.heard), ({FROM_B}, {FROM_A}))
    return a, b


def test_a_key_on_each_leg():
    a, b = pass_on(KEY_A, KEY_B)
    a.close()
    b.close()
    wait_for("their ends", lambda: all(p["state"] != "established" for p in peers().values()))


def apply(*args, **more):
    write(*args, **more)
    done = net.weir("weir", "apply", "-c", CONF)
    equal(done.returncode, 0, done.stderr.decode())
    return done.stdout.decode()


def test_a_key_on_one_leg_only():
    apply(KEY_A, None)
    a, b = pass_on(KEY_A, None)
    before = peers()[A]["established"]
    holds(apply(KEY_A, KEY_B), f"MSDP peer {B}: another password")
    assert not b.hear(10), "the session without a key stands"
    equal((peers()[A]["established"], peers()[A]["state"]), (before, "established"))
    a.close()
    pass_on(KEY_A, KEY_B)


def test_transparent_comes_and_goes():
    def rules():
        done = subprocess.run(net.at("weir", "ip", "rule"), capture_output=True, text=True, check=True)
        return "0x639" in done.stdout
    assert rules()
    holds(apply(ordinary=True), "begins anew with all its sessions")
    wait_for("marked packets are let go", lambda: not rules())
    wait_for("an ordinary relay", lambda: peers().get(A, {}).get("local") == "10.1.0.9")
    speak.Peer(A, "10.1.0.9", key=KEY_A, sock=net.socket_at("a")).close()
    apply()
    wait_for("marked packets are brought to the relay", rules)
    wait_for("the relay in between", lambda: peers().get(A, {}).get("local") == B)
    pass_on(KEY_A, KEY_B)


def test_the_daemon_is_well():
    net.weir("weir", "stop", "--remove", "-c", CONF)
    daemon.wait(20)
    log = daemon.stderr.read().decode()
    assert "AddressSanitizer" not in log and "runtime error" not in log, log


main(globals())
