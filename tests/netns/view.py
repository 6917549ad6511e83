# SPDX-License-Identifier: BSD-2-Clause
"""The full-screen view of weir watch as a person has it: in a terminal (tmux), with keys, while packets
come; and what becomes of the terminal when it is resized, stopped, interrupted or closed.

view.py WEIR -- needs root (for the namespace) and tmux, and skips without."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

import net

net.enter()

from cli import WEIR, equal, holds  # noqa: E402

if not shutil.which("tmux"):
    net.skip_all("tmux is not installed")

PATIENCE = 20
FOLDER = tempfile.mkdtemp(prefix="weir-view-")
# the leak checker traces its own process, which the sandbox forbids
CALM = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TMUX", "TERM", "LC_CTYPE", "LANG")}
CALM.update(TZ="UTC", LC_ALL="C.UTF-8", ASAN_OPTIONS="detect_leaks=0", TMUX_TMPDIR=FOLDER,
            PS1="ready$ ", TERM="xterm-256color")
HOSTILE = b"\x1b]52;c;cm0=\x07\x9b31m\x1b[2J"


def tmux(*words, check=True):
    return subprocess.run(["tmux", "-u", "-f", "/dev/null", *words], check=check, env=CALM, timeout=PATIENCE,
                          capture_output=True, text=True).stdout


class Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, name, columns=80, rows=24, **env):
        self.name, self.raw = name, f"{FOLDER}/{name}.raw"
        tmux("new-session", "-d", "-s", name, "-x", str(columns), "-y", str(rows),
             *(f"-e{k}={v}" for k, v in env.items()), "bash", "--norc", "--noprofile")
        tmux("pipe-pane", "-t", name, f"cat > {self.raw}")
        self.until("ready$")

    def keys(self, *keys):
        tmux("send-keys", "-t", self.name, *keys)

    def line(self, text):
        tmux("send-keys", "-t", self.name, "-l", text)
        self.keys("Enter")

    def screen(self, *more):
        return tmux("capture-pane", "-p", "-t", self.name, *more)

    def until(self, question, *more):
        """The screen, once it holds words, matches a pattern or satisfies a question."""
        ask = question.search if isinstance(question, re.Pattern) else question
        end = time.monotonic() + PATIENCE
        while True:
            screen = self.screen(*more)
            if ask(screen) if callable(ask) else ask in screen:
                return screen
            assert time.monotonic() < end, f"no {question!r} in:\n{screen}"
            time.sleep(0.04)

    def shows(self, pattern, *more):
        """The screen, once it shows what the pattern describes: a tab may be drawn before all of it came."""
        return self.until(re.compile(pattern), *more)

    def watch(self, *options, first="[1 Rules]"):
        self.line(" ".join(["clear;", WEIR, "watch", *options, "vb; echo status $?."]))
        return self.until(first)

    def pid(self):
        """Of the weir that runs there; None where none does."""
        shell = tmux("display-message", "-p", "-t", self.name, "#{pane_pid}").strip()
        found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", shell], capture_output=True, text=True).stdout
        pids = [int(line.split()[0]) for line in found.splitlines() if " watch " in line]
        return pids[0] if pids else None


def udp(source, group, payload=b"", port=5000, ttl=8):
    head = bytes.fromhex("01005e" + bytes(map(int, group.split(".")[1:])).hex().replace("ff", "7f", 1)) + \
        bytes.fromhex("0200000000010800")
    ip = bytearray(bytes.fromhex("4500000000010000") + bytes([ttl, 17, 0, 0]) +
                   socket.inet_aton(source) + socket.inet_aton(group))
    ip[2:4] = (28 + len(payload)).to_bytes(2, "big")
    total = sum(int.from_bytes(ip[i:i + 2], "big") for i in range(0, 20, 2))
    ip[10:12] = (0xffff - (total % 0xffff)).to_bytes(2, "big")
    return head + ip + (1026).to_bytes(2, "big") + port.to_bytes(2, "big") + \
        (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload


def udp6(source, group, ttl=60):
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, group)
    body = bytes.fromhex("0402" "1388" "000c" "0000") + b"data"
    total = sum(int.from_bytes((addresses + body)[i:i + 2], "big") for i in range(0, 44, 2)) + len(body) + 17
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    body = body[:6] + (0xffff - total).to_bytes(2, "big") + body[8:]
    return b"\x33\x33" + addresses[-4:] + bytes.fromhex("02000000000386dd60000000") + \
        len(body).to_bytes(2, "big") + bytes([17, ttl]) + addresses + body


SENDER = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


def send(*frames):
    for frame in frames:
        SENDER.send(frame)


def send_border():
    send(*[udp("198.51.10.7", "232.1.1.7")] * 30, *[udp6("2a10:77::20", "ff3e::8000:1001")] * 20, *[udp("192.105.90.14", "239.255.255.250", port=1900)] * 5,
         *[udp("10.20.3.9", "233.252.0.14")] * 2,
         udp("192.105.90.102", "239.255.2.2", b"Hostname=thepcsname\n\0", 9753, 15),
         udp("192.105.90.103", "239.255.2.2", b"Hostname=" + HOSTILE + b"\n\0", 9753, 15),
         bytes.fromhex("01005e010107020000000002" "0800" "46c00020000100000102" "0000" "c0695a1f" "e8010107"
                       "94040000" "1600" "00f7" "e8010107"))


def send_until(terminal, part):
    """It may take its time to begin."""
    def asked(screen):
        send(*[udp("192.105.90.14", "239.255.255.250")] * 3)
        return part in screen

    terminal.until(asked)


if net.is_part():
    net.add_cable((None, "va", None), (None, "vb", None))
    for end in ("va", "vb"):
        with open(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "w", encoding="ascii") as f:
            f.write("1")
    SENDER.bind(("va", 0))
    T = Terminal("main")


def test_tabs():
    T.watch()
    send_border()
    T.shows(r"weir watch  vb .*\d\d:\d\d:\d\d  [\d,]+ pkt/s  [▁-█]{8}  0 lost")
    T.shows(r"bogon-source +deny +2 ")
    T.shows(r"local-scope +deny .*now +[▁-█]{8}")
    T.keys("/")
    T.keys("-l", "rule:ssm verdict:permit")
    T.keys("Enter")
    T.shows(r"\n ssm +permit +\S+ +50 [^$]*1-1 of 1")       # both families, still going on
    T.keys("Escape", "2")
    T.shows(r"\[2 Flows\][^$]*192\.105\.90\.14 +239\.255\.255\.250 data +deny +local-scope")
    T.keys("3")
    T.shows(r"\[3 Members\][^$]*232\.1\.1\.7 +\* +192\.105\.90\.31 +membership member")
    T.keys("Tab")
    T.shows(r"\[4 RAS\][^$]*192\.105\.90\.102 +thepcsname .*no list")
    T.until("\\x1b]52;c;cm0=")
    T.keys("6")
    T.until("[6 Odd]")


def test_filter_while_typing():
    T.keys("2", "/")
    for text, rows in (("g", 1), ("roup:239", 1), (".255.255", 1)):
        T.keys("-l", text)
    T.until(lambda s: "/group:239.255.255_" in s and "192.105.90.14" in s and "10.20.3.9" not in s)
    T.keys("Enter")
    T.shows(r"/group:239\.255\.255[^$]*1-1 of 1|1-1 of 1[^$]*/group:239\.255\.255")
    T.keys("/", "C-u")
    T.keys("-l", "rule:bogon")
    T.keys("Enter")
    T.until(lambda s: "/rule:bogon\n" in s and "10.20.3.9" in s and "192.105.90.14" not in s)
    T.keys("Escape")
    T.until(lambda s: "192.105.90.14" in s and "10.20.3.9" in s)


def test_sorting():
    def sources(screen):
        found = [line.split()[0] for line in screen.splitlines()[3:-1] if line.strip()]
        return [a for a in found if a != "*" and ":" not in a]

    T.keys("Home", "S", "S", "S", "S", "S")      # from PKT/s back to SOURCE
    T.until(lambda s: "SOURCE▲" in s and len(sources(s)) > 2 and sources(s) == sorted(sources(s), key=socket.inet_aton))
    T.keys("r")
    T.until(lambda s: "SOURCE▼" in s and sources(s)[:1] == ["198.51.10.7"])
    T.keys("r", "s", "s", "s", "s", "s")
    T.until("PKT/s▼")


def test_detail_explains():
    T.keys("/")
    T.keys("-l", "10.20.3.9")
    T.keys("Enter", "Enter")
    T.shows(r"rule +bogon-source\n written in +modern, line \d+\n asks for +from .*\n")
    T.shows(r"reference +\S")
    T.shows(r"\n   data +deny +bogon-source")
    T.keys("Enter", "Escape")
    T.until("1-7 of 7")


def test_pause():
    T.keys("p")
    T.until("PAUSED")
    send(udp("192.105.90.77", "239.1.1.1"))
    time.sleep(1.3)
    assert "192.105.90.77" not in T.screen()
    T.keys("p")
    T.until("192.105.90.77")


def test_help():
    T.keys("?")
    holds(T.until("A filter is words"), "the last screen stays in the scrollback")
    T.keys("x")
    T.until("[2 Flows]")
    T.until("198.51.10.7")


def test_resize():
    tmux("resize-window", "-t", "main", "-x", "140", "-y", "40")
    T.until(lambda s: re.search(r"BYTES +TTL LAST +LAST MIN", s) and "q: quit" in "".join(s.splitlines()[39:40]))
    tmux("resize-window", "-t", "main", "-x", "40", "-y", "8")
    T.until(lambda s: len(s.splitlines()) == 8 and "enter: expl" in s.splitlines()[7])
    tmux("resize-window", "-t", "main", "-x", "18", "-y", "3")
    T.until("24x5 at least")
    tmux("resize-window", "-t", "main", "-x", "80", "-y", "24")
    T.until(lambda s: "198.51.10.7" in s and "enter: explain  s: sort  p: pause" in s)


def test_stopped_and_continued():
    T.keys("C-z")
    screen = T.until("Stopped")
    assert "pkt/s" not in screen, screen
    T.line("stty -a | tr ' ' '\\n' | grep -xE -- '-?(echo|icanon)' | xargs")
    T.until("\nicanon echo")
    send(udp("192.105.90.78", "239.1.1.2"))
    T.line("fg; echo status $?.")
    holds(T.until("192.105.90.78"), "[2 Flows]")


def test_quit_keeps_the_last_screen():
    T.keys("q")
    screen = T.until("status 1.", "-S", "-50")
    holds(screen, "[2 Flows]")
    holds(screen, "10.20.3.9")
    assert "q: quit" not in screen, "the foot is of no use any more"
    assert T.pid() is None
    T.line("stty -a | grep -q ' -echo ' && echo broken || echo whole")
    T.until("\nwhole")
    with open(T.raw, "rb") as f:
        raw = f.read()
    assert b"\x1b]52" not in raw and b"cm0=\x07" not in raw and b"\x9b31m" not in raw
    holds(raw.decode(errors="replace"), "\x1b[31m")                # it is coloured


def test_interrupted_after_a_duration():
    """With --duration the report follows; an interrupt ends it early."""
    T.watch("--duration", "1h")
    T.keys("C-c")
    screen = T.until("status 0.", "-S", "-80")
    holds(screen, "[1 Rules]")
    holds(screen, "There is no packet, so nothing could be judged.")
    T.watch("--duration", "1")
    T.until("There is no packet", "-S", "-80")


def test_no_view():
    for i, (words, part) in enumerate((("-j", '"verdict"'), ("--lines", "new flow"),
                                       ("--lines --color=never", "new flow"))):
        # what it says at its end does not stand in the line that begins it
        T.line(f"clear; {WEIR} watch {words} --count 2 vb; echo 'en'ded {i}.")
        send_until(T, f"ended {i}.")
        holds(T.screen(), part)
        assert "pkt/s" not in T.screen()
    T.line(f"clear; {WEIR} watch --duration 1 vb < /dev/null | tail -3; echo over.")
    holds(T.until("\nover."), "There is no packet")


def test_plain_terminals():
    """No colours, no UTF-8, no terminal that can be drawn on."""
    plain = Terminal("plain", NO_COLOR="1", LC_ALL="C")
    plain.watch()
    send_border()
    screen = plain.shows(r"bogon-source +deny +2 .* now +[_.=+*%#-]{8}")
    assert screen.isascii(), screen
    plain.keys("q")
    plain.until("status 1.")
    with open(plain.raw, "rb") as f:
        assert not re.search(rb"\x1b\[(?:\d+;)*3[0-7]m", f.read()), "NO_COLOR is set"
    plain.line(f"clear; TERM=dumb {WEIR} watch --count 1 vb")
    send_until(plain, "first hit")
    holds(plain.screen(), "printing lines")


def gone(pid):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                if f.read().rsplit(") ", 1)[1][0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_a_closed_terminal():
    """By the hangup signal, and where that is ignored by what the terminal itself says."""
    for name, before in (("hangup", ""), ("deaf", "trap '' HUP; ")):
        t = Terminal(name)
        t.line(f"{before}{WEIR} watch vb 2> {FOLDER}/{name}.err")
        t.until("[1 Rules]")
        pid = t.pid()
        assert pid, t.screen()
        tmux("kill-session", "-t", name)
        assert gone(pid), f"{name}: it goes on without a terminal"
        with open(f"{FOLDER}/{name}.err", encoding="utf-8") as f:
            equal(f.read(), "", name)


try:
    net.main_apart(globals(),
                   ["test_tabs", "test_filter_while_typing", "test_sorting", "test_detail_explains", "test_pause",
                    "test_help", "test_resize", "test_stopped_and_continued", "test_quit_keeps_the_last_screen"])
finally:
    tmux("kill-server", check=False)
    shutil.rmtree(FOLDER, ignore_errors=True)
