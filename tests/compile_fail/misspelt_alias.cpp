// An alias that is misspelt hides nothing, and `differs` finds it.
// expected: differs<Misspelt, Base>
#include "asterism/model/blueprint.hpp"

using namespace asterism;

struct Base : Blueprint {};
struct Misspelt : Base {
#ifdef SOUND
  using Quantization = quant::Float16;
#else
  using Quantisation = quant::Float16;
#endif
};
static_assert(differs<Misspelt, Base>);
