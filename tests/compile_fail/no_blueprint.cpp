// What derives from no Blueprint is refused at the call, by the name of what it lacks.
// expected: (derived_from<NoBlueprint|'NoBlueprint' does not satisfy 'DerivesFromBlueprint'|DerivesFromBlueprint|failed deduction)
// expected: no (matching function|instance of (overloaded )?function)
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
