// The gating of the Switch Transformer.
#pragma once

#include <cmath>
#include <cstddef>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/softmax_top_k.hpp"

namespace asterism::gating {

struct SwitchOptions {
  /// Rows that an expert answers at most while a model learns, as a multiple of its even share; 0: no limit. The paper
  /// trains with 1.0 to 2.0, mostly 1.25.
  double capacity_factor = 0;
};

/// The most probable expert, weighted with its probability among all. A token that is answered is never dropped; of
/// those that are learnt from, an expert with a capacity takes the first. Source: Fedus et al., Switch Transformers,
/// arXiv 2101.03961, sections 2.1 and 2.2; transformers, `SwitchTransformersTop1Router`.
class Switch : public SoftmaxTopK {
 public:
  /// top_k is 1; throws InvalidArgument otherwise, and if the factor is below 0.
  Switch(std::size_t experts, std::size_t top_k, SwitchOptions options = {})
      : SoftmaxTopK(experts, checked(top_k, options), {.normalised = false}),
        experts_(experts),
        options_(options) {}

  /// Rows of a pass of `rows` that an expert answers, rounded up; 0: no limit.
  std::size_t capacity(std::size_t rows) const {
    const double most =
        std::ceil(options_.capacity_factor * static_cast<double>(rows) / static_cast<double>(experts_));
    return most < static_cast<double>(rows) ? static_cast<std::size_t>(most) : rows;
  }

 private:
  static std::size_t checked(std::size_t top_k, const SwitchOptions& options) {
    if (!(options.capacity_factor >= 0 && std::isfinite(options.capacity_factor))) {
      throw InvalidArgument(concat("gating::Switch's capacity factor is ", options.capacity_factor,
                                   ", expected a finite number, 0 or more"));
    }
    if (top_k == 1) return top_k;
    throw InvalidArgument(concat("gating::Switch chooses one expert a token, the model wants ", top_k,
                                 ": SoftmaxTopK chooses several"));
  }

  std::size_t experts_;
  SwitchOptions options_;
};

}  // namespace asterism::gating
