// Loads a checkpoint, a folder or a GGUF file, as a model that generates text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/fingerprint.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/checkpoint_extras.hpp"
#include "asterism/generate/format_changes.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/placement/map_check.hpp"

namespace asterism {

namespace generate {

/// The devices of `options` as devices of B's backend; nullptr if unset. InvalidArgument if they are of another
/// backend.
template <class B>
std::shared_ptr<backend::Devices<typename B::Backend>> shared_devices(const LoadOptions& options) {
  auto devices = std::dynamic_pointer_cast<backend::Devices<typename B::Backend>>(options.devices);
  if (options.devices != nullptr && devices == nullptr) {
    throw InvalidArgument("LoadOptions::devices are those of another backend than the Blueprint's");
  }
  return devices;
}

/// Bytes left on each of the devices of `options`; empty if unset.
template <class B>
std::vector<Bytes> bytes_left(const LoadOptions& options) {
  std::vector<Bytes> left;
  if (const auto devices = shared_devices<B>(options)) {
    for (const auto& device : devices->all()) left.push_back(device->arena().budget() - device->arena().used());
  }
  return left;
}

/// Opens and fills the homes of experts, for a Blueprint whose Cache does not hold them all; see load_slotted.hpp.
template <class B>
struct HomesOf;

/// The homes of experts that take turns; none, and no path of them allowed, where all are in memory. `path` names the
/// checkpoint in messages.
template <class B>
typename engine::Engine<B>::Homes homes_of(const checkpoint::WeightStoreRef& store, const std::string& path,
                                           const Shape& shape, const placement::Plan& plan,
                                           const LoadOptions& options) {
  if constexpr (!model::Assembly<B>::Constellation::holds_experts) {
    if (!shape.sparse_layers().empty()) return HomesOf<B>::open(store, path, shape, plan, options);
  }
  if (options.experts.empty()) return nullptr;
  throw InvalidArgument(
      concat("LoadOptions::experts is ", options.experts,
             shape.sparse_layers().empty()
                 ? ", but the model has no experts: give no file"
                 : ", but all experts are to be in memory: give the Blueprint another Cache, or no file"));
}

/// The formats of the weights at `path`: what B says, or for quant::OneOf several without a word of B what the headers
/// of the weights say. Throws as checkpoint::find_weights and stored_formats.
template <class B>
model::Formats read_formats([[maybe_unused]] const std::string& path, const Shape& shape) {
  if constexpr (model::is_mixed<B> && !model::HasFormats<B>) {
    const checkpoint::WeightFiles files(path);
    return stored_formats(files.store(), files.find(shape, true), shape, WantedFormats::of<B>());
  } else {
    return model::formats_of<B>(shape);
  }
}

/// Throws, naming `path`, what a plan of matrices in several formats would throw without.
template <class B>
void check_footprint(const std::string& path, const Shape& shape, const Limits& limits,
                     const model::Formats& formats) {
  if constexpr (model::is_mixed<B>) {
    try {
      model::memory_footprint<B>(shape, limits, formats);
    } catch (const Unsupported& error) {
      throw Unsupported(concat(path, ": ", error.what()));
    }
  }
}

}  // namespace generate

/// Reads only config.json of a folder, or the headers of a GGUF file, and plans: for --dry-run, and for weights that
/// are not there yet. Where B's weights are in quant::OneOf several formats and B does not say which, it reads that
/// from the headers of the weights. The plan may not fit: check `fits()`. Throws FileError, FormatError, Unsupported on
/// a bad config.json or header; Unsupported naming the tensor whose format B does not list; InvalidArgument on limits
/// above B's, and on a device map that is invalid, budgets included, listing every fault and a valid map.
template <DerivesFromBlueprint B>
LoadPlan plan_load(const std::string& path, const LoadOptions& options = {}) {
  LoadPlan out{.config = generate::read_config(path), .limits = {}, .plan = {}};
  const Shape& shape = out.config.shape;
  if constexpr (HasShape<B>) generate::check_shape(B::shape, shape, path);
  out.limits = generate::resolve_limits(B::limits, options.limits, shape);
  const Machine machine = generate::resolve_machine(options, generate::bytes_left<B>(options));
  if (options.fit_context && options.device_map) {
    throw InvalidArgument(
        "LoadOptions::fit_context leaves the layers to the Blueprint's policy: give no device_map");
  }
  out.formats = generate::read_formats<B>(path, shape);
  generate::check_footprint<B>(path, shape, out.limits, out.formats);
  if (options.fit_context) {
    const std::int32_t largest = largest_context<B>(machine, shape, out.limits, out.formats);
    if (largest > 0) out.limits.context = largest;
    if (out.limits.prefill_chunk > out.limits.context) out.limits.prefill_chunk = out.limits.context;
  }
  if (!options.device_map) {
    out.plan = plan<B>(machine, shape, out.limits, out.formats);
    return out;
  }
  const placement::MapCheck check = placement::validate<typename B::Placement>(
      *options.device_map, model::memory_footprint<B>(shape, out.limits, out.formats), machine);
  if (!check.sound()) throw InvalidArgument(concat(path, ": ", placement::to_string(check)));
  out.plan = check.plan;
  return out;
}

/// Refuse what is no Blueprint by name, as `plan` does; `auto`, so that this is the first that compilers say.
template <class B>
  requires(!DerivesFromBlueprint<B>)
auto plan_load(const std::string& /*path*/, const LoadOptions& /*options*/ = {}) {
  static_assert(DerivesFromBlueprint<B>, "B is no Blueprint: struct B : asterism::Blueprint { ... }");
}
template <class B>
  requires(!DerivesFromBlueprint<B>)
auto load(const std::string& /*path*/, const LoadOptions& /*options*/ = {}) {
  static_assert(DerivesFromBlueprint<B>, "B is no Blueprint: struct B : asterism::Blueprint { ... }");
}

/// Loads the checkpoint at `path` under the policies of B. A folder has config.json, weights (safetensors, one file or
/// shards, 16 or 32 bits, or 4 bits of bitsandbytes), and, if present, generation_config.json, tokenizer.json and the
/// chat template; a GGUF file, or any part of a split one, has all that in itself, weights in 16 or 32 bits or in
/// blocks of ggml. What is quantized stays as it is where the Blueprint has its format, is decoded where that has plain
/// numbers, and refused otherwise unless LoadOptions::quantize_again allows it. Tensors that the architecture passes
/// over are counted in the memory report. Throws BudgetExceeded with the plan's table, before any weight is read, if
/// the plan does not fit; FileError, FormatError, Unsupported on a bad checkpoint; and as `plan_load`.
template <DerivesFromBlueprint B>
LanguageModel<B> load(const std::string& path, const LoadOptions& options = {}) {
  LoadPlan planned = plan_load<B>(path, options);
  generate::check_fits(planned, path);
  CheckpointExtras extras = CheckpointExtras::read(path, std::move(planned.config));
  const Shape& shape = extras.config.shape;
  const checkpoint::WeightFiles files(path);
  const checkpoint::WeightStoreRef store = files.store();
  auto weights = files.find(shape, planned.plan.has_own_head());
  for (checkpoint::FoundWeight& found : weights) found.quantize_again = options.quantize_again;
  const generate::WantedFormats wanted = generate::WantedFormats::of<B>();
  extras.format_changes = generate::format_counts(weights, shape, wanted, planned.formats) +
                          generate::format_changes(weights, shape, wanted, planned.formats);
  extras.passed_over = files.passed_over(shape);
  extras.fingerprint = CheckpointExtras::fingerprint_of(path, checkpoint::fingerprint(store));
  files.advise_sequential();
  const auto homes = generate::homes_of<B>(store, path, shape, planned.plan, options);
  auto devices = generate::shared_devices<B>(options);
  if (devices == nullptr) devices = engine::devices_of<B>(planned.plan, planned.limits);
  engine::Engine<B> engine(planned.plan, shape, planned.limits, std::move(devices), homes, planned.formats);
  ProgressSink silence;
  ProgressSink& progress = options.progress != nullptr ? *options.progress : silence;
  checkpoint::load_weights(store, weights, engine.devices(), engine.network(), progress);
  if constexpr (!model::Assembly<B>::Constellation::holds_experts) {
    if (homes != nullptr) generate::HomesOf<B>::fill(store, weights, shape, *homes, progress);
  }
  return LanguageModel<B>(std::move(engine), std::move(extras));
}

}  // namespace asterism
