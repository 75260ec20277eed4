// A model of train::Optimizer, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/train/optimizer.hpp"

namespace asterism::lacking::optimizers {

using train::Kind;
using train::Parameter;

struct Rate {
  float rate = 1e-3F;
};
struct StateBytes {
  static constexpr Bytes state_bytes(Kind, std::size_t, std::size_t) { return {}; }
};
struct WorkBytes {
  static constexpr Bytes work_bytes(Kind, std::size_t, std::size_t) { return {}; }
};
struct Initialise {
  void initialise(const Parameter&) const {}
};
struct Update {
  void update(const parallel::ExecutionRef&, const Parameter&, std::int64_t, float, View<std::byte>) const {}
};

struct NoRate : StateBytes, WorkBytes, Initialise, Update {};
struct NoStateBytes : Rate, WorkBytes, Initialise, Update {};
struct NoWorkBytes : Rate, StateBytes, Initialise, Update {};
struct NoInitialise : Rate, StateBytes, WorkBytes, Update {};
struct NoUpdate : Rate, StateBytes, WorkBytes, Initialise {};
struct Complete : Rate, StateBytes, WorkBytes, Initialise, Update {};

}  // namespace asterism::lacking::optimizers
