"""Every CMake and shell block of docs/packaging.md stands in a file of tests/consume, line after line.

Usage: document.py SOURCE_DIR
"""
import pathlib
import re
import sys


def lines(text):
    """Lines that say something, without indentation, blanks at the end, comments and what continues a line."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    kept = [line.strip() for line in joined.splitlines()]
    return [line for line in kept if line and not line.startswith("#")]


def main():
    source = pathlib.Path(sys.argv[1])
    files = [file for file in (source / "tests" / "consume").rglob("*") if file.suffix in (".txt", ".sh", ".py")]
    texts = ["\n" + "\n".join(lines(file.read_text())) + "\n" for file in files]
    blocks = re.findall(r"^```(?:cmake|sh|python)\n(.*?)^```", (source / "docs" / "packaging.md").read_text(),
                        re.S | re.M)
    failed = [block for block in blocks if not any("\n" + "\n".join(lines(block)) in text for text in texts)]
    for block in failed:
        print(f"docs/packaging.md: no test runs this:\n{block}")
    print(f"{len(blocks)} blocks, {len(failed)} failed")
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
