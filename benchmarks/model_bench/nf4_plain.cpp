#include "asterism/quant/nf4.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::nf4_plain(const Choices& choices) {
  return variant<quant::Nf4<64, quant::PlainScales>>(choices);
}
