"""Holds the width of lines: at most 120 columns (code points) of source, 125 of pages, no blanks or tabs at their end.

Usage: columns.py SOURCE_DIR     exits 1 and names every line that breaks a rule
       columns.py --self-test    proves that the rules find planted mistakes

What can't be broken counts less: a line is measured without its longest string literal and without addresses of web
pages, and text of several lines inside one literal, such as a model card or a tokenizer.json, is not measured (a
docstring is). Of pages, tables, blocks of code and the targets of links are not measured, nor are model cards, which a
script writes.
"""
import ast
import pathlib
import re
import sys

WIDEST = 120
WIDEST_OF_PAGE = 125
FOLDERS = ("include", "examples", "tests", "benchmarks", "cmake", "docs")
SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh", ".py", ".sh", ".cmake", ".md"}
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
ADDRESS = re.compile(r"https?://\S+")
LINK_TARGET = re.compile(r"(?<=\])\([^()\s]*\)")
RAW_LITERAL = re.compile(r'R"([^()\s\\]{0,16})\(.*?\)\1"', re.S)
# The regular expression behind the mark is one line, as tests/compile_fail reads it.
EXPECTED = re.compile(r"^// expected: ")


def is_source(path):
    return path.suffix in SUFFIXES or path.name == "CMakeLists.txt"


def python_strings(text):
    """The numbers of lines that lie in docstrings, and of those in other literals of several lines."""
    docstrings, literals = set(), set()
    tree = ast.parse(text)
    first = {id(node.body[0].value) for node in ast.walk(tree)
             if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
             and node.body and isinstance(node.body[0], ast.Expr)}
    lines = text.split("\n")
    for node in ast.walk(tree):
        if id(node) in first:
            docstrings.update(range(node.lineno, node.end_lineno + 1))
        elif isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno > node.lineno:
            if '"""' in lines[node.lineno - 1]:
                literals.update(range(node.lineno, node.end_lineno + 1))
    return docstrings, literals


def raw_literals(text):
    """The numbers of lines that lie in raw literals of several lines."""
    found = set()
    for literal in RAW_LITERAL.finditer(text):
        first = text.count("\n", 0, literal.start()) + 1
        last = first + literal.group().count("\n")
        if last > first:
            found.update(range(first, last + 1))
    return found


def code_and_tables(lines):
    """The numbers of a page's lines that lie in blocks of code, fenced or indented after a blank line, or in tables."""
    found, fenced, indented, last = set(), False, False, ""
    for number, line in lines:
        fence = line.startswith("```")
        indented = line.startswith("    ") and (indented or not last.strip())
        if fenced or fence or indented or line.startswith("|"):
            found.add(number)
        fenced, last = fenced != fence, line
    return found


def wide_of_page(name, lines):
    if lines[0][1] == "---":
        return
    apart = code_and_tables(lines)
    for number, line in lines:
        measured = len(LINK_TARGET.sub("", ADDRESS.sub("", line)))
        if number not in apart and measured > WIDEST_OF_PAGE:
            yield f"{name}:{number}: {measured} columns, {WIDEST_OF_PAGE} are allowed"


def width(line, is_prose):
    line = ADDRESS.sub("", line)
    if is_prose or line.lstrip().startswith(("//", "#")):
        return len(line)
    literals = [match.group() for pattern in (RAW_LITERAL, LITERAL) for match in pattern.finditer(line)]
    return len(line) - max((len(literal) - len('""') for literal in literals), default=0)


def complaints_about(name, text):
    lines = list(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if line != line.rstrip():
            yield f"{name}:{number}: ends with blanks"
    if name.endswith(".md"):
        yield from wide_of_page(name, lines)
        return
    wide = [(number, line) for number, line in lines if len(line) > WIDEST and not EXPECTED.match(line)]
    if not wide:
        return
    prose, literals = python_strings(text) if name.endswith(".py") else (set(), raw_literals(text))
    for number, line in wide:
        if number not in literals and width(line, number in prose) > WIDEST:
            yield f"{name}:{number}: {len(line)} columns, {WIDEST} are allowed"


def self_test():
    long = "x" * (WIDEST + 1)
    words = " ".join(["word"] * 25)
    page = " ".join(["word"] * 26)
    for name, text in (
        ("a.hpp", f"// {long}\n"),
        ("a.hpp", "int i;\n\nint j; \n"),
        ("a.py", "pass\t\n"),
        ("a.py", f'"""Says.\n\n{words}\n"""\n'),
        ("a.cpp", f'f("{words}", {long});\n'),
        ("CMakeLists.txt", f"# {long}\n"),
        ("a.hpp", f"// It doesn't fit and can't be measured: {words}\n"),
        ("a.py", f'def f():\n    """Doesn\'t fit, can\'t fit: {words}."""\n'),
        ("a.md", f"# A page\n\n{page}\n"),
        ("a.md", f"- an item\n    {page}\n"),
        ("a.md", f"```cpp\nint i;\n```\n{page}\n"),
        ("a.md", "A page \n"),
    ):
        assert list(complaints_about(name, text)), f"the mistake in {text!r} is not found"
    for name, text in (
        ("a.hpp", "x" * WIDEST + "\n"),
        ("a.hpp", "é" * WIDEST + "\n"),
        ("a.cpp", f'const char* text = "{long}";\n'),
        ("a.cpp", f'f(R"({{"a": 1,\n{long}\n}})");\n'),
        ("a.cpp", f'f(R"([{{"a": "{words}"}}])");\n'),
        ("a.py", f'CARD = """\n{long}\n"""\n'),
        ("a.py", f"# https://example.org/{long}\n"),
        ("a.cpp", f"// expected: {long}\n"),
        ("a.md", "x" * WIDEST_OF_PAGE + "\n"),
        ("a.md", f"| {page} |\n\n    {page}\n    {page}\n\n```text\n{page}\n```\n"),
        ("a.md", f"[A link]({long}) and https://example.org/{long}\n"),
        ("README.md", f"---\nlicense: apache-2.0\n---\n{page}\n"),
    ):
        found = list(complaints_about(name, text))
        assert not found, found


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    source = pathlib.Path(sys.argv[1])
    paths = [path for folder in FOLDERS for path in sorted((source / folder).rglob("*"))]
    paths += sorted(source.glob("*"))
    messages = [message for path in paths if path.is_file() and is_source(path)
                for message in complaints_about(path.relative_to(source).as_posix(), path.read_text(encoding="utf-8"))]
    print("\n".join(messages) or "all lines keep to their columns")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
