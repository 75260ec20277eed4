// A network on devices, ready to compute: what remains of a model without files and text.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/devices.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/engine/sequence_number.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/fwd.hpp"
#include "asterism/residency/pace.hpp"
#include "asterism/residency/slot_counts.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::engine {

/// New devices with the budgets of `plan`, on limits.threads worker threads. A backend that can is told which of them
/// are memory of the host.
template <class B>
std::shared_ptr<backend::Devices<typename B::Backend>> devices_of(const placement::Plan& plan,
                                                                  const Limits& limits) {
  using Device = typename B::Backend;
  if constexpr (std::constructible_from<Device, std::int32_t, Bytes,
                                        std::shared_ptr<typename Device::ExecutionPolicy>, DeviceKind,
                                        std::int32_t>) {
    const auto execution =
        std::make_shared<typename Device::ExecutionPolicy>(static_cast<std::size_t>(limits.threads));
    std::vector<std::unique_ptr<Device>> devices;
    std::int32_t accelerators = 0;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      devices.push_back(std::make_unique<Device>(static_cast<std::int32_t>(d), plan.budget(d), execution,
                                                 plan.machine.kinds[d], accelerators));
      if (!plan.machine.is_host(d)) ++accelerators;
    }
    return std::make_shared<backend::Devices<Device>>(std::move(devices));
  } else {
    std::vector<Bytes> budgets;
    for (std::size_t d = 0; d < plan.devices(); ++d) budgets.push_back(plan.budget(d));
    return std::make_shared<backend::Devices<typename B::Backend>>(View<const Bytes>(budgets),
                                                                   static_cast<std::size_t>(limits.threads));
  }
}

/// Devices, weights and workspace of one network under the policies of a Blueprint. Immutable once its weights are
/// written: several sequences may use it, also from several threads, whose passes take turns; it must outlive them and
/// not be moved while there are any.
template <class B>
class Engine {
 public:
  using Device = typename B::Backend;
  using Devices = backend::Devices<Device>;
  using Network = typename model::Assembly<B>::Network;
  using Workspace = typename model::Assembly<B>::Workspace;

  /// The homes of experts that take turns in memory; none where all are in memory.
  using Homes = std::shared_ptr<residency::ExpertHomes>;

  /// Draws all weights, uninitialised, and the workspace from `devices`, which `plan` is for, and memory for the
  /// `homes` that the plan has in host devices, to be filled before a pass. Throws BudgetExceeded where the devices
  /// have no room: several engines may share them; InvalidArgument where B's experts take turns and there are no
  /// homes for them.
  Engine(const placement::Plan& plan, const Shape& shape, const Limits& limits, std::shared_ptr<Devices> devices,
         const Homes& homes = nullptr)
      : limits_(limits),
        devices_(std::move(devices)),
        network_(devices_->all(), plan, shape, model::gating_of<B>(shape)),
        source_(homes),
        homes_(draw_homes(plan, shape, homes)),
        workspace_(devices_->all(), plan, shape, limits, [&](std::size_t d) {
          return make_slots(*devices_->all()[d], plan, shape, limits, d, plan.expert_slots(d), homes);
        }) {}
  /// The same on new devices with the budgets of `plan`.
  Engine(const placement::Plan& plan, const Shape& shape, const Limits& limits)
      : Engine(plan, shape, limits, devices_of<B>(plan, limits)) {}

  Engine(Engine&&) noexcept = default;
  Engine& operator=(Engine&&) = delete;  // it would free the arenas before what was drawn from them

  const Shape& shape() const { return network_.shape(); }
  const Limits& limits() const { return limits_; }
  const placement::Plan& plan() const { return network_.plan(); }
  const Network& network() const { return network_; }
  /// The devices; their arenas tell budget, use and high water.
  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_->all(); }
  /// For another engine on the same devices.
  const std::shared_ptr<Devices>& shared_devices() const { return devices_; }

  /// Where a sequence gets its number: below limits().batch as long as there are no more of them than that.
  const std::shared_ptr<SequenceNumbers>& sequence_numbers() const { return sequence_numbers_; }

  /// One pass's hold on devices and workspace: while it lives, other passes on these devices wait.
  class WorkspaceLock {
   public:
    explicit WorkspaceLock(const Engine& engine) : lock_(engine.devices_->pass_mutex()), engine_(&engine) {}
    const Workspace& workspace() const { return engine_->workspace_; }
    /// Null where nobody listens.
    observe::Timeline* timeline() const { return engine_->timeline_.get(); }

   private:
    std::unique_lock<backend::PassMutex> lock_;
    const Engine* engine_;
  };
  /// Waits for the devices. Throws InvalidArgument where this thread holds them.
  WorkspaceLock lock_workspace() const { return WorkspaceLock(*this); }

  /// From now on passes tell `timeline` what they do when; null: nobody. Waits for a pass under way; InvalidArgument
  /// from within one. Thread-safe.
  void set_timeline(std::shared_ptr<observe::Timeline> timeline) const {
    const WorkspaceLock lock = lock_workspace();
    timeline_ = std::move(timeline);
  }

  /// What the slots of all devices have done: all zeros where all experts are in memory. Waits for a pass under way;
  /// InvalidArgument from within one.
  residency::SlotCounts slot_counts() const {
    residency::SlotCounts sum;
    if constexpr (!Network::Block::Constellation::holds_experts) {
      const WorkspaceLock lock = lock_workspace();
      sum = former_counts_;
      for (std::size_t d = 0; d < devices().size(); ++d) {
        if (const auto* slots = lock.workspace().slots(d)) sum += slots->slots().counts();
      }
    }
    return sum;
  }

  /// Changes the budget of a device on which experts take turns: behind the pass under way its arena keeps to `budget`,
  /// and there are as many slots as that leaves room for, as far as they can be of use. Answers under way go on, to the
  /// same bits; experts that were in slots are brought again when they are needed, and the cache begins to learn anew.
  /// Returns the number of slots. Throws InvalidArgument where a device has no slots, and from within a pass;
  /// BudgetExceeded where what else is in use leaves no room for residency::least_streaming_slots, and then nothing has
  /// changed. Thread-safe, but begin no session on the device meanwhile: where what it draws, or the system, leaves no
  /// room for the new slots, BudgetExceeded says so, and passes are refused until a call succeeds.
  std::int32_t fit_slots([[maybe_unused]] std::size_t device, [[maybe_unused]] Bytes budget) const {
    if constexpr (Network::Block::Constellation::holds_experts) {
      throw InvalidArgument(
          "all experts are in memory: a budget has no slots to be fitted; give the Blueprint a Cache");
    } else {
      const WorkspaceLock lock = lock_workspace();
      if (device >= devices().size() || plan().slotted_experts(device) == 0) {
        throw InvalidArgument(concat("device ", device, " has no slots for experts"));
      }
      Device& on = *devices()[device];
      const Slots* const before = lock.workspace().slots(device);
      const placement::SlottedExperts& slotted = plan().footprint.slotted;
      const Bytes others = on.arena().used() - (before == nullptr ? Bytes{} : before->held());
      const std::int32_t fewest = slotted.fewest;
      if (others + Slots::bytes(static_cast<std::uint64_t>(fewest), slotted.each) > budget) {
        throw BudgetExceeded(concat("device ", device, ": a budget of ", to_string(budget), " has no room for ",
                                    fewest, " slots of ", to_string(slotted.each), " beside ", to_string(others),
                                    " that are in use: close sessions, or leave it more"));
      }
      const std::uint64_t room = (budget - others - slotted.beside).count / slotted.each.count;
      const auto most =
          static_cast<std::uint64_t>(slotted.most_slots(plan().cuts[device], plan().cuts[device + 1]));
      const auto count = static_cast<std::int32_t>(std::min(room, most));
      if (before != nullptr) former_counts_ += before->slots().counts();
      workspace_.set_slots(device, nullptr);  // first, so that there are never both
      on.arena().set_budget(budget);
      workspace_.set_slots(device, make_slots(on, plan(), shape(), limits_, device, count, source_));
      return count;
    }
  }

 private:
  using Slots = typename Workspace::Slots;

  /// By the rates of the plan's machine, where all are known, of homes on average over the device's layers. Else slots
  /// that look ahead measure it.
  static residency::Pace pace_of(const placement::Plan& plan, std::size_t d) {
    const auto seconds = [](Bytes bytes, Bytes in_a_second) {
      return static_cast<double>(bytes.count) / static_cast<double>(in_a_second.count);
    };
    const Bytes rate = plan.machine.rates[d];
    if (rate == Bytes{0}) return {};
    double reads = 0;
    const LayerSet here = plan.footprint.slotted.layers & LayerSet::range(plan.cuts[d], plan.cuts[d + 1]);
    for (std::int32_t layer = plan.cuts[d]; layer < plan.cuts[d + 1]; ++layer) {
      if (!here.contains(layer)) continue;
      const std::int32_t home = plan.home_of_layer(layer);
      const Bytes from = home < 0 ? plan.machine.disk_rate : plan.machine.rates[static_cast<std::size_t>(home)];
      if (from == Bytes{0}) return {};
      reads += seconds(plan.footprint.slotted.each, from);
    }
    const auto layers = static_cast<double>(plan.cuts[d + 1] - plan.cuts[d]);
    return {.layer_seconds = seconds(plan.token_bytes(d), rate) / layers, .read_seconds = reads / here.size()};
  }

  /// Memory of host devices for experts that wait there.
  std::vector<backend::Buffer> draw_homes([[maybe_unused]] const placement::Plan& plan,
                                          [[maybe_unused]] const Shape& shape,
                                          [[maybe_unused]] const Homes& homes) const {
    if constexpr (Network::Block::Constellation::holds_experts) {
      return {};
    } else {
      return Slots::draw_homes(devices(), plan, shape, homes.get());
    }
  }

  static std::unique_ptr<Slots> make_slots([[maybe_unused]] Device& device,
                                           [[maybe_unused]] const placement::Plan& plan,
                                           [[maybe_unused]] const Shape& shape,
                                           [[maybe_unused]] const Limits& limits, [[maybe_unused]] std::size_t d,
                                           [[maybe_unused]] std::int32_t slots,
                                           [[maybe_unused]] const Homes& homes) {
    if constexpr (Network::Block::Constellation::holds_experts) {
      return nullptr;
    } else {
      if (plan.slotted_experts(d) == 0) return nullptr;
      const LayerSet sparse = shape.sparse_layers();
      const std::int32_t first = sparse.size_within(0, plan.cuts[d]);
      const std::int32_t groups = sparse.size_within(plan.cuts[d], plan.cuts[d + 1]);
      const auto& header = Slots::header_of(*homes);
      const typename Slots::Extent extent{.first_group = first,
                                          .groups = groups,
                                          .top_k = shape.top_k,
                                          .slots = static_cast<std::size_t>(slots),
                                          .sequences = limits.batch};
      return std::make_unique<Slots>(device, shape, extent,
                                     model::cache_of<B>(shape, extent.parts(header), extent.capacity(header)),
                                     model::prefetch_of<B>(extent.ahead(header)), pace_of(plan, d), homes);
    }
  }

  Limits limits_;
  std::shared_ptr<Devices> devices_;
  Network network_;
  Homes source_;                                         ///< of experts that take turns
  std::vector<backend::Buffer> homes_;                   ///< of experts that wait in host memory
  mutable Workspace workspace_;                          ///< its slots are changed under the workspace's lock
  mutable residency::SlotCounts former_counts_;          ///< of slots that were changed for others
  mutable std::shared_ptr<observe::Timeline> timeline_;  ///< read and written under the workspace's lock
  std::shared_ptr<SequenceNumbers> sequence_numbers_ = std::make_shared<SequenceNumbers>();
};

}  // namespace asterism::engine
