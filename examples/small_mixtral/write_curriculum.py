"""Writes what the small Mixtral is trained on as examples for other trainers, such as examples/train: JSON Lines of
token ids, and of the places whose next token counts.

Run:  python write_curriculum.py TOKENIZER_FOLDER FOLDER [--tokens N] [--seed N]
Writes FOLDER/train.jsonl, the examples of train.py with the same arguments in the order of its steps, 16 a step; and
held_out_cards.jsonl and held_out_phrasings.jsonl, the questions of these splits. Prints the steps, and how many tokens
the longest example has. 34 million tokens take 200 MB.
"""

import argparse
import json
from pathlib import Path

import train
from tokenizers import Tokenizer

QUESTIONS = Path(__file__).resolve().parent.parent / "data" / "questions"


def curriculum(examples, tokens):
    """The steps of train.py, each a list of examples."""
    seen = pool = 0
    while seen < tokens:
        stage = train.stage_of(seen, tokens)
        for group in train.groups(examples.pool(pool * train.POOL * train.BATCH, train.POOL * train.BATCH, stage)):
            seen += sum(len(ids) for ids, _ in group)
            yield group
        pool += 1


def held_out(examples, split):
    """The questions of a split, each with its block as one example."""
    with open(QUESTIONS / f"{split}.jsonl", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return examples.encoded([[(f"<s>{row['prompt']}", False), (f" {row['answer']}</s>", True)] for row in rows])


def write(path, examples):
    """Returns how many there were, and the length of the longest."""
    count = longest = 0
    with open(path, "w", encoding="utf-8") as file:
        for ids, counts in examples:
            file.write(json.dumps({"ids": ids, "counts": counts}, separators=(",", ":")) + "\n")
            count, longest = count + 1, max(longest, len(ids))
    return count, longest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=float, default=34e6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    examples = train.Examples(Tokenizer.from_file(str(arguments.tokenizer / "tokenizer.json")), arguments.seed)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for split in "held_out_cards", "held_out_phrasings":
        write(arguments.folder / f"{split}.jsonl", held_out(examples, split))
    steps = curriculum(examples, arguments.tokens)
    count, longest = write(arguments.folder / "train.jsonl", (example for step in steps for example in step))
    print(json.dumps({"steps": count // train.BATCH, "longest": longest}))


if __name__ == "__main__":
    main()
