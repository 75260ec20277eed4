// The fields of a config.json about linear attention: which layers have it, and its sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/backend/delta_heads.hpp"
#include "asterism/checkpoint/huggingface/config_fields.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint::detail {

/// The layers that `layer_types` calls "linear_attention"; without it, all but every `full_attention_interval`-th.
inline LayerSet read_linear_layers(const ConfigFields& config, std::int32_t layers) {
  LayerSet linear;
  const json::Value* types = json::optional_array(config.document, "layer_types", config.where);
  if (types == nullptr) {
    const json::Value* field = config.given("full_attention_interval");
    const std::int64_t interval =
        field == nullptr ? 4 : json::to_integer(*field, "full_attention_interval", config.where, 1, 1 << 30);
    for (std::int32_t layer = 0; layer < layers; ++layer) {
      if ((layer + 1) % interval != 0) linear.insert(layer);
    }
    return linear;
  }
  if (types->size() != static_cast<std::size_t>(layers)) {
    throw config.wrong(concat("field 'layer_types' names ", types->size(), " layers, expected num_hidden_layers ",
                              layers));
  }
  std::int32_t layer = 0;
  for (const json::Value& item : *types) {
    const std::string& type = json::to_text(item, "layer_types", config.where);
    if (type == "linear_attention") {
      linear.insert(layer);
    } else if (type != "full_attention") {
      throw config.unsupported(concat("field 'layer_types' calls layer ", layer, " '", printable(type),
                                      "'; supported are 'linear_attention' and 'full_attention'"));
    }
    ++layer;
  }
  return linear;
}

/// The sizes of a Gated DeltaNet that backends compute.
inline DeltaNetSizes read_delta_net(ConfigFields& config) {
  const DeltaNetSizes& usual = config.config_class.defaults.delta_net;
  constexpr auto most_key_width = static_cast<std::int32_t>(backend::DeltaHeads::most_key_width);
  constexpr auto most_kernel = static_cast<std::int32_t>(backend::most_kernel_width);
  DeltaNetSizes sizes;
  sizes.key_heads = config.size("linear_num_key_heads", usual.key_heads, 1 << 16);
  sizes.value_heads = config.size("linear_num_value_heads", usual.value_heads, 1 << 16);
  sizes.key_width = config.size("linear_key_head_dim", usual.key_width, most_key_width);
  sizes.value_width = config.size("linear_value_head_dim", usual.value_width, 1 << 16);
  sizes.kernel = config.size("linear_conv_kernel_dim", usual.kernel, most_kernel, 2);
  if (sizes.value_heads % sizes.key_heads != 0) {
    throw config.wrong(concat("field 'linear_num_value_heads' is ", sizes.value_heads,
                              ", no multiple of linear_num_key_heads ", sizes.key_heads));
  }
  constexpr std::int64_t most = 1 << 24;
  const std::int64_t channels = std::int64_t{2} * sizes.key_heads * sizes.key_width +
                                std::int64_t{sizes.value_heads} * sizes.value_width;
  if (channels > most) {
    throw config.wrong(concat("2 * linear_num_key_heads * linear_key_head_dim + linear_num_value_heads * "
                              "linear_value_head_dim is ",
                              channels, ", expected at most ", most));
  }
  return sizes;
}

/// Sets what `shape` says of linear attention, where the architecture has it; `shape.layers` is set.
inline void read_linear_attention(ConfigFields& config, Shape& shape) {
  if (!config.config_class.has_linear_layers()) return;
  shape.linear_layers = read_linear_layers(config, shape.layers);
  if (!shape.linear_layers.empty()) shape.delta_net = read_delta_net(config);
}

}  // namespace asterism::checkpoint::detail
