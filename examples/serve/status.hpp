// What /v1/status and /v1/experts tell, as JSON.
#pragma once

#include <asterism/core/bytes.hpp>
#include <asterism/core/view.hpp>
#include <asterism/generate/memory_report.hpp>
#include <asterism/generate/scheduler.hpp>
#include <asterism/json/json.hpp>
#include <asterism/observe/balance.hpp>
#include <asterism/placement/plan.hpp>
#include <asterism/residency/slot_counts.hpp>
#include <asterism/serve/response.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../support/expert_tally.hpp"
#include "activity.hpp"
#include "served_model.hpp"

namespace example {

/// What slots of experts that take turns have done; null where all experts stay in memory.
inline json::Value slots_value(const residency::SlotCounts& slots, const placement::Plan& plan) {
  bool takes_turns = false;
  for (std::size_t d = 0; d < plan.devices(); ++d) takes_turns = takes_turns || plan.slotted_experts(d) > 0;
  if (!takes_turns) return nullptr;
  return {{"uses", slots.uses},           {"hits", slots.hits},
          {"fetched", slots.fetched},     {"passed_through", slots.bypassed},
          {"predicted", slots.predicted}, {"read_ahead", slots.read_ahead},
          {"wasted", slots.wasted},       {"bytes_read", slots.bytes},
          {"bytes_copied", slots.copied}, {"seconds_waited", slots.seconds_waited}};
}

/// What a device holds, in bytes, beside the plan and the budget. `layers`: the first, and the one behind the last.
inline json::Value device_value(const placement::Plan& plan, std::size_t device, const generate::ArenaUse& arena) {
  json::Value parts = json::Value::object();
  for (std::size_t kind = 0; kind < placement::kind_count; ++kind) {
    const auto part = static_cast<placement::PartKind>(kind);
    const Bytes bytes = plan.bytes(device, part);
    if (bytes > Bytes{0}) parts[std::string(name_of(part))] = bytes.count;
  }
  return {{"kind", plan.machine.is_host(device) ? "host memory" : "accelerator"},
          {"layers", {plan.cuts[device], plan.cuts[device + 1]}},
          {"budget", plan.budget(device).count},
          {"planned", plan.peak(device).count},
          {"used", arena.used.count},
          {"high_water", arena.high_water.count},
          {"parts", std::move(parts)}};
}

/// How the server fares: answers, passes, memory of each device, and slots of experts.
inline std::string status_body(const ServerState& state) {
  const ServedModel& served = state.loaded();
  const placement::Plan& plan = served.model.plan();
  const SchedulerLoad load = served.scheduler.load();
  const Activity::Counts counts = served.activity.counts();
  json::Value devices = json::Value::array();
  const std::vector<generate::ArenaUse> arenas = served.model.arena_use();
  for (std::size_t d = 0; d < plan.devices(); ++d) devices.push_back(device_value(plan, d, arenas[d]));
  return serve::to_text({{"model", state.model_name},
                         {"context", served.model.limits().context},
                         {"rows", load.rows},
                         {"answers",
                          {{"running", load.running},
                           {"waiting", load.waiting},
                           {"taken", counts.taken},
                           {"tokens", counts.tokens}}},
                         {"passes", counts.passes},
                         {"pass_seconds", counts.pass_seconds},
                         {"devices", std::move(devices)},
                         {"slots", slots_value(counts.slots, plan)}});
}

/// What routers chose since the program began, and what moved: {"layers": [{"layer", "choices": [expert], "balance"}],
/// "movements": {"handed_over", "slots"}}; "balance" is the largest load as a multiple of the mean, less 1, beside that
/// of routers without a preference, "by_chance"; "handed_over" are bytes of hidden states between devices.
inline std::string experts_body(const ServerState& state) {
  const ServedModel& served = state.loaded();
  const Shape& shape = served.model.shape();
  json::Value layers = json::Value::array();
  std::int32_t layer = -1;
  for (const std::vector<std::uint64_t>& choices : ExpertTally::choices()) {
    do ++layer;
    while (shape.is_dense(layer));
    double all = 0;
    for (const std::uint64_t count : choices) all += static_cast<double>(count);
    layers.push_back({{"layer", layer},
                      {"choices", choices},
                      {"balance", observe::violation_of(View<const std::uint64_t>(choices))},
                      {"by_chance", observe::violation_by_chance(all, choices.size())}});
  }
  json::Value movements = {{"handed_over", ExpertTally::handed_over().count},
                           {"slots", slots_value(served.activity.counts().slots, served.model.plan())}};
  return serve::to_text({{"layers", std::move(layers)}, {"movements", std::move(movements)}});
}

}  // namespace example
