// Weights in a format that does not learn are refused, unless the recipe has adapters beside them.
// expected: training needs weights in quant::Float32
#include "asterism/shape/catalogue.hpp"
#include "asterism/train/plan.hpp"

using namespace asterism;

struct FourBit : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
struct Short : train::Recipe {
#ifdef SOUND
  static constexpr train::Adapters adapters{.attention = 8};
#endif
};
static_assert(train::plan<FourBit, Short>(64_GiB, FourBit::shape).total() > 0_GiB);
