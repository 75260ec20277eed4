// The variant that answers from a graph.
#pragma once

#include <asterism/attention/static_kv_cache.hpp>
#include <asterism/model/blueprint.hpp>
#include <asterism/quant/float32.hpp>

namespace example {

/// The checkpoint's own precision: answers differ by what a model is told alone.
struct Exact : asterism::Blueprint {
  static constexpr asterism::Limits limits{.context = 1024, .batch = 1, .prefill_chunk = 256, .threads = 2};
  using Quantization = asterism::quant::Float32;
  using Embedding = asterism::quant::Float32;
  using Head = asterism::quant::Float32;
  using KvCache = asterism::attention::StaticKvCache<asterism::quant::Float32>;
};

/// Room for an answer.
inline constexpr std::int32_t answer_tokens = 32;

}  // namespace example
