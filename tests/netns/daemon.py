# SPDX-License-Identifier: BSD-2-Clause
"""weir run in a host of a test's network, and what it counts.  For use after net.enter()."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time

import net
from cli import CALM, WEIR

ENV = {**CALM, "ASAN_OPTIONS": "detect_leaks=0"}
PATIENCE = 20
_begun = []


def until(question, what, seconds=PATIENCE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"waited in vain for: {what() if callable(what) else what}"
        time.sleep(0.05)
    return answer


class Daemon:
    """One configuration in a folder of its own.  `keeps_mounts` leaves the BPF file system where it
    is, which only one host of a test can use."""

    def __init__(self, host, policy, conf, keeps_mounts=False):
        self.host, self.keeps_mounts = host, keeps_mounts
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        self.write("site.weir", policy)
        self.write("weir.conf", f'policy "site.weir"\nstate "state"\ncontrol "control.sock"\n{conf}')
        self.process = self.log = None
        _begun.append(self)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def command(self, *args):
        words = [WEIR, *args] if args[0] == "hits" else [WEIR, *args, "-c", self.path("weir.conf")]
        if self.keeps_mounts:
            return ["nsenter", f"--net=/run/netns/{self.host}", *words]
        return net.at(self.host, *words)

    def weir(self, *args, status=0):
        done = subprocess.run(self.command(*args), capture_output=True, text=True, timeout=60, env=ENV)
        assert status is None or done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def begin(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command("run", "--count-every", "1"), stdout=self.log,
                                        stderr=self.log, env=ENV, stdin=subprocess.DEVNULL)
        return self

    def is_ready(self):
        """Another process may say before that a generation "is in force, but" could not be written."""
        return re.search("is in force(?!, but)", self.said())

    def ready(self):
        until(lambda: self.is_ready() or self.process.poll() is not None, self.said)
        assert self.is_ready(), self.said()
        return self

    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def status(self):
        return json.loads(self.weir("status", "-j"))

    def hits(self):
        """{(boundary, rule): hits}, of the history."""
        rules = json.loads(self.weir("hits", "-j", "--history", self.path("state/history.db")))["rules"]
        return {(r["boundary"], r["rule"]): r["hits"] for r in rules}

    def change(self, before):
        now = self.hits()
        return {key: n - before.get(key, 0) for key, n in now.items() if n != before.get(key, 0)}

    def until_counted(self, before, wanted):
        """Every rule of `wanted` has met exactly so many since `before`."""
        def all_there():
            change = self.change(before)
            return all(change.get(key, 0) >= n for key, n in wanted.items())
        until(all_there, lambda: f"{wanted}\nis {self.change(before)}")
        change = self.change(before)
        for key, n in wanted.items():
            assert change.get(key, 0) == n, f"{key}: is {change.get(key, 0)}, should be {n}"
        return change

    def end(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)


def end_all():
    for daemon in _begun:
        daemon.end(signal.SIGKILL)
