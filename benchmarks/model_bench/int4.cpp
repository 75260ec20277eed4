#include "asterism/quant/integers.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::int4(const std::string& head, const std::string& kv) {
  return variant<quant::Int4<>>(head, kv);
}
