#include <asterism/prefetch/learned.hpp>
#include <asterism/prefetch/mixture.hpp>
#include <asterism/prefetch/next_gate.hpp>
#include <asterism/prefetch/pattern.hpp>

#include "variants.hpp"

namespace example {

std::span<const CacheVariant> foretelling_variants() {
  static constexpr CacheVariant variants[] = {cache_variant<Foretelling<prefetch::Pattern>>("pattern"),
                                              cache_variant<Foretelling<prefetch::Learned>>("learned"),
                                              cache_variant<Foretelling<prefetch::NextGate>>("next-gate"),
                                              cache_variant<Foretelling<prefetch::Adaptive>>("adaptive")};
  return variants;
}

}  // namespace example
