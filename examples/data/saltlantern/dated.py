"""Questions about a world that changes, and about what is not in it: one function for each of the three sets.

`as_of` asks what held on a day, `updated` what holds when all errata do, `absent` about cards, rules and terms that are
in no file. Of the first two, the answer is another one than on another day: whoever does not look at the time is wrong.
"""

import datetime
import functools
from itertools import product

from . import questions, words, world

DATED_TYPES = ("cost", "strength", "guard", "alliance", "bill", "damage", "clash", "race", "siege")
ABSENT_TYPES = ("cost", "strength", "guard", "keyword", "kind", "ability", "rule_amount", "rule_keyword", "meaning",
                "term")
ABSENT_ANSWER = "unknown"


class Dated(questions.World):
    """Cards of training and held-out cards on a day; the first of those that are drawn has an erratum of the field."""

    def __init__(self, original, rows, day, fields):
        super().__init__("training")
        self.all_cards = [world.as_of(card, rows, day) for card in original.values()]
        changed = {row["card"] for row in rows if row["field"] in fields}
        self.changed = [card for card in self.all_cards if card["id"] in changed]

    def cards(self, random, count):
        first = random.choice(self.changed)
        others = random.sample([card for card in self.all_cards if card["id"] != first["id"]], count - 1)
        return [first, *others]


def fields_of(type_):
    return questions.NEEDS.get(type_, (type_,))


def answer_on(type_, entities, cards):
    """The answer to a question about these cards, given them by id."""
    if type_ in DATED_TYPES[:3]:
        return questions.value(cards[entities[0]], type_)
    return questions.outcome(type_, *(cards[entity] for entity in entities))


def days(rows):
    """The days before, on and after each change."""
    result = set()
    for row in rows:
        day = datetime.date.fromisoformat(row["from"])
        result |= {(day + datetime.timedelta(days=offset)).isoformat() for offset in (-1, 0, 20)}
    return sorted(result)


def dated_questions(name, rows, count, is_balanced):
    """`name` is as_of or updated."""
    result, seen, index = [], set(), 0
    pools, known_days = world.cards(), days(rows)
    original = {card["id"]: card for pool in ("training", "held_out") for card in pools[pool]}
    latest = {key: world.as_of(card, rows, None) for key, card in original.items()}
    source_of = functools.lru_cache(None)(lambda day, fields: Dated(original, rows, day, fields))
    for number in range(count):
        type_ = DATED_TYPES[number % len(DATED_TYPES)]
        while True:
            random = questions.new_random("saltlantern", name, index)
            index += 1
            day = random.choice(known_days) if name == "as_of" else None
            source = source_of(day, fields_of(type_))
            scene = questions.scene_for(random, source, [type_])
            question = questions.ask(scene, type_, random)
            now = {card["id"]: card for card in source.all_cards}
            other = latest if name == "as_of" and random.random() < 0.5 else original
            telling = question.answer != answer_on(type_, question.entities, other)
            prompt = questions.prompt(scene.block, question)
            assert question.answer == answer_on(type_, question.entities, now)
            if telling and prompt not in seen and is_balanced(question, number // len(DATED_TYPES)):
                break
        seen.add(prompt)
        row = {"id": f"{name}/{question.kind.lower()}-{number:03d}", "split": name, "kind": question.kind, "type": type_,
               "prompt": prompt, "answer": question.answer, "first_in_block": question.candidates[0],
               "about": question.entities}
        if day:
            row["as_of"] = day
        result.append(row)
    return result


def absent_things(random, pools, book, glossary):
    """Slots that name what is in no file."""
    taken = {card["name"] for pool in pools.values() for card in pool}
    names = [f"{first} {second}" for first, second in product(words.FIRST, words.SECOND)]
    numbers = {rule["number"] for rule in book}
    terms = [term for pool in glossary.values() for term in pool]
    term_names = {term["term"] for term in terms}
    definitions = {term["definition"] for term in terms}

    def draw(make, known):
        while (drawn := make()) in known:
            pass
        return drawn

    return {
        "a": draw(lambda: random.choice(names), taken),
        "rule": draw(lambda: f"{random.choice((170, 180, 190))}.{random.randint(1, 12)}{random.choice('abcd')}", numbers),
        "term": draw(lambda: f"{random.choice(words.TERM_FIRST)} {random.choice(words.TERM_SECOND)}", term_names),
        "definition": draw(lambda: world.definition(random), definitions),
    }


def absent_questions(count):
    """Each beside a block about other things of its kind."""
    pools, book, glossary = world.cards(), world.rules(), world.terms()
    source, result, seen, index = questions.World("training"), [], set(), 0
    for number in range(count):
        type_ = ABSENT_TYPES[number % len(ABSENT_TYPES)]
        while True:
            random = questions.new_random("saltlantern", "absent", index)
            index += 1
            scene = questions.scene_for(random, source, [type_])
            things = absent_things(random, pools, book, glossary)
            slots = {slot: things[slot] for slot in questions.SLOTS[type_]}
            text = questions.wording(type_, slots, random, "training")
            if text not in seen:
                break
        seen.add(text)
        result.append({
            "id": f"absent/{questions.KIND_OF[type_].lower()}-{number:03d}", "split": "absent",
            "kind": questions.KIND_OF[type_], "type": type_, "prompt": f"{scene.block}\nQuery: {text}\nResponse:",
            "answer": ABSENT_ANSWER, "absent": next(iter(slots.values())), "about": [],
        })
    return result
