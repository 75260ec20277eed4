// Bodies of report.hpp.
#pragma once

#include <initializer_list>
#include <string_view>

#include "asterism/core/format.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/report.hpp"

namespace asterism::placement {

namespace detail {

inline std::string percent(Bytes part, Bytes whole) {
  if (whole.count == 0) return "-";
  return fixed(100.0 * static_cast<double>(part.count) / static_cast<double>(whole.count), 1) + " %";
}

inline double share(Bytes part, Bytes whole) {
  return whole.count == 0 ? 1.0 : static_cast<double>(part.count) / static_cast<double>(whole.count);
}

inline std::string layer_range(std::int32_t begin, std::int32_t end) {
  if (begin >= end) return "no layers";
  if (end - begin == 1) return concat("layer ", begin);
  return concat("layers ", begin, " to ", end - 1);
}

inline std::string row(std::string_view label, Bytes bytes, Bytes whole, Bytes scale) {
  std::string text = concat("  ", pad_right(label, 16), pad_left(to_string(bytes), 12),
                            pad_left(percent(bytes, whole), 10), "  ", bar(share(bytes, scale), 32));
  text.erase(text.find_last_not_of(' ') + 1);
  return text += "\n";
}

/// The layers among `of` that consist of the same parts as `layer`.
inline LayerSet alike(const MemoryFootprint& footprint, std::int32_t layer, LayerSet of) {
  for (std::size_t i = 0; i < footprint.run_count; ++i) {
    const LayerSet& run = footprint.runs[i].layers;
    of = run.contains(layer) ? of & run : of - run;
  }
  return of;
}

/// "0 to 31", "5", or "36 in 0-46" where others lie between.
inline std::string short_name(const LayerSet& set) {
  std::int32_t first = 0;
  while (!set.contains(first)) ++first;
  std::int32_t last = LayerSet::max_layers - 1;
  while (!set.contains(last)) --last;
  if (first == last) return concat(first);
  if (set.size() == last - first + 1) return concat(first, " to ", last);
  return concat(set.size(), " in ", first, "-", last);
}

}  // namespace detail

ASTERISM_INLINE std::string component_table(const Plan& plan) {
  std::string text;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const Bytes budget = plan.budget(d);
    const Bytes peak = plan.peak(d);
    text += concat("device ", d, plan.machine.is_host(d) ? " (host memory): " : ": ",
                   detail::layer_range(plan.cuts[d], plan.cuts[d + 1]), ", budget ", to_string(budget), "\n");
    for (std::size_t k = 0; k < kind_count; ++k) {
      const auto kind = static_cast<PartKind>(k);
      const Bytes bytes = plan.bytes(d, kind);
      if (bytes > Bytes{0}) text += detail::row(name_of(kind), bytes, budget, budget);
    }
    text += detail::row("peak", peak, budget, budget);
    text += peak <= budget ? concat("  headroom        ", pad_left(to_string(budget - peak), 12), "\n")
                           : concat("  missing         ", pad_left(to_string(peak - budget), 12), "\n");
    if (plan.footprint.cache_percent < 100) {
      const Bytes caches = plan.cache_bytes(d);
      const Bytes allowed = plan.cache_budget(d);
      text += concat("  caches may take ", pad_left(to_string(allowed), 12), ", ", plan.footprint.cache_percent,
                     " % of the budget", caches <= allowed ? "" : ": too little", "\n");
    }
  }
  return text;
}

ASTERISM_INLINE std::string layer_table(const Plan& plan) {
  constexpr std::size_t width = 11;  // six of them, layers and device: 80 columns
  const auto row = [](std::string_view layers, std::string_view device,
                      std::initializer_list<std::string_view> cells) {
    std::string line = concat(pad_right(layers, 10), pad_left(device, 4));
    for (const std::string_view cell : cells) line += pad_left(cell, width);
    return line += "\n";
  };
  std::string text = row("layers", "on", {"experts", "attention", "KV cache", "other", "a layer", "together"});
  const MemoryFootprint& footprint = plan.footprint;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    LayerSet left = LayerSet::range(plan.cuts[d], plan.cuts[d + 1]);
    for (std::int32_t layer = plan.cuts[d]; layer < plan.cuts[d + 1]; ++layer) {
      if (!left.contains(layer)) continue;
      const LayerSet alike = detail::alike(footprint, layer, left);
      left = left - alike;
      const auto of_kind = [&](PartKind kind) {
        Bytes sum{};
        for (std::size_t i = 0; i < footprint.run_count; ++i) {
          const LayerRun& run = footprint.runs[i];
          if (run.kind == kind && run.layers.contains(layer)) sum += run.per_layer();
        }
        return sum;
      };
      const Bytes all = footprint.layer_bytes(layer, layer + 1);
      const Bytes experts =
          of_kind(PartKind::experts) + of_kind(PartKind::shared_expert) + of_kind(PartKind::feed_forward);
      const Bytes attention = of_kind(PartKind::attention) + of_kind(PartKind::linear_attention);
      const Bytes cache = of_kind(PartKind::kv_cache);
      text += row(detail::short_name(alike), concat(d),
                  {to_string(experts), to_string(attention), to_string(cache),
                   to_string(all - experts - attention - cache), to_string(all),
                   to_string(all * static_cast<std::uint64_t>(alike.size()))});
    }
  }
  return text;
}

ASTERISM_INLINE std::string tied_head_line(const Plan& plan) {
  switch (plan.tied_head) {
    case TiedHead::untied:
      return {};
    case TiedHead::shared:
      return concat("The head is the embedding's matrix on device ", plan.head_device(), ".\n");
    case TiedHead::copied:
      return concat("The head is a second copy of the embedding's matrix on device ", plan.head_device(),
                    ", counted above.\n");
    case TiedHead::handed_over:
      return concat("The head is the embedding's matrix: the last hidden rows go back from device ",
                    plan.last_layer_device(), " to device ", plan.head_device(), ".\n");
  }
  return {};
}

ASTERISM_INLINE std::string recommendations(const Plan& plan, const Limits& limits, std::int32_t max_positions) {
  std::string text;
  Bytes most{};
  Bytes least_room{~std::uint64_t{0}};
  double longest = 1e30;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    if (!is_used(plan, d)) continue;
    const Bytes peak = plan.peak(d);
    most = peak > most ? peak : most;
    if (peak > plan.budget(d)) {
      least_room = {0};
      continue;
    }
    const Bytes room = plan.budget(d) - peak;
    least_room = room < least_room ? room : least_room;
    const Bytes cache = plan.bytes(d, PartKind::kv_cache);
    if (cache > Bytes{0} && plan.fits()) {
      const Bytes of_share = plan.cache_budget(d) - plan.cache_bytes(d);
      const double per_token = static_cast<double>(cache.count) / limits.context;
      const double tokens =
          limits.context + static_cast<double>(of_share < room ? of_share.count : room.count) / per_token;
      longest = tokens < longest ? tokens : longest;
    }
  }
  if (!plan.fits()) {
    std::string enough;
    bool caches_exceed = false;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      const std::uint64_t mebibytes = (plan.least_peak(d) + 1_MiB - 1_B).count >> 20U;
      caches_exceed = caches_exceed || plan.cache_bytes(d) > plan.cache_budget(d);
      if (plan.peak(d) > plan.budget(d)) {
        enough += concat(enough.empty() ? "" : ", ", "device ", d, " to ", mebibytes, "MiB");
      }
    }
    if (caches_exceed) {
      text +=
          "- Caches exceed their share of a device: lower the context or batch, or raise Limits::cache_percent.\n";
    }
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (plan.expert_slots(d) >= plan.least_expert_slots(d) || plan.footprint.slotted.each == Bytes{0}) continue;
      text += concat("- Device ", d, " has room for ", plan.expert_slots(d), " slots for experts and needs ",
                     plan.least_expert_slots(d), ", of ", to_string(plan.footprint.slotted.each),
                     " each: raise its budget or lower the context.\n");
    }
    if (const Bytes homes = plan.homes_on_disk(); plan.machine.disk > Bytes{0} && homes > plan.machine.disk) {
      text += concat("- The experts take ", to_string(homes), " of the disk, which has ",
                     to_string(plan.machine.disk), ".\n");
    }
    if (plan.footprint.slotted.from_memory && plan.homes_on_disk() > Bytes{0}) {
      text += concat(
          "- Experts of ", to_string(plan.homes_on_disk()),
          " find no room in host memory, from which this backend takes them: add or enlarge a host device.\n");
    }
    if (enough.empty()) return text;
    text += concat("- The plan does not fit. Raise the budgets (", enough,
                   "), add a device, choose a format with fewer bits, or lower the context.\n");
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (!plan.machine.is_host(d) || is_used(plan, d)) continue;
      text += concat("- Device ", d,
                     " is host memory and was left unused, as 4-bit weights go there only where they "
                     "are asked to: placement::AcceleratorsFirst<Policy, placement::HostPlacement::any_width>.\n");
    }
    return text;
  }
  if (plan.footprint.slotted.each > Bytes{0}) {
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      if (plan.expert_slots(d) == 0 || plan.expert_slots(d) >= plan.slotted_experts(d)) continue;
      text += concat("- Device ", d, " has ", plan.expert_slots(d), " slots for ", plan.slotted_experts(d),
                     " experts: a larger budget or a shorter context leaves more.\n");
    }
    return text;
  }
  if (longest > max_positions) longest = max_positions;
  const auto tokens = static_cast<std::int64_t>(longest) / 256 * 256;
  if (longest >= 1.25 * limits.context && tokens > limits.context) {
    text += concat("- The headroom holds a context of ", tokens, " tokens (now ", limits.context, ").\n");
  } else if (static_cast<double>(least_room.count) < 0.03 * static_cast<double>(most.count)) {
    const bool is_longest = limits.context >= max_positions;
    text +=
        concat("- The tightest device has ", to_string(least_room),
               " left: ", is_longest ? "" : "a longer context or ", "a second session needs a larger budget.\n");
  }
  const Bytes evened = AcceleratorsFirst<Balanced>::plan(plan.footprint, plan.machine).largest_peak();
  if (static_cast<double>(evened.count) < 0.8 * static_cast<double>(most.count)) {
    text += concat("- The fullest device holds ", to_string(most),
                   "; placement::Balanced evens them out, as far as whole layers allow, to ", to_string(evened),
                   ".\n");
  }
  return text;
}

}  // namespace asterism::placement
