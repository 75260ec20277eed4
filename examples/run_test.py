"""Runs a program and checks exit status and output (both streams together), and the file that it should write.

REGEX is looked for in the output as it is and in the output as one line, blanks and line ends being one blank each:
where a message breaks depends on the length of the paths in it.

Usage: run_test.py STATUS REGEX PROGRAM ARGUMENTS...
Among the words after REGEX, for this test alone:
  --writes FILE   the file is removed before, and must hold something afterwards
  --only STREAM   look at stdout or stderr alone
  --narrow        no line has more than 80 columns or ends with a blank
  --full          standard output is a disk that is full
  --closed        standard output is closed
"""
import os
import re
import subprocess
import sys

status, pattern, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]


def taken(flag, values=0):
    if flag not in command:
        return None
    at = command.index(flag)
    found = command[at:at + 1 + values]
    del command[at:at + 1 + values]
    return found[-1]


written, only = taken("--writes", 1), taken("--only", 1)
narrow, full, closed = taken("--narrow"), taken("--full"), taken("--closed")
if written and os.path.exists(written):
    os.remove(written)
result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=open("/dev/full", "w") if full else subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True, errors="replace",
                        preexec_fn=(lambda: os.close(1)) if closed else None)
streams = {"stdout": result.stdout or "", "stderr": result.stderr}
output = streams[only] if only else "".join(streams.values())
one_line = " ".join(output.split()) + "\n"
if result.returncode != status or not any(re.search(pattern, form, re.S) for form in (output, one_line)):
    print(output, f"\nexit status {result.returncode}, expected {status} and /{pattern}/")
    sys.exit(1)
for line in output.splitlines() if narrow else []:
    # Paths can't be broken.
    if line.endswith(" ") or (len(line) > 80 and " " in line.strip() and not line.startswith("Checkpoint ")):
        print(f"{output}\na line is too long, or ends with a blank: {line!r}")
        sys.exit(1)
if written and not (os.path.exists(written) and os.path.getsize(written) > 0):
    print(output, f"\n{written} was not written")
    sys.exit(1)
