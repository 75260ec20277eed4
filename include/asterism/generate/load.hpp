// From a checkpoint's folder to a model that answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/file/mapped_file.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/machine/probe.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/map_check.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// Where a model is to go.
struct LoadOptions {
  std::optional<Machine>
      machine{};  ///< devices, whose capacities are the budgets; unset: this machine's free memory
  std::optional<placement::DeviceMap>
      device_map{};                ///< where each part goes; unset: the Blueprint's policy decides
  std::optional<Limits> limits{};  ///< at most the Blueprint's; unset: the Blueprint's, and a thread for each core
  bool fit_context = false;        ///< lower the context to what the budgets hold, instead of refusing
  ProgressSink* progress = nullptr;  ///< hears how far loading is; nullptr: silence
};

/// What is known of a model before a weight is read.
struct LoadPlan {
  checkpoint::ModelConfig config;
  Limits limits;
  placement::Plan plan;
};

namespace generate {

/// Throws FormatError naming the first field in which the checkpoint differs from what the Blueprint says.
inline void check_shape(const Shape& expected, const Shape& found, const std::string& folder) {
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

/// The limits of a run: those asked for, which may lower the Blueprint's and never raise them; the context at most
/// what the model was made for, a chunk at most the context. Unless asked for otherwise, no more threads than
/// there are cores.
inline Limits resolve_limits(const Limits& allowed, const std::optional<Limits>& wanted, const Shape& shape) {
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

}  // namespace generate

/// Reads config.json alone and plans: for --dry-run, and for weights that are not there yet. The plan may not fit:
/// ask it. Throws FileError, FormatError, Unsupported on a bad config.json, InvalidArgument on limits above B's and
/// on a device map that is not sound, budgets included: with everything that is wrong, and a map that is sound.
template <class B>
LoadPlan plan_load(const std::string& folder, const LoadOptions& options = {}) {
  if (file::path_kind(folder) != file::PathKind::folder) {
    throw FileError(concat(folder, ": no such folder; give the folder of a checkpoint, which holds config.json"));
  }
  LoadPlan out{.config = checkpoint::read_model_config(folder), .limits = {}, .plan = {}};
  if constexpr (HasShape<B>) generate::check_shape(B::shape, out.config.shape, folder);
  out.limits = generate::resolve_limits(B::limits, options.limits, out.config.shape);
  const Machine machine = options.machine ? *options.machine : machines::this_machine();
  if (options.fit_context && options.device_map) {
    throw InvalidArgument(
        "LoadOptions::fit_context leaves the layers to the Blueprint's policy: give no device_map");
  }
  if (options.fit_context) {
    const std::int32_t largest = largest_context<B>(machine, out.config.shape, out.limits);
    if (largest > 0) out.limits.context = largest;
    if (out.limits.prefill_chunk > out.limits.context) out.limits.prefill_chunk = out.limits.context;
  }
  if (!options.device_map) {
    out.plan = plan<B>(machine, out.config.shape, out.limits);
    return out;
  }
  const placement::MapCheck validation = placement::validate<typename B::Placement>(
      *options.device_map, model::parts<B>(out.config.shape, out.limits), machine);
  if (!validation.sound()) throw InvalidArgument(concat(folder, ": ", placement::to_string(validation)));
  out.plan = validation.plan;
  return out;
}

/// Loads the checkpoint in `folder` under the policies of B: config.json, weights (safetensors, one file or
/// shards, 16 or 32 bits, or 4 bits of bitsandbytes), and, where they are there, generation_config.json,
/// tokenizer.json and the chat template. Throws BudgetExceeded with the plan's table before any weight is read
/// where the plan does not fit; FileError, FormatError, Unsupported on a bad checkpoint; what `plan_load` throws.
template <class B>
LanguageModel<B> load(const std::string& folder, const LoadOptions& options = {}) {
  LoadPlan prepared = plan_load<B>(folder, options);
  if (!prepared.plan.fits()) {
    throw BudgetExceeded(
        concat(folder, ": the model does not fit its budgets; no weight was read.\n",
               checkpoint::assumed_sizes(prepared.config), placement::component_table(prepared.plan),
               placement::recommendations(prepared.plan, prepared.limits, prepared.config.shape.max_positions)));
  }
  typename LanguageModel<B>::CheckpointExtras texts{
      .config = std::move(prepared.config), .generation = {}, .tokenizer = {}, .chat_template = {}};
  texts.generation = checkpoint::read_generation_config(folder);
  if (file::path_kind(folder + "/tokenizer.json") != file::PathKind::missing) {
    texts.tokenizer = text::Tokenizer::from_file(folder + "/tokenizer.json");
    texts.chat_template = text::ChatTemplate::from_directory(folder);
  }
  const checkpoint::TensorStore store(folder);
  const auto weights = checkpoint::find_weights(store, texts.config.shape, prepared.plan.has_own_head());
  store.advise_sequential();
  LanguageModel<B> model(prepared.plan, prepared.limits, std::move(texts));
  ProgressSink silence;
  checkpoint::load_weights(store, weights, model.devices(), model.network(),
                           options.progress != nullptr ? *options.progress : silence);
  return model;
}

}  // namespace asterism
