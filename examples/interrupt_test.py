"""Ctrl-C ends the example cleanly: while it waits for a prompt, and while it answers.

Usage: interrupt_test.py PROGRAM
"""
import signal
import subprocess
import sys
import time


def interrupted(arguments, wait_for, send=None):
    process = subprocess.Popen([sys.argv[1], *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, bufsize=0)
    output = b""
    while wait_for not in output:
        piece = process.stdout.read(1)
        assert piece, output.decode(errors="replace")
        output += piece
    if send:
        process.stdin.write(send)
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output += process.stdout.read()  # until the program ends; its input stays open
    process.wait(timeout=30)
    assert process.returncode == 130, (process.returncode, output.decode(errors="replace"))
    assert b"interrupted" in output and b"high water" in output, output.decode(errors="replace")


interrupted(["--interactive"], b"> ")
interrupted(["--interactive", "--max-tokens", "400"], b"> ", b"The river runs\n")
interrupted([word for _ in range(200) for word in ("--prompt", "The river")] + ["--max-tokens", "400"], b"The river")
