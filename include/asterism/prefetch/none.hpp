// No prefetching: the default.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/concept.hpp"

namespace asterism::prefetch {

/// Predicts nothing, so that nothing is copied before its router has spoken. Has no state; thread-safe.
class None {
 public:
  static constexpr bool keeps_sequences_apart = true;

  None() = default;
  explicit None(const Extent& /*extent*/) {}

  void observe(const Routing& /*routing*/) {}
  std::size_t predict(std::int32_t /*group*/, View<Prediction> /*out*/) { return 0; }
};

}  // namespace asterism::prefetch
