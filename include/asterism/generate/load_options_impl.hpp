// Bodies of load_options.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/checkpoint/gguf/gguf_config.hpp"
#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/linalg/rope.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"

namespace asterism::generate {

ASTERISM_INLINE checkpoint::ModelConfig read_config(const std::string& path) {
  if (checkpoint::is_gguf(path)) return checkpoint::gguf_model_config(checkpoint::GgufStore(path));
  if (file::path_kind(path) != file::PathKind::folder) {
    throw FileError(concat(path, ": no such folder; give the folder of a checkpoint, which holds config.json, or a ",
                           "GGUF file"));
  }
  return checkpoint::read_model_config(path);
}

ASTERISM_INLINE void check_shape(const Shape& expected, const Shape& found, const std::string& path) {
  const bool gguf = checkpoint::is_gguf(path);
  const std::string where = gguf ? path : path + "/config.json";
  const auto compare = [&](std::string_view field, const auto& wanted, const auto& is) {
    if (wanted == is) return;
    throw FormatError(
        concat(where, ": ", field, " is ", is, ", the Blueprint's shape says ", wanted));
  };
  const model::ArchitectureInfo& info = model::info_of(found.architecture);
  // GGUF calls a Mistral without a window a Llama, which it is.
  const bool is_llama = gguf && expected.architecture == Architecture::mistral && info.model_type == "llama";
  if (!is_llama) compare("model_type", model::info_of(expected.architecture).model_type, info.model_type);
  compare("vocab_size", expected.vocabulary, found.vocabulary);
  compare("hidden_size", expected.hidden, found.hidden);
  compare("num_hidden_layers", expected.layers, found.layers);
  compare("num_attention_heads", expected.heads, found.heads);
  compare("num_key_value_heads", expected.kv_heads, found.kv_heads);
  compare("head_dim", expected.head_dim, found.head_dim);
  // Fields that mean nothing for the checkpoint go by their names in Shape: it is the Blueprint that has to change.
  compare(found.rotary_dim > 0 ? "head_dim * partial_rotary_factor" : "Shape::rotary_dim", expected.rotary_dim,
          found.rotary_dim);
  compare("Shape::attention_gate", expected.attention_gate, found.attention_gate);
  compare("attention_bias", expected.attention_bias, found.attention_bias);
  compare("Shape::qk_norm", expected.qk_norm, found.qk_norm);
  compare("the set of layers with linear_attention, by layer_types or else by full_attention_interval,",
          to_string(expected.linear_layers), to_string(found.linear_layers));
  const bool linear = !found.linear_layers.empty();
  const DeltaNetSizes& sizes = expected.delta_net;
  const DeltaNetSizes& in_file = found.delta_net;
  compare(linear ? "linear_num_key_heads" : "Shape::delta_net.key_heads", sizes.key_heads, in_file.key_heads);
  compare(linear ? "linear_num_value_heads" : "Shape::delta_net.value_heads", sizes.value_heads,
          in_file.value_heads);
  compare(linear ? "linear_key_head_dim" : "Shape::delta_net.key_width", sizes.key_width, in_file.key_width);
  compare(linear ? "linear_value_head_dim" : "Shape::delta_net.value_width", sizes.value_width,
          in_file.value_width);
  compare(linear ? "linear_conv_kernel_dim" : "Shape::delta_net.kernel", sizes.kernel, in_file.kernel);
  compare("the set of dense layers", to_string(expected.dense_layers), to_string(found.dense_layers));
  const bool sparse = found.experts > 0;
  compare(sparse ? info.ffn_field : "Shape::ffn", expected.ffn, found.ffn);
  compare(info.experts_field.empty() ? "Shape::experts" : info.experts_field, expected.experts, found.experts);
  compare(sparse ? "num_experts_per_tok" : "Shape::top_k", expected.top_k, found.top_k);
  compare(sparse ? "norm_topk_prob" : "Shape::normalised_top_k", expected.normalised_top_k,
          found.normalised_top_k);
  compare(found.shared_ffn > 0 ? "shared_expert_intermediate_size" : "Shape::shared_ffn", expected.shared_ffn,
          found.shared_ffn);
  compare(found.dense_layers.empty() ? "Shape::dense_ffn" : "intermediate_size", expected.dense_ffn,
          found.dense_ffn);
  compare("max_position_embeddings", expected.max_positions, found.max_positions);
  compare("sliding_window", expected.sliding_window, found.sliding_window);
  compare("tie_word_embeddings", expected.tied_head, found.tied_head);
  compare("rope_theta", expected.rope_theta, found.rope_theta);
  const linalg::RopeScaling& wanted = expected.rope_scaling;
  const linalg::RopeScaling& scaling = found.rope_scaling;
  compare("the rope scaling's factor", wanted.factor, scaling.factor);
  compare("the rope scaling's low_freq_factor", wanted.low_freq_factor, scaling.low_freq_factor);
  compare("the rope scaling's high_freq_factor", wanted.high_freq_factor, scaling.high_freq_factor);
  compare("the rope scaling's original_max_position_embeddings", wanted.original_positions,
          scaling.original_positions);
  compare("rms_norm_eps", expected.rms_epsilon, found.rms_epsilon);
}

ASTERISM_INLINE Limits resolve_limits(const Limits& allowed, const std::optional<Limits>& wanted,
                                      const Shape& shape) {
  Limits limits = wanted.value_or(allowed);
  const auto cores = static_cast<std::int32_t>(parallel::Threads::default_threads());
  if (!wanted && limits.threads > cores) limits.threads = cores;
  const auto check = [](const char* field, std::int32_t most, std::int32_t asked) {
    if (asked < 1 || asked > most) {
      throw InvalidArgument(concat("Limits::", field, " is ", asked, ", the Blueprint allows 1 to ", most));
    }
  };
  check("context", allowed.context, limits.context);
  check("batch", allowed.batch, limits.batch);
  check("prefill_chunk", allowed.prefill_chunk, limits.prefill_chunk);
  check("threads", allowed.threads, limits.threads);
  check("cache_percent", allowed.cache_percent, limits.cache_percent);
  if (limits.context > shape.max_positions) limits.context = shape.max_positions;
  if (limits.prefill_chunk > limits.context) limits.prefill_chunk = limits.context;
  return limits;
}

ASTERISM_INLINE Machine resolve_machine(const LoadOptions& options, View<const Bytes> left) {
  if (options.devices == nullptr) return options.machine ? *options.machine : machines::this_machine();
  Machine machine;
  if (options.machine) {
    machine = *options.machine;
    if (machine.devices != left.size) {
      throw InvalidArgument(concat("LoadOptions::machine has ", machine.devices, " devices, LoadOptions::devices ",
                                   left.size, ": leave the machine out, or give one with as many"));
    }
  } else {
    machine = equal_devices(left.size, Bytes{0});
    for (std::size_t d = 0; d < left.size; ++d) machine.capacity[d] = left[d];
  }
  for (std::size_t d = 0; d < left.size; ++d) {
    if (left[d] < machine.capacity[d]) machine.capacity[d] = left[d];
  }
  return machine;
}

ASTERISM_INLINE void check_fits(const LoadPlan& planned, const std::string& path) {
  if (planned.plan.fits()) return;
  throw BudgetExceeded(
      concat(path, ": the model does not fit its budgets; no weight was read.\n",
             checkpoint::assumed_sizes(planned.config), placement::component_table(planned.plan),
             placement::recommendations(planned.plan, planned.limits, planned.config.shape.max_positions)));
}

}  // namespace asterism::generate
