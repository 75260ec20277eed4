// An observer that ignores everything: every call compiles to nothing.
#pragma once

#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::observe {

/// The default observer.
struct None {
  void begin(std::int32_t /*layers*/, std::int32_t /*experts*/, std::int32_t /*top_k*/) {}
  void scored(std::int32_t /*layer*/, std::int32_t /*position*/, View<const float> /*probabilities*/) {}
  void routed(std::int32_t /*layer*/, std::int32_t /*position*/, std::int32_t /*expert*/, float /*weight*/) {}
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}
};

}  // namespace asterism::observe
