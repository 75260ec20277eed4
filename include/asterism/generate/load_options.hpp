// Options of loading, and the resulting plan before a weight is read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "asterism/backend/devices.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/verify.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// Options of `load` and `plan_load`.
struct LoadOptions {
  /// Devices whose capacities are the budgets; unset: this machine's free memory, or what is left on `devices`.
  std::optional<Machine> machine{};
  /// Existing devices of the Blueprint's backend, shared with other engines: Engine::shared_devices, or made by
  /// the caller. The model takes what is left of their budgets; unset: new devices.
  std::shared_ptr<backend::AnyDevices> devices{};
  /// The device of each part; unset: the Blueprint's policy decides.
  std::optional<placement::DeviceMap> device_map{};
  /// At most the Blueprint's; unset: the Blueprint's, with a thread for each core.
  std::optional<Limits> limits{};
  /// For a Blueprint whose Cache keeps experts in a file: its path. `quantize --experts` and `write_experts<B>` write
  /// it.
  std::string experts{};
  /// When what is read from that file is compared with its checksums.
  residency::Verify verify = residency::Verify::first;
  /// Decode weights that are quantized in another format than the Blueprint's and quantize them again, instead of
  /// refusing; the memory report counts them.
  bool quantize_again = false;
  /// Lower the context to what fits the budgets instead of refusing.
  bool fit_context = false;
  /// Receives the progress of loading; nullptr: silent.
  ProgressSink* progress = nullptr;
};

/// A model as planned before a weight is read.
struct LoadPlan {
  checkpoint::ModelConfig config;
  Limits limits;
  placement::Plan plan;
  /// Of a Blueprint whose weights are in quant::OneOf several formats: what it says itself, or what the file has.
  model::Formats formats{};
};

namespace generate {

/// Reads config.json of a folder, or the metadata of a GGUF file. FileError if there is neither; otherwise as
/// checkpoint::read_model_config and checkpoint::gguf_model_config.
checkpoint::ModelConfig read_config(const std::string& path);

/// Throws FormatError naming the first field in which the checkpoint at `path` differs from the Blueprint.
void check_shape(const Shape& expected, const Shape& found, const std::string& path);

/// The limits of a run: `wanted`, which may lower the Blueprint's `allowed` and never raise them; the context at
/// most the positions that the model was trained for, a chunk at most the context. Unless requested otherwise, no
/// more threads than cores.
Limits resolve_limits(const Limits& allowed, const std::optional<Limits>& wanted, const Shape& shape);

/// The machine to plan for: the one in `options`, else this one; if they name devices, with at most `left` bytes
/// on each. Throws InvalidArgument if a machine and devices are given that differ in number.
Machine resolve_machine(const LoadOptions& options, View<const Bytes> left);

/// Throws BudgetExceeded with the plan's table if the plan does not fit.
void check_fits(const LoadPlan& planned, const std::string& path);

}  // namespace generate
}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/load_options_impl.hpp"
#endif
