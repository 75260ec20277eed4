// A model of constellation::ScoreHook, and structs that each lack one member of it.
#pragma once

#include <cstdint>

#include "asterism/constellation/score_hook.hpp"

namespace asterism::lacking::score_hooks {

struct Complete {
  void adjust(std::int32_t, MatrixView<const float>, MatrixView<float>) {}
  std::uint64_t version() const { return 0; }
};
// Each hides one member.
struct NoAdjust : Complete {
  void adjust(MatrixView<const float>, MatrixView<float>) {}
};
struct NoVersion : Complete {
 private:
  using Complete::version;
};

}  // namespace asterism::lacking::score_hooks
