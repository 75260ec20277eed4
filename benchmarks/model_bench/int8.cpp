#include "asterism/quant/group_int.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::int8(const Choices& choices) { return variant<quant::Int8<>>(choices); }
