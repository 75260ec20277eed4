// What has to be placed: the parts of a decoder as runs of equal sizes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"

namespace asterism::placement {

/// Kind of a part. Kinds from `attention` to `adapters` belong to a layer and share its device.
enum class PartKind : std::uint8_t {
  embedding,
  attention,
  linear_attention,
  norms,
  router,
  experts,
  shared_expert,
  feed_forward,
  kv_cache,
  state,
  adapters,
  final_norm,
  head,
  workspace,
  expert_slots,
  expert_homes
};

inline constexpr std::size_t kind_count = 16;

constexpr std::string_view name_of(PartKind kind) {
  constexpr std::string_view names[kind_count] = {"embedding", "attention", "linear attention", "norms",
                                                  "routers",   "experts",   "shared expert",    "feed-forward",
                                                  "KV cache",  "state",     "adapters",         "final norm",
                                                  "head",      "workspace", "expert slots",     "expert homes"};
  return names[static_cast<std::size_t>(kind)];
}

/// `count` equal parts of `each` bytes in each of `layers`. Runs instead of single parts keep constant evaluation far
/// below the compilers' limits: 48 layers of 512 experts are one run.
struct LayerRun {
  PartKind kind = PartKind::embedding;
  LayerSet layers{};
  std::int32_t count = 0;
  Bytes each{};

  friend constexpr bool operator==(const LayerRun&, const LayerRun&) = default;

  constexpr Bytes per_layer() const { return each * static_cast<std::uint64_t>(count); }
  constexpr Bytes total() const { return per_layer() * static_cast<std::uint64_t>(layers.size()); }
};

/// Experts whose homes are in slower memory, and which take turns in slots of fast memory.
struct SlottedExperts {
  Bytes each{};                ///< of a slot; 0: there are none
  std::int32_t per_layer = 0;  ///< experts of each of `layers`
  LayerSet layers{};
  std::int32_t fewest = 0;     ///< slots without which a device can't compute them
  std::int32_t passing = 0;    ///< slots of a device for experts that are not kept, where there are enough
  bool from_memory = false;    ///< they come from memory of the host alone, not from a disk
  std::int32_t per_token = 0;  ///< experts that a token needs in each of `layers`
  Bytes beside{};              ///< that a device with slots, or with homes, needs once

  friend constexpr bool operator==(const SlottedExperts&, const SlottedExperts&) = default;

  /// Experts of layers in [first, last).
  constexpr std::int32_t experts(std::int32_t first, std::int32_t last) const {
    return per_layer * layers.size_within(first, last);
  }
  /// Slots for layers in [first, last): as many as can be of use, and as few as placements leave room for, if they can:
  /// those of a token and those that pass. 0 without experts.
  constexpr std::int32_t most_slots(std::int32_t first, std::int32_t last) const {
    return experts(first, last) == 0 ? 0 : experts(first, last) + passing;
  }
  constexpr std::int32_t least_slots(std::int32_t first, std::int32_t last) const {
    const std::int32_t least = per_token + passing;
    return least < most_slots(first, last) ? least : most_slots(first, last);
  }
  /// Bytes of the experts of a layer, and of all, in their homes.
  constexpr Bytes layer_homes() const { return each * static_cast<std::uint64_t>(per_layer); }
  constexpr Bytes homes() const { return layer_homes() * static_cast<std::uint64_t>(layers.size()); }
  /// Bytes of the least slots.
  constexpr Bytes least_bytes(std::int32_t first, std::int32_t last) const {
    const std::int32_t slots = least_slots(first, last);
    return slots == 0 ? Bytes{} : beside + each * static_cast<std::uint64_t>(slots);
  }
};

/// The memory requirements of one decoder, in bytes: weights with their scales, caches and workspace.
struct MemoryFootprint {
  static constexpr std::size_t max_runs = 32;

  std::int32_t layers = 0;
  std::array<LayerRun, max_runs> runs{};  ///< parts of layers
  std::size_t run_count = 0;
  SlottedExperts slotted{};  ///< in the place of runs of experts
  Bytes embedding{};
  Bytes final_norm{};
  Bytes head{};                        ///< the head's matrix if it is a separate part
  bool tied = false;                   ///< the head can be the embedding's matrix, in the embedding's format
  Bytes layer_workspace{};             ///< on every device that runs layers: activations of one pass
  Bytes head_workspace{};              ///< on the device that computes logits
  std::int32_t cache_percent = 100;    ///< of a budget, that KV caches and states take at most
  std::int32_t experts_per_token = 0;  ///< of those in runs, that a token needs in each layer
  std::int32_t code_bits = 0;  ///< of the layers' weights, see quant::Quantization; 0: plain numbers, or unknown

  friend constexpr bool operator==(const MemoryFootprint&, const MemoryFootprint&) = default;

  /// Adds `count` parts of `each` bytes to each of `of`, which may be none; layers with other parts of the kind are in
  /// one run with those of equal parts. Throws Unsupported beyond max_runs.
  constexpr void add(PartKind kind, std::int32_t count, Bytes each, const LayerSet& of) {
    if (of.empty()) return;
    for (std::size_t i = 0; i < run_count; ++i) {
      LayerRun& run = runs[i];
      if (run.kind != kind || run.count != count || run.each != each || !(run.layers & of).empty()) continue;
      run.layers = run.layers | of;
      return;
    }
    if (run_count == max_runs) {
      throw Unsupported(concat("the layers' parts, ", name_of(kind), " the last, have more than ", max_runs,
                               " different sizes: the formats of their weights may vary less"));
    }
    runs[run_count] = {.kind = kind, .layers = of, .count = count, .each = each};
    ++run_count;
  }
  /// The same for all layers. Throws Unsupported for more layers than a LayerSet holds.
  constexpr void add(PartKind kind, std::int32_t count, Bytes each) {
    add(kind, count, each, LayerSet::range(0, layers));
  }

  constexpr bool has_four_bit_weights() const { return code_bits == 4; }

  /// Bytes of the largest expert of all layers, whose experts are alike within each; of those that take turns, of their
  /// slots.
  constexpr Bytes largest_expert() const {
    Bytes most = slotted.each;
    for (std::size_t i = 0; i < run_count; ++i) {
      if (runs[i].kind == PartKind::experts && runs[i].each > most) most = runs[i].each;
    }
    return most;
  }

  /// Bytes of all layers in [first, last).
  constexpr Bytes layer_bytes(std::int32_t first, std::int32_t last) const {
    Bytes sum{};
    for (std::size_t i = 0; i < run_count; ++i) {
      sum += runs[i].per_layer() * static_cast<std::uint64_t>(runs[i].layers.size_within(first, last));
    }
    return sum;
  }
};

}  // namespace asterism::placement
