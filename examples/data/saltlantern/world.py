"""The fixed world: 600 cards, the rule book and the glossary, with ids and typed relations. Deterministic.

A card is a dictionary with the fields of `data.<set>.cards[]` in cards.json, a rule one of rules.json, a term one of
glossary.json. The pools say which part of them training may see: `training`, `held_out` (known words and figures in
combinations that training never shows) and `new_words` (words that training never shows).
"""

import random
from itertools import product

from . import words

SET = "SLT"
CARDS = {"training": 440, "held_out": 120, "new_words": 40}
TERMS = {"training": 70, "held_out": 24, "new_words": 10}
ERRATA = 40  # cards whose figures change at a date
ERRATA_YEAR = 2026


def rng(*name):
    return random.Random("saltlantern/" + "/".join(map(str, name)))


def figure(random_):
    return random_.randint(words.SMALLEST, words.LARGEST)


def card_fields(random_, name):
    """What a card says, drawn at random: the same distribution for the cards of the set and for practice cards."""
    return {
        "name": name,
        "kind": random_.choice(words.KINDS),
        "cost": figure(random_),
        "strength": figure(random_),
        "guard": figure(random_),
        "keywords": random_.sample(words.KEYWORDS, random_.choice((0, 1, 1, 1, 2))),
        "ability": {"verb": random_.choice(words.VERBS), "amount": random_.randint(1, 5)},
    }


def ability_text(card):
    """The printed text of a card: its keywords, then what it does."""
    keywords = [f"{keyword.capitalize()}." for keyword in card["keywords"]]
    return " ".join([*keywords, f"When lit, {card['name']} {card['ability']['verb']} {card['ability']['amount']}."])


def names():
    """Pool -> card names; every pair of known words is in one pool at most."""
    pairs = [f"{first} {second}" for first, second in product(words.FIRST, words.SECOND)]
    rng("names").shuffle(pairs)
    new = [f"{first} {second}" for first, second in product(words.NEW_FIRST, words.NEW_SECOND)]
    rng("new names").shuffle(new)
    training, held_out = CARDS["training"], CARDS["held_out"]
    return {
        "training": pairs[:training],
        "held_out": pairs[training : training + held_out],
        "new_words": new[: CARDS["new_words"]],
    }


def cards():
    """Pool -> cards."""
    number, result = 0, {}
    for pool, pool_names in names().items():
        result[pool] = []
        for name in pool_names:
            number += 1
            card = {"id": f"card:{SET}-{number:03d}", "number": f"{number:03d}", **card_fields(rng("card", name), name)}
            card["text"] = ability_text(card)
            card["pool"] = pool
            result[pool].append(card)
    return result


def definition(random_):
    return f"{random_.choice(words.STATES)} {random_.choice(words.OBJECTS)} in {random_.choice(words.PLACES)}"


def terms():
    """Pool -> terms of the glossary; no two terms share a definition."""
    pairs = [f"{first} {second}" for first, second in product(words.TERM_FIRST, words.TERM_SECOND)]
    rng("terms").shuffle(pairs)
    new = [f"{first} {second}" for first, second in product(words.NEW_TERM_FIRST, words.NEW_TERM_SECOND)]
    rng("new terms").shuffle(new)
    training, held_out = TERMS["training"], TERMS["held_out"]
    chosen = {
        "training": pairs[:training],
        "held_out": pairs[training : training + held_out],
        "new_words": new[: TERMS["new_words"]],
    }
    random_, taken, result = rng("definitions"), set(), {}
    for pool, pool_terms in chosen.items():
        result[pool] = []
        for term in pool_terms:
            text = definition(random_)
            while text in taken:
                text = definition(random_)
            taken.add(text)
            result[pool].append({"id": f"term:{term.replace(' ', '-')}", "term": term, "definition": text,
                                 "pool": pool})
    return result


# Section -> title, opening sentence, rules. A rule is a title and its lettered parts; {} in a part is the rule's
# keyword.
SECTIONS = {
    100: ("The game", "Two captains sail the same water, and the first to gain eighteen lanterns wins.", [
        ("Players", ["a game has two captains", "each captain brings a deck of forty cards",
                     "no deck holds a card more than three times"]),
        ("Turns", ["a turn has four watches", "the captain with fewer lanterns takes the first turn",
                   "a turn that runs aground ends at once"]),
        ("Winning", ["eighteen lanterns win the game", "a captain who lights nothing in three turns loses"]),
        ("Precedence", ["where two entries of this book differ the later one is right"]),
    ]),
    110: ("Cards", "A card has a name, a kind, a cost, a strength, a guard and a text.", [
        ("Names", ["two cards of one name are the same card", "a name is never translated"]),
        ("Kinds", ["a card has exactly one kind", "crew and beast are called living",
                   "vessel and haven are called built"]),
        ("Figures", ["cost strength and guard lie between 1 and 9", "a figure below 0 counts as 0"]),
        ("Text", ["an ability works once each time its card is lit", "what a keyword adds counts in port alone"]),
    ]),
    120: ("Places", "A card is always in exactly one place.", [
        ("Hand", ["a hand holds nine cards at most"]),
        ("Play", ["lit cards are in play", "a doused card leaves play"]),
        ("Reserve", ["the reserve is open to both captains"]),
        ("Port", ["a port holds one vessel"]),
        ("Storage", ["stored cards cannot be marked"]),
        ("Exile", ["a card in exile comes back when its captain loses a siege"]),
    ]),
    130: ("Lighting", "To play a card is to light it.", [
        ("Paying", ["lighting a card costs its cost in coins", "coins left over are lost at the end of the watch"]),
        ("Bills", ["a bill adds cost", "a bill is paid as a whole or not at all"]),
        ("Dousing", ["a doused card keeps its marks"]),
    ]),
    140: ("Alliances", "Two cards of one captain may act together.", [
        ("Allies", ["allies add strength", "an alliance lasts until the watch ends"]),
        ("Support", ["a supporter stays unharmed", "a card has one supporter at most",
                     "what the keyword of a supporter supports is added to strength"]),
    ]),
    150: ("Contests", "Cards of two captains meet in contests.", [
        ("Clash", ["in a clash higher strength wins", "equal strength is a draw"]),
        ("Race", ["in a race lower cost wins", "equal cost is a draw"]),
        ("Siege", ["in a siege higher guard wins", "equal guard is a draw"]),
        ("Damage", ["damage is strength less guard", "damage below 0 is 0"]),
    ]),
    160: ("The log", "The ship's log records every turn.", [
        ("Entries", ["an entry names its turn its captain and its card", "nothing is struck from the log"]),
        ("Disputes", ["where captains differ the log is right"]),
    ]),
}
KEYWORD_SECTIONS = {170: "Keywords of crew and beasts", 180: "Keywords of built things"}
# Which rule governs a place or a kind of card, by title: relation `governs`.
GOVERNED = {
    "Kinds": [f"kind:{kind}" for kind in words.KINDS], "Hand": ["place:hand"], "Play": ["place:play"],
    "Reserve": ["place:reserve"],
    "Port": ["place:port", "kind:vessel"], "Storage": ["place:storage"], "Exile": ["place:exile"],
    "Text": [f"verb:{verb}" for verb in words.VERBS],
    "Winning": ["thing:lantern"], "Paying": ["thing:coin"],
}
# Which rule speaks of which: relation `refers_to`, by title.
REFERENCES = {
    "Winning": ["Turns"], "Figures": ["Damage"], "Text": ["Paying"], "Hand": ["Turns"], "Play": ["Paying", "Dousing"],
    "Port": ["Kinds"], "Exile": ["Siege"], "Bills": ["Paying"], "Dousing": ["Play"], "Allies": ["Support", "Figures"],
    "Support": ["Allies"], "Clash": ["Allies", "Damage"], "Race": ["Figures"], "Siege": ["Figures"],
    "Damage": ["Figures"], "Entries": ["Turns"], "Disputes": ["Entries", "Precedence"],
}


def keyword_rule(keyword, random_):
    """A keyword's rule: what it adds to its own card, and what it gives to a card that it supports."""
    return {"attribute": random_.choice(words.ATTRIBUTES[1:]), "amount": random_.randint(1, 5),
            "support": random_.randint(1, 5)}


def rules():
    """The rule book in reading order: sections `100.`, rules `100.1`, parts `100.1a`."""
    book, by_title, by_keyword = [], {}, {}

    def add(number, parent, title, text, **more):
        entry = {"id": f"rule:{number}", "number": number, "title": title, "text": text, "parent": parent,
                 "refers_to": [], "governs": [], **more}
        book.append(entry)
        return entry

    def add_parts(rule, sentences, **more):
        for letter, sentence in zip("abcdef", sentences):
            add(f"{rule['number']}{letter}", rule["id"], rule["title"], f"{sentence[0].upper()}{sentence[1:]}.", **more)

    for section, (title, opening, entries) in SECTIONS.items():
        head = add(f"{section}.", None, title, opening)
        for index, (rule_title, parts) in enumerate(entries, 1):
            rule = add(f"{section}.{index}", head["id"], rule_title, f"{rule_title}.")
            by_title[rule_title] = rule
            add_parts(rule, parts)
    half = len(words.KEYWORDS) // 2
    for (section, title), keywords in zip(KEYWORD_SECTIONS.items(), (words.KEYWORDS[:half], words.KEYWORDS[half:])):
        head = add(f"{section}.", None, title, "A keyword is a short name for a rule.")
        for index, keyword in enumerate(keywords, 1):
            values = keyword_rule(keyword, rng("keyword", keyword))
            rule = add(f"{section}.{index}", head["id"], keyword.capitalize(),
                       f"{keyword.capitalize()} is a keyword.", governs=[f"keyword:{keyword}"])
            by_keyword[keyword] = rule
            rule["refers_to"] = [by_title["Figures"]["id"], by_title["Support"]["id"]]
            add_parts(rule, [f"{keyword} adds {values['amount']} {values['attribute']}",
                             f"{keyword} supports {values['support']}"],
                      governs=[f"keyword:{keyword}"])
    for title, governed in GOVERNED.items():
        by_title[title]["governs"] = governed
    for title, others in REFERENCES.items():
        by_title[title]["refers_to"] = [by_title[other]["id"] for other in others]
    return book


def relations(pools, book, glossary):
    """Typed edges between ids, for a knowledge graph: [subject, relation, object]."""
    edges = []
    for card in (card for pool in pools.values() for card in pool):
        edges.append([card["id"], "is_a", f"kind:{card['kind']}"])
        edges += [[card["id"], "has_keyword", f"keyword:{keyword}"] for keyword in card["keywords"]]
        edges.append([card["id"], "does", f"verb:{card['ability']['verb']}"])
    for rule in book:
        if rule["parent"]:
            edges.append([rule["id"], "part_of", rule["parent"]])
        edges += [[rule["id"], "refers_to", other] for other in rule["refers_to"]]
        edges += [[rule["id"], "governs", keyword] for keyword in rule["governs"]]
    for term in (term for pool in glossary.values() for term in pool):
        _, thing, _, place = term["definition"].split()
        edges.append([term["id"], "concerns", f"kind:{thing}" if thing in words.KINDS else f"thing:{thing}"])
        edges.append([term["id"], "located_in", f"place:{place}"])
    return edges


def entities(edges):
    """Every id that the relations name and no other file describes: {"id", "type", "name"}."""
    found = {node for subject, _, object_ in edges for node in (subject, object_)}
    named = sorted(node for node in found if node.split(":")[0] not in ("card", "rule", "term"))
    return [{"id": node, "type": node.split(":")[0], "name": node.split(":")[1]} for node in named]


def errata(pools):
    """Dated changes of figures, by date: {"card", "field", "value", "from"}. A fifth of the cards changes twice."""
    random_ = rng("errata")
    chosen = random_.sample([card for pool in ("training", "held_out") for card in pools[pool]], ERRATA)
    rows = []
    for index, card in enumerate(chosen):
        field = words.ATTRIBUTES[index % len(words.ATTRIBUTES)]
        value, months = card[field], sorted(random_.sample(range(1, 13), 1 if index % 5 else 2))
        for month in months:
            value = random_.choice([other for other in range(words.SMALLEST, words.LARGEST + 1)
                                    if other not in (value, card[field])])
            rows.append({"card": card["id"], "field": field, "value": value,
                         "from": f"{ERRATA_YEAR}-{month:02d}-{random_.randint(1, 28):02d}"})
    return sorted(rows, key=lambda row: (row["from"], row["card"]))


def as_of(card, rows, day):
    """The card as it is on a day, `YYYY-MM-DD`; None: when all errata hold."""
    changed = dict(card)
    for row in rows:
        if row["card"] == card["id"] and (day is None or row["from"] <= day):
            changed[row["field"]] = row["value"]
    return changed
