// A plan above the budget is refused, and the refusal shows device, bytes needed and bytes allowed.
// expected: (47144796224|47147122752)U?L?[,a-zA-Z= ]*15032385536
#include "asterism/machine/catalogue.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

struct Mixtral : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
#ifndef SOUND
  using Quantization = quant::BFloat16;
#endif
};
static_assert(fits<Mixtral, machines::dual_16gb, 14_GiB>());

// Large plans stay within every compiler's limits of constant evaluation.
struct Deep : Blueprint {
  static constexpr Shape shape = [] {
    Shape deep = shapes::mixtral_8x7b;
    deep.layers = 94;
    deep.tied_head = true;
    return deep;
  }();
};
static_assert(fits<Deep, equal_devices(8, 64_GiB)>());
