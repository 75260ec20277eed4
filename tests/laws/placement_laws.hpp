// The laws of placement::Placement, one function template for each, for the policies of the toolkit and for your
// own:
//
//   TEST_CASE_TEMPLATE("my policies obey the laws", P, MyPolicy) { laws::placement<P>(); }
//
// Needs doctest. Policies are tried with small random decoders on small random machines, against all possible
// cuts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/concept.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// A decoder of 1 to 7 layers; one in three has a tied head, one in two layers of unequal sizes.
inline placement::MemoryFootprint random_parts(Random& random) {
  using placement::PartKind;
  const auto some = [&](std::uint64_t most) { return Bytes{random.below(most + 1)}; };
  placement::MemoryFootprint footprint;
  footprint.layers = static_cast<std::int32_t>(1 + random.below(7));
  footprint.add(PartKind::attention, 1, some(20));
  footprint.add(PartKind::experts, static_cast<std::int32_t>(1 + random.below(4)), some(30) + 1_B);
  footprint.add(PartKind::kv_cache, 1, some(10));
  if (random.below(2) == 0) {
    footprint.add(PartKind::router, 2, some(60));
    LayerSet& layers = footprint.runs[footprint.run_count - 1].layers;
    layers = {};
    for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
      if (random.below(2) == 0) layers.insert(layer);
    }
  }
  footprint.embedding = some(120);
  footprint.final_norm = some(5);
  footprint.tied = random.below(3) == 0;
  footprint.head = footprint.tied ? footprint.embedding : some(120);
  footprint.layer_workspace = some(25);
  footprint.head_workspace = some(60);
  return footprint;
}

/// Bytes of everything that `footprint` lists, workspaces left out.
inline Bytes weight_bytes(const placement::MemoryFootprint& footprint) {
  Bytes sum = footprint.embedding + footprint.final_norm;
  if (!footprint.tied) sum += footprint.head;
  for (std::size_t i = 0; i < footprint.run_count; ++i) sum += footprint.runs[i].total();
  return sum;
}

/// 1 to 4 accelerators with budgets that hold the decoder sometimes with much room, sometimes just, sometimes not.
inline Machine random_machine(Random& random, const placement::MemoryFootprint& footprint) {
  Machine machine{.capacity = {}, .devices = 1 + random.below(4)};
  const std::uint64_t all =
      weight_bytes(footprint).count + footprint.layer_workspace.count + footprint.head_workspace.count;
  for (std::size_t d = 0; d < machine.devices; ++d) {
    machine.capacity[d] = {random.below(2 * all / machine.devices + all / 4 + 2)};
  }
  return machine;
}

/// The same, where one device in three is host memory.
inline Machine random_machine_with_hosts(Random& random, const placement::MemoryFootprint& footprint) {
  Machine machine = random_machine(random, footprint);
  for (std::size_t d = 0; d < machine.devices; ++d) {
    if (random.below(3) == 0) machine.kinds[d] = DeviceKind::host;
  }
  return machine;
}

/// Calls visit(cuts) for every way to cut `layers` into one range a device, empty ranges included.
template <class Visit>
void for_each_cut(std::int32_t layers, std::size_t devices, const Visit& visit) {
  placement::Cuts cuts{};
  for (std::size_t d = devices; d < cuts.size(); ++d) cuts[d] = layers;
  const auto choose = [&](const auto& next, std::size_t device) -> void {
    if (device >= devices) return visit(cuts);
    for (cuts[device] = cuts[device - 1]; cuts[device] <= layers; ++cuts[device]) next(next, device + 1);
  };
  choose(choose, 1);
}

/// True where some cut, with a tied head copied or handed over, keeps every budget.
inline bool some_cut_fits(const placement::MemoryFootprint& footprint, const Machine& machine) {
  bool fits = false;
  for_each_cut(footprint.layers, machine.devices, [&](const placement::Cuts& cuts) {
    fits = fits || assemble(footprint, machine, cuts, false).fits() ||
           assemble(footprint, machine, cuts, true).fits();
  });
  return fits;
}

/// A question that a policy is asked.
struct PlacementCase {
  placement::MemoryFootprint footprint;
  Machine machine;

  std::string text() const {
    std::ostringstream out;
    out << footprint.layers << " layers on " << machine.devices << " devices of";
    for (std::size_t d = 0; d < machine.devices; ++d) {
      out << " " << machine.capacity[d].count << (machine.is_host(d) ? " (host)" : "");
    }
    out << " bytes; embedding " << footprint.embedding.count << ", norm " << footprint.final_norm.count
        << ", head " << footprint.head.count << (footprint.tied ? " (tied)" : "") << ", workspace "
        << footprint.layer_workspace.count << " and " << footprint.head_workspace.count << ", "
        << footprint.code_bits << " bits a code";
    for (std::size_t r = 0; r < footprint.run_count; ++r) {
      out << "; " << name_of(footprint.runs[r].kind) << " " << footprint.runs[r].total().count << " in layers "
          << to_string(footprint.runs[r].layers);
    }
    return out.str();
  }
};

/// `count` of them from make(random), the fewest devices and layers first, so that the first to fail is the smallest.
template <class Make>
std::vector<PlacementCase> placement_cases(std::uint64_t seed, std::size_t count, const Make& make) {
  Random random(seed);
  std::vector<PlacementCase> cases;
  for (std::size_t i = 0; i < count; ++i) cases.push_back(make(random));
  const auto size = [](const PlacementCase& one) {
    return one.machine.devices * 8 + one.footprint.run_count + static_cast<std::size_t>(one.footprint.layers) * 4;
  };
  std::stable_sort(cases.begin(), cases.end(),
                   [&](const PlacementCase& a, const PlacementCase& b) { return size(a) < size(b); });
  return cases;
}

inline PlacementCase case_with_hosts(Random& random) {
  const placement::MemoryFootprint footprint = random_parts(random);
  return {footprint, random_machine_with_hosts(random, footprint)};
}

/// How a plan cut the layers, and what its devices hold.
inline std::string plan_text(const placement::Plan& plan) {
  std::ostringstream out;
  out << "\n  plan: cuts";
  for (std::size_t d = 0; d <= plan.devices(); ++d) out << " " << plan.cuts[d];
  out << ", peaks";
  for (std::size_t d = 0; d < plan.devices(); ++d) out << " " << plan.peak(d).count;
  return out.str();
}

/// Where some cut keeps every budget, the plan does; and `fits()` says the truth about every device.
template <placement::Placement P>
void never_above_a_budget_where_a_cut_fits() {
  const Law law("where some cut keeps every budget the plan does, and fits() says the truth", model_name<P>());
  int fitting = 0;
  int impossible = 0;
  const auto make = [](Random& random) -> PlacementCase {
    const placement::MemoryFootprint footprint = random_parts(random);
    return {footprint, random_machine(random, footprint)};
  };
  for (const PlacementCase& one : placement_cases(1, 1500, make)) {
    const placement::Plan plan = P::plan(one.footprint, one.machine);
    const auto text = [&] { return one.text() + plan_text(plan); };
    bool above = false;
    for (std::size_t d = 0; d < plan.devices(); ++d) above = above || plan.peak(d) > one.machine.capacity[d];
    law.holds(plan.fits() == !above, "fits() is ", plan.fits(), ": ", text);
    const bool possible = some_cut_fits(one.footprint, one.machine);
    law.holds(plan.fits() == possible, possible ? "some cut fits, the plan does not: " : "no cut fits: ", text);
    ++(possible ? fitting : impossible);
  }
  CHECK(fitting > 300);
  CHECK(impossible > 300);
}

/// A policy may leave host devices free where the weights have 4 bits, and then says so in `host_placement`; it may
/// not waste an accelerator, nor a host device where the weights are wider or there is no accelerator.
template <placement::Placement P>
void host_devices_are_withheld_from_four_bits_at_most() {
  const Law law(
      "host devices are withheld from 4 bits at most, where host_placement says so; nothing else is wasted",
      model_name<P>());
  int fitting = 0;
  int too_small = 0;
  const auto make = [](Random& random) -> PlacementCase {
    placement::MemoryFootprint footprint = random_parts(random);
    footprint.code_bits = random.below(2) == 0 ? 4 : 0;
    return {footprint, random_machine_with_hosts(random, footprint)};
  };
  for (const PlacementCase& one : placement_cases(9, 1500, make)) {
    const placement::Plan plan = P::plan(one.footprint, one.machine);
    const auto text = [&] { return one.text() + plan_text(plan); };
    const Machine accelerators = one.machine.accelerators();
    bool may_withhold = false;
    if constexpr (requires { P::host_placement; }) {
      may_withhold = withholds_host(P::host_placement, one.footprint, one.machine);
    }
    if (!may_withhold) {
      law.holds(plan.fits() == some_cut_fits(one.footprint, one.machine), "fits() is ", plan.fits(), ": ", text);
      continue;
    }
    law.holds(plan.fits() == some_cut_fits(one.footprint, accelerators), "fits() is ", plan.fits(),
              ", of the accelerators alone: ", text);
    for (std::size_t d = 0; d < one.machine.devices; ++d) {
      law.holds(!one.machine.is_host(d) || plan.peak(d) == Bytes{0}, "device ", d, " holds something: ", text);
    }
    if (one.machine.devices > accelerators.devices) ++(plan.fits() ? fitting : too_small);
  }
  if constexpr (requires { P::host_placement; }) {
    if (P::host_placement == placement::HostPlacement::above_four_bits) {
      CHECK(fitting > 50);
      CHECK(too_small > 50);
    }
  }
}

/// The same question has the same answer, and the plan carries its question.
template <placement::Placement P>
void plan_is_pure() {
  const Law law("the same question has the same answer, and the plan carries its question", model_name<P>());
  for (const PlacementCase& one : placement_cases(2, 200, case_with_hosts)) {
    const auto text = [&] { return one.text(); };
    const placement::Plan plan = P::plan(one.footprint, one.machine);
    law.holds(P::plan(one.footprint, equal_devices(2, 100_B)).footprint == one.footprint,
              "on another machine, other parts stand in the plan: ", text);
    law.holds(P::plan(one.footprint, one.machine) == plan, "the second answer differs: ", text);
    law.holds(plan.footprint == one.footprint, "other parts stand in the plan: ", text);
    law.holds(plan.machine == one.machine, "another machine stands in the plan: ", text);
  }
}

/// Summed over devices, every kind has the bytes that the parts say: nothing is lost, nothing twice, but for a
/// tied head, whose copy is one embedding more, and for the workspace, one on each device that runs layers.
template <placement::Placement P>
void every_part_is_placed_once() {
  using placement::PartKind;
  using placement::TiedHead;
  const Law law("every part is placed once: over all devices, each kind has the bytes that the parts say",
                model_name<P>());
  int seen[4] = {};
  for (const PlacementCase& one : placement_cases(3, 1000, case_with_hosts)) {
    const placement::MemoryFootprint& footprint = one.footprint;
    const placement::Plan plan = P::plan(footprint, one.machine);
    const auto text = [&] { return one.text() + plan_text(plan); };
    ++seen[static_cast<std::size_t>(plan.tied_head)];
    law.holds((plan.tied_head == TiedHead::untied) == !footprint.tied,
              "the plan's head is tied otherwise: ", text);
    std::uint64_t working = 0;
    for (std::size_t d = 0; d < plan.devices(); ++d) working += plan.cuts[d + 1] > plan.cuts[d] ? 1U : 0U;
    Bytes expected[placement::kind_count] = {};
    const auto of = [&](PartKind kind) -> Bytes& { return expected[static_cast<std::size_t>(kind)]; };
    for (std::size_t r = 0; r < footprint.run_count; ++r) of(footprint.runs[r].kind) += footprint.runs[r].total();
    of(PartKind::embedding) = footprint.embedding;
    of(PartKind::final_norm) = footprint.final_norm;
    if (!footprint.tied) of(PartKind::head) = footprint.head;
    if (plan.tied_head == TiedHead::copied) of(PartKind::head) = footprint.embedding;
    of(PartKind::workspace) = footprint.layer_workspace * working + footprint.head_workspace;
    Bytes peaks{};
    for (std::size_t k = 0; k < placement::kind_count; ++k) {
      Bytes sum{};
      for (std::size_t d = 0; d < plan.devices(); ++d) sum += plan.bytes(d, static_cast<PartKind>(k));
      law.holds(sum == expected[k], name_of(static_cast<PartKind>(k)), " has ", sum.count, " bytes, expected ",
                expected[k].count, ": ", text);
      peaks += sum;
    }
    Bytes all{};
    for (std::size_t d = 0; d < plan.devices(); ++d) all += plan.peak(d);
    law.holds(all == peaks, "peaks are ", all.count, " bytes, all kinds ", peaks.count, ": ", text);
  }
  for (const int count : seen) {
    law.holds(count > 0, "a way to treat a tied head (untied, shared, copied, handed over) that no plan takes");
  }
}

/// All parts of a layer share its device, the embedding sits with the first layer, final norm and head with the
/// last one, unless a tied head is handed over; devices follow each other in order.
template <placement::Placement P>
void what_belongs_together_shares_a_device() {
  using placement::PartKind;
  const Law law(
      "parts of a layer share its device, the embedding that of the first, norm and head that of the last",
      model_name<P>());
  for (const PlacementCase& one : placement_cases(4, 500, case_with_hosts)) {
    const placement::MemoryFootprint& footprint = one.footprint;
    const placement::Plan plan = P::plan(footprint, one.machine);
    const auto text = [&] { return one.text() + plan_text(plan); };
    law.holds(plan.cuts[0] == 0 && plan.cuts[plan.devices()] == footprint.layers,
              "not all layers are cut: ", text);
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      law.holds(plan.cuts[d] <= plan.cuts[d + 1], "devices are out of order: ", text);
    }
    const bool handed_over = plan.tied_head == placement::TiedHead::handed_over;
    law.holds(plan.embedding_device() == plan.device_of_layer(0), "the embedding is elsewhere: ", text);
    law.holds(plan.head_device() == plan.device_of_layer(handed_over ? 0 : footprint.layers - 1),
              "the head is elsewhere: ", text);
    for (std::size_t p = 0; p < plan.placed_count; ++p) {
      const placement::Placed& placed = plan.placed[p];
      const auto lies_on = [&](std::int32_t device) {
        law.holds(placed.device == device, name_of(placed.run.kind), " of layers ", to_string(placed.run.layers),
                  " lies on device ", placed.device, ", expected ", device, ": ", text);
      };
      law.holds(placed.device >= 0 && placed.device < static_cast<std::int32_t>(plan.devices()),
                name_of(placed.run.kind), " lies on device ", placed.device, ": ", text);
      switch (placed.run.kind) {
        case PartKind::embedding:
          lies_on(plan.device_of_layer(0));
          break;
        case PartKind::final_norm:
        case PartKind::head:
          lies_on(plan.device_of_layer(footprint.layers - 1));
          break;
        case PartKind::workspace:
          break;
        default:
          for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
            if (placed.run.layers.contains(layer)) lies_on(plan.device_of_layer(layer));
          }
      }
    }
  }
}

/// All laws.
template <placement::Placement P>
void placement() {
  never_above_a_budget_where_a_cut_fits<P>();
  host_devices_are_withheld_from_four_bits_at_most<P>();
  plan_is_pure<P>();
  every_part_is_placed_once<P>();
  what_belongs_together_shares_a_device<P>();
}

}  // namespace asterism::laws
