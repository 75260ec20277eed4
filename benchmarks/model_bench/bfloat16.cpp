#include "asterism/quant/bfloat16.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::bfloat16(const Choices& choices) { return variant<quant::BFloat16>(choices); }
