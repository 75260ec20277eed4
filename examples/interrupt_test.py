"""Ctrl-C ends the program where nobody is at a terminal: while it waits for a prompt, and while it answers.

Usage: interrupt_test.py PROGRAM LIBEDIT ARGUMENTS...
With arguments it has no --interactive: while it answers alone.
"""
import signal
import subprocess
import sys


def interrupted(arguments, send=b"", answers=1):
    process = subprocess.Popen([sys.argv[1], "--report", *sys.argv[3:], *arguments], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
    process.stdin.write(send)
    output = b""
    while output.count(b"decode") < answers:
        piece = process.stdout.read(1)
        assert piece, output.decode(errors="replace")
        output += piece
    process.send_signal(signal.SIGINT)
    output += process.stdout.read()  # until the program ends; its input stays open
    process.wait(timeout=30)
    text = output.decode(errors="replace")
    assert process.returncode == 130, (process.returncode, text)
    assert "interrupted" in text and "high water" in text, text
    assert "> " not in text, text


if not sys.argv[3:]:
    interrupted(["--interactive", "--max-tokens", "2"], b"The river runs\n")  # waits for the next prompt
interrupted([word for _ in range(2000) for word in ("--prompt", "The river")] + ["--max-tokens", "40"])
