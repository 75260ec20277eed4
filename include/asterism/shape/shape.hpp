// The sizes of a model as one value: constexpr in a Blueprint, read from config.json at run time.
#pragma once

#include <cstdint>

#include "asterism/core/layer_set.hpp"
#include "asterism/linalg/rope.hpp"

namespace asterism {

/// Decoder architectures that the toolkit runs; the names are `model_type` of transformers, but for switch_decoder,
/// which transformers has as an encoder-decoder alone, and for sigmoid_mixtral, which it has not.
enum class Architecture : std::uint8_t {
  mixtral,
  qwen3_moe,
  llama,
  mistral,
  qwen3_next,
  switch_decoder,
  sigmoid_mixtral
};

/// Sizes of a Gated DeltaNet: linear attention with a state in the place of keys and values.
struct DeltaNetSizes {
  std::int32_t key_heads = 0;
  std::int32_t value_heads = 0;  ///< a multiple of key_heads; each key head serves as many neighbours
  std::int32_t key_width = 0;    ///< width of one head of queries and keys
  std::int32_t value_width = 0;  ///< width of one head of values
  std::int32_t kernel = 0;       ///< positions that the convolution sees, the row's own included; >= 2

  friend constexpr bool operator==(const DeltaNetSizes&, const DeltaNetSizes&) = default;

  constexpr std::int32_t values() const { return value_heads * value_width; }
  /// Queries, keys and values of a row.
  constexpr std::int32_t channels() const { return 2 * key_heads * key_width + values(); }
};

/// The sizes and constants that define the arithmetic of one decoder-only model, whose layers may be unlike. All sizes
/// count elements. A structural, comparable type, so that two shapes can be checked for equality.
struct Shape {
  Architecture architecture = Architecture::mixtral;
  std::int32_t vocabulary = 0;         ///< rows of the embedding and of the head
  std::int32_t hidden = 0;             ///< width of the residual stream
  std::int32_t layers = 0;             ///< number of decoder blocks
  std::int32_t heads = 0;              ///< number of query heads
  std::int32_t kv_heads = 0;           ///< number of key/value heads; divides `heads`
  std::int32_t head_dim = 0;           ///< width of one head, even; heads * head_dim need not be `hidden`
  std::int32_t rotary_dim = 0;         ///< elements of each head that are rotated, the first ones; 0: all
  bool attention_gate = false;         ///< beside each query head stands a gate of what the head answers
  bool attention_bias = false;         ///< the attention's four projections have biases
  bool qk_norm = false;                ///< RMSNorm over each head of queries and keys before the rotation
  std::int32_t ffn = 0;                ///< inner width of an expert
  std::int32_t experts = 0;            ///< experts per layer; 0 if all layers are dense
  std::int32_t top_k = 0;              ///< experts per token, <= experts
  bool normalised_top_k = true;        ///< the weights of a token's experts are divided by their sum
  LayerSet linear_layers{};            ///< layers with a Gated DeltaNet in the place of attention
  DeltaNetSizes delta_net{};           ///< of these
  std::int32_t shared_ffn = 0;         ///< inner width of the expert that every token passes, gated; 0: none
  LayerSet dense_layers{};             ///< layers with one feed-forward block in the place of experts
  std::int32_t dense_ffn = 0;          ///< inner width of a dense layer's feed-forward block
  std::int32_t max_positions = 0;      ///< maximum positions that the model was trained for
  std::int32_t sliding_window = 0;     ///< positions that a token attends to, including itself; 0: all
  bool tied_head = false;              ///< the head shares the embedding's matrix
  double rope_theta = 1e6;             ///< base of the rotary frequencies
  linalg::RopeScaling rope_scaling{};  ///< of the rotary frequencies
  double rms_epsilon = 1e-5;           ///< added to the mean square in RMSNorm

  friend constexpr bool operator==(const Shape&, const Shape&) = default;

  constexpr std::int32_t query_width() const { return heads * head_dim; }
  /// Rows of the query projection.
  constexpr std::int32_t query_rows() const { return attention_gate ? 2 * query_width() : query_width(); }
  constexpr std::int32_t rotary_width() const { return rotary_dim > 0 ? rotary_dim : head_dim; }
  constexpr std::int32_t kv_width() const { return kv_heads * head_dim; }
  constexpr linalg::Rope rope() const { return {.theta = rope_theta, .scaling = rope_scaling}; }
  constexpr bool is_dense(std::int32_t layer) const { return dense_layers.contains(layer); }
  constexpr LayerSet attention_layers() const { return LayerSet::range(0, layers) - linear_layers; }
  /// The layers that have experts.
  constexpr LayerSet sparse_layers() const { return LayerSet::range(0, layers) - dense_layers; }
};

/// Upper limits of a run. Part of every plan; `load` may lower the values, never raise them.
struct Limits {
  std::int32_t context = 4096;       ///< positions per sequence: the prompt and the answer except its last token
  std::int32_t batch = 1;            ///< sequences at a time
  std::int32_t prefill_chunk = 512;  ///< maximum prompt tokens in one pass
  std::int32_t threads = 8;          ///< worker threads, including the caller
  std::int32_t cache_percent = 100;  ///< of a device's budget, which caches and states may take at most

  friend constexpr bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace asterism
