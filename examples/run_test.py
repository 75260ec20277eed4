"""Runs a program and checks exit status and output (both streams together).

Usage: run_test.py STATUS REGEX PROGRAM ARGUMENTS...
"""
import re
import subprocess
import sys

status, pattern, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
output = result.stdout + result.stderr
if result.returncode != status or not re.search(pattern, output, re.S):
    print(output, f"\nexit status {result.returncode}, expected {status} and /{pattern}/")
    sys.exit(1)
