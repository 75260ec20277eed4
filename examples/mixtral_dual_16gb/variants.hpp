// The compiled variants that --quantization and --kv choose among.
#pragma once

#include <asterism/attention/pruned_kv_cache.hpp>
#include <asterism/attention/sliding_window_kv_cache.hpp>
#include <asterism/generate/variant.hpp>
#include <span>

#include "blueprint.hpp"

namespace example {

/// The example's Blueprint with other formats of weights and of the cache.
template <class Format, class Kv>
struct With : DualNf4 {
  using Quantization = Format;
  using KvCache = Kv;
};

using Float16Kv = attention::StaticKvCache<quant::Float16>;
using Int8Kv = attention::StaticKvCache<quant::Int8<32>>;
using WindowKv = attention::SlidingWindowKvCache<quant::Float16, 1024>;
using PrunedKv = attention::PrunedKvCache<quant::Float16, 1024>;

// Called "format, cache"; each format in a source of its own, so that they compile apart.
std::span<const Variant> nf4_variants();
std::span<const Variant> int8_variants();
std::span<const Variant> int4_variants();
std::span<const Variant> bfloat16_variants();

/// MixtralDual16 or ShippedDual where the shape is theirs, else DualNf4.
const Variant& proved_variant(const Shape& shape);

}  // namespace example
