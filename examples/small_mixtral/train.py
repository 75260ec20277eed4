"""Trains the small Mixtral: seeded, resumable, with its figures in a log.

Run:  python train.py TOKENIZER_FOLDER STATE_FOLDER [--tokens N] [--threads N] [--seed N]
A state is written about every two minutes and at the end; a second run with the same arguments goes on from it, and
sees the examples that the first would have seen. Interrupting loses what came after the last state.

Every training example is drawn anew from its number: a block of knowledge about cards, terms or a log, most of which
exist nowhere else, and four to eight questions about it. The first half million tokens are repeated random strings,
from which attention learns to copy.
"""

import argparse
import json
import os
import random as _random
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from network import CONFIG, Mixtral
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "data"))
from saltlantern import questions

FIRST_WORD = 265  # ids below are markers and bytes
BATCH = 16  # examples of a step
POOL = 32  # steps whose examples are drawn together and sorted by length
WARMUP_TOKENS = 450_000  # of copying
LOOKUPS_UNTIL = 3_000_000  # tokens until which questions of one look-up are the larger part
HARDER_FROM = 10_000_000  # tokens from which look-ups are known, and sums and contests get most of the practice
# Tokens from which damage, slow to be learnt, gets more practice, and less of it with the answer 0.
DAMAGE_FROM = 21_000_000
LAST_FROM = 26_000_000  # tokens from which the weakest types get the most practice
PEAK, MUON_PEAK = 2e-3, 1e-2  # learning rates
FALLING = 0.4  # of the tokens: the last part, over which the rates fall to zero
DECAY, CLIP, WARMUP_STEPS = 0.05, 1.0, 80
# The last tokens, with the rates risen again to this part of them, and falling to zero.
POLISH, POLISH_RATE = 3_000_000, 0.3
SAVE_SECONDS = 120  # between two states, and a pool of examples more
# Of the questions that an example begins with, so many parts are of a type. The sums and contests need the most
# practice; what stands in blocks of its own (rules, glossary, log) needs as much of it as what every block of cards
# teaches on the side.
WEIGHTS = {
    "alliance": 5, "bill": 5, "damage": 6, "support": 7, "clash": 6, "race": 6, "siege": 6, "cost": 1, "strength": 1,
    "guard": 1,
    "keyword": 1, "kind": 1, "ability": 2, "rule_amount": 4, "rule_keyword": 2, "meaning": 7, "term": 6, "who": 5,
    "turn": 6, "lit_card": 2,
    "gained": 2, "beaten": 2,
}
LATE_WEIGHTS = {
    "alliance": 6, "bill": 6, "damage": 6, "support": 8, "clash": 9, "race": 9, "siege": 9, "cost": 1, "strength": 1,
    "guard": 1,
    "keyword": 1, "kind": 1, "ability": 1, "rule_amount": 2, "rule_keyword": 2, "meaning": 4, "term": 6, "who": 5,
    "turn": 2, "lit_card": 1,
    "gained": 1, "beaten": 1,
}
DAMAGE_WEIGHTS = LATE_WEIGHTS | {"damage": 16, "support": 10}
LAST_WEIGHTS = LATE_WEIGHTS | {"support": 20, "term": 16, "race": 12}
POLISH_WEIGHTS = LATE_WEIGHTS | {"support": 30, "term": 50, "meaning": 6}
HARD = ("REASON", "PREDICT")  # kinds that early training leaves to later


class Examples:
    """Example i of a stage, as token ids and the places whose next token counts."""

    def __init__(self, tokenizer, seed):
        self.tokenizer, self.seed = tokenizer, seed
        self.practice = questions.Practice()
        self.types = list(questions.KIND_OF)
        self.ids = {token: tokenizer.token_to_id(token) for token in ("<s>", "</s>", "[INST]", "[/INST]")}

    def copying(self, random):
        """A random string of 6 to 18 tokens, three times over; what repeats counts."""
        string = [random.randrange(FIRST_WORD, self.tokenizer.get_vocab_size()) for _ in range(random.randint(6, 18))]
        return [self.ids["<s>"]] + 3 * string, [0] * len(string) + [1] * (2 * len(string)) + [0]

    def texts(self, random, stage):
        """An example as pieces of text and whether they are answers."""
        weights = [stage["weights"][type_] for type_ in self.types]
        first = random.choices(self.types, weights)[0]
        while questions.KIND_OF[first] in HARD and random.random() < stage["lookups"]:
            first = random.choices(self.types, weights)[0]
        scene = questions.scene_for(random, self.practice, [first])
        chat = random.random() < 0.2
        pieces = [("<s>", False)]
        for index in range(random.randint(4, 8)):
            type_ = first if index % 2 == 0 and questions.KIND_OF[first] in HARD else random.choice(scene.types)
            question = questions.ask(scene, type_, random, "scrambled" if random.random() < 0.2 else "training")
            refused = stage["zeros_refused"] if type_ == "damage" else 0.0
            while refused and question.answer == "0" and random.random() < refused:
                question = questions.ask(scene, type_, random)
            text = questions.prompt(scene.block, question) if index == 0 else f"Query: {question.text}\nResponse:"
            if chat:
                text = f"[INST] {text} [/INST]"
            elif index > 0:
                text = "\n" + text
            pieces += [(text, False), (f" {question.answer}</s>", True)]
        return pieces

    def pool(self, first, count, stage):
        """Examples first ... first + count - 1, as lists of ids and of places that count, the answers' tokens and their
        ends."""
        self.practice.bare_share = stage["bare"]
        self.practice.alike_share = stage["alike"]
        result, texts = [], []
        for index in range(first, first + count):
            random = _random.Random(f"{self.seed}/{index}")
            if random.random() < stage["copying"]:
                result.append(self.copying(random))
            else:
                texts.append(self.texts(random, stage))
        return result + self.encoded(texts)

    def encoded(self, texts):
        """Ids and places that count of examples in pieces."""
        encoded = iter(self.tokenizer.encode_batch_fast([text for pieces in texts for text, _ in pieces],
                                                        add_special_tokens=False))
        result = []
        for pieces in texts:
            ids, counts = [], []
            for _, answer in pieces:
                piece = next(encoded).ids
                ids += piece
                counts += [answer] * len(piece)
            result.append((ids, [int(c) for c in counts[1:]] + [0]))
        return result


def groups(examples):
    """The steps of a pool: examples of like length together, the steps in an order of their own."""
    examples = sorted(examples, key=lambda example: len(example[0]))
    steps = [examples[i : i + BATCH] for i in range(0, len(examples), BATCH)]
    _random.Random(len(examples[0][0])).shuffle(steps)
    return steps


def batches(examples):
    """Tensors of a pool's steps."""
    for group in groups(examples):
        length = max(len(ids) for ids, _ in group)
        ids = torch.zeros(len(group), length, dtype=torch.int64)
        real = torch.zeros(len(group), length, dtype=torch.bool)
        wanted = torch.zeros(len(group), length, dtype=torch.bool)
        for row, (tokens, counts) in enumerate(group):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            real[row, : len(tokens)] = True
            wanted[row, : len(tokens)] = torch.tensor(counts, dtype=torch.bool)
        places = wanted.flatten().nonzero().squeeze(1)
        yield ids, real.flatten().nonzero().squeeze(1), places, ids.flatten()[places + 1]


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal by five Newton-Schulz steps (Jordan et al. 2024), for square-ish
    matrices."""

    def __init__(self, parameters, lr, momentum=0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                buffer = state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
                update = parameter.grad + group["momentum"] * buffer
                x = update / (update.norm() + 1e-7)
                for _ in range(5):
                    square = x @ x.T
                    x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
                parameter.mul_(1 - group["lr"] * DECAY).sub_(group["lr"] * x)


def optimizers(model):
    """Muon for the matrices of attention; AdamW for the rest, without decay of norms and embedding."""
    attention = [p for layer in model.layers for p in layer.self_attn.parameters()]
    taken = {id(p) for p in attention}
    others = [p for p in model.parameters() if id(p) not in taken]
    plain = [p for p in others if p.ndim == 1 or p is model.embed.weight]
    decayed = [p for p in others if p.ndim > 1 and p is not model.embed.weight]
    adam = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}], lr=PEAK,
        betas=(0.9, 0.97), foreach=True
    )
    both = [adam, Muon(attention, MUON_PEAK)]
    for optimizer in both:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return both


class Run:
    """Model, optimizers and progress, which a state file holds together."""

    def __init__(self, folder, config, seed, tokens, device):
        torch.manual_seed(seed)
        self.arguments = {"seed": seed, "tokens": tokens}
        self.device = device
        self.model = Mixtral(config).to(device)
        self.optimizers = optimizers(self.model)
        self.progress = {"tokens": 0, "pool": 0, "step": 0, "seconds": 0.0}
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "state.pt"
        if self.path.exists():
            saved = torch.load(self.path, weights_only=True, map_location=device)
            if saved["arguments"] != self.arguments:
                raise SystemExit(f"{self.path} was made with {saved['arguments']}: go on with these, or take another folder")
            self.model.load_state_dict(saved["model"])
            for optimizer, state in zip(self.optimizers, saved["optimizers"]):
                optimizer.load_state_dict(state)
            self.progress = saved["progress"]

    def save(self):
        """The new state takes the old one's place when it is complete."""
        state = {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers],
                 "progress": self.progress,
                 "config": self.model.config, "arguments": self.arguments}
        torch.save(state, f"{self.path}.new")
        os.replace(f"{self.path}.new", self.path)

    def step(self, batch):
        """Returns loss, balance loss, right and counted tokens."""
        ids, real, wanted, targets = (part.to(self.device) for part in batch)
        rate = (min(1.0, (self.progress["step"] + 1) / WARMUP_STEPS)
                * rate_of(self.progress["tokens"], self.arguments["tokens"]))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * max(rate, 0.0)
        logits = self.model(ids, real, wanted)
        loss = F.cross_entropy(logits, targets)
        balance = self.model.balance_loss()
        (loss + self.model.config["router_aux_loss_coef"] * balance).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.progress["tokens"] += len(real)
        self.progress["step"] += 1
        return loss.item(), balance.item(), int((logits.argmax(-1) == targets).sum()), len(targets)


def rate_of(tokens, all_tokens):
    """The part of the peak rates: 1, then falling to zero; and once more, from a lower one, while it is polished."""
    main = all_tokens - POLISH
    if tokens < main:
        return min(1.0, (1.0 - tokens / main) / FALLING)
    return POLISH_RATE * (all_tokens - tokens) / POLISH


def stage_of(tokens, all_tokens):
    """What examples are like. Shares: of copying; of the hard kinds that are left to later; of the blocks of cards that
    are bare; of the questions about damage that are asked again because their answer is 0; of the definitions that
    share words with another."""
    stage = {"copying": 0.0, "lookups": 0.0, "bare": 0.0, "zeros_refused": 0.0, "alike": 0.0, "weights": WEIGHTS}
    if tokens < WARMUP_TOKENS:
        return stage | {"copying": 0.8, "lookups": 1.0}
    if tokens < LOOKUPS_UNTIL:
        return stage | {"copying": 0.05, "lookups": 0.6}
    if tokens < HARDER_FROM:
        return stage
    stage |= {"bare": 0.4, "weights": LATE_WEIGHTS}
    if tokens < DAMAGE_FROM:
        return stage
    stage |= {"zeros_refused": 0.7, "weights": DAMAGE_WEIGHTS}
    if tokens < LAST_FROM:
        return stage
    if tokens < all_tokens - POLISH:
        return stage | {"weights": LAST_WEIGHTS}
    return stage | {"alike": 0.8, "weights": POLISH_WEIGHTS}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--tokens", type=float, default=34e6, help="tokens to train on")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu",
                        help="where to train: cuda or cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer / "tokenizer.json"))
    run = Run(arguments.state, CONFIG | {"vocab_size": tokenizer.get_vocab_size()}, arguments.seed, arguments.tokens,
              arguments.device)
    examples = Examples(tokenizer, arguments.seed)
    started, saved_at = time.time() - run.progress["seconds"], time.time()
    with open(arguments.state / "log.jsonl", "a", encoding="utf-8") as log:
        while run.progress["tokens"] < arguments.tokens:
            pool = examples.pool(run.progress["pool"] * POOL * BATCH, POOL * BATCH,
                                 stage_of(run.progress["tokens"], arguments.tokens))
            sums = [sum(values) for values in zip(*(run.step(batch) for batch in batches(pool)))]
            run.progress["pool"] += 1
            run.progress["seconds"] = time.time() - started
            line = {"tokens": run.progress["tokens"], "loss": round(sums[0] / POOL, 4),
                    "right": round(sums[2] / sums[3], 4),
                    "balance": round(sums[1] / POOL, 3), "least_used": round(float(run.model.shares().min()), 3),
                    "tokens_per_second": round(run.progress["tokens"] / run.progress["seconds"])}
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            if time.time() - saved_at > SAVE_SECONDS:
                run.save()
                saved_at = time.time()
    run.save()


if __name__ == "__main__":
    main()
