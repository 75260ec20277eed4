"""Writes queries with their kinds, fresh draws of the card game's question generator, to train a classifier on.

Run:  python write_queries.py FILE [--count N] [--seed N]
One object a line, {"query": ..., "label": ...}: the query alone, without the block of facts, which would betray the
kind. The same arguments write the same bytes. Held-out cards, terms, rules and wordings are not among them.
"""

import argparse
import json
import random as _random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "data"))
from saltlantern import questions  # noqa: E402


def draw(random, source):
    """A query of a kind and a type that are as likely as any other, and its kind."""
    kind = random.choice(list(questions.TYPES))
    type_ = random.choice(questions.TYPES[kind])
    return questions.ask(questions.scene_for(random, source, [type_]), type_, random).text, kind


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = questions.Practice()
    with open(arguments.file, "w", encoding="utf-8") as file:
        for index in range(arguments.count):
            query, kind = draw(_random.Random(f"queries/{arguments.seed}/{index}"), source)
            file.write(json.dumps({"query": query, "label": kind}) + "\n")


if __name__ == "__main__":
    main()
