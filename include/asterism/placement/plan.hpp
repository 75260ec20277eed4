// The answer of a placement policy: which device holds which runs, and how many bytes that makes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/memory_footprint.hpp"

namespace asterism::placement {

/// How a head that is the embedding's matrix gets it.
enum class TiedHead : std::uint8_t {
  untied,      ///< the head is a matrix of its own
  shared,      ///< both sit on one device: one matrix
  copied,      ///< a second matrix on the head's device, counted in the plan
  handed_over  ///< the last hidden rows go back to the embedding's device, which computes the logits
};

/// A run and the device that holds it.
struct Placed {
  LayerRun run{};
  std::int32_t device = 0;

  friend constexpr bool operator==(const Placed&, const Placed&) = default;
};

/// Which device holds what, and the bytes that each needs at most. Layers are cut into consecutive ranges, one for
/// each device (possibly empty); the embedding sits with the first layer, final norm and head with the last one,
/// unless a tied head is handed over. Experts that take turns wait in host devices that run no layers, as many layers
/// of them as the budgets hold, the others on the disk. A constant where everything it was made from is one.
struct Plan {
  /// Every run, the workspace and expert slots on every device; embedding, final norm, head and its workspace.
  static constexpr std::size_t max_placed = Machine::max_devices * (MemoryFootprint::max_runs + 3) + 4;

  Machine machine{};  ///< capacities are the budgets
  MemoryFootprint footprint{};
  std::array<std::int32_t, Machine::max_devices + 1> cuts{};  ///< device d runs layers [cuts[d], cuts[d + 1])
  TiedHead tied_head = TiedHead::untied;
  std::array<Placed, max_placed> placed{};
  std::size_t placed_count = 0;

  friend constexpr bool operator==(const Plan&, const Plan&) = default;

  constexpr std::size_t devices() const { return machine.devices; }
  constexpr Bytes budget(std::size_t device) const { return machine.capacity[device]; }

  constexpr std::int32_t device_of_layer(std::int32_t layer) const {
    std::int32_t device = 0;
    while (cuts[static_cast<std::size_t>(device) + 1] <= layer) ++device;
    return device;
  }
  constexpr std::int32_t embedding_device() const { return device_of_layer(0); }
  constexpr std::int32_t last_layer_device() const { return device_of_layer(footprint.layers - 1); }
  /// The head's matrix takes memory of its own: untied, or tied and copied.
  constexpr bool has_own_head() const { return tied_head == TiedHead::untied || tied_head == TiedHead::copied; }
  constexpr std::int32_t head_device() const {
    return tied_head == TiedHead::handed_over ? embedding_device() : last_layer_device();
  }

  /// Bytes of one kind on one device.
  constexpr Bytes bytes(std::size_t device, PartKind kind) const {
    Bytes sum{};
    for (std::size_t i = 0; i < placed_count; ++i) {
      if (placed[i].device == static_cast<std::int32_t>(device) && placed[i].run.kind == kind)
        sum += placed[i].run.total();
    }
    return sum;
  }
  /// The most bytes that the device holds at any time.
  constexpr Bytes peak(std::size_t device) const {
    Bytes sum{};
    for (std::size_t i = 0; i < placed_count; ++i) {
      if (placed[i].device == static_cast<std::int32_t>(device)) sum += placed[i].run.total();
    }
    return sum;
  }
  /// What sequences leave on the device: keys, values and states.
  constexpr Bytes cache_bytes(std::size_t device) const {
    return bytes(device, PartKind::kv_cache) + bytes(device, PartKind::state);
  }
  /// The most that they may take of its budget, rounded down.
  constexpr Bytes cache_budget(std::size_t device) const {
    const std::uint64_t budget_bytes = budget(device).count;
    const auto percent = static_cast<std::uint64_t>(footprint.cache_percent);
    return {budget_bytes / 100 * percent + budget_bytes % 100 * percent / 100};
  }
  /// The weights that stand on the device: all but what sequences leave, adapters and workspaces.
  constexpr Bytes weight_bytes(std::size_t device) const {
    return peak(device) - cache_bytes(device) - bytes(device, PartKind::workspace) -
           bytes(device, PartKind::expert_slots) - bytes(device, PartKind::adapters);
  }
  /// Weights that a token reads in the layers of the device, of experts those that it is sent to; without its row of
  /// the embedding, and final norm and head.
  constexpr Bytes token_bytes(std::size_t device) const {
    const std::int32_t sparse = footprint.slotted.layers.size_within(cuts[device], cuts[device + 1]);
    Bytes sum = footprint.slotted.each * static_cast<std::uint64_t>(footprint.slotted.per_token) *
                static_cast<std::uint64_t>(sparse);
    for (std::size_t i = 0; i < placed_count; ++i) {
      LayerRun run = placed[i].run;
      const bool of_layers = run.kind >= PartKind::attention && run.kind <= PartKind::feed_forward;
      if (run.kind == PartKind::experts && footprint.experts_per_token < run.count)
        run.count = footprint.experts_per_token;
      if (of_layers && placed[i].device == static_cast<std::int32_t>(device)) sum += run.total();
    }
    return sum;
  }
  /// Of final norm and head, which a token reads where the head is.
  constexpr Bytes head_bytes() const {
    return footprint.final_norm + (footprint.tied ? footprint.embedding : footprint.head);
  }
  /// Experts of the device's layers that take turns in slots.
  constexpr std::int32_t slotted_experts(std::size_t device) const {
    return footprint.slotted.experts(cuts[device], cuts[device + 1]);
  }
  /// Slots on the device: what its budget leaves, and at most one for each of its experts and those that pass.
  constexpr std::int32_t expert_slots(std::size_t device) const {
    const Bytes all = bytes(device, PartKind::expert_slots);
    return all > footprint.slotted.beside
               ? static_cast<std::int32_t>((all - footprint.slotted.beside).count / footprint.slotted.each.count)
               : 0;
  }
  /// The slots that it needs.
  constexpr std::int32_t least_expert_slots(std::size_t device) const {
    return slotted_experts(device) == 0 ? 0 : footprint.slotted.fewest;
  }
  /// Every device has slots for what a token needs and for experts that pass, where its layers have experts.
  constexpr bool keeps_experts() const {
    for (std::size_t d = 0; d < devices(); ++d) {
      if (expert_slots(d) < footprint.slotted.least_slots(cuts[d], cuts[d + 1])) return false;
    }
    return true;
  }
  /// The host device in whose memory the experts of a layer wait, those that take turns; -1: on the disk.
  constexpr std::int32_t home_of_layer(std::int32_t layer) const {
    for (std::size_t i = 0; i < placed_count; ++i) {
      const bool holds_it =
          placed[i].run.layers.contains(layer) && placed[i].run.count == footprint.slotted.per_layer;
      if (placed[i].run.kind == PartKind::expert_homes && holds_it) return placed[i].device;
    }
    return -1;
  }
  /// Bytes of the experts that wait on the disk.
  constexpr Bytes homes_on_disk() const {
    Bytes sum{};
    for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
      if (footprint.slotted.layers.contains(layer) && home_of_layer(layer) < 0)
        sum += footprint.slotted.layer_homes();
    }
    return sum;
  }
  /// The most bytes that the device holds at any time if it has but the slots of a token and those that pass.
  constexpr Bytes least_peak(std::size_t device) const {
    if (footprint.slotted.each == Bytes{0}) return peak(device);
    return peak(device) - bytes(device, PartKind::expert_slots) +
           footprint.slotted.least_bytes(cuts[device], cuts[device + 1]);
  }
  constexpr Bytes largest_peak() const {
    Bytes most{};
    for (std::size_t d = 0; d < devices(); ++d) most = peak(d) > most ? peak(d) : most;
    return most;
  }
  /// No device is above its budget, nor are caches above their share of it; experts have the slots that they need, and
  /// room where they wait: on the disk, where its size is known, unless they have to be in memory.
  constexpr bool fits() const {
    for (std::size_t d = 0; d < devices(); ++d) {
      if (peak(d) > budget(d)) return false;
      if (footprint.slotted.each > Bytes{0} && expert_slots(d) < least_expert_slots(d)) return false;
      if (footprint.cache_percent < 100 && cache_bytes(d) > cache_budget(d)) return false;
    }
    if (footprint.slotted.from_memory && homes_on_disk() > Bytes{0}) return false;
    return machine.disk == Bytes{0} || homes_on_disk() <= machine.disk;
  }
};

/// Where the layers are cut: device d runs [at[d], at[d + 1]).
using Cuts = std::array<std::int32_t, Machine::max_devices + 1>;

/// Bytes on a device that runs layers [begin, end) of `footprint` beside those of the layers: workspace, what sits with
/// the first or the last layer, and the least slots that experts need.
constexpr Bytes bytes_beside_layers(const MemoryFootprint& footprint, std::int32_t begin, std::int32_t end,
                                    bool copy_tied_head) {
  if (begin >= end) return {};
  const bool first = begin == 0;
  const bool last = end == footprint.layers;
  Bytes sum = footprint.layer_workspace;
  if (footprint.slotted.each > Bytes{0}) sum += footprint.slotted.least_bytes(begin, end);
  if (first) sum += footprint.embedding;
  if (last) sum += footprint.final_norm;
  if (last && !footprint.tied) sum += footprint.head;
  if (last && !first && footprint.tied && copy_tied_head) sum += footprint.embedding;
  if (footprint.tied && !copy_tied_head ? first : last) sum += footprint.head_workspace;
  return sum;
}

/// All bytes on a device that runs layers [begin, end): equal to the peak that `assemble` gives it, but that slots for
/// experts may then take what is left.
constexpr Bytes bytes_of_cut(const MemoryFootprint& footprint, std::int32_t begin, std::int32_t end,
                             bool copy_tied_head) {
  return footprint.layer_bytes(begin, end) + bytes_beside_layers(footprint, begin, end, copy_tied_head);
}

/// Throws InvalidArgument where there is no layer or no device.
constexpr void check_plannable(const MemoryFootprint& footprint, const Machine& machine) {
  if (footprint.layers < 1 || machine.devices < 1 || machine.devices > Machine::max_devices) {
    throw InvalidArgument(concat("a plan needs layers and 1 to ", Machine::max_devices, " devices; it got ",
                                 footprint.layers, " layers and ", machine.devices, " devices"));
  }
}

/// The plan that follows from `cuts` and from what becomes of a tied head. `copy_tied_head` matters only where
/// footprint.tied holds and first and last layer sit on different devices: true copies the matrix, false hands the
/// hidden rows over. Every policy ends here, so all count alike. Throws InvalidArgument where there is no layer or
/// no device.
constexpr Plan assemble(const MemoryFootprint& footprint, const Machine& machine, const Cuts& cuts,
                        bool copy_tied_head) {
  check_plannable(footprint, machine);
  Plan plan{.machine = machine, .footprint = footprint, .cuts = cuts, .placed = {}};
  const auto put = [&plan](LayerRun run, std::int32_t device) {
    if (run.total() > Bytes{0}) plan.placed[plan.placed_count++] = {.run = run, .device = device};
  };
  const std::int32_t first = plan.embedding_device();
  const std::int32_t last = plan.last_layer_device();
  if (footprint.tied) {
    plan.tied_head = first == last ? TiedHead::shared : copy_tied_head ? TiedHead::copied : TiedHead::handed_over;
  }
  // One part, beside a layer.
  const auto one = [](PartKind kind, std::int32_t layer, Bytes each) {
    return LayerRun{.kind = kind, .layers = LayerSet::range(layer, layer + 1), .count = 1, .each = each};
  };
  put(one(PartKind::embedding, 0, footprint.embedding), first);
  for (std::size_t d = 0; d < machine.devices; ++d) {
    if (cuts[d + 1] <= cuts[d]) continue;
    const LayerSet here = LayerSet::range(cuts[d], cuts[d + 1]);
    for (std::size_t i = 0; i < footprint.run_count; ++i) {
      LayerRun run = footprint.runs[i];
      run.layers = run.layers & here;
      put(run, static_cast<std::int32_t>(d));
    }
    put(one(PartKind::workspace, cuts[d], footprint.layer_workspace), static_cast<std::int32_t>(d));
  }
  const std::int32_t last_layer = footprint.layers - 1;
  put(one(PartKind::final_norm, last_layer, footprint.final_norm), last);
  if (plan.has_own_head()) {
    const bool copied = plan.tied_head == TiedHead::copied;
    put(one(PartKind::head, last_layer, copied ? footprint.embedding : footprint.head), last);
  }
  put(one(PartKind::workspace, last_layer, footprint.head_workspace), plan.head_device());
  for (std::size_t d = 0; footprint.slotted.each > Bytes{0} && d < machine.devices; ++d) {
    const Bytes used = plan.peak(d) + footprint.slotted.beside;
    if (plan.slotted_experts(d) == 0 || used > plan.budget(d)) continue;
    const std::uint64_t room = (plan.budget(d) - used).count / footprint.slotted.each.count;
    const auto all = static_cast<std::uint64_t>(footprint.slotted.most_slots(cuts[d], cuts[d + 1]));
    LayerRun slots = one(PartKind::expert_slots, cuts[d], footprint.slotted.each);
    slots.count = static_cast<std::int32_t>(room < all ? room : all);
    if (slots.count == 0) continue;
    put(slots, static_cast<std::int32_t>(d));
    put(one(PartKind::expert_slots, cuts[d], footprint.slotted.beside), static_cast<std::int32_t>(d));
  }
  LayerSet homeless = footprint.slotted.layers;
  for (std::size_t d = 0; footprint.slotted.each > Bytes{0} && d < machine.devices; ++d) {
    if (!machine.is_host(d) || cuts[d + 1] > cuts[d] || footprint.slotted.beside > plan.budget(d)) continue;
    const Bytes each = footprint.slotted.layer_homes();
    std::uint64_t room = (plan.budget(d) - footprint.slotted.beside).count / each.count;
    LayerRun homes{.kind = PartKind::expert_homes,
                   .layers = {},
                   .count = footprint.slotted.per_layer,
                   .each = footprint.slotted.each};
    for (std::int32_t layer = 0; layer < footprint.layers && room > 0; ++layer) {
      if (!homeless.contains(layer)) continue;
      homes.layers.insert(layer);
      --room;
    }
    if (homes.layers.empty()) continue;
    homeless = homeless - homes.layers;
    put(homes, static_cast<std::int32_t>(d));
    put(LayerRun{.kind = PartKind::expert_homes,
                 .layers = LayerSet::range(0, 1),
                 .count = 1,
                 .each = footprint.slotted.beside},
        static_cast<std::int32_t>(d));
  }
  return plan;
}

}  // namespace asterism::placement
