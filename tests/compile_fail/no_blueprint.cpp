// What derives from no Blueprint is refused by name, by every compiler.
// expected: B is no Blueprint: struct B : asterism::Blueprint
// expected: (with B ?= ?NoBlueprint|'NoBlueprint' does not satisfy 'DerivesFromBlueprint')
#include "asterism/model/plan.hpp"

using namespace asterism;

#ifdef SOUND
struct NoBlueprint : Blueprint {};
#else
struct NoBlueprint {
  using Quantization = quant::BFloat16;
};
#endif
placement::Plan planned(const Machine& machine, const Shape& shape, const Limits& limits) {
  return plan<NoBlueprint>(machine, shape, limits);
}
