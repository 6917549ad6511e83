# SPDX-License-Identifier: BSD-2-Clause
"""Where output goes and input comes from: pipes that close, full disks, terminals, standard
input, files that cannot be read."""
import fcntl
import json
import os
import pty
import pwd
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from cli import CALM, ROOT, WEIR, Skip, a_capture, equal, err, holds, main, out, run

FOLDER = tempfile.TemporaryDirectory()
CAPTURE = os.path.join(FOLDER.name, "one.pcap")
with open(CAPTURE, "wb") as f:
    f.write(a_capture())


def many(n):
    """A capture of n packets."""
    one = a_capture()
    return one[:24] + one[24:] * n


def on_terminal(words, env, columns=None):
    """What weir writes to a terminal, so many columns wide."""
    parent, child = pty.openpty()
    if columns:
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    done = subprocess.Popen([WEIR, *words], stdout=child, stderr=child, stdin=subprocess.DEVNULL,
                            env={**CALM, **env})
    os.close(child)
    text = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
    os.close(parent)
    done.wait()
    return text


def test_standard_input():
    equal(out("decode", "-", stdin=a_capture()), out("decode", CAPTURE))
    line = json.loads(out("decode", "-j", "-", stdin=a_capture()))
    equal((line["file"], line["frame"]), ("-", 1))


def test_audit_reads_standard_input():
    done = run("audit", "-j", "-", stdin=many(7))
    document = json.loads(done.stdout)
    equal((done.returncode, document["inputs"][0]["file"], document["packets"]["total"]), (1, "-", 7))


def test_report_fits_the_terminal():
    """From 60 columns on, and uses them; the flows that must not cross say why on each."""
    for columns in 60, 71, 80, 100, 140:
        for words in ([], ["-v", "-b", "peering"], ["--against", "chown-02"])[:3 if columns in (60, 80) else 1]:
            text = on_terminal(["audit", *words, sys.argv[2]], {"NO_COLOR": "1", "TERM": "xterm"}, columns).decode()
            lines = text.replace("\r", "").splitlines()
            equal([line for line in lines if len(line) > columns], [], f"{columns} columns, {words}")
            # the bar of progress is no line of the report
            assert max(len(line) for line in lines) > columns - 15, max(len(line) for line in lines)
            holds(text, "RULES HIT")
            found = re.search(r"^MUST NOT CROSS.*?\n\r?\n", text.replace("\r", ""), flags=re.M | re.S)[0]
            assert len(re.findall(r" (?:\d+|-) (?:local-scope|no-msdp)", found)) >= 2, found


def test_reasons_fit_the_terminal():
    for words in (["192.168.4.11", "224.2.127.254"], ["-v", "2001:db8::1", "ff3e:30:2001:db8::1"]):
        text = on_terminal(["explain", *words], {"NO_COLOR": "1", "TERM": "xterm"}, 80).decode()
        equal([line for line in text.replace("\r", "").splitlines() if len(line) > 80], [], words)
        holds(" ".join(text.split()), "never a legitimate interdomain source")


def test_reader_that_leaves_is_no_error():
    for words in (["decode", "-"], ["decode", "-j", "-x", "-"], ["policy", "modern"], ["help", "flags"]):
        weir = subprocess.Popen([WEIR, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=CALM)
        head = subprocess.Popen(["head", "-n", "1"], stdin=weir.stdout, stdout=subprocess.PIPE)
        weir.stdout.close()
        try:
            weir.stdin.write(many(20000 if words[0] == "decode" else 0))
            weir.stdin.close()
        except BrokenPipeError:
            pass
        equal(len(head.communicate()[0].splitlines()), 1)
        said = weir.stderr.read()
        equal((weir.wait(), said), (0, b""), words)


def test_full_disk_is_an_error():
    with open("/dev/full", "wb") as full:
        for words in (["decode", CAPTURE], ["audit", CAPTURE], ["audit", "-j", CAPTURE], ["policy"],
                      ["explain", "192.0.2.7", "239.255.2.2"], ["help"], ["--version"]):
            done = subprocess.run([WEIR, *words], stdout=full, stderr=subprocess.PIPE, env=CALM)
            equal(done.returncode, 3, words)
            holds(done.stderr.decode(), "cannot write the output", words)


def test_no_command_colours_a_pipe():
    for words in (["audit", CAPTURE], ["explain", "192.0.2.7", "239.255.2.2"], ["policy"], ["help"]):
        assert b"\033" not in run(*words).stdout, words
        assert b"\033" not in on_terminal(words, {"TERM": "xterm", "NO_COLOR": "1"}), words
    for words in (["audit", CAPTURE], ["help"]):
        assert b"\033[" in on_terminal(words, {"TERM": "xterm"}), words


def test_colour():
    plain = run("decode", CAPTURE).stdout
    assert b"\033" not in plain
    assert b"\033[" in run("decode", "--color=always", CAPTURE).stdout
    assert b"\033[" in run("decode", "--color=always", CAPTURE, env={"NO_COLOR": "1"}).stdout
    assert b"\033[" in on_terminal(["decode", CAPTURE], {"TERM": "xterm"})
    assert b"\033[" in on_terminal(["decode", CAPTURE], {"TERM": "xterm", "NO_COLOR": ""})
    for env in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert b"\033[" not in on_terminal(["decode", CAPTURE], env), env
    assert b"\033[" not in on_terminal(["decode", "--color=never", CAPTURE], {"TERM": "xterm"})


def test_files_that_cannot_be_read():
    for command in ("decode", "audit"):
        done = run(command, "/no/such/file.pcap")
        equal((done.returncode, done.stdout), (3, b""), command)
        holds(done.stderr.decode(), "No such file or directory", command)
        holds(err(command, FOLDER.name), "weir: ", command)
        equal(run(command, FOLDER.name).returncode, 3, command)
        equal(run(command, os.path.join(ROOT, "LICENSE")).returncode, 3, command)
        equal(run(command, CAPTURE, "/no/such/file.pcap").returncode, 3, command)


def test_truncated_file_speaks_and_fails():
    for command in ("decode", "audit"):
        done = run(command, "-", stdin=many(2)[:-1])
        equal(done.returncode, 3, command)
        holds(done.stdout.decode(), "thepcsname", command)
        holds((done.stdout + done.stderr).decode(), "offset", command)


def test_nobody_may_run_it():
    if os.getuid() != 0:
        raise Skip("only root can become somebody else")
    nobody = pwd.getpwnam("nobody")

    def become():
        os.setgid(nobody.pw_gid)
        os.setgroups([])
        os.setuid(nobody.pw_uid)

    program = os.path.join(FOLDER.name, "weir")  # a build folder may be closed to others
    with open(WEIR, "rb") as src, open(program, "wb") as dst:
        dst.write(src.read())
    os.chmod(program, 0o755)
    os.chmod(FOLDER.name, 0o711)
    secret = os.path.join(FOLDER.name, "secret.pcap")
    with open(secret, "wb") as f:
        f.write(a_capture())
    os.chmod(secret, 0o600)
    done = subprocess.run([program, "decode", "-"], input=a_capture(), capture_output=True, env=CALM,
                          preexec_fn=become, cwd="/")
    equal((done.returncode, done.stderr), (0, b""))
    holds(done.stdout.decode(), "thepcsname")
    done = subprocess.run([program, "decode", secret], capture_output=True, env=CALM, preexec_fn=become,
                          cwd="/")
    equal(done.returncode, 3)
    holds(done.stderr.decode(), "Permission denied")


def test_interrupt_ends_quietly():
    for command in ("decode", "audit"):
        weir = subprocess.Popen([WEIR, command, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=CALM)
        weir.stdin.write(a_capture())
        weir.stdin.flush()
        time.sleep(0.5)
        weir.send_signal(signal.SIGINT)  # it waits for more, and ends with what it has
        shown, said = weir.stdout.read().decode(), weir.stderr.read().decode()
        weir.stdin.close()
        equal((weir.wait(), said), (0 if command == "decode" else 1, ""), command)
        holds(shown, "thepcsname", command)


def test_a_live_pipe_is_not_kept_waiting():
    weir = subprocess.Popen([WEIR, "decode", "-j", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=CALM)
    weir.stdin.write(a_capture())
    weir.stdin.flush()
    ready, _, _ = select.select([weir.stdout], [], [], 20)
    assert ready, "nothing came"
    holds(weir.stdout.readline().decode(), "thepcsname")
    weir.stdin.close()
    equal((weir.wait(), weir.stderr.read()), (0, b""))


def test_several_files_are_one_timeline():
    later = bytearray(a_capture())
    later[24:28] = (1795266001).to_bytes(4, "little")
    path = os.path.join(FOLDER.name, "later.pcap")
    with open(path, "wb") as f:
        f.write(later)
    lines = [json.loads(l) for l in out("decode", "-j", path, CAPTURE, path).splitlines()]
    equal([os.path.basename(l["file"]) for l in lines],
          ["one.pcap", "later.pcap", "later.pcap"])


def test_count_since_until_filter():
    equal(len(out("decode", "-j", "-c", "3", "-", stdin=many(9)).splitlines()), 3)
    equal(out("decode", "-j", "--since", "2026-11-21 13:00:01", CAPTURE), "")
    equal(out("decode", "-j", "--until", "@1795266000", CAPTURE), "")
    assert out("decode", "-j", "--since", "@1795266000.123456", "--until", "@1795266000.2", CAPTURE)
    assert out("decode", "-j", "-f", "udp port 9753", CAPTURE)
    equal(out("decode", "-j", "-f", "udp port 9754", CAPTURE), "")
    bad = run("decode", "-f", "udp prt 9753", CAPTURE)
    assert bad.returncode in (2, 3) and bad.stderr, bad


def test_quiet_says_nothing():
    done = run("decode", "-q", CAPTURE)
    equal((done.returncode, done.stdout, done.stderr), (0, b"", b""))


main(globals())
