// A model of expert::Expert, and structs that each lack one member of it.
#pragma once

#include <cstddef>

#include "asterism/expert/concept.hpp"

namespace asterism::lacking::experts {

struct Complete {
  struct Slab {};
  struct Matrices {};
  struct Scratch {};
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
class NoMatrices : public Complete {
 public:
  using Complete::Complete;

 private:
  struct Matrices;
};
struct NoLayOut : Complete {
  using Complete::Complete;
  void lay_out() const {}
};
class NoScratch : public Complete {
 public:
  using Complete::Complete;

 private:
  struct Scratch;
};
struct NoForward : Complete {
  using Complete::Complete;
  void forward() const {}
};

}  // namespace asterism::lacking::experts
