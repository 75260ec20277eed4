// A model of observe::Observer, and structs that each lack one member of it.
#pragma once

#include <cstdint>

#include "asterism/observe/concept.hpp"

namespace asterism::lacking::observers {

struct Complete {
  void begin(std::int32_t, std::int32_t, std::int32_t) {}
  void scored(std::int32_t, std::int32_t, View<const float>) {}
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
// Each hides one member.
struct NoBegin : Complete {
  void begin() {}
};
struct NoScored : Complete {
  void scored() {}
};
struct NoRouted : Complete {
  void routed() {}
};
struct NoMoved : Complete {
  void moved() {}
};

}  // namespace asterism::lacking::observers
