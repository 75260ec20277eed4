"""What transformers' logits processors leave of given logits: the surviving ids and their probabilities.

Run:  python tests/golden/sampling.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes sampling/cases.json and sampling/cases.safetensors. A case names a set of logits and the parameters, null where a
step is absent. The steps run in the order of `generate`: repetition penalty over the history, temperature, top-k,
top-p, min-p; as there, a temperature, top-p or penalty of 1 adds no step. Tensors: `logits_<set>` float32 [vocab],
`history_<set>` int32 [m] (ids repeat), `ids_<case>` int32 [survivors] ascending, `probabilities_<case>` float32
[survivors], the softmax over the survivors. `splits_equal_logits` marks cases where top-p dropped one of several equal
logits and kept another: which one is arbitrary, so compare their number and the sorted probabilities. Apart from such
ties no cut of top-p or min-p is closer than MARGIN to its bound.
"""

import reference
import torch
from safetensors.torch import save_file
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

MARGIN = 1e-5

# name: vocabulary, standard deviation, step to which the logits are rounded (0: not at all; a coarse one makes ties)
SETS = {
    "tiny": (11, 2.0, 0),
    "tiny_ties": (12, 1.5, 1.0),
    "ties": (37, 2.0, 0.5),
    "medium": (100, 2.5, 0),
    "flat": (150, 0.3, 0),
    "large": (500, 3.0, 0),
}

ALONE = (
    [dict(temperature=value) for value in (0.1, 0.7, 1.0, 2.0)]
    + [dict(top_k=value) for value in (1, 5, 50)]
    + [dict(top_p=value) for value in (0.1, 0.9, 1.0)]
    + [dict(min_p=value) for value in (0.05, 0.3)]
    + [dict(penalty=value) for value in (1.0, 1.3, 0.8)]
)
COMBINED = [
    dict(temperature=0.7, top_k=50, top_p=0.9),
    dict(temperature=2.0, top_k=5, top_p=0.9),
    dict(temperature=0.1, top_p=0.9, min_p=0.05),
    dict(penalty=1.3, temperature=0.7),
    dict(penalty=1.3, top_k=5),
    dict(penalty=0.8, temperature=2.0, top_p=0.9),
    dict(penalty=1.3, temperature=0.7, top_k=50, top_p=0.9, min_p=0.05),
    dict(penalty=0.8, temperature=2.0, top_k=5, top_p=0.9, min_p=0.3),
    dict(top_k=50, min_p=0.3),
    dict(temperature=2.0, top_p=0.1),
]
PARAMETERS = ("penalty", "temperature", "top_k", "top_p", "min_p")


def chain(case):
    """The processors of a case in the order of `generate`."""
    steps = []
    if case.get("penalty", 1.0) != 1.0:
        steps.append(RepetitionPenaltyLogitsProcessor(case["penalty"]))
    if case.get("temperature", 1.0) != 1.0:
        steps.append(TemperatureLogitsWarper(case["temperature"]))
    if "top_k" in case:
        steps.append(TopKLogitsWarper(case["top_k"]))
    if case.get("top_p", 1.0) < 1.0:
        steps.append(TopPLogitsWarper(case["top_p"]))
    if "min_p" in case:
        steps.append(MinPLogitsWarper(case["min_p"]))
    return steps


def check_margin(step, scores):
    """Asserts that rounding cannot decide what a step drops."""
    probabilities = scores.double().softmax(dim=-1)[0]
    if isinstance(step, TopPLogitsWarper):
        distance = (torch.sort(probabilities).values.cumsum(dim=-1) - (1.0 - step.top_p)).abs()
        assert distance.min() > MARGIN, f"top_p {step.top_p} cuts within {distance.min()}"
    if isinstance(step, MinPLogitsWarper):
        distance = (probabilities / probabilities.max() - step.min_p).abs()
        assert distance.min() > MARGIN, f"min_p {step.min_p} cuts within {distance.min()}"


def draw_sets(tensors):
    """Logits and histories of all sets, into `tensors`."""
    for seed, (name, (vocabulary, deviation, step)) in enumerate(SETS.items(), start=1):
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(vocabulary, generator=generator) * deviation
        if step:
            logits = (logits / step).round() * step
        history = torch.randint(vocabulary, (max(4, vocabulary // 8),), generator=generator)
        order = logits.argsort(descending=True, stable=True)
        history = torch.cat([history, order[:1], order[-1:], order[2:3], history[:1]])
        assert (logits[history] > 0).any() and (logits[history] < 0).any()
        tensors[f"logits_{name}"] = logits
        tensors[f"history_{name}"] = history.to(torch.int32)


def main():
    root = reference.output_folder() / "sampling"
    root.mkdir(parents=True, exist_ok=True)
    tensors, cases = {}, []
    draw_sets(tensors)
    for name in SETS:
        logits = tensors[f"logits_{name}"]
        history = tensors[f"history_{name}"].to(torch.int64)[None]
        for parameters in ALONE + COMBINED:
            scores = logits[None].clone()
            penalised = scores
            for step in chain(parameters):
                check_margin(step, scores)
                scores = step(history, scores)
                if isinstance(step, RepetitionPenaltyLogitsProcessor):
                    penalised = scores
            kept = torch.isfinite(scores[0])
            equal = penalised[0][kept][:, None] == penalised[0][~kept][None, :]
            case = f"{len(cases):03d}"
            tensors[f"ids_{case}"] = kept.nonzero()[:, 0].to(torch.int32)
            tensors[f"probabilities_{case}"] = scores[0].softmax(dim=-1)[kept]
            cases.append({
                "case": case,
                "logits": name,
                **{key: parameters.get(key) for key in PARAMETERS},
                "survivors": int(kept.sum()),
                "splits_equal_logits": bool(equal.any()),
            })
    save_file(tensors, root / "cases.safetensors")
    reference.write_json(root / "cases.json", cases)
    print(f"sampling: {len(cases)} cases, {sum(case['splits_equal_logits'] for case in cases)} split equal logits")


if __name__ == "__main__":
    main()
