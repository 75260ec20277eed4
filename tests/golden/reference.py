"""Tools shared by the scripts of this folder: lively random weights, prompts without near ties, and the golden files.

The reference is the causal language model of transformers that config.json names (Mixtral, Qwen3-MoE, Llama, Mistral),
in float32 on a CPU with eager attention and eager experts. A random model now and then meets a near tie between two
experts or two next tokens; another correct implementation may then decide otherwise. Every prompt here is therefore
drawn so that all decisions on it are clear, and the smallest gap is asserted and reported. A dense layer decides
nothing: it has no router, and a model without experts only chooses tokens.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

torch.set_num_threads(1)
torch.set_grad_enabled(False)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

PROMPT_LENGTHS = (1, 2, 7, 33, 64, 200)
KEPT_POSITIONS = 32  # of the longest prompt only the logits of the last positions are kept
GREEDY_PROMPT = 16
GREEDY_TOKENS = 64
EOS = 2
PROMPT_GAP = 0.01  # smallest gap of a decision on a drawn prompt, in standard deviations of the logits that it is about
GREEDY_GAP = 0.001  # the same for greedily generated sequences, whose tokens cannot be chosen


def output_folder():
    """The folder to write under: the first argument of the script, else the folder of this file."""
    return Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent


def config(model_type="mixtral", **values):
    """A small configuration; `values` as in the class of `model_type`, `rope_theta` flat and `rope_scaling` a flat
    dictionary as in transformers 4."""
    theta = values.pop("rope_theta", 1e6)
    scaling = values.pop("rope_scaling", {"rope_type": "default"})
    return AutoConfig.for_model(model_type, **{
        "max_position_embeddings": 512,
        "rope_parameters": {**scaling, "rope_theta": theta},
        "bos_token_id": 1,
        "eos_token_id": EOS,
        "use_cache": True,
        **values,
    })


def lively_model(configuration, seed, embedding=1.0):
    """A model whose weights are far from their usual start: hidden states, routers, attention and logits all vary a
    lot.

    `embedding`: standard deviation of an untied embedding; a small one makes the epsilon of the first norm matter.
    """
    model = AutoModelForCausalLM.from_config(configuration).float().eval()
    generator = torch.Generator().manual_seed(seed)

    def normal(parameter, gain=1.0):
        fan_in = parameter.shape[-1]
        parameter.copy_(torch.randn(parameter.shape, generator=generator) * (gain / fan_in**0.5))

    head_gain = 3.5
    hidden = configuration.hidden_size
    if configuration.tie_word_embeddings:
        normal(model.model.embed_tokens.weight, head_gain)
    else:
        normal(model.model.embed_tokens.weight, embedding * hidden**0.5)
        normal(model.lm_head.weight, head_gain)
    norms = [model.model.norm]
    for layer in model.model.layers:
        attention = layer.self_attn
        for projection, gain in ((attention.q_proj, 1.5), (attention.k_proj, 1.5), (attention.v_proj, 1.0),
                                 (attention.o_proj, 1.5)):
            normal(projection.weight, gain)
            if projection.bias is not None:
                projection.bias.copy_(torch.randn(projection.bias.shape, generator=generator) * 0.5)
        if is_sparse(layer):
            normal(layer.mlp.gate.weight, 2.0)
            normal(layer.mlp.experts.gate_up_proj, 1.5)
            normal(layer.mlp.experts.down_proj, 1.5)
        else:
            for projection in (layer.mlp.gate_proj, layer.mlp.up_proj, layer.mlp.down_proj):
                normal(projection.weight, 1.5)
        norms += [layer.input_layernorm, layer.post_attention_layernorm]
        norms += [getattr(attention, name) for name in ("q_norm", "k_norm") if hasattr(attention, name)]
    for norm in norms:
        norm.weight.copy_(0.5 + torch.rand(norm.weight.shape, generator=generator))
    return model


def load(folder, attention="eager", **fields):
    """The reference model of a checkpoint folder, in float32; `fields` of its configuration are set before it is
    built."""
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=attention, experts_implementation="eager", **fields
    ).eval()


def is_sparse(layer):
    """Whether a layer of a model has experts."""
    return hasattr(layer.mlp, "experts")


def sparse_layers(model):
    """Indices of the layers with experts, ascending; of a model without experts none."""
    return [index for index, layer in enumerate(model.model.layers) if is_sparse(layer)]


def forward(model, ids):
    """Logits [batch, n, vocab] and router logits [sparse layer, batch, n, expert] of the token ids [batch, n]; of a
    model without experts the latter are empty."""
    routed = []
    hooks = [
        layer.mlp.gate.register_forward_hook(lambda _module, _input, output: routed.append(output[0]))
        for layer in model.model.layers if is_sparse(layer)
    ]
    logits = model(ids, use_cache=False).logits
    for hook in hooks:
        hook.remove()
    if not routed:
        return logits, logits.new_empty(0, *ids.shape, 0)
    return logits, torch.stack(routed).reshape(len(routed), *ids.shape, -1)


class Decisions:
    """Measures how clear the decisions of a model are, in standard deviations of its router logits and of its
    logits."""

    def __init__(self, model):
        self.model = model
        self.k = getattr(model.config, "num_experts_per_tok", None)
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(model.config.vocab_size, (16, 32), generator=generator)
        logits, routed = forward(model, ids)
        self.logit_scale = logits.std()
        self.router_scale = routed.std(dim=(1, 2, 3)) if len(routed) else None

    def gaps(self, ids):
        """Smallest gaps [batch, n] among the ordered experts (the chosen ones and the next) and between the two best
        tokens. Without experts the first are infinite."""
        logits, routed = forward(self.model, ids)
        top = torch.topk(logits, 2, dim=-1).values
        token = (top[..., 0] - top[..., 1]) / self.logit_scale
        if not len(routed):
            return torch.full_like(token, float("inf")), token
        best = torch.sort(routed, dim=-1, descending=True).values[..., : self.k + 1]
        router = (best[..., :-1] - best[..., 1:]).amin(dim=-1) / self.router_scale[:, None, None]
        return router.amin(dim=0), token


def draw_prompt(measures, length, seed, candidates=24):
    """Token ids [length] on which every decision of every model measured has a gap of at least PROMPT_GAP.

    Built token by token: of the candidates drawn for the next position the first one without a near tie is taken, which
    leaves the earlier positions as they are because the model is causal.
    """
    generator = torch.Generator().manual_seed(1000 * seed + length)
    vocab = measures[0].model.config.vocab_size
    ids = torch.empty(0, dtype=torch.int64)
    while len(ids) < length:
        drawn = torch.randint(vocab, (candidates, 1), generator=generator)
        batch = torch.cat([ids.expand(candidates, -1), drawn], dim=1)
        clear = torch.ones(candidates, dtype=torch.bool)
        for measure in measures:
            router, token = measure.gaps(batch)
            clear &= (router[:, -1] > 1.05 * PROMPT_GAP) & (token[:, -1] > 1.05 * PROMPT_GAP)
        if clear.any():
            ids = batch[int(clear.nonzero()[0])]
        else:
            ids = ids[:-1]
    return ids


def draw_greedy(measure, seed, batch=64, rounds=16):
    """A prompt and its greedy continuation with the clearest decisions of many; varied, and without the end-of-text
    token."""
    model = measure.model
    best = (-1.0, None, None)
    generator = torch.Generator().manual_seed(7000 + seed)
    for _ in range(rounds):
        prompts = torch.randint(3, model.config.vocab_size, (batch, GREEDY_PROMPT), generator=generator)
        full = generate(model, prompts)
        router, token = measure.gaps(full[:, :-1])
        gap = torch.minimum(router.amin(dim=1), token[:, GREEDY_PROMPT - 1 :].amin(dim=1))
        for row in range(batch):
            new = full[row, GREEDY_PROMPT:]
            if EOS not in new and len(new.unique()) >= GREEDY_TOKENS // 4 and gap[row] > best[0]:
                best = (float(gap[row]), full[row, :GREEDY_PROMPT], new)
    assert best[0] >= GREEDY_GAP, f"no greedy sequence without a near tie: {best[0]}"
    return best


def generate(model, prompts, use_cache=True):
    """Prompts [batch, n] with GREEDY_TOKENS greedy tokens appended; the end-of-text token does not stop it."""
    return model.generate(
        prompts, attention_mask=torch.ones_like(prompts), do_sample=False, max_new_tokens=GREEDY_TOKENS,
        eos_token_id=None, pad_token_id=0, use_cache=use_cache,
    )


def expected_tensors(model, seed, lengths=PROMPT_LENGTHS, also_clear_for=(), candidates=24, rounds=16):
    """Golden tensors of a model and the smallest gaps met.

    `also_clear_for`: other models that get the same prompts; `candidates` as in draw_prompt, `rounds` as in
    draw_greedy.
    """
    measure = Decisions(model)
    others = [Decisions(other) for other in also_clear_for]
    tensors, gaps = {}, {}
    largest = 0.0
    for length in lengths:
        prompt = draw_prompt([measure, *others], length, seed, candidates)
        logits, routed = forward(model, prompt[None])
        router, token = measure.gaps(prompt[None])
        gap = min(float(router.min()), float(token.min()))
        assert gap >= PROMPT_GAP, f"near tie on the prompt of {length}: {gap}"
        gaps[f"prompt_{length}"] = gap
        largest = max(largest, float(logits.abs().max()))
        tensors[f"prompt_{length}"] = prompt.to(torch.int32)
        tensors[f"logits_{length}"] = logits[0, -KEPT_POSITIONS:] if length == max(PROMPT_LENGTHS) else logits[0]
        if length == max(PROMPT_LENGTHS):
            tensors[f"argmax_{length}"] = logits[0].argmax(dim=-1).to(torch.int32)
        if length == 33 and len(routed):
            order = torch.sort(routed[:, 0], dim=-1, descending=True, stable=True).indices
            tensors["routes_33"] = order[..., : measure.k].to(torch.int32)
            tensors["router_logits_33"] = routed[:, 0]
    gaps["greedy"], prompt, tokens = draw_greedy(measure, seed, rounds=rounds)
    for use_cache in (True, False):
        again = generate(model, prompt[None], use_cache)[0, GREEDY_PROMPT:]
        assert torch.equal(again, tokens), f"greedy tokens depend on use_cache={use_cache}"
    tensors["greedy_prompt"] = prompt.to(torch.int32)
    tensors["greedy_tokens"] = tokens.to(torch.int32)
    assert 4.0 < largest < 40.0, f"logits too flat or too large: {largest}"
    return tensors, gaps, largest


def check_attention(folder, tensors):
    """Asserts that scaled-dot-product attention gives the eager logits."""
    model = load(folder, "sdpa")
    worst = 0.0
    for name, prompt in tensors.items():
        if name.startswith("prompt_"):
            logits, _ = forward(model, prompt.to(torch.int64)[None])
            kept = tensors[name.replace("prompt", "logits")]
            worst = max(worst, float((logits[0, -len(kept) :] - kept).abs().max()))
    assert worst < 1e-3, f"sdpa differs from eager by {worst}"
    return worst


def write_expected(root, name, tensors):
    """Writes expected/<name>.safetensors."""
    (root / "expected").mkdir(parents=True, exist_ok=True)
    contiguous = {key: value.contiguous() for key, value in tensors.items()}
    save_file(contiguous, root / "expected" / f"{name}.safetensors")


def write_json(path, value):
    """Writes JSON as save_pretrained does: two spaces, sorted keys, a final newline."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def report(name, gaps, largest, extra=""):
    """One line for a person: the smallest gaps and the largest logit."""
    smallest = min(value for key, value in gaps.items() if key != "greedy")
    print(f"{name}: gaps prompts {smallest:.4f} greedy {gaps.get('greedy', float('nan')):.4f}, largest logit {largest:.1f} {extra}",
          flush=True)
