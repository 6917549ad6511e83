# SPDX-License-Identifier: BSD-2-Clause
"""Words on the command line: what is refused, with what status, and what help says."""
from cli import commands, equal, err, help_of, holds, main, options, out, run


def test_nothing_at_all_is_a_usage_error():
    equal(run().returncode, 2)
    equal(run().stdout, b"")
    holds(err(), "Usage: weir COMMAND")


def test_version():
    for flag in ("--version", "-V"):
        equal(run(flag).returncode, 0)
        holds(out(flag), "weir 0.")


def test_unknown_command():
    done = run("adit")
    equal(done.returncode, 2)
    holds(err("decod"), "no command 'decod', did you mean 'decode'?")
    holds(err("xyzzy"), "no command 'xyzzy'; weir help lists them")
    equal(done.stdout, b"")


def test_hostile_words_are_shown_escaped():
    for words in (["\033[2J"], ["decode", "--\033[2J"], ["help", "\033[2J"], ["decode", "/no/\033[2J"],
                  ["decode", "-c", "\x9b1m", "x"]):
        said = run(*words)
        assert said.returncode in (2, 3), words
        assert b"\033" not in said.stderr and b"\x9b" not in said.stderr, said.stderr


def test_every_command_helps():
    for name in commands():
        for words in ([name, "--help"], [name, "-h"], ["help", *name.split()]):
            done = run(*words)
            text = done.stdout.decode()
            equal((done.returncode, done.stderr), (0, b""), words)
            holds(text, f"Usage: weir {name} [options]", words)
            holds(text, "\nExamples:\n", words)
            assert any(line.strip().startswith(("weir " + name, "tcpdump", "echo", "cat", "printf", "git"))
                       for line in text.split("Examples:\n")[1].splitlines()), text


def test_help_fits_a_hundred_columns():
    for name in commands():
        for line in help_of(name).split("\nExamples:")[0].splitlines():
            assert len(line) <= 100, (name, line)


def test_every_command_refuses_an_unknown_option():
    for name in commands():
        done = run(name, "--no-such-option")
        equal((done.returncode, done.stdout), (2, b""), name)
        holds(done.stderr.decode(), f"weir: {name}: unknown option '--no-such-option'", name)
        holds(done.stderr.decode(), f"usage: weir {name} [options]", name)


def test_every_option_with_an_argument_needs_it():
    for name in commands():
        for letter, option, argument in options(name):
            if not argument:
                holds(err(name, f"--{option}=x"), f"--{option} takes no argument", name)
                continue
            done = run(name, f"--{option}")
            equal(done.returncode, 2, (name, option))
            holds(done.stderr.decode(), f"--{option} needs an argument", (name, option))


def test_shared_options_are_taken_by_all():
    for name in commands():
        names = [o[1] for o in options(name)]
        for shared in ("quiet", "verbose", "color", "help"):
            assert shared in names, (name, shared)


def test_missing_operands():
    for name in commands():
        if f"[options] FILE..." in help_of(name):
            equal(run(name).returncode, 2, name)
            holds(err(name), "nothing to work on", name)


def test_help_topics():
    for topic, word in (("points", "membership"), ("protocols", "rasadv"), ("anomalies", "short"),
                        ("flags", "bad-ip-checksum")):
        done = run("help", topic)
        equal(done.returncode, 0, topic)
        assert any(line.split()[:1] == [word] for line in done.stdout.decode().splitlines()), topic
    equal(run("help", "protcols").returncode, 2)
    holds(err("help", "protcols"), "did you mean 'weir help protocols'?")
    equal(run("help", "points", "flags").returncode, 2)


main(globals())
