"""What changes logits before the temperature: bias, penalties of an answer's own tokens, shortest answer, length decay.

Run:  python tests/golden/sampling_penalties.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes sampling/penalties.json and sampling/penalties.safetensors. A case names a set of logits and the parameters, null
where a step is absent; `answer` counts the last tokens of the history, which are the answer's. The steps run in the
order of `generate`: sequence bias, repetition penalty, (presence and frequency penalty,) shortest answer, length
decay.
transformers has no presence and frequency penalty: they are a plain loop over the formula of OpenAI's reference,
where c[j] counts the token in the answer:  mu[j] -> mu[j] - c[j] * frequency - float(c[j] > 0) * presence.
Tensors: `logits_<set>` float32 [vocab], `history_<set>` int32 [m], `scores_<case>` float32 [vocab], -inf where
a token can't be drawn.
"""

import reference
import torch
from safetensors.torch import save_file
from transformers import (
    ExponentialDecayLengthPenalty,
    MinNewTokensLengthLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
)

SETS = {"small": (23, 2.0), "large": (300, 3.0)}
ENDS = [2, 7]
HISTORY = 30
CASES = [
    dict(bias=[[0, 5.0], [11, -100.0], [7, 1.5]]),
    dict(presence=0.7),
    dict(frequency=0.4),
    dict(presence=-1.5, frequency=2.0),
    dict(shortest=12),
    dict(shortest=13),
    dict(decay=[5, 1.1]),
    dict(decay=[11, 1.5]),
    dict(decay=[12, 1.5]),
    dict(decay=[0, 3.0], shortest=4),
    dict(bias=[[7, 2.0]], penalty=1.3, presence=0.5, frequency=-0.25, shortest=2, decay=[3, 1.2]),
    dict(penalty=0.8, frequency=1.0, shortest=20),
]
ANSWER = 12
PARAMETERS = ("bias", "penalty", "presence", "frequency", "shortest", "decay")


def openai_penalties(scores, answer, presence, frequency):
    changed = scores.clone()
    for token in set(answer):
        changed[0, token] -= answer.count(token) * frequency + presence
    return changed


def changed_scores(logits, history, case):
    scores, prompt = logits[None].clone(), history.shape[1] - ANSWER
    if case.get("bias"):
        scores = SequenceBiasLogitsProcessor([[[token], bias] for token, bias in case["bias"]])(history, scores)
    if case.get("penalty"):
        scores = RepetitionPenaltyLogitsProcessor(case["penalty"])(history, scores)
    if case.get("presence") or case.get("frequency"):
        answer = history[0, prompt:].tolist()
        scores = openai_penalties(scores, answer, case.get("presence", 0.0), case.get("frequency", 0.0))
    if case.get("shortest"):
        scores = MinNewTokensLengthLogitsProcessor(prompt, case["shortest"], ENDS)(history, scores)
    if case.get("decay"):
        scores = ExponentialDecayLengthPenalty(tuple(case["decay"]), ENDS, prompt)(history, scores)
    return scores[0]


def main():
    root = reference.output_folder() / "sampling"
    root.mkdir(parents=True, exist_ok=True)
    tensors, cases = {}, []
    for seed, (name, (vocabulary, deviation)) in enumerate(SETS.items(), start=11):
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(vocabulary, generator=generator) * deviation
        history = torch.randint(min(vocabulary, 20), (HISTORY,), generator=generator)[None]
        tensors[f"logits_{name}"] = logits
        tensors[f"history_{name}"] = history[0].to(torch.int32)
        for parameters in CASES:
            case = f"{len(cases):03d}"
            tensors[f"scores_{case}"] = changed_scores(logits, history, parameters).contiguous()
            cases.append({"case": case, "logits": name, "answer": ANSWER, "ends": ENDS,
                          **{key: parameters.get(key) for key in PARAMETERS}})
    save_file(tensors, root / "penalties.safetensors")
    reference.write_json(root / "penalties.json", cases)
    print(f"sampling: {len(cases)} cases of penalties")


if __name__ == "__main__":
    main()
