// A model of gating::Gating, and structs that each lack one member of it.
#pragma once

#include <cstddef>

#include "asterism/gating/concept.hpp"

namespace asterism::lacking::gatings {

using gating::Route;

struct NoTopK {
  bool normalised() const { return false; }
  void route(View<float>, View<Route>) const {}
};
struct NoRoute {
  bool normalised() const { return false; }
  std::size_t top_k() const { return 1; }
};
struct NoNormalised {
  std::size_t top_k() const { return 1; }
  void route(View<float>, View<Route>) const {}
};
struct Complete : NoNormalised {
  bool normalised() const { return false; }
};

}  // namespace asterism::lacking::gatings
