"""An interrupted `evaluate` keeps what is finished and goes on from it; other questions are refused.

Usage: resume_test.py PROGRAM FOLDER
"""
import json
import os
import re
import signal
import subprocess
import sys
import time

program, folder = sys.argv[1:]
written = os.path.join(folder, "evaluate_resume.json")
options = ["--variants", "float32,bfloat16,float16", "--threads", "1"]


def names():
    with open(written) as file:
        return [variant["variant"] for variant in json.load(file)["variants"]]


def asked(output):
    """The variants of which progress tells that they were asked."""
    return re.findall(r"^(\S+): \d+ of \d+ answered right, perplexity", output, re.M)


def run(*arguments):
    done = subprocess.run([program, *options, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


if os.path.exists(written):
    os.remove(written)
process = subprocess.Popen([program, *options, "--limit", "20", "--json", written], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
while process.poll() is None and not os.path.exists(written):
    time.sleep(0.01)
process.send_signal(signal.SIGINT)
output = process.communicate(timeout=60)[0]
assert process.returncode == 130, (process.returncode, output)
flat = " ".join(output.split())  # a path may stand on a line of its own
for part in ("held_out_cards: exact match", "of 3 variants were finished", f"--resume {written} goes on", "interrupted",
             "about", "left"):
    assert part in flat, (part, output)
finished = names()
assert 0 < len(finished) < 3, finished
assert asked(output) == finished, output

status, output = run("--limit", "20", "--resume", written, "--baseline", "float16")
assert status == 0, output
assert "Against float16" in output, output
assert asked(output) == ["float32", "bfloat16", "float16"][len(finished):], output
assert names() == ["float32", "bfloat16", "float16"], names()
with open(written) as file:
    conditions = json.load(file)["variants"][0]["conditions"]
for member in ("processor", "instruction_set", "version", "date", "threads"):
    assert conditions[member], (member, conditions)

status, output = run("--limit", "19", "--resume", written)
assert status == 1 and "was asked other questions" in " ".join(output.split()), output
status, output = run("--limit", "20", "--resume", written, "--context", "256")
assert status == 1 and "in a context of 1024, not 256" in " ".join(output.split()), output
