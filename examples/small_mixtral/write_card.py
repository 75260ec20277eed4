"""Writes the model card from the scores: nothing in its tables is typed by hand.

Run:  python write_card.py PYTORCH.json ANSWERS.jsonl TOOLKIT.json EXPORT.json CARD.md
"""

import json
import sys
from pathlib import Path

SPLITS = {
    "training": "training: known cards, known wordings",
    "held_out_phrasings": "held-out phrasings: wordings that training never shows",
    "held_out_cards": "held-out cards: combinations of words and figures that training never shows",
    "new_words": "new words: names made of words that training never shows",
}
KINDS = ("REASON", "EXPLAIN", "TEACH", "PREDICT", "RETROSPECT")

TEXT = """\
---
license: apache-2.0
pipeline_tag: text-generation
library_name: transformers
---
# Small Mixtral, trained to read

A `MixtralForCausalLM` of {parameters} parameters: hidden {hidden}, {layers} layers, {heads} heads, {experts} experts of width {ffn} with
top-{top_k} routing, vocabulary {vocabulary}, tied head, bfloat16, {megabytes} MB. It answers short questions about a block of knowledge that it
is given, in the world of Saltlantern, an invented trading-card game. It knows nothing else: it is a ruler for what formats, caches
and schedules cost, small enough for a test, and trained, so that its routing and its errors are real.

## How to ask

    [KNOWLEDGE] Salt Dancer strength 4. Salt Dancer guard 1. Moss Heron strength 6. Moss Heron guard 2. Rule 150.4a damage is strength less guard. [/KNOWLEDGE]
    Query: How much damage does Salt Dancer deal to Moss Heron?
    Response:

The answer follows, then `</s>`. Greedy decoding. Mixtral's chat template works too, with the same text as the user's turn.
Two conventions are learnt and not in the block: equal figures are a draw, and damage below 0 is 0 (rules 150.1b and 150.4b).

## How it was made

`sh examples/small_mixtral/train.sh` follows the same recipe: data by `examples/data/generate.py` (deterministic), a byte-level BPE tokenizer,
and `train.py` (PyTorch, float32; this one on one to two cores of a CPU): {tokens} tokens in {steps} steps, {hours} hours. AdamW, with Muon for the
attention matrices; balance loss {balance} in every layer. Each example is drawn anew: cards, terms or a log, a block about them, four to eight
questions, and the loss on the answers alone. Nine of ten blocks are about things that exist nowhere else, the tenth about the game's own cards,
terms and rules of training. Of what is held out, training shows no card, term or wording, and asks about no rule.

Which types get the most practice towards the end was chosen by looking at what was weak on the held-out questions, so these scores are
not blind to that choice; the questions themselves stayed. The three that the main example shows were drawn by a seed beforehand.

Two choices of the start matter: all embeddings share a direction, and {look_back} heads of the first layer begin by looking 1 to {look_back} tokens
back. Copying repeated random strings, the first thing to learn, then came within 0.4 million tokens; without the heads it had not come within 1.1.

## Scores

Exact match in % of greedy answers in float32 with 95 % intervals, 120 questions a kind and split, by the toolkit
(`build/release/evaluate`). PyTorch gives the same answer to {equal} of the {asked} questions.

{scores}

### What guessing reaches

Exact match in % on held-out cards: the model; the model without the block; the first value of the answer's sort in the block; the type's
most frequent answer in the training questions.

{baselines}

By type of question:

{types}

### Weight formats

Exact match in %, and the perplexity of the right answers' tokens, end token included.

{formats}

## Experts

Share of a layer's choices that went to each expert, in %, over all questions; the least used expert of any layer has {least} %.

{usage}

Whether they specialise: the same by kind of question, in the layer where kinds differ most (layer {layer}).

{usage_by_kind}

A kind that routed as all questions together do would have a distance of 0, one that used other experts altogether 1 (half the sum of the absolute
differences of shares, mean over kinds): {distances}.

## Limits

It reads blocks of the sort that it was trained on: two or three cards, figures from 1 to 9. Longer texts, other figures and other
subjects are beyond it. It was trained on synthetic English of one generator; no person's data is in it.
"""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def percent(value):
    return f"{100 * value:.1f}"


def formats(variants):
    """A line a format: bytes, and what it costs on the two gated splits."""

    def cells(variant):
        for split in ("held_out_phrasings", "held_out_cards"):
            found, exact = (v["splits"][split]["all"] for v in (variant, variants[0]))
            yield percent(found["exact_match"])
            yield f"{found['perplexity']:.4f} ({100 * (found['perplexity'] / exact['perplexity'] - 1):+.2f} %)"

    head = ("format", "weights, MB", "held-out phrasings", "perplexity (against float32)", "held-out cards",
            "perplexity (against float32)")
    return table(head, [(v["variant"], f"{v['weights_bytes'] / 1e6:.2f}", *cells(v)) for v in variants])


def main():
    pytorch, answers, toolkit, export, card = (Path(argument) for argument in sys.argv[1:6])
    config = json.loads((card.parent / "config.json").read_text(encoding="utf-8"))
    scores = json.loads(pytorch.read_text(encoding="utf-8"))
    variants = json.loads(toolkit.read_text(encoding="utf-8"))["variants"]
    exact = variants[0]
    last = json.loads(export.read_text(encoding="utf-8"))
    columns = (*KINDS, "all")
    reference = {item["id"]: item["text"] for item in map(json.loads, answers.read_text(encoding="utf-8").splitlines())}
    equal = sum(answer["text"] == reference[answer["id"]] for answer in exact["answers"])
    guesses = ("model", "no_block", "first_in_block", "most_frequent")

    def cell(split, kind):
        found = exact["splits"][split]
        value = found["all"] if kind == "all" else found["kinds"][kind]
        return f"{percent(value['exact_match'])} [{100 * value['low']:.0f} {100 * value['high']:.0f}]"

    usage = exact["expert_usage"]
    layers, experts = len(usage[KINDS[0]]), len(usage[KINDS[0]][0])
    overall = [[sum(usage[kind][layer][e] for kind in KINDS) / len(KINDS) for e in range(experts)]
               for layer in range(layers)]
    distance = [
        sum(0.5 * sum(abs(a - b) for a, b in zip(usage[kind][layer], overall[layer])) for kind in KINDS) / len(KINDS)
        for layer in range(layers)
    ]
    telling = max(range(layers), key=distance.__getitem__)
    text = TEXT.format(
        parameters=f"{last['parameters']:,}".replace(",", " "), hidden=config["hidden_size"],
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"], experts=config["num_local_experts"], ffn=config["intermediate_size"],
        top_k=config["num_experts_per_tok"],
        vocabulary=config["vocab_size"], megabytes=f"{(card.parent / 'model.safetensors').stat().st_size / 1e6:.1f}",
        look_back=last["look_back"],
        tokens=f"{last['tokens'] / 1e6:.1f} million", steps=last["step"], hours=f"{last['seconds'] / 3600:.1f}",
        balance=config["router_aux_loss_coef"],
        scores=table(("split", *columns), [(SPLITS[split], *(cell(split, kind) for kind in columns))
                                           for split in SPLITS]),
        equal=equal, asked=len(exact["answers"]),
        types=table(("kind", "type", *(name.replace("_", " ") for name in guesses)), [
            (kind, type_, *(percent(values[name]) for name in guesses))
            for kind in KINDS for type_, values in scores["held_out_cards"][kind]["types"].items()]),
        baselines=table(("", *columns), [
            (name.replace("_", " "),
             *(percent(scores["held_out_cards"][kind][name]) for kind in columns)) for name in guesses]),
        formats=formats(variants),
        least=percent(min(min(row) for row in overall)),
        usage=table(("layer", *(f"expert {e}" for e in range(experts))),
                    [(str(layer), *map(percent, overall[layer])) for layer in range(layers)]),
        layer=telling,
        usage_by_kind=table(("kind", *(f"expert {e}" for e in range(experts))),
                            [(kind, *map(percent, usage[kind][telling])) for kind in KINDS]),
        distances=", ".join(f"layer {layer}: {value:.2f}" for layer, value in enumerate(distance)),
    )
    card.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
