// A small Qwen3-Next checkpoint with random weights, name by name as transformers writes it.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/json/json.hpp"
#include "asterism/quant/half_precision.hpp"

#include "checkpoint/edited_checkpoint.hpp"

namespace asterism::test {

/// Sizes of its linear attention.
struct LinearSizes {
  std::uint64_t key_heads = 2;
  std::uint64_t value_heads = 4;
  std::uint64_t key_width = 8;
  std::uint64_t value_width = 6;
  std::uint64_t hidden = 32;

  std::uint64_t ratio() const { return value_heads / key_heads; }
  /// Rows of in_proj_qkvz for one key head.
  std::uint64_t group_rows() const { return 2 * key_width + 2 * ratio() * value_width; }
};

/// Three layers: linear attention with experts, attention with a dense block, linear attention with experts.
inline EditedCheckpoint qwen3_next_checkpoint(const LinearSizes& sizes, checkpoint::DType dtype) {
  const std::uint64_t hidden = sizes.hidden;
  EditedCheckpoint out(json::Value{{"model_type", "qwen3_next"},
                                   {"architectures", {"Qwen3NextForCausalLM"}},
                                   {"vocab_size", 48},
                                   {"hidden_size", hidden},
                                   {"intermediate_size", 40},
                                   {"moe_intermediate_size", 24},
                                   {"shared_expert_intermediate_size", 20},
                                   {"num_hidden_layers", 3},
                                   {"layer_types", {"linear_attention", "full_attention", "linear_attention"}},
                                   {"mlp_only_layers", {1}},
                                   {"num_attention_heads", 4},
                                   {"num_key_value_heads", 2},
                                   {"head_dim", 8},
                                   {"partial_rotary_factor", 0.5},
                                   {"num_experts", 3},
                                   {"num_experts_per_tok", 2},
                                   {"linear_num_key_heads", sizes.key_heads},
                                   {"linear_num_value_heads", sizes.value_heads},
                                   {"linear_key_head_dim", sizes.key_width},
                                   {"linear_value_head_dim", sizes.value_width},
                                   {"linear_conv_kernel_dim", 3},
                                   {"max_position_embeddings", 64},
                                   {"torch_dtype", dtype == checkpoint::DType::f32 ? "float32" : "bfloat16"}});
  std::uint32_t random = 1;
  const auto add = [&](const std::string& name, const std::vector<std::uint64_t>& shape) {
    EditedCheckpoint::Tensor tensor{dtype, shape, {}};
    std::uint64_t count = 1;
    for (const std::uint64_t size : shape) count *= size;
    for (std::uint64_t i = 0; i < count; ++i) {
      random = random * 1664525U + 1013904223U;
      const float value = static_cast<float>(static_cast<std::int32_t>(random)) * 0x1p-32F;
      if (dtype == checkpoint::DType::f32) {
        tensor.bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
      } else {
        const std::uint16_t half = quant::bfloat16_from_float(value);
        tensor.bytes.append(reinterpret_cast<const char*>(&half), sizeof half);
      }
    }
    out.tensors[name] = std::move(tensor);
  };
  const auto mlp = [&](const std::string& name, std::uint64_t ffn) {
    add(name + ".gate_proj.weight", {ffn, hidden});
    add(name + ".up_proj.weight", {ffn, hidden});
    add(name + ".down_proj.weight", {hidden, ffn});
  };
  add("model.embed_tokens.weight", {48, hidden});
  add("model.norm.weight", {hidden});
  add("lm_head.weight", {48, hidden});
  for (const int layer : {0, 1, 2}) {
    const std::string name = "model.layers." + std::to_string(layer) + ".";
    add(name + "input_layernorm.weight", {hidden});
    add(name + "post_attention_layernorm.weight", {hidden});
    if (layer == 1) {
      add(name + "self_attn.q_proj.weight", {2 * 4 * 8, hidden});
      add(name + "self_attn.k_proj.weight", {2 * 8, hidden});
      add(name + "self_attn.v_proj.weight", {2 * 8, hidden});
      add(name + "self_attn.o_proj.weight", {hidden, 4 * 8});
      add(name + "self_attn.q_norm.weight", {8});
      add(name + "self_attn.k_norm.weight", {8});
      mlp(name + "mlp", 40);
      continue;
    }
    const std::uint64_t values = sizes.value_heads * sizes.value_width;
    add(name + "linear_attn.in_proj_qkvz.weight", {sizes.key_heads * sizes.group_rows(), hidden});
    add(name + "linear_attn.in_proj_ba.weight", {2 * sizes.value_heads, hidden});
    add(name + "linear_attn.conv1d.weight", {2 * sizes.key_heads * sizes.key_width + values, 1, 3});
    add(name + "linear_attn.A_log", {sizes.value_heads});
    add(name + "linear_attn.dt_bias", {sizes.value_heads});
    add(name + "linear_attn.norm.weight", {sizes.value_width});
    add(name + "linear_attn.out_proj.weight", {hidden, values});
    add(name + "mlp.gate.weight", {3, hidden});
    for (const int expert : {0, 1, 2}) mlp(name + "mlp.experts." + std::to_string(expert), 24);
    mlp(name + "mlp.shared_expert", 20);
    add(name + "mlp.shared_expert_gate.weight", {1, hidden});
  }
  return out;
}

/// Adds what a checkpoint has of a block that predicts a token more.
inline void add_mtp(EditedCheckpoint& checkpoint) {
  checkpoint.tensors["mtp.fc.weight"] = {checkpoint::DType::bf16, {2, 4}, std::string(16, '\x01')};
  checkpoint.tensors["mtp.layers.0.self_attn.q_proj.weight"] = {checkpoint::DType::i32, {3}, std::string(12, '\x01')};
}

/// The elements of a tensor.
inline std::vector<float> values_of(const EditedCheckpoint& from, const std::string& name) {
  const EditedCheckpoint::Tensor& tensor = from.tensors.at(name);
  std::vector<float> out;
  if (tensor.dtype == checkpoint::DType::f32) {
    out.resize(tensor.bytes.size() / sizeof(float));
    std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
    return out;
  }
  for (std::size_t i = 0; i < tensor.bytes.size(); i += 2) {
    std::uint16_t half = 0;
    std::memcpy(&half, tensor.bytes.data() + i, sizeof half);
    out.push_back(quant::float_from_bfloat16(half));
  }
  return out;
}

/// The rows of in_proj_qkvz that a network has as queries, keys and values, and those that it has as gates.
inline std::pair<std::vector<float>, std::vector<float>> take_apart(const std::vector<float>& qkvz,
                                                                    const LinearSizes& sizes) {
  std::vector<float> queries;
  std::vector<float> keys;
  std::vector<float> values;
  std::vector<float> gates;
  std::size_t row = 0;
  const auto take = [&](std::vector<float>& into, std::uint64_t rows) {
    for (std::uint64_t i = 0; i < rows; ++i, ++row) {
      for (std::uint64_t col = 0; col < sizes.hidden; ++col) into.push_back(qkvz[row * sizes.hidden + col]);
    }
  };
  for (std::uint64_t head = 0; head < sizes.key_heads; ++head) {
    take(queries, sizes.key_width);
    take(keys, sizes.key_width);
    take(values, sizes.ratio() * sizes.value_width);
    take(gates, sizes.ratio() * sizes.value_width);
  }
  queries.insert(queries.end(), keys.begin(), keys.end());
  queries.insert(queries.end(), values.begin(), values.end());
  return {queries, gates};
}

}  // namespace asterism::test
