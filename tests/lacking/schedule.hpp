// A model of train::Schedule, and one that lacks its member.
#pragma once

#include <cstdint>

#include "asterism/train/schedule.hpp"

namespace asterism::lacking::schedules {

struct NoFactor {};
struct Complete {
  float factor(std::int64_t, std::int64_t) const { return 1; }
};

}  // namespace asterism::lacking::schedules
