"""What PyTorch answers to the question files, greedily and in float32, and what guessing would reach.

Run:  python score.py CHECKPOINT_FOLDER [--questions FOLDER] [--answers FILE.jsonl] [--json FILE.json]
Scores: `model`, the whole prompt; `no_block`, the block emptied; `first_in_block`, the first value of the answer's sort
in the block; `most_frequent`, the training questions' most frequent answer of the type.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import MixtralForCausalLM

SPLITS = ("training", "held_out_phrasings", "held_out_cards", "new_words")
MOST_TOKENS = 32
END = 2  # </s>
BATCH = 40


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@torch.inference_mode()
def greedy(model, tokenizer, prompts):
    """Token ids of the answers, end token included. Prompts of one length go together, so that nothing is padded."""
    encoded = [tokenizer.encode(prompt).ids for prompt in prompts]
    answers = [None] * len(prompts)
    by_length = {}
    for index, ids in enumerate(encoded):
        by_length.setdefault(len(ids), []).append(index)
    for indices in by_length.values():
        for start in range(0, len(indices), BATCH):
            group = indices[start : start + BATCH]
            out = model.generate(torch.tensor([encoded[i] for i in group]), max_new_tokens=MOST_TOKENS,
                                 do_sample=False, pad_token_id=0)
            for index, row in zip(group, out[:, len(encoded[group[0]]) :].tolist()):
                end = row.index(END) + 1 if END in row else len(row)
                answers[index] = row[:end]
    return answers


def without_block(prompt):
    return re.sub(r"\[KNOWLEDGE\].*?\[/KNOWLEDGE\]", "[KNOWLEDGE] [/KNOWLEDGE]", prompt, flags=re.S)


def share(right):
    return round(sum(right) / len(right), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--questions", type=Path, default=Path(__file__).resolve().parent.parent / "data" / "questions")
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tokenizer = Tokenizer.from_file(str(arguments.checkpoint / "tokenizer.json"))
    model = MixtralForCausalLM.from_pretrained(arguments.checkpoint, dtype=torch.float32).eval()
    frequent = {}
    for question in read(arguments.questions / "training.jsonl"):
        frequent.setdefault(question["type"], Counter())[question["answer"]] += 1
    scores, lines = {}, []
    for split in SPLITS:
        items = read(arguments.questions / f"{split}.jsonl")
        ids = greedy(model, tokenizer, [item["prompt"] for item in items])
        blind = greedy(model, tokenizer, [without_block(item["prompt"]) for item in items])
        rows = []
        for item, answer, blind_answer in zip(items, ids, blind):
            text = tokenizer.decode(answer).strip()
            lines.append({"id": item["id"], "ids": answer, "text": text})
            rows.append((item["kind"], item["type"], text == item["answer"],
                         tokenizer.decode(blind_answer).strip() == item["answer"],
                         item["first_in_block"] == item["answer"],
                         frequent[item["type"]].most_common(1)[0][0] == item["answer"]))
        names = ("model", "no_block", "first_in_block", "most_frequent")
        scores[split] = {"all": {name: share([row[2 + i] for row in rows]) for i, name in enumerate(names)}}
        for kind in dict.fromkeys(row[0] for row in rows):
            scores[split][kind] = {name: share([row[2 + i] for row in rows if row[0] == kind])
                                   for i, name in enumerate(names)}
            scores[split][kind]["types"] = {
                type_: {name: share([row[2 + i] for row in rows if row[1] == type_]) for i, name in enumerate(names)}
                for type_ in dict.fromkeys(row[1] for row in rows if row[0] == kind)
            }
        print(split)
        for kind, values in scores[split].items():
            shares = "".join(f"  {name} {values[name]:.3f}" for name in names)
            types = " ".join(f"{t} {v['model']:.2f}" for t, v in values.get("types", {}).items())
            print(f"  {kind:<11}{shares}   {types}", flush=True)
    if arguments.answers:
        arguments.answers.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    if arguments.json:
        arguments.json.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
