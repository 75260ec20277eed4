// Fuzz target: any bytes as config.json and as generation_config.json. Only asterism::Error may be thrown, and a
// shape that is accepted must be one that the engine can compute with.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const ModelConfig& config) {
  const Shape& shape = config.shape;
  require(shape.vocabulary > 0 && shape.hidden > 0 && shape.layers > 0 && shape.ffn > 0 &&
          shape.max_positions > 0);
  require(shape.heads > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0);
  require(shape.head_dim > 0 && shape.head_dim % 2 == 0 && shape.query_width() / shape.heads == shape.head_dim);
  require(shape.top_k > 0 && shape.top_k <= shape.experts && shape.sliding_window >= 0);
  require(shape.rope_theta > 0 && shape.rms_epsilon > 0);
  for (const TokenId id : config.eos) require(id >= 0 && id < shape.vocabulary);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    check(parse_model_config(text, "fuzz"));
  } catch (const Error&) {
  }
  try {
    parse_generation_config(text, "fuzz");
  } catch (const Error&) {
  }
  return 0;
}
