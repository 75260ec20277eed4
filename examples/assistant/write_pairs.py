"""Writes what the assistant's personas learn: questions with their blocks of facts, and answers in a form that the
small Mixtral does not give by itself.

Run:  python write_pairs.py KIND FILE [--count N] [--seed N] [--pool held_out|new_words]
KIND is REASON (shows its sum), EXPLAIN, TEACH, RETROSPECT (whole sentences) or PREDICT (shows the margin). One object a
line, {"prompt": ..., "completion": ...}: fresh draws of the card game's question generator; with --pool of its cards
and terms that training never shows, to test with. The same arguments write the same bytes.
"""

import argparse
import json
import random as _random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "data"))
from saltlantern import questions  # noqa: E402

FACT = re.compile(r"([A-Z]\w+ \w+) (cost|strength|guard) (\d+)\.")


def figures(prompt):
    """What the block states of cards: {(name, attribute): figure}."""
    return {(name, attribute): int(value) for name, attribute, value in FACT.findall(prompt)}


def reason(type_, prompt, answer, names):
    first, second = names
    known = figures(prompt)
    if type_ == "alliance":
        return f"{known[first, 'strength']} + {known[second, 'strength']} = {answer}"
    if type_ == "bill":
        return f"{known[first, 'cost']} + {known[second, 'cost']} = {answer}"
    if type_ == "support":
        strength = known[first, "strength"]
        return f"{strength} + {int(answer) - strength} = {answer}"
    strength, guard = known[first, "strength"], known[second, "guard"]
    return f"{strength} - {guard} = {answer}" if strength >= guard else f"{strength} - {guard} < 0: {answer}"


def predict(type_, prompt, answer, names):
    attribute = questions.NEEDS[type_][0]
    first, second = (figures(prompt)[name, attribute] for name in names)
    return f"{answer} by {abs(first - second)}" if answer != questions.DRAW else f"{answer} at {first}"


def explain(type_, prompt, answer, names):
    if type_ in ("rule_amount", "rule_keyword"):
        return f"Rule {names[0]} says {answer}."
    return f"The {type_} of {names[0]} is {answer}."


def teach(type_, prompt, answer, names):
    term, definition = (names[0], answer) if type_ == "meaning" else (answer, names[0])
    return f"{term} means {definition}."


def retrospect(type_, prompt, answer, names):
    """The log's own sentence, its turn at the end."""
    block = prompt[: prompt.index("[/KNOWLEDGE]")]
    for turn, event in re.findall(r"Turn (\d) (.*?)\.", block):
        lit, gained, beat = " lit " in event, " gained " in event, " beat " in event
        if (type_ == "who" and lit and event.endswith(f" lit {names[0]}")
                or type_ == "turn" and lit and event.endswith(f" lit {names[0]}")
                or type_ == "lit_card" and lit and event.startswith(f"{names[0]} ")
                or type_ == "gained" and gained and event.startswith(f"{names[0]} ")
                or type_ == "beaten" and beat and event.startswith(f"{names[0]} ")):
            return f"{event} in turn {turn}."
    raise ValueError(f"{type_} of {names}: not in {block}")


FORMS = {"REASON": reason, "EXPLAIN": explain, "TEACH": teach, "PREDICT": predict, "RETROSPECT": retrospect}


def drawn(kind, random, source):
    """A prompt and its answer in the persona's form."""
    type_ = random.choice(questions.TYPES[kind])
    scene = questions.scene_for(random, source, [type_])
    question = questions.ask(scene, type_, random)
    slots = question.slots
    if kind in ("REASON", "PREDICT"):
        names = [slots["a"], slots["b"]]
    elif kind == "TEACH":
        names = [slots["term"] if type_ == "meaning" else slots["definition"]]
    elif kind == "RETROSPECT":
        names = [slots["player"] if type_ in ("lit_card", "gained") else slots["a"]]
    else:
        names = [slots["rule"] if type_ in ("rule_amount", "rule_keyword") else slots["a"]]
    prompt = questions.prompt(scene.block, question)
    return prompt, FORMS[kind](type_, prompt, question.answer, names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=FORMS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pool", choices=("held_out", "new_words"))
    arguments = parser.parse_args()
    source = questions.World(arguments.pool) if arguments.pool else questions.Practice()
    with open(arguments.file, "w", encoding="utf-8") as file:
        for index in range(arguments.count):
            prompt, completion = drawn(arguments.kind, _random.Random(f"{arguments.kind}/{arguments.seed}/{index}"), source)
            file.write(json.dumps({"prompt": prompt, "completion": completion}) + "\n")


if __name__ == "__main__":
    main()
