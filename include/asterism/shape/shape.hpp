// The sizes of a model as one value: constexpr in a Blueprint, read from config.json at run time.
#pragma once

#include <cstdint>

namespace asterism {

/// Decoder architectures that the toolkit runs; the names are `model_type` of transformers.
enum class Architecture : std::uint8_t { mixtral };

/// The sizes and constants that define the arithmetic of one decoder-only Mixture-of-Experts model. All sizes
/// count elements. A structural, comparable type, so that two shapes can be checked for equality.
struct Shape {
  Architecture architecture = Architecture::mixtral;
  std::int32_t vocabulary = 0;      ///< rows of the embedding and of the head
  std::int32_t hidden = 0;          ///< width of the residual stream
  std::int32_t layers = 0;          ///< number of decoder blocks
  std::int32_t heads = 0;           ///< number of query heads
  std::int32_t kv_heads = 0;        ///< number of key/value heads; divides `heads`
  std::int32_t head_dim = 0;        ///< width of one head, even; heads * head_dim need not be `hidden`
  std::int32_t ffn = 0;             ///< inner width of an expert
  std::int32_t experts = 0;         ///< experts per layer
  std::int32_t top_k = 0;           ///< experts per token, <= experts
  std::int32_t max_positions = 0;   ///< maximum positions that the model was trained for
  std::int32_t sliding_window = 0;  ///< positions that a token attends to, including itself; 0: all
  bool tied_head = false;           ///< the head shares the embedding's matrix
  double rope_theta = 1e6;          ///< base of the rotary frequencies
  double rms_epsilon = 1e-5;        ///< added to the mean square in RMSNorm

  friend constexpr bool operator==(const Shape&, const Shape&) = default;

  constexpr std::int32_t query_width() const { return heads * head_dim; }
  constexpr std::int32_t kv_width() const { return kv_heads * head_dim; }
};

/// Upper limits of a run. Part of every plan; `load` may lower the values, never raise them.
struct Limits {
  std::int32_t context = 4096;       ///< positions per sequence: the prompt and the answer except its last token
  std::int32_t batch = 1;            ///< sequences at a time
  std::int32_t prefill_chunk = 512;  ///< maximum prompt tokens in one pass
  std::int32_t threads = 8;          ///< worker threads, including the caller

  friend constexpr bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace asterism
