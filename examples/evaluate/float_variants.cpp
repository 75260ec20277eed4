#include <span>

#include "variants.hpp"

namespace example {

/// The reference: float32 everywhere.
struct Exact : Weights<quant::Float32> {
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
};

std::span<const NamedVariant> float_variants() {
  static constexpr NamedVariant variants[] = {
      {"float32", "all weights and the cache in 32 bits: the reference", lab::evaluate<Exact>},
      {"bfloat16", "weights in bfloat16, cache in float16", lab::evaluate<Weights<quant::BFloat16>>},
      {"float16", "weights in float16, cache in float16", lab::evaluate<Weights<quant::Float16>>}};
  return variants;
}

}  // namespace example
