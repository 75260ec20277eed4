#include "rows.hpp"

#include <algorithm>
#include <asterism/placement/memory_footprint.hpp>
#include <asterism/residency/strategy.hpp>
#include <cstddef>

namespace example {

namespace {

using placement::PartKind;

Bytes largest_layer(const placement::MemoryFootprint& footprint) {
  Bytes most = std::max({footprint.embedding, footprint.head});
  for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
    Bytes sum{};
    for (std::size_t i = 0; i < footprint.run_count; ++i) {
      const placement::LayerRun& run = footprint.runs[i];
      if (run.kind < PartKind::kv_cache && run.layers.contains(layer)) sum += run.per_layer();
    }
    most = std::max(most, sum);
  }
  return most;
}

Bytes weights_of(const placement::Plan& plan) {
  Bytes sum{};
  for (std::size_t d = 0; d < plan.devices(); ++d) sum += plan.weight_bytes(d);
  return sum;
}

Bytes missing_of(const placement::Plan& plan) {
  Bytes sum{};
  if (plan.fits()) return sum;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    if (plan.least_peak(d) > plan.budget(d)) sum += plan.least_peak(d) - plan.budget(d);
  }
  const Bytes on_disk = plan.homes_on_disk();
  if (plan.machine.disk > Bytes{0} && on_disk > plan.machine.disk) sum += on_disk - plan.machine.disk;
  return sum;
}

PlanRow plan_row(const lab::PlannedVariant& variant, const Machine& machine, const Shape& shape,
                 const Limits& limits) {
  PlanRow row{.variant = &variant, .plan = variant.plan(machine, shape, limits), .speed = {}};
  row.missing = missing_of(row.plan);
  Limits longest = limits;
  longest.context = shape.max_positions;
  row.longest_context = variant.largest_context(machine, shape, longest);
  const placement::SlottedExperts& slotted = row.plan.footprint.slotted;
  row.in_turns = slotted.each > Bytes{0};
  std::int32_t experts = 0;
  for (std::size_t d = 0; row.in_turns && d < row.plan.devices(); ++d) {
    const std::int32_t slots = row.plan.expert_slots(d);
    row.kept_slots += slots - static_cast<std::int32_t>(residency::passing_slots(slots, slotted.per_token, false));
    experts += row.plan.slotted_experts(d);
  }
  if (row.in_turns) row.hits = lab::slot_hits(row.kept_slots, experts);
  row.speed = lab::forecast_speed(row.plan, shape, limits, variant.kernels, row.hits);
  return row;
}

}  // namespace

std::vector<PlanRow> plan_rows(std::span<const PlannedFormat* const> formats, const Machine& machine,
                               const Shape& shape, const Limits& limits) {
  std::vector<PlanRow> rows;
  for (const PlannedFormat* const format : formats) {
    PlanRow resident = plan_row(format->resident, machine, shape, limits);
    resident.weights = weights_of(resident.plan);
    resident.largest_layer = largest_layer(resident.plan.footprint);
    const bool fits = resident.plan.fits();
    rows.push_back(resident);
    if (fits || shape.sparse_layers().empty()) continue;
    rows.push_back(plan_row(format->in_turns, machine, shape, limits));
    rows.back().weights = resident.weights;
    rows.back().largest_layer = resident.largest_layer;
  }
  return rows;
}

}  // namespace example
