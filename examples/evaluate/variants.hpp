// The compiled variants that `evaluate` can run.
#pragma once

#include <asterism/lab/evaluate.hpp>
#include <span>
#include <string>

namespace example {

using namespace asterism;

/// Experts and attention in Format; head and embedding in bfloat16, the cache in float16.
template <class Format>
struct Weights : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Quantization = Format;
};

/// What `--variants` calls a variant.
struct NamedVariant {
  const char* name;
  const char* what;
  lab::Evaluation (*evaluate)(const std::string& folder, std::span<const lab::Question> questions,
                              const LoadOptions& load_options, const lab::EvaluateOptions& options,
                              std::string name);
};

// Each in a source of its own, so that they compile apart.
std::span<const NamedVariant> float_variants();
std::span<const NamedVariant> integer_variants();
std::span<const NamedVariant> nf4_variants();
std::span<const NamedVariant> activation8_variants();
std::span<const NamedVariant> cache_variants();

}  // namespace example
