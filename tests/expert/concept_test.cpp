// All shipped experts are models of Expert; structs that lack one member are none.
#include "asterism/expert/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/expert/swiglu.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;
using namespace asterism::expert;

namespace {

struct Complete {
  struct Slab {};
  struct Matrices {};
  struct Scratch {};
  Slab lay_out(backend::Cursor&) const { return {}; }
  template <class Device>
  void forward(Device&, const Matrices&, const backend::Groups&, backend::DeviceMatrix<const float>,
               const Scratch&, backend::DeviceMatrix<float>) const {}
  explicit Complete(const Shape&) {}
  Bytes footprint() const { return {}; }
  std::size_t in_dim() const { return 1; }
  std::size_t out_dim() const { return 1; }
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
class NoScratch : public Complete {
 public:
  using Complete::Complete;

 private:
  struct Scratch;
};

struct NoLayOut : Complete {
  using Complete::Complete;
  void lay_out() const {}
};
struct NoForward : Complete {
  using Complete::Complete;
  void forward() const {}
};

static_assert(Expert<Complete> && Expert<SwiGlu<quant::Float32>> && Expert<SwiGlu<quant::Nf4<64>>>);
static_assert(!Expert<NoShape> && needs::footprint<NoShape>);
static_assert(!Expert<NoFootprint> && !needs::footprint<NoFootprint> && needs::in_dim<NoFootprint>);
static_assert(!Expert<NoInDim> && !needs::in_dim<NoInDim>);
static_assert(!Expert<NoOutDim> && !needs::out_dim<NoOutDim>);
static_assert(!Expert<NoMatrices> && !needs::matrices<NoMatrices>);
static_assert(!Expert<NoScratch> && !needs::scratch<NoScratch>);
static_assert(!Expert<NoLayOut> && !needs::lay_out<NoLayOut>);
static_assert(!Expert<NoForward> && !needs::forward<NoForward>);
static_assert(!Expert<int>);

}  // namespace

TEST_CASE("experts are checked when this file compiles") { CHECK(Expert<Complete>); }
