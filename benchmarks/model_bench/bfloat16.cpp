#include "asterism/quant/bfloat16.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::bfloat16(const std::string& head, const std::string& kv) {
  return variant<quant::BFloat16>(head, kv);
}
