#include "asterism/quant/float32.hpp"

#include "measure.hpp"

model_bench::Measure model_bench::float32(const std::string& head, const std::string& kv) {
  return variant<quant::Float32>(head, kv);
}
