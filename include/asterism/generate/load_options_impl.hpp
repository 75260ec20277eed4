// Bodies of load_options.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"

namespace asterism::generate {

ASTERISM_INLINE checkpoint::ModelConfig read_config(const std::string& folder) {
  if (file::path_kind(folder) != file::PathKind::folder) {
    throw FileError(concat(folder, ": no such folder; give the folder of a checkpoint, which holds config.json"));
  }
  return checkpoint::read_model_config(folder);
}

ASTERISM_INLINE void check_shape(const Shape& expected, const Shape& found, const std::string& folder) {
  const auto compare = [&](const char* field, auto wanted, auto is) {
    if (wanted == is) return;
    throw FormatError(
        concat(folder, "/config.json: ", field, " is ", is, ", the Blueprint's shape says ", wanted));
  };
  compare("vocab_size", expected.vocabulary, found.vocabulary);
  compare("hidden_size", expected.hidden, found.hidden);
  compare("num_hidden_layers", expected.layers, found.layers);
  compare("num_attention_heads", expected.heads, found.heads);
  compare("num_key_value_heads", expected.kv_heads, found.kv_heads);
  compare("head_dim", expected.head_dim, found.head_dim);
  compare("intermediate_size", expected.ffn, found.ffn);
  compare("num_local_experts", expected.experts, found.experts);
  compare("num_experts_per_tok", expected.top_k, found.top_k);
  compare("max_position_embeddings", expected.max_positions, found.max_positions);
  compare("sliding_window", expected.sliding_window, found.sliding_window);
  compare("tie_word_embeddings", expected.tied_head, found.tied_head);
  compare("rope_theta", expected.rope_theta, found.rope_theta);
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

ASTERISM_INLINE void check_fits(const LoadPlan& planned, const std::string& folder) {
  if (planned.plan.fits()) return;
  throw BudgetExceeded(
      concat(folder, ": the model does not fit its budgets; no weight was read.\n",
             checkpoint::assumed_sizes(planned.config), placement::component_table(planned.plan),
             placement::recommendations(planned.plan, planned.limits, planned.config.shape.max_positions)));
}

}  // namespace asterism::generate
