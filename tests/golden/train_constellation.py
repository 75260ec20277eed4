"""A constellation of encoders, its loss and its gradients, as PyTorch's autograd has them.

Run:  python tests/golden/train_constellation.py [folder]      (default: the folder of this script)
With: torch 2.15.0, safetensors 0.8.0, Python 3.11

The modules are PyTorch's: MultiheadAttention asks for experts, TransformerEncoderLayer (norm_first, GELU, no dropout)
is the middle of each expert, which runs on the rows of one sequence that chose it and on no other. Computed in float64
from float32 weights. The loss is the weighted mean squared error, plus 0.05 times experts * sum of (choices / rows) *
(mean probability), plus 0.01 times the mean squared log-sum-exp of the scores.

Writes train/constellation.safetensors:
  rows [n, in], targets [n, out], weights [n] float32;  ends int32 [sequences]
  answers float32 [n, out], choices int32 [n, top_k];  loss, balance, z float64 [1]
  value/<tensor>, gradient/<tensor> float32
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

IN, HIDDEN, OUT, EXPERTS, TOP_K, GATE_HEADS, EXPERT_HEADS = 6, 8, 5, 4, 2, 3, 2
LENGTHS = (7, 1, 12)
BALANCE, Z = 0.05, 0.01


class Expert(nn.Module):
    def __init__(self):
        super().__init__()
        self.enter = nn.Linear(IN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN)
        self.layer = nn.TransformerEncoderLayer(HIDDEN, EXPERT_HEADS, 4 * HIDDEN, dropout=0.0, activation="gelu",
                                                batch_first=True, norm_first=True)
        self.leave = nn.Linear(HIDDEN, HIDDEN)
        self.answer = nn.Linear(HIDDEN, OUT)
        self.confidence = nn.Linear(HIDDEN, 1)

    def forward(self, x):
        state = self.layer(F.gelu(self.norm(self.enter(x)))[None])[0]
        return self.answer(F.gelu(self.leave(state))), self.confidence(state).sigmoid()

    def tensors(self):
        """(name, module with weight and bias) of all parts; the attention's inputs apart."""
        layer = self.layer
        yield from {"enter": self.enter, "norm": self.norm, "norm1": layer.norm1, "output": layer.self_attn.out_proj,
                    "norm2": layer.norm2, "up": layer.linear1, "down": layer.linear2, "leave": self.leave,
                    "answer": self.answer, "confidence": self.confidence}.items()


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.Parameter(torch.randn(EXPERTS, IN))
        self.attention = nn.MultiheadAttention(IN, GATE_HEADS, batch_first=True)
        self.wide = nn.Linear(IN, 4 * EXPERTS)
        self.narrow = nn.Linear(4 * EXPERTS, EXPERTS)

    def forward(self, x):
        answer, _ = self.attention(x[None], self.experts[None], self.experts[None])
        return self.narrow(F.gelu(self.wide(answer[0])))


def named(gate, experts, of):
    """Every tensor, or its gradient, under Asterism's names."""
    yield "gate.experts", of(gate.experts)
    for at, which in enumerate(("query", "key", "value")):
        yield f"gate.{which}.weight", of(gate.attention.in_proj_weight).chunk(3)[at]
        yield f"gate.{which}.bias", of(gate.attention.in_proj_bias).chunk(3)[at]
    modules = [("gate.output", gate.attention.out_proj), ("gate.wide", gate.wide), ("gate.narrow", gate.narrow)]
    for number, expert in enumerate(experts):
        modules += [(f"experts.{number}.{name}", module) for name, module in expert.tensors()]
        yield f"experts.{number}.qkv.weight", of(expert.layer.self_attn.in_proj_weight)
        yield f"experts.{number}.qkv.bias", of(expert.layer.self_attn.in_proj_bias)
    for name, module in modules:
        yield f"{name}.weight", of(module.weight)
        yield f"{name}.bias", of(module.bias)


def main():
    torch.manual_seed(1)
    gate, experts = Gate(), nn.ModuleList(Expert() for _ in range(EXPERTS))
    for parameter in [*gate.parameters(), *experts.parameters()]:
        parameter.data += 0.3 * torch.randn(parameter.shape)  # norms and biases of zero hide mistakes
    gate, experts = gate.double(), experts.double()
    n = sum(LENGTHS)
    rows, targets = torch.randn(n, IN), torch.randn(n, OUT)
    weights = torch.tensor([0.0, 1.0, 0.5])[torch.randint(3, (n,))]

    scores = gate(rows.double())
    probabilities = scores.softmax(-1)
    best = probabilities.sort(-1, descending=True).values
    assert (best[:, TOP_K - 1] - best[:, TOP_K]).min() > 1e-3, "a choice is nearly a tie"
    top = probabilities.topk(TOP_K, -1)
    shares = top.values / top.values.sum(-1, keepdim=True)
    answers = torch.zeros(n, TOP_K, OUT, dtype=torch.float64)
    sure = torch.zeros(n, TOP_K, dtype=torch.float64)
    for number, expert in enumerate(experts):
        first = 0
        for length in LENGTHS:
            chosen = [(row, place) for row in range(first, first + length)
                      for place in range(TOP_K) if top.indices[row, place] == number]
            first += length
            if not chosen:
                continue
            at = tuple(torch.tensor(chosen).T)
            answer, confidence = expert(rows.double()[at[0]])
            answers = answers.index_put(at, answer)
            sure = sure.index_put(at, confidence[:, 0])
    weighed = shares * sure
    weighed = weighed / (weighed.sum(-1, keepdim=True) + 1e-8)
    y = (weighed[..., None] * answers).sum(1)

    loss = (weights.double() * (y - targets.double()).square().sum(-1)).sum() / (OUT * weights.double().sum())
    chosen = torch.bincount(top.indices.flatten(), minlength=EXPERTS) / n
    balance = EXPERTS * (chosen * probabilities.mean(0)).sum()
    z = scores.logsumexp(-1).square().mean()
    (loss + BALANCE * balance + Z * z).backward()

    tensors = {"rows": rows, "targets": targets, "weights": weights,
               "ends": torch.tensor(LENGTHS).cumsum(0).to(torch.int32), "answers": y.float(),
               "choices": top.indices.to(torch.int32), "loss": loss[None], "balance": balance[None], "z": z[None]}
    tensors |= {f"value/{name}": tensor.float() for name, tensor in named(gate, experts, lambda p: p)}
    tensors |= {f"gradient/{name}": tensor.float() for name, tensor in named(gate, experts, lambda p: p.grad)}
    folder = (pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent) / "train"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()},
              folder / "constellation.safetensors")
    print(f"loss {float(loss):.4f} balance {float(balance):.4f} z {float(z):.4f} choices {chosen.tolist()}")


if __name__ == "__main__":
    main()
