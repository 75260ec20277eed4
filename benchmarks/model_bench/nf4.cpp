#include "asterism/quant/nf4.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::nf4(const std::string& head, const std::string& kv) {
  return variant<quant::Nf4<64, quant::DoubleQuantized>>(head, kv);
}
