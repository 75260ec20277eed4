"""Writes the game's cards, rules, glossary and question files. Deterministic: a second run writes the same bytes.

Run:  python3 generate.py [FOLDER]         default: the folder of this script; no package is needed
"""

import argparse
import json
from pathlib import Path

from saltlantern import dated, questions, world

PER_KIND = 120  # questions of each kind and split
SHOWN = 3  # questions that the main example shows
# Split -> pool of cards and terms, pool of wordings.
SPLITS = {
    "training": ("training", "training"),
    "held_out_phrasings": ("training", "held_out"),
    "held_out_cards": ("held_out", "training"),
    "new_words": ("new_words", "training"),
}


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_rows(path, rows):
    """A JSON array with a row a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def card_json(card):
    """A card in the field names of MTGJSON where it has them."""
    return {
        "uuid": card["id"], "number": card["number"], "name": card["name"], "setCode": world.SET, "type": card["kind"],
        "types": [card["kind"]], "manaValue": card["cost"], "power": str(card["strength"]),
        "toughness": str(card["guard"]),
        "keywords": card["keywords"], "text": card["text"], "ability": card["ability"], "pool": card["pool"],
    }


def is_balanced(question, number):
    """Keeps guessing low: every fourth contest is a draw, and no look-up has one value for two cards."""
    if question.kind == "PREDICT":
        return (question.answer == questions.DRAW) == (number % 4 == 3)
    if question.kind == "EXPLAIN":
        return len(question.candidates) > 2 and len(set(question.candidates)) == len(question.candidates)
    return True


def is_telling(scene, question):
    """Refuses logs in which the answer can be told without reading the question, or the question can be read in two
    ways."""
    beaten = [event for event in scene.log if "beat" in event]
    if question.type == "turn":
        fought = any(question.slots["a"] in (event["card"]["name"], event["beat"]["name"]) for event in beaten)
        return not fought or "lit" in question.text.split()
    if question.type == "gained":
        return sum("gained" in event for event in scene.log) > 1
    return question.type != "beaten" or len(beaten) > 1


def split_questions(split):
    """PER_KIND questions of each kind, the types of a kind in turn, no prompt twice."""
    pool, phrasing = SPLITS[split]
    source, seen, result = questions.World(pool), set(), []
    for kind, types in questions.TYPES.items():
        index = 0
        for number in range(PER_KIND):
            type_ = types[number % len(types)]
            while True:
                random = questions.new_random("saltlantern", split, kind, index)
                index += 1
                scene = questions.scene_for(random, source, [type_])
                question = questions.ask(scene, type_, random, phrasing)
                prompt = questions.prompt(scene.block, question)
                if prompt not in seen and is_balanced(question, number // len(types)):
                    break
            again = 0
            while not is_telling(scene, question) or prompt in seen:
                random = questions.new_random("saltlantern", split, kind, number, "again", again)
                again += 1
                scene = questions.scene_for(random, source, [type_])
                question = questions.ask(scene, type_, random, phrasing)
                prompt = questions.prompt(scene.block, question)
            seen.add(prompt)
            result.append({
                "id": f"{split}/{kind.lower()}-{number:03d}", "split": split, "kind": kind, "type": type_,
                "prompt": prompt,
                "answer": question.answer, "first_in_block": question.candidates[0], "about": question.entities,
            })
    return result


def write_questions(path, items):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")


def shown_questions(items):
    """One question of each of three kinds, drawn by a seed that was fixed before anything was trained."""
    random = questions.new_random("saltlantern", "shown")
    return [random.choice([item for item in items
                           if item["kind"] == kind]) for kind in random.sample(list(questions.TYPES), SHOWN)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    folder = parser.parse_args().folder
    pools, book, glossary = world.cards(), world.rules(), world.terms()
    write_json(folder / "cards.json", {
        "meta": {"game": "Saltlantern", "version": "1"},
        "data": {world.SET: {"code": world.SET, "name": "Saltlantern",
                             "cards": [card_json(c) for pool in pools.values() for c in pool]}},
    })
    write_rows(folder / "rules.json", book)
    write_rows(folder / "glossary.json", [term for pool in glossary.values() for term in pool])
    edges = world.relations(pools, book, glossary)
    write_rows(folder / "relations.json", edges)
    write_rows(folder / "entities.json", world.entities(edges))
    shown = []
    for split in SPLITS:
        items = split_questions(split)
        write_questions(folder / "questions" / f"{split}.jsonl", items)
        if split == "held_out_cards":
            shown = shown_questions(items)
    write_questions(folder / "questions" / "shown.jsonl", shown)
    errata = world.errata(pools)
    write_rows(folder / "errata.json", errata)
    for name in ("as_of", "updated"):
        write_questions(folder / "questions" / f"{name}.jsonl",
                        dated.dated_questions(name, errata, PER_KIND, is_balanced))
    write_questions(folder / "questions" / "absent.jsonl", dated.absent_questions(PER_KIND))
    print(f"{sum(map(len, pools.values()))} cards, {len(book)} rules, {sum(map(len, glossary.values()))} terms, "
          f"{len(errata)} errata; {len(SPLITS)} splits of {PER_KIND * len(questions.TYPES)} questions, "
          f"as_of, updated and absent of {PER_KIND}; "
          f"shown: {', '.join(item['id'] for item in shown)}")


if __name__ == "__main__":
    main()
