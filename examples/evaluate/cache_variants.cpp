#include <asterism/attention/pruned_kv_cache.hpp>
#include <asterism/attention/sliding_window_kv_cache.hpp>
#include <span>

#include "variants.hpp"

namespace example {

/// Weights in bfloat16, so that what a cache loses is seen alone.
template <class Kv>
struct Caching : Weights<quant::BFloat16> {
  using KvCache = Kv;
};

std::span<const NamedVariant> cache_variants() {
  using namespace asterism::attention;
  static constexpr NamedVariant variants[] = {
      {"kv-int8", "weights in bfloat16, cache in 8-bit integers",
       lab::evaluate<Caching<StaticKvCache<quant::Int8<32>>>>},
      {"kv-window-128", "weights in bfloat16, cache of 4 sinks and 128 positions",
       lab::evaluate<Caching<SlidingWindowKvCache<quant::Float16, 128>>>},
      {"kv-window-64", "weights in bfloat16, cache of 4 sinks and 64 positions",
       lab::evaluate<Caching<SlidingWindowKvCache<quant::Float16, 64>>>},
      {"kv-pruned-128", "weights in bfloat16, cache of the 128 positions that drew most attention",
       lab::evaluate<Caching<PrunedKvCache<quant::Float16, 128>>>},
      {"kv-pruned-64", "weights in bfloat16, cache of the 64 positions that drew most attention",
       lab::evaluate<Caching<PrunedKvCache<quant::Float16, 64>>>}};
  return variants;
}

}  // namespace example
