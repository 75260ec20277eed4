"""Derives every answer again from the text of its prompt alone, by reading it: what the generator stores must be that
answer.

Usage: answers_test.py
Knows the sentences of the blocks and nothing of the generator. Two conventions of the rule book are not in the blocks:
equal figures are a draw, and damage below 0 is 0. Blocks of as_of and updated say what cards.json and errata.json say
of the day, and the answer is another one on another day; questions of absent are about what no file names, and no
block answers them.
"""
import json
import pathlib
import re
import sys

CARD = r"[A-Z][a-z]+ [A-Z][a-z]+"
PROMPT = re.compile(r"\[KNOWLEDGE\] (.*) \[/KNOWLEDGE\]\nQuery: (.*)\nResponse:")
SENTENCES = {
    "card": rf"({CARD}) (cost|strength|guard|keyword|kind|ability) (.+)\.",
    "rule": r"Rule (\d+\.\d[a-f]) (.*)\.",
    "lit": rf"Turn (\d) (\w+) lit ({CARD})\.",
    "gained": r"Turn (\d) (\w+) gained (\d) lanterns\.",
    "beat": rf"Turn (\d) ({CARD}) beat ({CARD})\.",
    "term": r"(\w+ \w+) means (\w+ \w+ in \w+)\.",
}
# Of two cards, the one named first is supported, except in these wordings.
SUPPORTER_FIRST = re.compile(
    rf"supported by {CARD} how|support of {CARD} what|{CARD} gives|when {CARD} lends|with {CARD} in support", re.I)
ATTRIBUTES = ("cost", "strength", "guard", "keyword", "kind", "ability")
SUMS = {"alliance": "strength", "bill": "cost"}
CONTESTS = {"clash": ("strength", 1), "race": ("cost", -1), "siege": ("guard", 1)}


def facts(block):
    """Sort of sentence -> the groups of each such sentence; a sentence of no sort is an error."""
    found = {sort: [] for sort in SENTENCES}
    for sentence in re.split(r"(?<=\.) ", block):
        for sort, pattern in SENTENCES.items():
            if match := re.fullmatch(pattern, sentence):
                found[sort].append(match.groups())
                break
        else:
            raise ValueError(f"not understood: {sentence}")
    return found


def answers(type_, block, query):
    """All answers that the block admits: one, where the question is well made."""
    known = facts(block)
    value = {(name, attribute): text for name, attribute, text in known["card"]}
    words = re.findall(r"\w+", query)
    names = sorted({name for name, _ in value if name in query}, key=query.index)
    if type_ in ATTRIBUTES:
        return [value[name, type_] for name in names]
    if type_ in SUMS:
        return [str(sum(int(value[name, SUMS[type_]]) for name in names))] if len(names) == 2 else []
    if type_ in CONTESTS:
        attribute, sign = CONTESTS[type_]
        a, b = (sign * int(value[name, attribute]) for name in names)
        return ["draw" if a == b else names[0] if a > b else names[1]]
    if type_ == "damage":
        return [str(max(0, int(value[names[0], "strength"]) - int(value[names[1], "guard"])))]
    if type_ == "support":
        supports = {text.split()[0]: int(text.split()[2]) for _, text in known["rule"]}
        a, b = reversed(names) if SUPPORTER_FIRST.search(query) else names
        return [str(int(value[a, "strength"]) + supports[value[b, "keyword"]])]
    if type_ in ("rule_amount", "rule_keyword"):
        return [text.split()[2 if type_ == "rule_amount" else 0] for number, text in known["rule"] if number in query]
    return {
        "meaning": [definition for term, definition in known["term"] if term in query],
        "term": [term for term, definition in known["term"] if definition in query],
        "who": [player for _, player, card in known["lit"] if card in query],
        "turn": [turn for turn, _, card in known["lit"] if card in query],
        "lit_card": [card for _, player, card in known["lit"] if player in words],
        "gained": [count for _, player, count in known["gained"] if player in words],
        "beaten": [loser for _, winner, loser in known["beat"] if winner in query],
    }[type_]


here = pathlib.Path(__file__).resolve().parent
cards = json.loads((here / "cards.json").read_text(encoding="utf-8"))["data"]["SLT"]["cards"]
printed = {card["name"]: {"cost": card["manaValue"], "strength": int(card["power"]), "guard": int(card["toughness"])}
           for card in cards}
names = {card["uuid"]: card["name"] for card in cards}
errata = json.loads((here / "errata.json").read_text(encoding="utf-8"))
things = {
    *printed, *(rule["number"] for rule in json.loads((here / "rules.json").read_text(encoding="utf-8"))),
    *(text for term in json.loads((here / "glossary.json").read_text(encoding="utf-8"))
      for text in (term["term"], term["definition"])),
}


def figures(day):
    """(card, field) -> value on a day; None: when all errata hold."""
    known = {(name, field): value for name, fields in printed.items() for field, value in fields.items()}
    for row in errata:
        if day is None or row["from"] <= day:
            known[names[row["card"]], row["field"]] = row["value"]
    return known


def block_on(block, day):
    """The block with the figures of a day."""
    known = figures(day)
    return re.sub(rf"({CARD}) (cost|strength|guard) \d", lambda m: f"{m[1]} {m[2]} {known[m[1], m[2]]}", block)


def complaints(question):
    type_, answer = question["type"], question["answer"]
    block, query = PROMPT.fullmatch(question["prompt"]).groups()
    found = answers(type_, block, query)
    if question["split"] == "absent":
        if found or question["absent"] in things or question["absent"] not in query:
            yield f"derived {found} about {question['absent']!r}, which should be in no file"
        return
    if found != [answer]:
        yield f"stored {answer!r}, derived {found}"
    if question["split"] in ("as_of", "updated"):
        day = question.get("as_of")
        if block_on(block, day) != block:
            yield f"the block is not that of {day}"
        others = [answers(type_, block_on(block, other), query) for other in ("2000-01-01", None)]
        if all(other == [answer] for other in others):
            yield "the answer is the same on any day"


wrong, asked = [], 0
for path in sorted((here / "questions").glob("*.jsonl")):
    for line in path.read_text(encoding="utf-8").splitlines():
        asked += 1
        question = json.loads(line)
        wrong += [f"{question['id']}: {complaint}" for complaint in complaints(question)]
if wrong or asked != 2763:
    sys.exit("\n".join([f"{asked} questions, expected 2763", *wrong]))
print(f"{asked} answers derived from their prompts")
