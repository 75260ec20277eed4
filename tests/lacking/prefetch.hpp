// A model of prefetch::Prefetch, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/prefetch/concept.hpp"

namespace asterism::lacking::prefetchers {

using prefetch::Prediction;
using prefetch::Routing;

struct NoObserve {
  std::size_t predict(std::int32_t, View<Prediction>) { return 0; }
};
struct NoPredict {
  void observe(const Routing&) {}
};
struct Complete : NoObserve {
  void observe(const Routing&) {}
};

}  // namespace asterism::lacking::prefetchers
