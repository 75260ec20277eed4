// A model of attention::State, and structs that each lack one member of it.
#pragma once

#include "asterism/attention/recurrent_state.hpp"
#include "asterism/attention/state.hpp"

namespace asterism::lacking::states {

using Complete = attention::RecurrentState<2>;
// Each hides one member.
struct NoLayerBytes : Complete {
  using Complete::Complete;
  static void layer_bytes() {}
};
struct NoDevice : Complete {};
struct NoBefore : Complete {
  using Complete::Complete;
  void before() const {}
};
struct NoAfter : Complete {
  using Complete::Complete;
  void after() const {}
};
struct NoAdvance : Complete {
  using Complete::Complete;
  void advance() {}
};
struct NoKeep : Complete {
  using Complete::Complete;
  void keep(int) {}
};
struct NoKeepLongest : Complete {
  using Complete::Complete;
  void keep_longest(int) {}
};
struct NoTrim : Complete {
  using Complete::Complete;
  void trim() {}
};

}  // namespace asterism::lacking::states
