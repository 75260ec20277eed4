#include <asterism/generate/write_experts.hpp>

#include "variants.hpp"

namespace example {

std::span<const CacheVariant> learning_variants() {
  static constexpr CacheVariant variants[] = {cache_variant<Offload>("hazard"),
                                              cache_variant<With<cache::All>>("all")};
  return variants;
}

void write_file(const std::string& folder, const std::string& path, ProgressSink& progress) {
  write_experts<Offload>(folder, path, progress);
}

}  // namespace example
