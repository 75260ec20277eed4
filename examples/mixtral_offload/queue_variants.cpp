#include <asterism/cache/arc.hpp>
#include <asterism/cache/s3_fifo.hpp>

#include "variants.hpp"

namespace example {

std::span<const CacheVariant> queue_variants() {
  static constexpr CacheVariant variants[] = {cache_variant<With<cache::S3Fifo>>("s3-fifo"),
                                              cache_variant<With<cache::Arc>>("arc")};
  return variants;
}

}  // namespace example
