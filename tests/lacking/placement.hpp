// A model of placement::Placement, and a struct without its member.
#pragma once

#include "asterism/placement/concept.hpp"

namespace asterism::lacking::placements {

struct Complete {
  static placement::Plan plan(const placement::MemoryFootprint&, const Machine&) { return {}; }
};
struct NoPlan {};

}  // namespace asterism::lacking::placements
