#include "asterism/quant/float32.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::float32(const Choices& choices) { return variant<quant::Float32>(choices); }
