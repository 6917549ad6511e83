# SPDX-License-Identifier: BSD-2-Clause
"""FRRouting in a host of a test: zebra, staticd and pimd with one configuration, and what they say.
Runs within net.enter(), whose /run is the test's own."""
import atexit
import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

import net

FOLDER = "/usr/lib/frr"
GROUP = re.compile(r"2[23]\d\.\d+\.\d+\.\d+")
UNICAST = re.compile(r"(?!2[23]\d\.)\d+\.\d+\.\d+\.\d+")
_pids = []


def skip_without():
    if not os.path.exists(f"{FOLDER}/pimd") or not shutil.which("vtysh"):
        net.skip_all("frr is not installed")


def _folder(host):
    frr = pwd.getpwnam("frr")
    path = f"/run/frr/{host}"
    os.makedirs(path, exist_ok=True)
    for p in ("/run/frr", path):
        os.chown(p, frr.pw_uid, frr.pw_gid)
    return path


def _pid(path):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with open(path, encoding="ascii") as f:
                return int(f.read())
        except (OSError, ValueError):
            time.sleep(0.05)
    raise AssertionError(f"no {path}")


def start(host, config, daemons=("zebra", "staticd", "pimd")):
    """Lines that do not fit a daemon are for another: each is given the whole configuration."""
    folder = _folder(host)
    for name in daemons:
        file = f"{folder}/{name}.conf"
        with open(file, "w", encoding="ascii") as f:
            f.write(f"hostname {host}\n{config}")
        subprocess.run(net.at(host, f"{FOLDER}/{name}", "-N", host, "-f", file, "-i", f"{folder}/{name}.pid",
                              "--log", f"file:{folder}/{name}.log", "-d"), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _pids.append(_pid(f"{folder}/{name}.pid"))


def stop_all():
    for pid in _pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    _pids.clear()


atexit.register(stop_all)


@contextlib.contextmanager
def paused():
    """Nothing of FRR says anything meanwhile."""
    for pid in _pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in _pids:
            os.kill(pid, signal.SIGCONT)


def restart_pimd(host):
    """As after a crash: the process is killed and begun again."""
    folder = f"/run/frr/{host}"
    pid = _pid(f"{folder}/pimd.pid")
    os.kill(pid, signal.SIGKILL)
    _pids.remove(pid)
    time.sleep(0.3)
    os.unlink(f"{folder}/pimd.pid")
    subprocess.run(net.at(host, f"{FOLDER}/pimd", "-N", host, "-f", f"{folder}/pimd.conf", "-i",
                          f"{folder}/pimd.pid", "--log", f"file:{folder}/pimd.log", "-d"), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _pids.append(_pid(f"{folder}/pimd.pid"))


def configure(host, *lines):
    words = ["vtysh", "-N", host, "-d", "pimd", "-c", "configure terminal"]
    for line in lines:
        words += ["-c", line]
    subprocess.run(words, capture_output=True, timeout=20, check=True)


def show(host, words):
    done = subprocess.run(["vtysh", "-N", host, "-d", "pimd", "-c", f"show {words} json"], capture_output=True,
                          text=True, timeout=20, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {}


def pairs(host, words):
    """(S,G) of a table that FRR lists by group and source, or by interface, group and source; the source
    of (*,G) is "*"."""
    found = set()

    def walk(node, group):
        for key, value in node.items():
            below = key if GROUP.fullmatch(key) else group
            if group and (key == "*" or UNICAST.fullmatch(key)):
                found.add((key, group))
            for one in [value] if isinstance(value, dict) else value if isinstance(value, list) else []:
                if isinstance(one, dict):
                    if below and "source" in one:
                        found.add((one["source"], below))
                    walk(one, below)

    walk(show(host, words), None)
    return found


def wait_for(what, question, seconds=30):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")
