"""What one gated DeltaNet layer of Qwen3-Next answers, with its states after the last token.

Run:  python tests/golden/gated_delta_net.py [folder]      (default: the folder of this script)
With: torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, Python 3.11

Writes attention/gated_delta_net.safetensors, all float32, of 2 key heads of width 12 and 4 value heads of width 16 over
a hidden size of 32, kernel 4, epsilon 1e-6:
  input                [70, 32]           hidden states
  in_proj_qkvz.weight  [176, 32]          of each key head: 12 rows q, 12 rows k, 2 x 16 rows v, 2 x 16 rows z
  in_proj_ba.weight    [8, 32]            of each key head: 2 rows b, 2 rows a
  conv1d.weight        [112, 1, 4]        channels: all q, all k, all v
  dt_bias, A_log       [4]
  norm.weight          [16]
  out_proj.weight      [32, 64]
  output               [70, 32]
  recurrent_state      [4, 12, 16]        value head, key width, value width; after the last token
  conv_state           [112, 4]           the last 4 inputs of the convolution, oldest first; the next token needs 3

The weights have the names and layout of transformers' Qwen3NextGatedDeltaNet, for its prefix `linear_attn.`. Output and
recurrent_state come from its torch_recurrent_gated_delta_rule; the script asserts that its chunked form, in one piece
and in two, and its decoding token by token give the same.
"""

import model_qwen3_next
import reference
import torch
from safetensors.torch import save_file
from transformers import DynamicCache
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

TOKENS = 70
SEED = 301
CLOSE = 1e-5


def run(layer, configuration, hidden, pieces):
    """Output [n, hidden size], recurrent state and convolution's state of the module itself, fed `pieces` tokens at a
    time."""
    cache = DynamicCache(config=configuration)
    outputs = [layer(piece, cache_params=cache) for piece in hidden.split(pieces, dim=1)]
    return (torch.cat(outputs, dim=1)[0], cache.get_recurrent_state(0, state_idx=0)[0],
            cache.get_conv_state(0, state_idx=0)[0])


def main():
    configuration = reference.config(
        "qwen3_next", hidden_size=32, num_hidden_layers=1, layer_types=["linear_attention"], linear_num_key_heads=2,
        linear_num_value_heads=4, linear_key_head_dim=12, linear_value_head_dim=16, linear_conv_kernel_dim=4)
    layer = Qwen3NextGatedDeltaNet(configuration, 0).float().eval()
    generator = torch.Generator().manual_seed(SEED)
    model_qwen3_next.lively_delta_net(layer, generator)
    hidden = torch.randn(1, TOKENS, 32, generator=generator)

    states = {}
    output = model_qwen3_next.delta_net(layer, hidden, states=states)[0]
    expected = (output, states["recurrent_state"][0], states["conv_state"][0])
    for name, pieces in (("chunked", [TOKENS]), ("chunked in two", [33, TOKENS - 33]), ("one by one", [1] * TOKENS)):
        differences = [float((x - y).abs().max()) for x, y in zip(expected, run(layer, configuration, hidden, pieces))]
        assert max(differences) < CLOSE, f"{name} differs by {differences}"
        print(f"{name}: output, recurrent and convolution's state differ by", *(f"{x:.1e}" for x in differences))
    print(f"largest output {output.abs().max():.1f}, state {expected[1].abs().max():.1f}")

    tensors = {name: weight.detach().clone() for name, weight in layer.named_parameters()}
    tensors.update(input=hidden[0], output=output, recurrent_state=expected[1], conv_state=expected[2])
    folder = reference.output_folder() / "attention"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "gated_delta_net.safetensors")


if __name__ == "__main__":
    main()
