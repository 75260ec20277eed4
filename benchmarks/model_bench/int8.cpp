#include "asterism/quant/integers.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::int8(const std::string& head, const std::string& kv) {
  return variant<quant::Int8<>>(head, kv);
}
