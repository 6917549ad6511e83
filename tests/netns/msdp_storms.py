# SPDX-License-Identifier: BSD-2-Clause
"""Storms of Source-Actives at `weir run`, for a test and for a benchmark: peers of tests/netns/storm.c on
loopback addresses, of which one says a good (S,G) every 10 ms meanwhile.  Runs within net.enter()."""
import atexit
import json
import os
import shutil
import socket
import subprocess
import time

import net

WEIR_ADDRESS = "127.9.0.99"
FOLDER = "/run/weir"
CONF = f"{FOLDER}/weir.conf"
# By role; all are lower than weir's, so that they connect.
GOOD, SINK, STORM, MANY, WORM, SECOND = (f"127.9.0.{i}" for i in range(1, 7))
PEER_LIMIT, SOURCE_LIMIT = 100000, 500

POLICY = f"""boundary storm extends modern.msdp-transit {{
    police sa by peer over {PEER_LIMIT} warn {PEER_LIMIT // 2} then deny
    police sa by source over {SOURCE_LIMIT} then deny
}}
"""
# For comparisons: nothing but the rules.
FREE = "boundary storm extends modern.msdp-transit without police-sa-by-peer, police-sa-by-source {\n}\n"


def first_of_all(priority):
    """Words before a command that let it run before all others; none where that is not allowed."""
    words = ("chrt", "-f", str(priority))
    allowed = shutil.which("chrt") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if allowed else ()


class Relay:
    def __init__(self, policy=POLICY, first=()):
        shutil.rmtree(FOLDER, ignore_errors=True)
        os.makedirs(FOLDER)
        peers = "".join(f"  peer {a} {{ local {WEIR_ADDRESS} boundary storm static-rpf }}\n"
                        for a in (GOOD, STORM, MANY, WORM, SECOND)) + f"  peer {SINK} {{ local {WEIR_ADDRESS} static-rpf }}\n"
        with open(CONF, "w", encoding="ascii") as f:
            f.write(f'policy "{FOLDER}/site.weir"\nstate "{FOLDER}/state"\ncontrol "{FOLDER}/control"\n'
                    f"msdp {{\n{peers}}}\n")
        with open(f"{FOLDER}/site.weir", "w", encoding="ascii") as f:
            f.write(policy)
        self.process = subprocess.Popen([*first, net.WEIR, "run", "-c", CONF, "--count-every", "1"], env=net.CALM, stderr=subprocess.PIPE)
        atexit.register(self.process.terminate)
        end = time.monotonic() + 20
        while not self.peers().get("peers") or not self.speaker():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(self.process.stderr.read().decode())
            time.sleep(0.1)
        self.pid = self.speaker()

    def speaker(self):
        done = net.weir(None, "status", "-c", CONF, "-j")
        processes = json.loads(done.stdout).get("processes", []) if done.returncode == 0 else []
        return next((p["pid"] for p in processes if p["name"] == "speaker"), None)

    def ask(self, what):
        done = net.weir(None, "msdp", what, "-c", CONF, "-j")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def peers(self):
        return self.ask("peers")

    def memory_mb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return [int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM")][0]

    def cpu_s(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def waited_s(self):
        """How long it could have run, but others did."""
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[1]) / 1e9

    def stop(self):
        net.weir(None, "stop", "--keep", "-c", CONF)
        self.process.wait(30)
        return self.process.stderr.read().decode()


def begin(helper, first, *words):
    return subprocess.Popen([*first, helper, *map(str, words)], stdout=subprocess.PIPE, text=True)


def read(process):
    text, _ = process.communicate(timeout=900)
    if process.returncode != 0:
        raise AssertionError(f"{process.args}: exit {process.returncode}")
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines()}


def flood(helper, kind, peer, base, n, seconds, period=60, first=()):
    """The RP of a storm is its peer's own: 64.9.0.x."""
    return begin(helper, first, "flood", kind, peer, WEIR_ADDRESS, peer.replace("127.9", "64.9"), base, n, period,
                 seconds)


def watch(helper, base, seconds, first=()):
    """Before all else: it is the clock."""
    first = first and (first_of_all(60) or first)
    return begin(helper, first, "watch", GOOD, SINK, WEIR_ADDRESS, "64.9.0.1", base, seconds)


QUESTIONS = (b'{"command":"msdp","what":"peers"}', b'{"command":"msdp","what":"cache","verdict":"refused","source":"64.0.0.77"}',
             b'{"command":"msdp","what":"cache","source":"65.1.2.3"}', b'{"command":"msdp","what":"policers"}')


def ask_meanwhile(relay, process, progress, pause_s=0.5):
    """How long each answer took, in ms, until the process ends: of the socket alone, without a program's start.
    Answers are given to `progress`, each with the seconds since the begin."""
    took, start = [], time.monotonic()
    while process.poll() is None:
        begun = time.monotonic()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(f"{FOLDER}/control")
            s.sendall(QUESTIONS[len(took) % len(QUESTIONS)] + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = s.recv(65536)
                if not piece:
                    break
                answer += piece
        if b'"weir-msdp-' not in answer:
            raise AssertionError(answer[:200])
        took.append((time.monotonic() - begun) * 1000)
        if progress and b'"weir-msdp-peers/1"' in answer:
            progress(time.monotonic() - start, json.loads(answer), max(took))
        time.sleep(pause_s)
    return took


def held(relay):
    return {p["peer"]: p for p in relay.peers()["peers"]}


STORMS = {
    "1,000,000 random (S,G) of one peer": (("random", STORM, "64.0.0.0", 1000000),),
    "one source with 10,000 groups": (("source", MANY, "65.1.2.3", 10000),),
    "a worm's random groups through two peers": (("worm", WORM, "66.1.0.0", 500000),
                                                 ("worm", SECOND, "66.2.0.0", 500000)),
}
# What each storm leaves in the cache of each of its peers, exactly.
LEFT = {"random": PEER_LIMIT, "source": SOURCE_LIMIT, "worm": 50 * SOURCE_LIMIT}


def storm(relay, helper, name, seconds, scale=1, first=(), stormy_first=(), period=5, progress=None):
    """One storm from begin to end: what was measured, by name.  The stormy peers say all of it again each period;
    0: without a pause."""
    watcher = watch(helper, f"44.{10 * list(STORMS).index(name)}.0.0", seconds, first)
    time.sleep(0.3)
    before, waited = relay.cpu_s(), relay.waited_s()
    floods = [flood(helper, kind, peer, base, n // scale, seconds - 1, period, stormy_first)
              for kind, peer, base, n in STORMS[name]]
    took = ask_meanwhile(relay, watcher, progress)
    peers = held(relay)
    seen = read(watcher)
    for process in floods:
        got = read(process)
        seen["lost"] += got["lost"]
        seen["sent"] = seen.get("sent", 0) + got["sent"]
    seen["cpu_s"] = relay.cpu_s() - before
    seen["waited_s"] = relay.waited_s() - waited
    seen["memory_mb"] = relay.memory_mb()
    seen["control_ms"] = max(took)
    seen["questions"] = len(took)
    seen["held"] = [peers[peer]["held"] for _, peer, _, _ in STORMS[name]]
    seen["passed_on"] = [seen.get(f"others-{peer[-1]}", 0) for _, peer, _, _ in STORMS[name]]
    seen["limits"] = [LEFT[kind] for kind, _, _, _ in STORMS[name]]
    seen["held_good"] = peers[GOOD]["held"]
    return seen
