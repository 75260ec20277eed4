#include <asterism/cache/least_frequent.hpp>
#include <asterism/cache/least_recent.hpp>

#include "variants.hpp"

namespace example {

std::span<const CacheVariant> counting_variants() {
  static constexpr CacheVariant variants[] = {cache_variant<With<cache::LeastRecent>>("least-recent"),
                                              cache_variant<With<cache::LeastFrequent>>("least-frequent")};
  return variants;
}

}  // namespace example
