// A model of cache::Valued, and structs that each lack one member of it.
#pragma once

#include <cstdint>

#include "asterism/cache/concept.hpp"

namespace asterism::lacking::caches {

using cache::Admission;

struct Complete {
  Bytes capacity() const { return {}; }
  bool contains(PartId) const { return false; }
  void observe(std::int32_t, View<const std::int32_t>, View<const float>) {}
  void admit(View<const PartId>, Admission&) {}
  void pin(PartId) {}
  void unpin(PartId) {}
  float value(PartId) const { return 0; }
};
// Each hides one member.
struct NoCapacity : Complete {
  std::uint64_t capacity() const { return 0; }
};
struct NoContains : Complete {
  bool contains(PartId) { return false; }
};
struct NoObserve : Complete {
  void observe(std::int32_t, View<const std::int32_t>) {}
};
struct NoAdmit : Complete {
  Admission admit(View<const PartId>) { return {}; }
};
struct NoPin : Complete {
  void pin() {}
};
struct NoUnpin : Complete {
  void unpin() {}
};
struct NoValue : Complete {
  void value(PartId) const {}
};

}  // namespace asterism::lacking::caches
