"""Writes one source for several tests of a room, so that what they share is compiled once.

Run:  python3 tests/together.py OUTPUT TEST...      (paths; the tests' folder is the parent of their room's)

Their includes come first, then each test in a namespace of its own, with the lines of its own file in messages. A test
that defines macros, asks for them, replaces `operator new`, reopens the library's namespaces or says "stands alone"
does: `--alone TEST...` prints those.
"""

import re
import sys
from pathlib import Path

alone = re.compile(r"^\s*#\s*(?!include\b)|\boperator new\b|^namespace asterism|^template <>|stands alone", re.MULTILINE)
include = re.compile(r'^\s*#\s*include\s+("([^"]+)"|<[^>]+>)')


def stands_alone(test):
    return alone.search(test.read_text()) is not None


def include_line(match, test):
    """As seen from the folder of all tests."""
    beside = match[2] and (test.parent / match[2]).is_file()
    return f'#include "{test.parent.name}/{match[2]}"' if beside else f"#include {match[1]}"


def together(tests):
    includes, bodies = {}, []
    for test in tests:
        body = []
        for number, line in enumerate(test.read_text().splitlines(), 1):
            match = include.match(line)
            if match:
                includes[include_line(match, test)] = None
                line = ""
            if not body and line:
                body.append(f'#line {number} "tests/{test.parent.name}/{test.name}"')
            if body:
                body.append(line)
        bodies.append("\n".join([f"namespace of_{test.stem} {{", *body, f"}}  // namespace of_{test.stem}"]))
    return "\n".join([*includes, "", *bodies, ""])


if __name__ == "__main__":
    if sys.argv[1] == "--alone":
        print(";".join(test for test in sys.argv[2:] if stands_alone(Path(test))), end="")
    else:
        Path(sys.argv[1]).write_text(together([Path(test) for test in sys.argv[2:]]))
