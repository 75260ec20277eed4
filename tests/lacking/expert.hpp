// A model of expert::Expert, and structs that each lack one member of it.
#pragma once

#include <cstddef>

#include "asterism/expert/concept.hpp"

namespace asterism::lacking::experts {

struct Complete {
  struct Slab {
    int gate = 0;
    int up = 0;
    int down = 0;
  };
  struct Matrices {
    void add(const Slab&) {}
    void set(std::size_t, const Slab&) {}
  };
  struct Scratch {
    static Scratch lay_out(backend::Layout&, const Complete&, std::size_t) { return {}; }
  };
  explicit Complete(const Shape&) {}
  Bytes footprint() const { return {}; }
  std::size_t in_dim() const { return 1; }
  std::size_t out_dim() const { return 1; }
  Slab lay_out(backend::Layout&) const { return {}; }
  template <class Device>
  void forward(Device&, const Matrices&, const backend::ExpertGroups&, backend::DeviceMatrix<const float>,
               const Scratch&, backend::DeviceMatrix<float>) const {}
};
// Each hides one member.
struct NoShape : Complete {
  NoShape() : Complete(Shape{}) {}
};
struct NoFootprint : Complete {
  using Complete::Complete;
  void footprint() const {}
};
struct NoInDim : Complete {
  using Complete::Complete;
  void in_dim() const {}
};
struct NoOutDim : Complete {
  using Complete::Complete;
  void out_dim() const {}
};
struct NoSlab : Complete {
  using Complete::Complete;
  struct Slab {};
};
struct NoMatrices : Complete {
  using Complete::Complete;
  struct Matrices {};
};
struct NoSet : Complete {
  using Complete::Complete;
  struct Matrices {
    void add(const Slab&) {}
  };
};
struct NoLayOut : Complete {
  using Complete::Complete;
  void lay_out() const {}
};
struct NoScratch : Complete {
  using Complete::Complete;
  struct Scratch {};
};
struct NoForward : Complete {
  using Complete::Complete;
  void forward() const {}
};

}  // namespace asterism::lacking::experts
