"""Small random decoders of Switch layers, and the logits, residual streams, routes and greedy tokens expected of them.

Run:  python tests/golden/model_switch.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

transformers has the Switch Transformer as an encoder-decoder alone. The reference here is its own layer
(SwitchTransformersSparseMLP, with a capacity that no prompt reaches) in the place of the experts of its own decoder
(MixtralForCausalLM). The checkpoints have the names of both; the `model_type` switch_decoder is this toolkit's.

Writes models/<name>/ and expected/<name>.safetensors, whose tensors are those of model_families.py. Each mistake moves
some logit of prompt_33 by more than MOVED: the script asserts it.
"""

import shutil

import reference
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import SwitchTransformersConfig
from transformers.models.switch_transformers.modeling_switch_transformers import SwitchTransformersSparseMLP

MOVED = 0.1
UNLIMITED = 1 << 20  # tokens an expert may take
FORMS = {  # sizes, seed, dtype in the file
    "switch_plain": ({"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 4,
                      "intermediate_size": 56, "num_local_experts": 8, "vocab_size": 160}, 101, torch.float32),
    "switch_tied_bf16": ({"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3,
                          "num_key_value_heads": 1, "intermediate_size": 72, "num_local_experts": 5,
                          "vocab_size": 257, "tie_word_embeddings": True, "rope_theta": 500.0, "rms_norm_eps": 0.02},
                         102, torch.bfloat16),
    "switch_wide_heads": ({"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2,
                           "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 40, "num_local_experts": 12,
                           "vocab_size": 150, "sliding_window": 9}, 103, torch.float32),
}


class Scores(nn.Module):
    """Passes router logits on, where reference.py listens."""

    def forward(self, logits):
        return (logits,)


class SwitchBlock(SwitchTransformersSparseMLP):
    """transformers' Switch layer, which tells its router logits."""

    def __init__(self, config):
        super().__init__(config)
        self.gate = Scores()

    def forward(self, hidden):
        self.gate(self.router(hidden)[2])
        return super().forward(hidden)


def model_of(sizes, seed, dtype):
    """Mixtral's decoder with Switch layers; weights are representable in `dtype`."""
    configuration = reference.config("mixtral", num_experts_per_tok=1, **sizes)
    model = reference.lively_model(configuration, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    for layer in model.model.layers:
        block = SwitchBlock(SwitchTransformersConfig(
            d_model=configuration.hidden_size, d_ff=configuration.intermediate_size,
            num_experts=configuration.num_local_experts, expert_capacity=UNLIMITED, router_bias=False,
            router_jitter_noise=0.0, dropout_rate=0.0, dense_act_fn="relu")).float().eval()
        for parameter, gain in [(block.router.classifier.weight, 2.0)] + [
                (parameter, 2.0) for parameter in block.experts.parameters()]:
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * (gain / parameter.shape[-1]**0.5))
        layer.mlp = block
    for parameter in model.parameters():
        parameter.copy_(parameter.to(dtype).float())
    return model


def write_checkpoint(root, name, model, dtype):
    """config.json with Mixtral's fields, and the tensors as both classes of transformers name them."""
    folder = root / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    configuration = model.config
    fields = configuration.to_dict()
    kept = {key: fields[key] for key in (
        "bos_token_id", "eos_token_id", "head_dim", "hidden_size", "intermediate_size", "max_position_embeddings",
        "num_attention_heads", "num_experts_per_tok", "num_hidden_layers", "num_key_value_heads", "rms_norm_eps",
        "rope_parameters", "sliding_window", "tie_word_embeddings", "vocab_size")}
    reference.write_json(folder / "config.json", {
        **kept, "model_type": "switch_decoder", "architectures": ["SwitchDecoderForCausalLM"], "hidden_act": "relu",
        "num_experts": configuration.num_local_experts, "dtype": str(dtype).removeprefix("torch.")})
    tensors = {key: value.to(dtype).contiguous() for key, value in model.state_dict().items()
               if not (key == "lm_head.weight" and configuration.tie_word_embeddings)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def hidden_states(model, prompt):
    """The residual stream after each layer [layers, n, hidden], before the final norm."""
    rows = []
    hooks = [layer.register_forward_hook(lambda _module, _input, output: rows.append(
        output[0] if isinstance(output, tuple) else output)) for layer in model.model.layers]
    model(prompt[None], use_cache=False)
    for hook in hooks:
        hook.remove()
    return torch.stack([row.reshape(len(prompt), -1) for row in rows])


def unweighted(model):
    """Experts' answers as they are, without the probability."""
    for layer in model.model.layers:
        layer.mlp.router.register_forward_hook(
            lambda _m, _i, output: (output[0], torch.ones_like(output[1]), output[2]))


def other_activation(activation):
    """Another function between the two matrices."""
    def spoil(model):
        for layer in model.model.layers:
            for expert in layer.mlp.experts.values():
                expert.act = activation
    return spoil


def next_expert(model):
    """Each token to the expert after its own."""
    for layer in model.model.layers:
        layer.mlp.router.register_forward_hook(lambda _m, _i, output: (output[0].roll(1, -1), output[1], output[2]))


MISTAKES = {"unweighted": unweighted, "silu": other_activation(nn.SiLU()),
            "no activation": other_activation(nn.Identity()), "next expert": next_expert}


def main():
    root = reference.output_folder()
    for name, (sizes, seed, dtype) in FORMS.items():
        model = model_of(sizes, seed, dtype)
        write_checkpoint(root, name, model, dtype)
        tensors, gaps, largest = reference.expected_tensors(model, seed)
        prompt = tensors["prompt_33"].to(torch.int64)
        tensors["hidden_33"] = hidden_states(model, prompt)
        tensors["sparse_layers"] = torch.arange(len(model.model.layers), dtype=torch.int32)
        reference.write_expected(root, name, tensors)
        moved = {}
        for mistake, spoil in MISTAKES.items():
            spoilt = model_of(sizes, seed, dtype)
            spoil(spoilt)
            logits, _ = reference.forward(spoilt, prompt[None])
            moved[mistake] = float((logits[0] - tensors["logits_33"]).abs().max())
            assert moved[mistake] > MOVED, f"{name}: {mistake} moves logits by {moved[mistake]} only"
        reference.report(name, gaps, largest, "mistakes move logits by "
                         + ", ".join(f"{key} {value:.1f}" for key, value in moved.items()))


if __name__ == "__main__":
    main()
