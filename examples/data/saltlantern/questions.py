"""Scenes (a knowledge block) and the questions that can be asked about them, each with one right short answer.

`scene_for(random, source, types)` draws a block; `ask(scene, type, random, phrasing)` draws a question of a type that
the scene answers. A source says where cards, terms and rules come from: World for the question files, Practice for
training.
"""

import random as _random
from dataclasses import dataclass, field

from . import words, world, wordings

TYPES = {
    "REASON": ("alliance", "bill", "damage", "support"),
    "EXPLAIN": ("cost", "strength", "guard", "keyword", "kind", "ability", "rule_amount", "rule_keyword"),
    "TEACH": ("meaning", "term"),
    "PREDICT": ("clash", "race", "siege"),
    "RETROSPECT": ("who", "turn", "lit_card", "gained", "beaten"),
}
KIND_OF = {type_: kind for kind, types in TYPES.items() for type_ in types}
RULE_OF = {
    "alliance": "Rule 140.1a allies add strength.",
    "bill": "Rule 130.2a a bill adds cost.",
    "damage": "Rule 150.4a damage is strength less guard.",
    "clash": "Rule 150.1a in a clash higher strength wins.",
    "race": "Rule 150.2a in a race lower cost wins.",
    "siege": "Rule 150.3a in a siege higher guard wins.",
}
NEEDS = {"alliance": ("strength",), "bill": ("cost",), "damage": ("strength", "guard"),
         "support": ("strength", "keyword"),
         "clash": ("strength",), "race": ("cost",), "siege": ("guard",)}
DRAW = "draw"


@dataclass
class Scene:
    """Facts in the order of the block, and what they are about."""

    sentences: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    shown: tuple = ()  # attributes of the cards that the block states
    rules: list = field(default_factory=list)  # {"number", "keyword", "sentence", "amount"}
    terms: list = field(default_factory=list)
    log: list = field(default_factory=list)  # {"turn", "player", "card"} and what else an entry says
    types: tuple = ()  # question types that the block answers

    @property
    def block(self):
        return "[KNOWLEDGE] " + " ".join(self.sentences) + " [/KNOWLEDGE]"


@dataclass
class Question:
    type: str
    text: str
    answer: str
    candidates: list  # values of the answer's sort, in the order of the block: the first is a baseline
    entities: list  # ids of what the question is about
    slots: dict  # what its wording names

    @property
    def kind(self):
        return KIND_OF[self.type]


def value(card, attribute):
    if attribute == "keyword":
        return card["keywords"][0]
    if attribute == "ability":
        return f"{card['ability']['verb']} {card['ability']['amount']}"
    return str(card[attribute])


def card_scene(random, source, types):
    """Two or three cards with some of their attributes, and the rules that the types need; a bare one has two, and
    nothing else."""
    bare = source.bare(random)
    scene = Scene(cards=source.cards(random, 2 if bare else random.choice((2, 3))))
    wanted = {attribute for type_ in types for attribute in NEEDS.get(type_, (type_,))}
    if "keyword" in wanted:
        for card in scene.cards:
            if len(card["keywords"]) != 1:
                return None
    attributes = ["cost", "strength", "guard", "kind", "ability"]
    if all(len(card["keywords"]) == 1 for card in scene.cards):
        attributes.append("keyword")
    others = [attribute for attribute in attributes if attribute not in wanted]
    random.shuffle(others)
    shown = list(wanted) + ([] if bare else others[: max(0, random.randint(2, 3) - len(wanted))])
    scene.shown = tuple(sorted(shown))
    blocks = []
    for card in scene.cards:
        sentences = [f"{card['name']} {attribute} {value(card, attribute)}." for attribute in scene.shown]
        random.shuffle(sentences)
        blocks.append(" ".join(sentences))
    rules = [RULE_OF[type_] for type_ in types if type_ in RULE_OF]
    if "support" in types:
        scene.rules = source.support_rules(random, scene.cards)
        rules += [rule["sentence"] for rule in scene.rules]
    random.shuffle(blocks)
    random.shuffle(rules)
    scene.sentences = rules + blocks if random.random() < 0.5 else blocks + rules
    scene.types = tuple(dict.fromkeys([*types, *(a for a in scene.shown)]))
    return scene


def rule_scene(random, source, types):
    scene = Scene(rules=source.keyword_rules(random, random.choice((2, 3))), types=("rule_amount", "rule_keyword"))
    scene.sentences = [rule["sentence"] for rule in scene.rules]
    return scene


def term_scene(random, source, types):
    scene = Scene(terms=source.terms(random, 3), types=("meaning", "term"))
    scene.sentences = [f"{term['term']} means {term['definition']}." for term in scene.terms]
    return scene


def log_scene(random, source, types):
    """Two to five turns: cards lit by different captains, lanterns gained, cards that beat others."""
    cards = source.cards(random, 3)
    players = random.sample(words.PLAYERS, 3)
    turns = sorted(random.sample(range(1, 10), 5))
    events = [{"player": player, "card": card} for player, card in zip(players[: random.choice((2, 3))], cards)]
    if random.random() < 0.7 or "gained" in types:
        events += [{"player": player, "gained": random.randint(2, 9)}
                   for player in random.sample(players, random.choice((1, 2)))]
    if random.random() < 0.7 or "beaten" in types:
        winner, loser = random.sample(cards, 2)
        events.append({"card": winner, "beat": loser})
        if len(events) < 5 and random.random() < 0.5:
            other = next(card for card in cards if card not in (winner, loser))
            events.append({"card": other, "beat": random.choice((winner, loser))})
    random.shuffle(events)
    events = events[:5]
    scene = Scene(cards=cards)
    for turn, event in zip(turns, events):
        event["turn"] = turn
        if "beat" in event:
            what = f"{event['card']['name']} beat {event['beat']['name']}"
        elif "gained" in event:
            what = f"{event['player']} gained {event['gained']} lanterns"
        else:
            what = f"{event['player']} lit {event['card']['name']}"
        scene.sentences.append(f"Turn {turn} {what}.")
    scene.log = events
    lit = any("player" in e and "card" in e for e in events)
    scene.types = tuple(
        type_ for type_, possible in (
            ("who", lit), ("turn", lit), ("lit_card", lit),
            ("gained", any("gained" in e for e in events)), ("beaten", any("beat" in e for e in events)),
        ) if possible
    )
    return scene


SCENE_OF = {"REASON": card_scene, "PREDICT": card_scene, "TEACH": term_scene, "RETROSPECT": log_scene}


def scene_for(random, source, types):
    """A scene that answers the types, which must belong together."""
    first = types[0]
    if first in ("rule_amount", "rule_keyword"):
        make = rule_scene
    else:
        make = SCENE_OF.get(KIND_OF[first], card_scene)
    scene = make(random, source, types)
    while scene is None or any(type_ not in scene.types for type_ in types):
        scene = make(random, source, types)
    return scene


def contest(type_, a, b):
    attribute = NEEDS[type_][0]
    left, right = a[attribute], b[attribute]
    if left == right:
        return DRAW
    higher, lower = (a, b) if left > right else (b, a)
    return (lower if type_ == "race" else higher)["name"]


def outcome(type_, a, b):
    """What comes of two cards under a rule that needs their figures alone."""
    if type_ == "alliance":
        return str(a["strength"] + b["strength"])
    if type_ == "bill":
        return str(a["cost"] + b["cost"])
    if type_ == "damage":
        return str(max(0, a["strength"] - b["guard"]))
    return contest(type_, a, b)


def ask(scene, type_, random, phrasing="training"):
    """A question of a type that the scene answers, worded from a pool of wordings."""
    slots, entities = {}, []
    if type_ in RULE_OF or type_ == "support":
        pair = random.sample(scene.cards, 2)
        if type_ in ("clash", "race", "siege") and random.random() < 0.5:
            # Draws are rare among random figures; look for one now and then.
            attribute = NEEDS[type_][0]
            equal = [(x, y) for x in scene.cards for y in scene.cards if x is not y and x[attribute] == y[attribute]]
            pair = list(random.choice(equal)) if equal else pair
        a, b = pair
        slots, entities = {"a": a["name"], "b": b["name"]}, [a["id"], b["id"]]
        if type_ == "support":
            answer = str(a["strength"] + next(r["amount"] for r in scene.rules if r["keyword"] == b["keywords"][0]))
        else:
            answer = outcome(type_, a, b)
        if type_ in ("clash", "race", "siege"):
            candidates = [n for n in scene_names(scene) if n in slots.values()]
        else:
            candidates = numbers(scene)
    elif type_ in ("rule_amount", "rule_keyword"):
        rule = random.choice(scene.rules)
        slots, entities = {"rule": rule["number"]}, [f"rule:{rule['number']}"]
        answer = str(rule["amount"]) if type_ == "rule_amount" else rule["keyword"]
        candidates = [str(r["amount"]) if type_ == "rule_amount" else r["keyword"] for r in scene.rules]
    elif type_ in ("meaning", "term"):
        term = random.choice(scene.terms)
        slots, entities = {"term": term["term"], "definition": term["definition"]}, [term["id"]]
        key = "definition" if type_ == "meaning" else "term"
        answer, candidates = term[key], [t[key] for t in scene.terms]
    elif type_ in ("who", "turn", "lit_card"):
        lit = [event for event in scene.log if "player" in event and "card" in event]
        event = random.choice(lit)
        slots, entities = {"a": event["card"]["name"], "player": event["player"]}, [event["card"]["id"]]
        answer = {"who": event["player"], "turn": str(event["turn"]), "lit_card": event["card"]["name"]}[type_]
        candidates = {
            "who": [e["player"] for e in scene.log if "player" in e],
            "turn": [str(e["turn"]) for e in scene.log],
            "lit_card": [e["card"]["name"] for e in scene.log if "card" in e],
        }[type_]
    elif type_ == "gained":
        event = random.choice([event for event in scene.log if "gained" in event])
        slots, answer = {"player": event["player"]}, str(event["gained"])
        candidates = [str(e["gained"]) for e in scene.log if "gained" in e]
    elif type_ == "beaten":
        event = random.choice([event for event in scene.log if "beat" in event])
        slots, answer = {"a": event["card"]["name"]}, event["beat"]["name"]
        entities = [event["card"]["id"], event["beat"]["id"]]
        named = (card["name"] for e in scene.log for card in (e.get("card"), e.get("beat")) if card)
        candidates = [name for name in dict.fromkeys(named) if name != slots["a"]]
    else:
        card = random.choice(scene.cards)
        slots, entities, answer = {"a": card["name"]}, [card["id"]], value(card, type_)
        candidates = [value(c, type_) for c in scene_cards(scene)]
    slots = {slot: text for slot, text in slots.items() if slot in SLOTS[type_]}
    text = (scrambled(type_, slots.values(), random) if phrasing == "scrambled"
            else wording(type_, slots, random, phrasing))
    return Question(type_, text, answer, candidates, entities, slots)


def scene_names(scene):
    """Names of the cards in the order of the block."""
    return [card["name"] for card in scene_cards(scene)]


def scene_cards(scene):
    block = scene.block
    return sorted(scene.cards, key=lambda card: block.index(card["name"] + " "))


def numbers(scene):
    """Figures of the cards in the order of the block."""
    return [token.rstrip(".") for token in scene.block.split() if token.rstrip(".").isdigit() and token.endswith(".")]


def wording(type_, slots, random, phrasing):
    core = random.choice(wordings.CORES[type_][phrasing]).format(**slots)
    opening = random.choice(wordings.OPENINGS[phrasing])
    closing = random.choice(wordings.CLOSINGS[phrasing])
    if not opening and core[0].islower() and not core.startswith(tuple(slots.values())):
        core = core[0].upper() + core[1:]
    return " ".join(part for part in (opening, core, closing) if part)


def prompt(block, question):
    return f"{block}\nQuery: {question.text}\nResponse:"


class World:
    """The fixed cards, terms and rules of one pool."""

    def __init__(self, pool):
        self.pool = pool
        self.all_cards = world.cards()[pool]
        self.all_terms = world.terms()[pool]
        if pool == "training":
            self.all_rules = [rule for rule in book_rules() if rule["number"] not in avoided_rules()]
        else:
            self.all_rules = [rule for rule in book_rules() if pool == "new_words"
                              or rule["number"] in held_out_rules()]
        self.support = {rule["keyword"]: rule for rule in book_rules() if " supports " in rule["sentence"]}

    def bare(self, random):
        return False

    def cards(self, random, count):
        return random.sample(self.all_cards, count)

    def terms(self, random, count):
        return random.sample(self.all_terms, count)

    def keyword_rules(self, random, count):
        return random.sample(self.all_rules, count)

    def support_rules(self, random, cards):
        keywords = list(dict.fromkeys(card["keywords"][0] for card in cards))
        return [self.support[keyword] for keyword in keywords]


def book_rules():
    """The rules that give a keyword a number."""
    result = []
    for rule in world.rules():
        if rule["number"][-1].isalpha() and rule["governs"]:
            text = rule["text"][0].lower() + rule["text"][1:]
            amount = next(int(word.rstrip(".")) for word in text.split() if word.rstrip(".").isdigit())
            result.append({"number": rule["number"], "keyword": text.split()[0], "amount": amount,
                           "sentence": f"Rule {rule['number']} {text}"})
    return result


def held_out_rules():
    """Rule numbers that training never shows: what the last three keywords of each section add."""
    return {f"{section}.{index}a" for section in world.KEYWORD_SECTIONS for index in (6, 7, 8)}


def avoided_rules():
    """Rule numbers that training asks nothing about: the held-out ones, and the other part of the same rules."""
    return {number[:-1] + letter for number in held_out_rules() for letter in "ab"}


class Practice:
    """Freshly drawn cards, terms and rules of known words, none of them in a held-out combination.

    A share of the names is made of random syllables, so that reading does not depend on known words.
    """

    SYLLABLES = ("ba be bo da de do fa fe fi ga go ha ho ja jo ka ke ko la le lo ma me mo na ne no pa pe po ra re ro "
             "sa se so ta te to va ve vo wa we wo za ze zo").split()

    def __init__(self, syllables=0.05, world_share=0.1):
        names = world.names()
        self.forbidden = set(names["held_out"]) | set(names["new_words"])
        self.forbidden_terms = {term["term"] for term in world.terms()["held_out"]}
        self.forbidden_definitions = {term["definition"] for term in world.terms()["held_out"]}
        self.forbidden_rules = avoided_rules()
        self.syllables = syllables
        self.world_share = world_share
        self.bare_share = 0.0
        self.alike_share = 0.0
        self.world = World("training")

    def bare(self, random):
        return self.bare_share > 0 and random.random() < self.bare_share

    def word(self, random):
        return "".join(random.choice(self.SYLLABLES) for _ in range(random.choice((2, 2, 3))))

    def cards(self, random, count):
        if random.random() < self.world_share:
            return self.world.cards(random, count)
        invented = random.random() < self.syllables
        result, taken = [], set()
        while len(result) < count:
            if invented:
                name = f"{self.word(random).capitalize()} {self.word(random).capitalize()}"
            else:
                name = f"{random.choice(words.FIRST)} {random.choice(words.SECOND)}"
            if name in taken or name in self.forbidden:
                continue
            taken.add(name)
            result.append({"id": "practice", **world.card_fields(random, name)})
        if random.random() < 0.25:  # equal figures, for draws
            attribute = random.choice(words.ATTRIBUTES)
            result[1][attribute] = result[0][attribute]
        return result

    def terms(self, random, count):
        if random.random() < self.world_share:
            return self.world.terms(random, count)
        invented = random.random() < self.syllables
        result, taken = [], set()
        while len(result) < count:
            first, second = ((self.word(random), self.word(random)) if invented
                             else (random.choice(words.TERM_FIRST), random.choice(words.TERM_SECOND)))
            term, text = f"{first} {second}", self.definition(random, [other["definition"] for other in result])
            if term in taken or text in taken or term in self.forbidden_terms or text in self.forbidden_definitions:
                continue
            taken |= {term, text}
            result.append({"id": "practice", "term": term, "definition": text})
        return result

    def definition(self, random, others):
        """A definition, now and then with one word alone that differs from another one's."""
        if not others or not self.alike_share or random.random() >= self.alike_share:
            return world.definition(random)
        parts, fresh = random.choice(others).split(), world.definition(random).split()
        place = random.choice((0, 1, 3))
        parts[place] = fresh[place]
        return " ".join(parts)

    def rule_number(self, random, taken):
        while True:
            number = f"{random.choice(range(100, 190, 10))}.{random.randint(1, 9)}{random.choice('abcd')}"
            if number not in taken and number not in self.forbidden_rules:
                taken.add(number)
                return number

    def keyword_rules(self, random, count):
        if random.random() < self.world_share:
            return self.world.keyword_rules(random, count)
        taken = set()
        result = []
        for keyword in random.sample(words.KEYWORDS, count):
            number, amount = self.rule_number(random, taken), random.randint(1, 9)
            text = f"adds {amount} {random.choice(words.ATTRIBUTES)}" if random.random() < 0.5 else f"supports {amount}"
            result.append({"number": number, "keyword": keyword, "amount": amount,
                           "sentence": f"Rule {number} {keyword} {text}."})
        return result

    def support_rules(self, random, cards):
        taken, result = set(), []
        for keyword in dict.fromkeys(card["keywords"][0] for card in cards):
            number, amount = self.rule_number(random, taken), random.randint(1, 5)
            result.append({"number": number, "keyword": keyword, "amount": amount,
                           "sentence": f"Rule {number} {keyword} supports {amount}."})
        return result


SLOTS = {type_: [slot for slot in ("a", "b", "rule", "term", "definition",
                                   "player") if "{%s}" % slot in cores["training"][0]]
         for type_, cores in wordings.CORES.items()}
FILLERS = sorted({
    word.strip("?.,:").lower()
    for pool in (*wordings.CORES.values(), {"training": wordings.OPENINGS["training"] + wordings.CLOSINGS["training"]})
    for text in pool["training"] for word in text.split() if "{" not in word
} - {telling for tellings in wordings.TELLING.values() for telling in tellings} - {""})


def scrambled(type_, slots, random):
    """A practice wording: a telling word, the slots in their order, and fillers in between."""
    parts = [[slot] for slot in slots]
    parts.insert(random.randint(0, len(parts)), [random.choice(wordings.TELLING[type_])])
    for part in parts:
        part[:0] = random.sample(FILLERS, random.randint(0, 3))
    return " ".join(word for part in parts for word in part) + random.choice("?.")


def new_random(*name):
    return _random.Random("/".join(map(str, name)))
