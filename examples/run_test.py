"""Runs a program and checks exit status and output (both streams together), and the file that it should write.

Usage: run_test.py STATUS REGEX [--writes FILE] PROGRAM ARGUMENTS...
A file that is to be written is removed before, and must hold something afterwards.
"""
import os
import re
import subprocess
import sys

status, pattern, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
written = None
if command[0] == "--writes":
    written, command = command[1], command[2:]
    if os.path.exists(written):
        os.remove(written)
result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
output = result.stdout + result.stderr
if result.returncode != status or not re.search(pattern, output, re.S):
    print(output, f"\nexit status {result.returncode}, expected {status} and /{pattern}/")
    sys.exit(1)
if written and not (os.path.exists(written) and os.path.getsize(written) > 0):
    print(output, f"\n{written} was not written")
    sys.exit(1)
