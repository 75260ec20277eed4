"""Small random checkpoints of Qwen3-Next in every form that transformers writes, and the logits, residual streams,
routes and greedy tokens expected of them.

Run:  python tests/golden/model_qwen3_next.py [folder [name...]]      (default: the folder of this script, all models)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes models/<name>/ and expected/<name>.safetensors with the tensors that model_families.py writes of models with
experts. The reference computes prompts with the chunked form of the gated delta rule and new tokens with the recurrent
one, both in float32 in torch; the script asserts that the two agree.

What save_pretrained doesn't write is put into the files afterwards: `full_attention_interval` for `layer_types`, fields
flat or absent as in transformers 4, and tensors of multi-token prediction (`mtp.*`), which the reference ignores.

What makes a checkpoint special has to show: each entry of `MISTAKES` and of its own `mistakes` spoils the model in one
way, and the script asserts that the logits written then move by more than model_families.MOVED.
"""

import json
import shutil
import sys

import model_families as families
import reference
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
from transformers.models.qwen3_next import modeling_qwen3_next as qwen3_next

LARGEST_FILE = 900_000
CHUNKED = 2e-4  # logits of the recurrent form may differ from those of the chunked one by this


# Weights.


def normal(parameter, generator, gain=1.0):
    """Random values of a standard deviation of `gain` by the root of the last dimension."""
    parameter.copy_(torch.randn(parameter.shape, generator=generator) * (gain / parameter.shape[-1] ** 0.5))


def lively_delta_net(layer, generator, small_keys=1.0):
    """Random weights of a gated DeltaNet: decays of one step between 0.3 and 0.99, as bias and input have it.

    `small_keys`: a factor of queries and keys; a small one makes the epsilon under their length matter.
    """
    group = layer.num_v_heads // layer.num_k_heads * layer.head_v_dim
    scale = torch.ones(layer.num_k_heads, 2 * layer.head_k_dim + 2 * group, 1)
    scale[:, : 2 * layer.head_k_dim] = small_keys
    normal(layer.in_proj_qkvz.weight, generator, 1.5)
    layer.in_proj_qkvz.weight.mul_(scale.reshape(-1, 1))
    normal(layer.in_proj_ba.weight, generator, 1.5)
    layer.conv1d.weight.copy_(torch.randn(layer.conv1d.weight.shape, generator=generator) * 0.5)
    layer.dt_bias.copy_(torch.randn(layer.dt_bias.shape, generator=generator))
    # One head after the other from slow to fast, and a little noise: rates of 0.05 to 0.5.
    rates = torch.linspace(-3.0, -0.7, layer.num_v_heads)[torch.randperm(layer.num_v_heads, generator=generator)]
    layer.A_log.copy_(rates + 0.1 * torch.randn(layer.A_log.shape, generator=generator))
    layer.norm.weight.copy_(0.5 + torch.rand(layer.norm.weight.shape, generator=generator))
    normal(layer.out_proj.weight, generator, 2.0)


def lively_attention(layer, generator):
    """Random weights of gated attention; biases, where it has them, of order 0.5."""
    for projection, gain in ((layer.q_proj, 1.5), (layer.k_proj, 1.5), (layer.v_proj, 1.5), (layer.o_proj, 2.0)):
        normal(projection.weight, generator, gain)
        if projection.bias is not None:
            projection.bias.copy_(torch.randn(projection.bias.shape, generator=generator) * 0.5)


def lively_mlp(layer, generator):
    for projection in (layer.gate_proj, layer.up_proj, layer.down_proj):
        normal(projection.weight, generator, 1.5)


def lively_model(configuration, seed, embedding=1.0, small_keys=1.0):
    """As reference.lively_model, for Qwen3-Next; weights of zero-centred norms are spread by 0.3 around 0."""
    model = AutoModelForCausalLM.from_config(configuration).float().eval()
    generator = torch.Generator().manual_seed(seed)
    head_gain = 3.5
    if configuration.tie_word_embeddings:
        normal(model.model.embed_tokens.weight, generator, head_gain)
    else:
        normal(model.model.embed_tokens.weight, generator, embedding * configuration.hidden_size**0.5)
        normal(model.lm_head.weight, generator, head_gain)
    for layer in model.model.layers:
        if layer.block_type == "linear_attention":
            lively_delta_net(layer.linear_attn, generator, small_keys)
        else:
            lively_attention(layer.self_attn, generator)
        if reference.is_sparse(layer):
            normal(layer.mlp.gate.weight, generator, 2.0)
            normal(layer.mlp.experts.gate_up_proj, generator, 1.5)
            normal(layer.mlp.experts.down_proj, generator, 1.5)
            lively_mlp(layer.mlp.shared_expert, generator)
            normal(layer.mlp.shared_expert_gate.weight, generator, 2.0)
        else:
            lively_mlp(layer.mlp, generator)
    for norm in zero_centred(model):
        norm.weight.copy_(torch.randn(norm.weight.shape, generator=generator) * 0.3)
    return model


def zero_centred(model):
    """The norms that multiply by one plus their weight."""
    return [module for module in model.modules() if isinstance(module, qwen3_next.Qwen3NextRMSNorm)]


def linear_layers(model):
    return [layer.linear_attn for layer in model.model.layers if layer.block_type == "linear_attention"]


def attention_layers(model):
    return [layer.self_attn for layer in model.model.layers if layer.block_type == "full_attention"]


def sparse_blocks(model):
    return [layer.mlp for layer in model.model.layers if reference.is_sparse(layer)]


# The gated DeltaNet once more, with mistakes on demand.


def log_decay(layer, a, dt_bias=True):
    return -layer.A_log.exp() * F.softplus(a + layer.dt_bias if dt_bias else a)


def delta_net(layer, hidden, *, states=None, blocks=False, swapped_ba=False, conv=True, conv_silu=True,
              reversed_conv=False, tiled=False, dt_bias=True, decay=True, beta=True, length=True, length_epsilon=1e-6,
              mean_length=False, scaled=True, gate="silu", gate_first=False, epsilon=None):
    """A layer's output for hidden states [1, n, hidden], by the recurrent form.

    `states`: a dictionary that takes `recurrent_state` [1, value heads, key width, value width] and `conv_state`
    [1, channels, kernel], the last inputs of the convolution, after the last token. Each other argument is a mistake
    unless it has its default; `blocks` reads the rows of in_proj_* as blocks of all heads instead of grouped by key
    head, `tiled` lets value head j use key head j % key heads.
    """
    heads, key_heads, key_width, width = layer.num_v_heads, layer.num_k_heads, layer.head_k_dim, layer.head_v_dim
    ratio, n = heads // key_heads, hidden.shape[1]
    mixed, rates = layer.in_proj_qkvz(hidden), layer.in_proj_ba(hidden)
    if blocks:
        q, k, v, z = mixed.split([layer.key_dim, layer.key_dim, layer.value_dim, layer.value_dim], dim=-1)
        b, a = rates.split([heads, heads], dim=-1)
    else:
        parts = mixed.view(1, n, key_heads, -1).split([key_width, key_width, ratio * width, ratio * width], dim=-1)
        q, k, v, z = (part.reshape(1, n, -1) for part in parts)
        b, a = (part.reshape(1, n, -1) for part in rates.view(1, n, key_heads, -1).split([ratio, ratio], dim=-1))
    if swapped_ba:
        b, a = a, b

    kernel = layer.conv_kernel_size
    inputs = F.pad(torch.cat((q, k, v), dim=-1).transpose(1, 2), (kernel, 0))
    if states is not None:
        states["conv_state"] = inputs[..., -kernel:].clone()
    mixed = inputs[..., kernel:]
    if conv:
        taps = layer.conv1d.weight
        mixed = F.conv1d(inputs[..., 1:], taps.flip(-1) if reversed_conv else taps, groups=layer.conv_dim)
    if conv_silu:
        mixed = F.silu(mixed)
    q, k, v = mixed.transpose(1, 2).split([layer.key_dim, layer.key_dim, layer.value_dim], dim=-1)
    q, k, v = q.view(1, n, -1, key_width), k.view(1, n, -1, key_width), v.view(1, n, -1, width)
    if length:
        squares = torch.mean if mean_length else torch.sum
        q, k = (x * torch.rsqrt(squares(x * x, dim=-1, keepdim=True) + length_epsilon) for x in (q, k))
        if mean_length:
            q, k = q * key_width**-0.5, k * key_width**-0.5
    if tiled:
        q, k = q.repeat(1, 1, ratio, 1), k.repeat(1, 1, ratio, 1)
    if not scaled:
        q = q * key_width**0.5
    g = log_decay(layer, a, dt_bias)
    out, state = qwen3_next.torch_recurrent_gated_delta_rule(
        q, k, v, g=g if decay else torch.zeros_like(g), beta=b.sigmoid() if beta else torch.ones_like(b),
        output_final_state=True)
    if states is not None:
        states["recurrent_state"] = state
    z = z.view(1, n, -1, width)
    z = {"silu": F.silu, "sigmoid": torch.sigmoid, "none": torch.ones_like}[gate](z)
    if gate_first:
        out = out * z
    epsilon = layer.layer_norm_epsilon if epsilon is None else epsilon
    out = layer.norm.weight * (out * torch.rsqrt(out.pow(2).mean(dim=-1, keepdim=True) + epsilon))
    return layer.out_proj((out if gate_first else out * z).reshape(1, n, -1))


def recurrent(**mistakes):
    """Lets all linear layers compute delta_net with these mistakes."""
    def spoil(model):
        for layer in linear_layers(model):
            layer.forward = lambda hidden_states, layer=layer, **_: delta_net(layer, hidden_states, **mistakes)
    return spoil


# Mistakes, as in model_families.py.


def norms_without_one(choose):
    """Takes the weights of zero-centred norms as they are."""
    def spoil(model):
        for norm in choose(model):
            norm.weight.sub_(1.0)
    return spoil


def delta_norm_with_one(model):
    """Takes the norm of linear layers for a zero-centred one."""
    for layer in linear_layers(model):
        layer.norm.weight.add_(1.0)


def by_head(projection, layer):
    """Rows [head, query or gate, head_dim, ...] of the weight or the bias of q_proj."""
    return projection.view(-1, 2, layer.head_dim, *projection.shape[1:])


def attention_without_gate(model):
    """Leaves the gate out: a sigmoid of 0 and twice the output."""
    for layer in attention_layers(model):
        for tensor in (layer.q_proj.weight, layer.q_proj.bias):
            if tensor is not None:
                by_head(tensor, layer)[:, 1].zero_()
        layer.o_proj.weight.mul_(2.0)


def gates_after_queries(model):
    """Reads q_proj as all queries, then all gates."""
    for layer in attention_layers(model):
        for tensor in (layer.q_proj.weight, layer.q_proj.bias):
            if tensor is not None:
                halves = tensor.view(2, -1, layer.head_dim, *tensor.shape[1:]).transpose(0, 1)
                tensor.copy_(halves.reshape(tensor.shape))


def without_shared_expert(model):
    for block in sparse_blocks(model):
        block.shared_expert.down_proj.weight.zero_()


class Open(torch.nn.Module):
    """A gate whose sigmoid is 1."""

    def forward(self, hidden):
        return torch.full((*hidden.shape[:-1], 1), torch.inf)


def without_shared_gate(model):
    for block in sparse_blocks(model):
        block.shared_expert_gate = Open()


def without_bias(name):
    """Leaves the bias of one projection of attention out."""
    def spoil(model):
        for layer in attention_layers(model):
            getattr(layer, name).bias.zero_()
    return spoil


def rotated(rope_theta, partial_rotary_factor=0.25):
    """Other parameters of rotary embeddings."""
    return {"rope_parameters": {"rope_type": "default", "rope_theta": rope_theta,
                                "partial_rotary_factor": partial_rotary_factor}}


def key_norms(model):
    return [layer.k_norm for layer in attention_layers(model)]


def query_norms(model):
    return [layer.q_norm for layer in attention_layers(model)]


def norms_of_layers(model):
    return [norm for layer in model.model.layers for norm in (layer.input_layernorm, layer.post_attention_layernorm)]


MISTAKES = {
    "norms without 1": norms_without_one(zero_centred),
    "norms of layers without 1": norms_without_one(norms_of_layers),
    "final norm without 1": norms_without_one(lambda model: [model.model.norm]),
    "q_norm without 1": norms_without_one(query_norms),
    "k_norm without 1": norms_without_one(key_norms),
    "norm of linear layers with 1": delta_norm_with_one,
    "attention without gate": attention_without_gate,
    "gates after queries": gates_after_queries,
    "no shared expert": without_shared_expert,
    "no gate of the shared expert": without_shared_gate,
    "beta and rate swapped": recurrent(swapped_ba=True),
    "no convolution": recurrent(conv=False),
    "convolution without silu": recurrent(conv_silu=False),
    "convolution reversed": recurrent(reversed_conv=True),
    "decay without dt_bias": recurrent(dt_bias=False),
    "no decay": recurrent(decay=False),
    "beta 1": recurrent(beta=False),
    "queries and keys of any length": recurrent(length=False),
    "gate of linear layers a sigmoid": recurrent(gate="sigmoid"),
    "linear layers without gate": recurrent(gate="none"),
    "gate before norm": recurrent(gate_first=True),
}
BLOCKS = {"in_proj of linear layers in blocks": recurrent(blocks=True)}  # of models with more than one key head
GROUPED = {**BLOCKS, "value heads to key heads in turn": recurrent(tiled=True)}  # and with more value heads than these


def old_config(version, absent, **flat):
    """As in model_families, of a class that gives every layer its type unless config.json does."""
    return families.old_config(version, ("layer_types", *absent), **flat)


def interval(count):
    """Replaces `layer_types` of config.json by the interval that they follow."""
    def rewrite(values):
        types = values.pop("layer_types")
        assert [kind == "full_attention" for kind in types] == [i % count == count - 1 for i in range(len(types))]
        values["full_attention_interval"] = count
    return rewrite


def kinds(letters):
    """layer_types of letters, l of a linear and f of a full layer."""
    return [{"l": "linear_attention", "f": "full_attention"}[letter] for letter in letters]


# Fields as in model_families.MODELS; also `small_keys` (see lively_delta_net), `mtp` (whether the file has mtp.*) and
# `prompts`, a seed of the prompts where those of the model's own meet a token on which the two forms differ too much.
MODELS = {
    "qwen3_next_plain": dict(
        config=dict(hidden_size=48, intermediate_size=80, moe_intermediate_size=20, shared_expert_intermediate_size=28,
                    num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=32, num_experts=8,
                    num_experts_per_tok=3, norm_topk_prob=True, linear_num_key_heads=2, linear_num_value_heads=4,
                    linear_key_head_dim=16, linear_value_head_dim=16, vocab_size=128, rope_theta=1e4),
        mistakes={**GROUPED, "weights not normalised": dict(norm_topk_prob=False), "top-2": dict(num_experts_per_tok=2),
                  "all rotated": rotated(rope_theta=1e4, partial_rotary_factor=1.0),
                  "half rotated": rotated(rope_theta=1e4, partial_rotary_factor=0.5),
                  "theta 1e6": rotated(rope_theta=1e6)},
    ),
    "qwen3_next_ratio3": dict(
        config=dict(hidden_size=40, intermediate_size=64, moe_intermediate_size=16, shared_expert_intermediate_size=36,
                    num_hidden_layers=5, layer_types=kinds("fllfl"), num_attention_heads=4, num_key_value_heads=1,
                    head_dim=16, num_experts=6, num_experts_per_tok=2, norm_topk_prob=False, linear_num_key_heads=2,
                    linear_num_value_heads=6, linear_key_head_dim=12, linear_value_head_dim=8,
                    linear_conv_kernel_dim=2, vocab_size=112, rope_theta=1e5, partial_rotary_factor=0.5),
        save=dict(save_original_format=False),
        mistakes={**GROUPED, "weights normalised": dict(norm_topk_prob=True),
                  "up before gate": families.swapped_gate_and_up,
                  "quarter rotated": rotated(rope_theta=1e5, partial_rotary_factor=0.25),
                  "all rotated": rotated(rope_theta=1e5, partial_rotary_factor=1.0)},
    ),
    "qwen3_next_equal_heads": dict(
        config=dict(hidden_size=48, intermediate_size=64, moe_intermediate_size=24, shared_expert_intermediate_size=16,
                    num_hidden_layers=4, layer_types=kinds("lffl"), num_attention_heads=3, num_key_value_heads=3,
                    head_dim=12, num_experts=5, num_experts_per_tok=2, norm_topk_prob=True, linear_num_key_heads=3,
                    linear_num_value_heads=3, linear_key_head_dim=16, linear_value_head_dim=24,
                    linear_conv_kernel_dim=3, vocab_size=120, rms_norm_eps=1e-3, tie_word_embeddings=True,
                    rope_theta=1e6, partial_rotary_factor=1.0),
        save=dict(max_shard_size="150KB"), small_keys=0.003,
        mistakes={**BLOCKS, "head of its own": families.head_of_its_own,
                  "weights not normalised": dict(norm_topk_prob=False),
                  "half rotated": rotated(rope_theta=1e6, partial_rotary_factor=0.5),
                  "epsilon 1e-6": dict(rms_norm_eps=1e-6),
                  "epsilon of linear layers 1e-6": recurrent(epsilon=1e-6),
                  "length with the epsilon of norms": recurrent(length_epsilon=1e-3),
                  "length without epsilon": recurrent(length_epsilon=0.0),
                  "epsilon beside the mean": recurrent(mean_length=True), "queries not scaled": recurrent(scaled=False)},
    ),
    "qwen3_next_interval_bf16": dict(
        config=dict(hidden_size=64, intermediate_size=96, moe_intermediate_size=12, shared_expert_intermediate_size=20,
                    num_hidden_layers=6, full_attention_interval=3, num_attention_heads=4, num_key_value_heads=2,
                    head_dim=16, num_experts=16, num_experts_per_tok=2, norm_topk_prob=True, linear_num_key_heads=4,
                    linear_num_value_heads=8, linear_key_head_dim=8, linear_value_head_dim=12, vocab_size=160,
                    rope_theta=1e7, partial_rotary_factor=0.5),
        bf16=True, rewrite=[interval(3), families.old_config("4.57.0", (), rope_theta=1e7, rope_scaling=None,
                                                             partial_rotary_factor=0.5)],
        mistakes={**GROUPED, "weights not normalised": dict(norm_topk_prob=False),
                  "quarter rotated": rotated(rope_theta=1e7), "theta 1e4": rotated(rope_theta=1e4,
                                                                                 partial_rotary_factor=0.5)},
    ),
    "qwen3_next_dense_bias": dict(
        config=dict(hidden_size=40, intermediate_size=72, moe_intermediate_size=20, shared_expert_intermediate_size=12,
                    num_hidden_layers=6, full_attention_interval=2, num_attention_heads=4, num_key_value_heads=2,
                    head_dim=16, num_experts=7, num_experts_per_tok=1, norm_topk_prob=False, mlp_only_layers=[3],
                    decoder_sparse_step=2, attention_bias=True, linear_num_key_heads=1, linear_num_value_heads=2,
                    linear_key_head_dim=24, linear_value_head_dim=16, vocab_size=96, rope_theta=1e6),
        rewrite=[interval(2)],
        mistakes={"weights normalised": dict(norm_topk_prob=True), "no biases": dict(attention_bias=False),
                  **{f"no bias of {name}": without_bias(name) for name in ("q_proj", "k_proj", "v_proj", "o_proj")},
                  **{f"layer {index} without mlp": families.without_mlp(index) for index in (0, 2, 3, 4)}},
    ),
    "qwen3_next_old_mtp": dict(
        config=dict(hidden_size=56, intermediate_size=64, moe_intermediate_size=16, shared_expert_intermediate_size=24,
                    num_hidden_layers=5, num_attention_heads=2, num_key_value_heads=2, head_dim=32, num_experts=4,
                    num_experts_per_tok=2, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=8,
                    linear_value_head_dim=16, vocab_size=101, rope_theta=1e5),
        embedding=0.001, mtp=True, prompts=216,
        rewrite=[old_config(
            "4.57.0", ("num_key_value_heads", "hidden_act", "rms_norm_eps", "norm_topk_prob", "decoder_sparse_step",
                       "mlp_only_layers", "attention_bias", "tie_word_embeddings", "pad_token_id",
                       "linear_conv_kernel_dim"),
            rope_theta=1e5, rope_scaling=None)],
        mistakes={**GROUPED, "weights not normalised": dict(norm_topk_prob=False),
                  "epsilon 1e-5": dict(rms_norm_eps=1e-5), "theta 1e4": rotated(rope_theta=1e4),
                  "half rotated": rotated(rope_theta=1e5, partial_rotary_factor=0.5)},
    ),
}


def mtp_tensors(configuration, seed):
    """Tensors of one layer of multi-token prediction, named, shaped and typed as in the released files."""
    generator = torch.Generator().manual_seed(seed)
    hidden, head = configuration.hidden_size, configuration.head_dim
    heads, kv = configuration.num_attention_heads, configuration.num_key_value_heads
    shapes = {"fc.weight": (hidden, 2 * hidden), "norm.weight": (hidden,), "pre_fc_norm_embedding.weight": (hidden,),
              "pre_fc_norm_hidden.weight": (hidden,)}
    layer = {"input_layernorm.weight": (hidden,), "post_attention_layernorm.weight": (hidden,),
             "self_attn.q_proj.weight": (2 * heads * head, hidden), "self_attn.k_proj.weight": (kv * head, hidden),
             "self_attn.v_proj.weight": (kv * head, hidden), "self_attn.o_proj.weight": (hidden, heads * head),
             "self_attn.q_norm.weight": (head,), "self_attn.k_norm.weight": (head,),
             "mlp.gate.weight": (configuration.num_experts, hidden), "mlp.shared_expert_gate.weight": (1, hidden)}
    sizes = {"mlp.shared_expert": configuration.shared_expert_intermediate_size}
    sizes.update({f"mlp.experts.{e}": configuration.moe_intermediate_size for e in range(configuration.num_experts)})
    for prefix, size in sizes.items():
        layer.update({f"{prefix}.gate_proj.weight": (size, hidden), f"{prefix}.up_proj.weight": (size, hidden),
                      f"{prefix}.down_proj.weight": (hidden, size)})
    shapes.update({f"layers.0.{name}": shape for name, shape in layer.items()})
    return {f"mtp.{name}": (torch.randn(shape, generator=generator) * 0.02).to(torch.bfloat16)
            for name, shape in shapes.items()}


def write_checkpoint(folder, seed, recipe):
    """Writes models/<name>/ of a recipe."""
    shutil.rmtree(folder, ignore_errors=True)
    model = lively_model(reference.config("qwen3_next", **recipe["config"]), seed, recipe.get("embedding", 1.0),
                         recipe.get("small_keys", 1.0))
    if recipe.get("bf16"):
        model = model.to(torch.bfloat16)
    model.save_pretrained(folder, **recipe.get("save", {}))
    if recipe.get("mtp"):
        file = folder / "model.safetensors"
        save_file({**load_file(file), **mtp_tensors(model.config, seed)}, file, metadata={"format": "pt"})
    values = json.loads((folder / "config.json").read_text())
    for rewrite in recipe.get("rewrite", ()):
        rewrite(values)
    reference.write_json(folder / "config.json", values)


def check_checkpoint(folder, recipe):
    """Asserts what the files have to hold."""
    names = set()
    for path in folder.glob("*.safetensors"):
        assert path.stat().st_size <= LARGEST_FILE, f"{path}: {path.stat().st_size} bytes"
        with safe_open(path, framework="pt") as file:
            names |= set(file.keys())
    assert ("lm_head.weight" in names) != recipe["config"].get("tie_word_embeddings", False)
    fused = any(name.endswith("gate_up_proj") for name in names)
    assert fused == (not recipe.get("save", {}).get("save_original_format", True))
    assert (folder / "model.safetensors.index.json").exists() == ("max_shard_size" in recipe.get("save", {}))
    assert any(name.startswith("mtp.") for name in names) == recipe.get("mtp", False)


def decays(model, ids):
    """Decays of one step of all linear layers and tokens, as quantiles 0.05 and 0.95."""
    found = []

    def keep(layer):
        return lambda _module, _input, output: found.append(log_decay(layer, rates_of(layer, output)).exp().flatten())

    hooks = [layer.in_proj_ba.register_forward_hook(keep(layer)) for layer in linear_layers(model)]
    model(ids[None], use_cache=False)
    for hook in hooks:
        hook.remove()
    return torch.cat(found).quantile(torch.tensor([0.05, 0.95])).tolist()


def rates_of(layer, projected):
    """The second half of each key head's part of in_proj_ba."""
    parts = projected.view(*projected.shape[:-1], layer.num_k_heads, 2, -1)
    return parts[..., 1, :].flatten(-2)


def main():
    root = reference.output_folder()
    prompts = ["prompt_33", "prompt_200"]
    for seed, (name, recipe) in enumerate(MODELS.items(), start=201):
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        folder = root / "models" / name
        write_checkpoint(folder, seed, recipe)
        check_checkpoint(folder, recipe)

        model = reference.load(folder)
        tensors, gaps, largest = reference.expected_tensors(model, recipe.get("prompts", seed), candidates=8, rounds=6)
        tensors["hidden_33"] = families.residual_stream(model, tensors["prompt_33"].to(torch.int64))
        tensors["sparse_layers"] = torch.tensor(reference.sparse_layers(model), dtype=torch.int32)
        low, high = decays(model, tensors["prompt_200"].to(torch.int64))
        assert low < 0.75 and high > 0.95, f"decays between {low} and {high}"
        difference = reference.check_attention(folder, tensors)
        recurrent()(model)
        one_by_one = families.moved(model, tensors, [key for key in tensors if key.startswith("prompt_")])
        assert one_by_one < CHUNKED, f"the recurrent form differs from the chunked one by {one_by_one}"
        mistakes = {**MISTAKES, **recipe["mistakes"]}
        mistake, least = families.check_mistakes(folder, tensors, mistakes, prompts)
        reference.write_expected(root, name, tensors)
        reference.report(name, gaps, largest, f"decays {low:.2f} to {high:.2f}, sdpa differs by {difference:.1e}, "
                         f"recurrent form by {one_by_one:.1e}, {mistake} moves logits by {least:.2f}")


if __name__ == "__main__":
    main()
