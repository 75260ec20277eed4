// Gradients of adapters are float32: a recipe that asks for narrower ones is refused.
// expected: gradients of adapters are float32
#include "asterism/shape/catalogue.hpp"
#include "asterism/train/plan.hpp"

using namespace asterism;

struct FourBit : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
struct Short : train::Recipe {
  static constexpr train::Adapters adapters{.attention = 8};
#ifdef SOUND
  static constexpr train::Precision precision{.saved = train::Storage::bfloat16};
#else
  static constexpr train::Precision precision{.gradients = train::Storage::bfloat16};
#endif
};
static_assert(train::plan<FourBit, Short>(64_GiB, FourBit::shape).total() > 0_GiB);
