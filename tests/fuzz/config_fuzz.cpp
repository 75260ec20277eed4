// Fuzz target: any bytes as config.json and as generation_config.json. Only asterism::Error may be thrown, and a
// shape that is accepted must be one that the engine can compute with.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/backend/delta_heads.hpp"
#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/shape/shape.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const ModelConfig& config) {
  const Shape& shape = config.shape;
  require(shape.vocabulary > 0 && shape.hidden > 0 && shape.layers > 0 && shape.max_positions > 0);
  require(shape.layers <= LayerSet::max_layers &&
          shape.dense_layers - LayerSet::range(0, shape.layers) == LayerSet{});
  require(shape.heads > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0);
  require(shape.rotary_width() >= 2 && shape.rotary_width() % 2 == 0 && shape.rotary_dim < shape.head_dim);
  require(shape.head_dim > 0 && shape.head_dim % 2 == 0 && shape.query_width() / shape.heads == shape.head_dim);
  if (shape.sparse_layers().empty()) {
    require(shape.experts == 0 && shape.top_k == 0 && shape.ffn == 0 && shape.normalised_top_k &&
            shape.shared_ffn == 0);
  } else {
    require(shape.top_k > 0 && shape.top_k <= shape.experts && shape.ffn > 0);
  }
  const DeltaNetSizes& delta_net = shape.delta_net;
  require(shape.linear_layers - LayerSet::range(0, shape.layers) == LayerSet{});
  if (shape.linear_layers.empty()) {
    require(delta_net == DeltaNetSizes{});
  } else {
    const backend::DeltaHeads heads{
        static_cast<std::size_t>(delta_net.key_heads), static_cast<std::size_t>(delta_net.value_heads),
        static_cast<std::size_t>(delta_net.key_width), static_cast<std::size_t>(delta_net.value_width)};
    require(heads.sound() && delta_net.channels() <= 1 << 24 && delta_net.kernel >= 2 &&
            delta_net.kernel <= static_cast<std::int32_t>(backend::most_kernel_width));
  }
  require((shape.dense_ffn > 0) == !shape.dense_layers.empty() && shape.sliding_window >= 0);
  const linalg::RopeScaling& scaling = shape.rope_scaling;
  require(scaling == linalg::RopeScaling{} ||
          (scaling.factor >= 1 && scaling.low_freq_factor > 0 &&
           scaling.high_freq_factor > scaling.low_freq_factor && scaling.original_positions > 0));
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
