"""Steps of training in PyTorch, with the sizes of train_bench: a layer of experts, a dense block of the same work, and
the small Mixtral, as transformers computes it (eager experts) and as examples/small_mixtral/network.py does.

Run:  python benchmarks/peers/torch_training.py [threads]     on a quiet machine; median of 5 after 2
"""

import statistics
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "small_mixtral"))
from network import CONFIG, Mixtral  # noqa: E402
from transformers import MixtralConfig, MixtralForCausalLM  # noqa: E402
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock  # noqa: E402

ROWS = 2048


def median(step):
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[2:])


def mixtral_config(**sizes):
    config = MixtralConfig(num_local_experts=8, num_experts_per_tok=2, **sizes)
    config._attn_implementation = "sdpa"
    config._experts_implementation = "eager"
    return config


def layer(module, x):
    def step():
        module.zero_grad(set_to_none=True)
        out = module(x)
        out = out[0] if isinstance(out, tuple) else out
        out.backward(torch.ones_like(out))
    return median(step)


class Dense(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.up = (torch.nn.Linear(512, 2048, bias=False) for _ in range(2))
        self.down = torch.nn.Linear(2048, 512, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


def small(model, logits_of):
    ids = torch.randint(1406, (16, 250))
    wanted = torch.arange(0, 4000, 16)
    targets = torch.randint(1406, (250,))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=True)

    def step():
        F.cross_entropy(logits_of(model, ids, wanted), targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return 4000 / median(step)


def transformers_logits(model, ids, wanted):
    hidden = model.model(ids, use_cache=False).last_hidden_state.flatten(0, 1)[wanted]
    return model.lm_head(hidden)


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    torch.manual_seed(1)
    x = torch.randn(1, ROWS, 512, requires_grad=True)
    experts = MixtralSparseMoeBlock(mixtral_config(hidden_size=512, intermediate_size=1024))
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter, std=0.03)
    print(f"threads {torch.get_num_threads()}")
    print(f"experts {1e3 * layer(experts, x):.0f} ms, dense {1e3 * layer(Dense(), x):.0f} ms")
    sizes = dict(vocab_size=1406, hidden_size=128, intermediate_size=192, num_hidden_layers=4, num_attention_heads=6,
                 num_key_value_heads=6, head_dim=32, tie_word_embeddings=True)
    print(f"small Mixtral of transformers {small(MixtralForCausalLM(mixtral_config(**sizes)), transformers_logits):.0f} tokens/s")
    own = Mixtral(CONFIG | {"vocab_size": 1406})
    print(f"small Mixtral of network.py {small(own, lambda m, i, w: m(i, torch.arange(4000), w)):.0f} tokens/s")


if __name__ == "__main__":
    main()
