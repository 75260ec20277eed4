"""Cuts headers into chains, each of which proves that its headers stand alone in one compilation.

Usage: chains.py OUTPUT_DIR INCLUDE_DIR HEADER...     headers relative to INCLUDE_DIR; prints the sources that it wrote
       chains.py --self-test

Where b.hpp includes a.hpp, directly or not, a source of a.hpp and then b.hpp compiles if and only if each of them does
alone: what a.hpp brings, b.hpp brings itself. So a chain takes from one header to another that it includes, always in
front of all code; the first one of a source is the least. A header that no other includes ends a chain. Chains are cut
when CMake configures, as tests/run.sh has it do each time.
"""
import pathlib
import re
import sys

DIRECTIVE = re.compile(r'^\s*#\s*(include\s+"([^"]+)"|if|endif)')


def includes(text):
    """What a header includes whatever is defined."""
    depth = 0
    for line in text.splitlines():
        match = DIRECTIVE.match(line)
        if not match:
            continue
        if match[2] and depth == 0:
            yield match[2]
        depth += {"if": 1, "endif": -1}.get(match[1], 0)


def chains(graph):
    """`graph`: header -> the headers that it includes. Every header is in one chain, the included ones first."""
    reached = {}

    def reach(header):
        if header not in reached:
            reached[header] = set()
            for other in graph[header]:
                reached[header] |= {other} | reach(other)
        return reached[header]

    for header in graph:
        reach(header)
    left = set(graph)
    out = []
    for header in sorted(graph, key=lambda h: (-len(reached[h]), h)):
        if header not in left:
            continue
        chain = [header]
        left.remove(header)
        while below := reached[chain[-1]] & left:
            chain.append(max(below, key=lambda h: (len(reached[h]), h)))
            left.remove(chain[-1])
        out.append(chain[::-1])
    return out


def self_test():
    graph = {"a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": []}
    found = chains(graph)
    assert sorted(sum(found, [])) == sorted(graph), found
    for chain in found:
        for less, more in zip(chain, chain[1:]):
            assert less in graph[more] or any(less in graph[other] for other in graph[more]), found
    assert ["a", "b", "c"] in found and len(found) == 3, found
    text = '#include "a"\n#if X\n#include "b"\n#endif\n#ifdef Y\n#ifndef Z\n#endif\n#include "c"\n#endif\n#include "d"\n'
    assert list(includes(text)) == ["a", "d"], list(includes(text))
    print("chains hold")


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    output, root, headers = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), set(sys.argv[3:])
    graph = {h: [o for o in includes((root / h).read_text()) if o in headers] for h in headers}
    for chain in chains(graph):
        # Twice: it is guarded.
        text = "".join(f'#include "{header}"\n' for header in [*chain, chain[-1]])
        source = output / f"alone_{chain[-1].removeprefix('asterism/').replace('/', '_')}.cpp"
        if not source.is_file() or source.read_text() != text:
            source.write_text(text)
        print(source)


if __name__ == "__main__":
    main()
