// A checkpoint is written in single formats: a Blueprint with several is refused by name, whichever alias has them.
// expected: quantize_checkpoint writes single formats, and an alias of B is quant::OneOf several
#include "asterism/generate/quantize_checkpoint.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/quant/one_of.hpp"

using namespace asterism;

struct Written : Blueprint {
#ifndef SOUND
  using Head = quant::OneOf<quant::BFloat16, quant::Float16>;
#else
  using Head = quant::BFloat16;
#endif
};
void write(ProgressSink& progress) { quantize_checkpoint<Written>("from", "to", progress); }
