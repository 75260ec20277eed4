// Where a model is to go, and what that comes to before a weight is read.
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
#include "asterism/placement/device_map.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// Where a model is to go.
struct LoadOptions {
  /// Devices, whose capacities are the budgets; unset: this machine's free memory, or what is left on `devices`.
  std::optional<Machine> machine{};
  /// Devices of the Blueprint's backend that other engines use, too: Engine::shared_devices, or made by the caller. The
  /// model takes what is left of their budgets; unset: new devices.
  std::shared_ptr<backend::AnyDevices> devices{};
  /// Where each part goes; unset: the Blueprint's policy decides.
  std::optional<placement::DeviceMap> device_map{};
  /// At most the Blueprint's; unset: the Blueprint's, and a thread for each core.
  std::optional<Limits> limits{};
  /// Lower the context to what the budgets hold, instead of refusing.
  bool fit_context = false;
  /// Hears how far loading is; nullptr: silence.
  ProgressSink* progress = nullptr;
};

/// What is known of a model before a weight is read.
struct LoadPlan {
  checkpoint::ModelConfig config;
  Limits limits;
  placement::Plan plan;
};

namespace generate {

/// Reads config.json of `folder`. FileError where there is no such folder; else as checkpoint::read_model_config.
checkpoint::ModelConfig read_config(const std::string& folder);

/// Throws FormatError naming the first field in which the checkpoint differs from what the Blueprint says.
void check_shape(const Shape& expected, const Shape& found, const std::string& folder);

/// The limits of a run: those asked for, which may lower the Blueprint's and never raise them; the context at most
/// what the model was made for, a chunk at most the context. Unless asked for otherwise, no more threads than
/// there are cores.
Limits resolve_limits(const Limits& allowed, const std::optional<Limits>& wanted, const Shape& shape);

/// The machine to plan for: the one that `options` name, else this one; where they name devices, with no more than `left`
/// bytes on each. Throws InvalidArgument where a machine and devices are given that differ in number.
Machine resolve_machine(const LoadOptions& options, View<const Bytes> left);

/// Throws BudgetExceeded with the plan's table where the plan does not fit.
void check_fits(const LoadPlan& planned, const std::string& folder);

}  // namespace generate
}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/load_options_impl.hpp"
#endif
