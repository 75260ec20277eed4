"""Golden values of optimizers: ten steps of AdamW, of AdamW with 8-bit states and of Muon.

Writes train/optimizers.safetensors. Run in this folder:

    python train_optimizers.py [FOLDER]

Made with torch 2.15.0 (CPU), bitsandbytes 0.50.2, safetensors 0.8 and numpy 2.4. Numbers come from numpy's PCG64 with
fixed seeds, so that a second run writes the same bytes.

For each case `<case>`: `<case>/weights` (rows, cols) before the first step, `<case>/gradients` (10, rows, cols), and
after steps 1, 2 and 10 `<case>/<step>/weights` and the states: `m` and `v`, for Muon `momentum`; of 8-bit states
`m_codes`, `v_codes` (uint8), `m_scales` and `v_scales`. The rate of step t is RATE * t / 10. `dynamic_signed` and
`dynamic_unsigned` are bitsandbytes' maps.

AdamW is torch.optim.AdamW. 8-bit states are those of bitsandbytes' AdamW8bit, with the quantization of its module
backends/default, in torch: the compiled one of its CPU backend does not find the nearest code. Muon follows the
formulas of torch.optim.Muon with Newton and Schulz's iteration in float64, where torch takes bfloat16; the script
asserts that torch's result is as near as bfloat16 lets it.
"""

import pathlib
import sys

import bitsandbytes
import bitsandbytes.backends.cpu.ops as bnb_cpu
import bitsandbytes.functional as bnb
import numpy as np
import torch
from safetensors.torch import save_file

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "train")
RATE, DECAY, BETAS, STEPS, SHOWN = 1e-3, 0.01, (0.9, 0.95), 10, (1, 2, 10)
tensors = {}


def normal(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def problem(name, seed, rows, cols):
    """Weights and gradients: of different sizes, some rows zero in some steps, some columns always."""
    weights = normal(seed, rows, cols) * 0.02
    gradients = normal(seed + 1, STEPS, rows, cols) * torch.logspace(-4, 0, cols)
    gradients[1::3, : rows // 2] = 0
    gradients[:, :, 1::7] = 0
    tensors[f"{name}/weights"], tensors[f"{name}/gradients"] = weights, gradients
    return torch.nn.Parameter(weights.clone()), gradients


def run(name, seed, shape, make, states):
    parameter, gradients = problem(name, seed, *shape)
    optimizer = make(parameter)
    for step in range(1, STEPS + 1):
        parameter.grad = gradients[step - 1].clone()
        for group in optimizer.param_groups:
            group["lr"] = RATE * step / STEPS
        optimizer.step()
        if step in SHOWN:
            tensors[f"{name}/{step}/weights"] = parameter.detach().clone()
            for key, value in states(optimizer.state[parameter]).items():
                tensors[f"{name}/{step}/{key}"] = value.clone()


def adam_w(decay):
    return lambda parameter: torch.optim.AdamW([parameter], lr=RATE, betas=BETAS, weight_decay=decay)


def adam_states(state):
    return {"m": state["exp_avg"], "v": state["exp_avg_sq"]}


def nearest_codes(values, code, absmax_out, out, block):
    """As in bitsandbytes.backends.default.ops: quantize_blockwise."""
    flat = values.reshape(-1)
    padded = torch.nn.functional.pad(flat, (0, -flat.numel() % block)).reshape(-1, block)
    absmax = padded.abs().max(dim=-1)[0]
    scaled = torch.clamp(padded * (1.0 / absmax.clamp(min=1e-38).view(-1, 1)), -1, 1).reshape(-1)[: flat.numel()]
    out.copy_(torch.bucketize(scaled, (code[:-1] + code[1:]) / 2).to(torch.uint8).reshape(out.shape))
    absmax_out.copy_(absmax)


def adam_w8(parameter):
    return bitsandbytes.optim.AdamW8bit([parameter], lr=RATE, betas=BETAS, weight_decay=DECAY)


def coded_states(state):
    return {"m_codes": state["state1"], "v_codes": state["state2"], "m_scales": state["absmax1"],
            "v_scales": state["absmax2"]}


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon's formulas, the iteration in float64."""

    def __init__(self, parameter, matched):
        super().__init__([parameter], {"lr": RATE})
        self.matched = matched

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                buffer = state["momentum"].mul_(0.95).add_(parameter.grad)
                x = (parameter.grad + 0.95 * buffer).double()
                x = x / x.norm().clamp(min=1e-7)
                x = x.T if x.shape[0] > x.shape[1] else x
                for _ in range(5):
                    square = x @ x.T
                    x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
                x = x.T if parameter.shape[0] > parameter.shape[1] else x
                scale = 0.2 * max(parameter.shape) ** 0.5 if self.matched else 1.0
                parameter.mul_(1 - group["lr"] * DECAY).sub_((group["lr"] * scale * x).float())


def muon_matches_torch(name):
    """torch's own result differs from ours by what bfloat16 rounds away."""
    parameter = torch.nn.Parameter(tensors[f"{name}/weights"].clone())
    theirs = torch.optim.Muon([parameter], lr=RATE, weight_decay=DECAY, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for step in range(1, STEPS + 1):
        parameter.grad = tensors[f"{name}/gradients"][step - 1].clone()
        theirs.param_groups[0]["lr"] = RATE * step / STEPS
        theirs.step()
    ours, before = tensors[f"{name}/{STEPS}/weights"], tensors[f"{name}/weights"]
    difference = ((parameter.detach() - ours).norm() / (ours - before).norm()).item()
    print(f"{name}: torch.optim.Muon differs by {difference:.3g} of the update")
    assert difference < 0.05


def main():
    bnb_cpu._quant_blockwise_fp32_direct = nearest_codes
    tensors["dynamic_signed"] = bnb.create_dynamic_map(signed=True)
    tensors["dynamic_unsigned"] = bnb.create_dynamic_map(signed=False)
    run("adam_w", 1, (5, 77), adam_w(DECAY), adam_states)
    run("adam_w_plain", 3, (1, 100), adam_w(0.0), adam_states)
    run("adam_w8", 5, (37, 113), adam_w8, coded_states)
    run("adam_w8_small", 7, (9, 30), adam_w8, lambda state: {"m": state["state1"], "v": state["state2"]})
    momentum = lambda state: {"momentum": state["momentum"]}
    for name, seed, shape, matched in (("muon_wide", 9, (12, 40), True), ("muon_tall", 11, (40, 12), True),
                                       ("muon_square", 13, (24, 24), False)):
        run(name, seed, shape, lambda parameter: Muon(parameter, matched), momentum)
    for name in ("muon_wide", "muon_tall"):
        muon_matches_torch(name)
    OUT.mkdir(exist_ok=True, parents=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, OUT / "optimizers.safetensors")


if __name__ == "__main__":
    main()
