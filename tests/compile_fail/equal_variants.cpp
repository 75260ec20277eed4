// Variants that resolve to equal policies are not compared, and the refusal names both.
// expected: DifferentVariants<(Base, Misspelt>|A, B> .with A=Base, B=Misspelt)
// expected: two variants to compare resolve to equal policies
#include "asterism/lab/compare.hpp"

using namespace asterism;

struct Base : Blueprint {};
struct Misspelt : Base {
#ifdef SOUND
  using Quantization = quant::Float16;
#else
  using Quantisation = quant::Float16;
#endif
};
static_assert(lab::DifferentVariants<Base, Misspelt>::value);
