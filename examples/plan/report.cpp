#include <algorithm>
#include <asterism/core/bytes.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/version.hpp>
#include <asterism/json/json.hpp>
#include <asterism/model/weight_info.hpp>
#include <asterism/placement/accelerators_first.hpp>
#include <asterism/placement/memory_footprint.hpp>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "rows.hpp"

namespace example {

namespace {

using placement::PartKind;

std::string name_of(const PlanRow& row) { return row.in_turns ? "in turns" : std::string(row.variant->name); }

/// At most nine columns, so that those of a table stay apart.
std::string short_bytes(Bytes bytes) {
  constexpr std::size_t most = 9;
  std::string text = to_string(bytes);
  if (text.size() <= most) return text;
  const auto in = [&](Bytes unit, int digits) {
    return fixed(static_cast<double>(bytes.count) / static_cast<double>(unit.count), digits);
  };
  if (bytes < 1_MiB) return in(1_MiB, 2) + " MiB";
  text = in(1_GiB, bytes < 1_GiB ? 2 : 1) + " GiB";
  return text.size() <= most ? text : in(1_GiB, 0) + " GiB";
}

std::string bytes_or_none(Bytes bytes) { return bytes == Bytes{0} ? "-" : short_bytes(bytes); }

std::string number(double value) { return fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2); }

std::string speed_text(const lab::SpeedRange& range, bool in_turns) {
  if (!range.known()) return "-";
  return range.least == 0 ? (in_turns ? "about " : "<= ") + number(range.most)
                          : concat(number(range.least), "-", number(range.most));
}

std::string bottleneck_text(const lab::SpeedRange& range) {
  if (!range.known()) return "-";
  const bool of_device =
      range.bottleneck == lab::Bottleneck::memory || range.bottleneck == lab::Bottleneck::compute;
  return of_device ? concat(name_of(range.bottleneck), " ", range.device) : std::string(name_of(range.bottleneck));
}

std::string line(std::string_view name, std::initializer_list<std::pair<std::string_view, std::size_t>> cells) {
  std::string text = pad_right(name, 9);
  for (const auto& [cell, width] : cells) text += pad_left(cell, width);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string variant_table(std::span<const PlanRow> rows) {
  std::string text =
      line("", {{"", 10}, {"largest", 10}, {"", 10}, {"longest", 8}, {"prefill", 11}, {"decode", 11}}) +
      line("variant", {{"weights", 10},
                       {"layer", 10},
                       {"missing", 10},
                       {"context", 8},
                       {"tokens/s", 11},
                       {"tokens/s", 11},
                       {"bound by", 11}});
  for (const PlanRow& row : rows) {
    const std::string missing = row.plan.fits() || row.missing > Bytes{0} ? bytes_or_none(row.missing) : "slots";
    text += line(name_of(row), {{row.in_turns ? "" : short_bytes(row.weights), 10},
                                {row.in_turns ? "" : short_bytes(row.largest_layer), 10},
                                {missing, 10},
                                {row.longest_context == 0 ? "-" : concat(row.longest_context), 8},
                                {speed_text(row.speed.prefill, row.in_turns), 11},
                                {speed_text(row.speed.decode, row.in_turns), 11},
                                {bottleneck_text(row.speed.decode), 11}});
  }
  return text;
}

std::string layers_text(const placement::Plan& plan, std::size_t device) {
  const std::int32_t first = plan.cuts[device];
  const std::int32_t end = plan.cuts[device + 1];
  return first >= end ? "-" : concat(first, "-", end - 1);
}

Bytes sum_of(const placement::Plan& plan, std::size_t device, std::initializer_list<PartKind> kinds) {
  Bytes sum{};
  for (const PartKind kind : kinds) sum += plan.bytes(device, kind);
  return sum;
}

std::string device_table(std::span<const PlanRow> rows) {
  std::string text = line("", {{"", 3},
                               {"layers", 8},
                               {"experts", 10},
                               {"attention", 10},
                               {"ends", 10},
                               {"caches", 10},
                               {"workspace", 10},
                               {"together", 10}});
  for (const PlanRow& row : rows) {
    const placement::Plan& plan = row.plan;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      const auto cell = [&](std::initializer_list<PartKind> kinds) {
        return bytes_or_none(sum_of(plan, d, kinds));
      };
      text +=
          line(d == 0 ? name_of(row) : "",
               {{concat(d), 3},
                {layers_text(plan, d), 8},
                {cell({PartKind::experts, PartKind::shared_expert, PartKind::feed_forward, PartKind::expert_slots,
                       PartKind::expert_homes}),
                 10},
                {cell({PartKind::attention, PartKind::linear_attention, PartKind::norms, PartKind::router}), 10},
                {cell({PartKind::embedding, PartKind::final_norm, PartKind::head}), 10},
                {cell({PartKind::kv_cache, PartKind::state}), 10},
                {cell({PartKind::workspace}), 10},
                {bytes_or_none(plan.peak(d)), 10}});
    }
  }
  return text;
}

std::string in_giga(std::uint64_t count, std::string_view unit) {
  return concat(fixed(static_cast<double>(count) / 1e9, 1), " ", unit);
}

std::string machine_lines(const Machine& machine) {
  std::string text;
  for (std::size_t d = 0; d < machine.devices; ++d) {
    text += concat("device ", d, machine.is_host(d) ? " (host memory): " : ": ", to_string(machine.capacity[d]));
    if (machine.rates[d] > Bytes{0}) text += concat(" at ", in_giga(machine.rates[d].count, "GB/s"));
    if (machine.integer_peaks[d] > 0) text += concat(", ", in_giga(machine.integer_peaks[d], "GOP/s"));
    if (machine.float_peaks[d] > 0) text += concat(", ", in_giga(machine.float_peaks[d], "GFLOP/s"));
    text += "\n";
  }
  if (machine.disk > Bytes{0}) {
    text += concat("disk: ", to_string(machine.disk));
    if (machine.disk_rate > Bytes{0}) text += concat(" at ", in_giga(machine.disk_rate.count, "GB/s"));
    text += "\n";
  }
  if (machine.link_rate > Bytes{0}) {
    text += concat("link: ", in_giga(machine.link_rate.count, "GB/s"), " after ", machine.link_nanoseconds / 1000,
                   " us\n");
  }
  return text;
}

/// 4-bit weights were kept out of host memory.
bool has_empty_host(const placement::Plan& plan) {
  return plan.machine.accelerators().devices < plan.devices() &&
         placement::withholds_host(placement::HostPlacement::above_four_bits, plan.footprint, plan.machine);
}

/// What of the figures is a limit or lacks, and what would change that.
std::string remarks(const PlanTask& task, std::span<const PlanRow> rows) {
  const Machine& machine = task.machine;
  std::string text;
  std::string withheld;
  bool limits = false;
  bool estimates = false;
  bool unknown = false;
  bool hand_overs = false;
  for (const PlanRow& row : rows) {
    if (row.speed.decode.known() && row.speed.decode.least == 0) (row.in_turns ? estimates : limits) = true;
    if (!row.in_turns && !row.plan.fits() && has_empty_host(row.plan)) {
      withheld += concat(withheld.empty() ? "" : ", ", row.variant->name);
    }
    unknown = unknown || (row.plan.fits() && !row.speed.decode.known());
    for (std::size_t d = 1; d < row.plan.devices(); ++d)
      hand_overs = hand_overs || (row.plan.cuts[d] > 0 && row.plan.cuts[d + 1] > row.plan.cuts[d]);
    if (!row.in_turns || !row.plan.fits()) continue;
    const Bytes on_disk = row.plan.homes_on_disk();
    text += concat("- ", row.variant->name, ", experts in turns: ", row.kept_slots,
                   " slots for those that stay, in which a token finds ", fixed(100 * row.hits.least, 0), " to ",
                   fixed(100 * row.hits.most, 0), " % of its experts; ",
                   on_disk == Bytes{0}
                       ? "the others come from host memory.\n"
                       : concat(to_string(on_disk), " wait on a disk",
                                machine.disk == Bytes{0} ? ", of which --machine says nothing.\n" : ".\n"));
  }
  if (!withheld.empty()) {
    text += concat("- ", withheld,
                   ": beside accelerators 4-bit weights are not put into host memory, however much of it is free; "
                   "experts in turns wait there.\n");
  }
  if (unknown) {
    text +=
        "- A speed needs the rate of each device that runs layers or holds experts, behind an @: "
        "16GiB@288GB/s,host:64GiB@60GB/s,disk:100GB@1GB/s; --probe measures this machine's.\n";
  }
  if (estimates) {
    text +=
        "- about: as many experts are found in slots as is said above at most, and what else binds is taken for a "
        "limit; no kernel was measured there, or a peak is unknown.\n";
  }
  if (limits) {
    text += "- <= is a limit, memory read without a pause: no kernel was measured on an accelerator";
    text += concat(", and host devices need peaks (--probe measures them here)",
                   hand_overs && machine.link_rate == Bytes{0} ? ", hand-overs a --link" : "", ".\n");
  }
  return text;
}

json::Value json_of(const lab::SpeedRange& range) {
  if (!range.known()) return nullptr;
  json::Value out = {{"least", nullptr}, {"most", range.most}, {"bound_by", name_of(range.bottleneck)}};
  if (range.least > 0) out["least"] = range.least;
  const bool of_device =
      range.bottleneck == lab::Bottleneck::memory || range.bottleneck == lab::Bottleneck::compute;
  out["bound_device"] = of_device ? json::Value(range.device) : json::Value(nullptr);
  return out;
}

json::Value json_of(const Machine& machine) {
  json::Value devices = json::Value::array();
  for (std::size_t d = 0; d < machine.devices; ++d) {
    devices.push_back({{"kind", machine.is_host(d) ? "host" : "accelerator"},
                       {"bytes", machine.capacity[d].count},
                       {"bytes_per_second", machine.rates[d].count},
                       {"integer_operations_per_second", machine.integer_peaks[d]},
                       {"float_operations_per_second", machine.float_peaks[d]}});
  }
  return {{"devices", std::move(devices)},
          {"disk_bytes", machine.disk.count},
          {"disk_bytes_per_second", machine.disk_rate.count},
          {"link_bytes_per_second", machine.link_rate.count},
          {"link_nanoseconds", machine.link_nanoseconds}};
}

json::Value devices_of(const placement::Plan& plan) {
  json::Value devices = json::Value::array();
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    json::Value bytes = json::Value::object();
    for (std::size_t k = 0; k < placement::kind_count; ++k) {
      const auto kind = static_cast<PartKind>(k);
      if (plan.bytes(d, kind) > Bytes{0}) bytes[std::string(placement::name_of(kind))] = plan.bytes(d, kind).count;
    }
    const Bytes missing = plan.peak(d) > plan.budget(d) ? plan.peak(d) - plan.budget(d) : Bytes{0};
    devices.push_back({{"first_layer", plan.cuts[d]},
                       {"layers", std::max(0, plan.cuts[d + 1] - plan.cuts[d])},
                       {"budget_bytes", plan.budget(d).count},
                       {"peak_bytes", plan.peak(d).count},
                       {"missing_bytes", missing.count},
                       {"bytes", std::move(bytes)}});
  }
  return devices;
}

}  // namespace

std::string text_report(const PlanTask& task, std::span<const PlanRow> rows) {
  const Shape& shape = task.shape;
  const Limits& limits = task.limits;
  std::string experts = shape.sparse_layers().empty()
                            ? std::string("no experts")
                            : concat(shape.experts, " experts a layer, ", shape.top_k, " a token");
  const std::string notes = remarks(task, rows);
  return concat(task.model, ": ", model::info_of(shape.architecture).model_type, ", ", shape.layers, " layers, ",
                experts, "; context ", limits.context, " of ", shape.max_positions, ", prompts in chunks of ",
                limits.prefill_chunk, "\n", machine_lines(task.machine), "\n", variant_table(rows), "\n",
                device_table(rows), notes.empty() ? "" : "\n", notes);
}

std::string json_report(const PlanTask& task, std::span<const PlanRow> rows) {
  json::Value variants = json::Value::array();
  for (const PlanRow& row : rows) {
    json::Value one = {{"name", row.variant->name},
                       {"format", row.variant->format()},
                       {"experts_in_turns", row.in_turns},
                       {"fits", row.plan.fits()},
                       {"weights_bytes", row.weights.count},
                       {"largest_layer_bytes", row.largest_layer.count},
                       {"missing_bytes", row.missing.count},
                       {"longest_context", row.longest_context},
                       {"prefill_tokens_per_second", json_of(row.speed.prefill)},
                       {"decode_tokens_per_second", json_of(row.speed.decode)},
                       {"devices", devices_of(row.plan)}};
    if (row.in_turns) {
      one["kept_slots"] = row.kept_slots;
      one["hit_rate"] = {{"least", row.hits.least}, {"most", row.hits.most}};
      one["disk_bytes"] = row.plan.homes_on_disk().count;
    }
    variants.push_back(std::move(one));
  }
  const json::Value document = {{"version", version},
                                {"model", task.model},
                                {"model_type", model::info_of(task.shape.architecture).model_type},
                                {"context", task.limits.context},
                                {"prefill_chunk", task.limits.prefill_chunk},
                                {"machine", json_of(task.machine)},
                                {"variants", std::move(variants)}};
  return document.dump(1) + "\n";
}

}  // namespace example
