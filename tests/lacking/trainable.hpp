// Models of train::TrainableExpert and train::TrainableGating, and structs that each lack one member of them.
#pragma once

#include <cstddef>

#include "asterism/train/trainable_expert.hpp"
#include "asterism/train/trainable_gating.hpp"

#include "lacking/expert.hpp"

namespace asterism::lacking::trainables {

struct Complete : experts::Complete {
  struct Saved {
    static Saved lay_out(backend::Layout&, const Complete&, std::size_t) { return {}; }
  };
  struct Work {
    static Work lay_out(backend::Layout&, const Complete&, std::size_t) { return {}; }
  };
  using experts::Complete::Complete;
  using experts::Complete::forward;
  template <class Device>
  void forward(Device&, const Matrices&, const backend::ExpertGroups&, backend::DeviceMatrix<const float>,
               const Saved&, const Work&, backend::DeviceMatrix<float>) const {}
  template <class Device>
  void backward(Device&, const Matrices&, const Matrices&, const backend::ExpertGroups&,
                backend::DeviceMatrix<const float>, const Saved&, const Work&, backend::DeviceMatrix<const float>,
                backend::DeviceMatrix<float>) const {}
};
// Each hides one member.
struct NoSaved : Complete {
  using Complete::Complete;
  struct Saved {};
};
struct NoWork : Complete {
  using Complete::Complete;
  struct Work {};
};
struct NoForward : Complete {
  using Complete::Complete;
  using experts::Complete::forward;
};
struct NoBackward : Complete {
  using Complete::Complete;
  void backward() const {}
};

struct CompleteGating {
  std::size_t top_k() const { return 1; }
  bool normalised() const { return false; }
  void route(View<float>, View<gating::Route>) const {}
  void backward(View<const float>, View<const float>, View<const gating::Route>, View<const float>,
                View<const float>, View<float>) const {}
};
struct NoGatingBackward : CompleteGating {
  void backward() const {}
};

}  // namespace asterism::lacking::trainables
