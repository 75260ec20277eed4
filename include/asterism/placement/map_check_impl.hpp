// Bodies of map_check.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/placement/map_check.hpp"
#include "asterism/placement/nearest_cuts.hpp"

namespace asterism::placement {

ASTERISM_INLINE std::array<Bytes, Machine::max_devices> bytes_of_map(const DeviceMap& map,
                                                                     const MemoryFootprint& footprint,
                                                                     const Machine& machine) {
  std::array<Bytes, Machine::max_devices> bytes{};
  std::array<bool, Machine::max_devices> runs_layers{};
  const auto known = [&](std::int32_t d) { return d >= 0 && d < static_cast<std::int32_t>(machine.devices); };
  const auto put = [&](std::int32_t device, Bytes each) {
    if (known(device)) bytes[static_cast<std::size_t>(device)] += each;
  };
  for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
    const LayerDevices at = map.layer(layer);
    for (std::size_t r = 0; r < footprint.run_count; ++r) {
      if (footprint.runs[r].layers.contains(layer))
        put(at.of(footprint.runs[r].kind), footprint.runs[r].per_layer());
    }
    for (const std::int32_t device : {at.attention, at.norms, at.router, at.experts}) {
      if (known(device)) runs_layers[static_cast<std::size_t>(device)] = true;
    }
  }
  for (std::size_t d = 0; d < machine.devices; ++d) {
    if (runs_layers[d]) bytes[d] += footprint.layer_workspace;
  }
  const std::int32_t head = footprint.tied && map.head == unplaced ? map.embedding : map.head;
  put(map.embedding, footprint.embedding);
  put(map.final_norm, footprint.final_norm);
  if (!footprint.tied) put(head, footprint.head);
  if (footprint.tied && head != map.embedding) put(head, footprint.embedding);
  put(head, footprint.head_workspace);
  return bytes;
}

namespace detail {

/// Checks the rules of a map one after another.
class Inspection {
 public:
  Inspection(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine)
      : map_(map), footprint_(footprint), machine_(machine) {}

  std::vector<MapFault> inspect(bool without_host) {
    is_placed("embedding", map_.embedding);
    const auto listed = static_cast<std::int32_t>(map_.layers.size());
    for (std::int32_t layer = 0; layer < footprint_.layers && layer < listed; ++layer) inspect_layer(layer);
    const auto [first, last] = inspect_order();
    if (listed < footprint_.layers) add(layers(listed, footprint_.layers), on(unplaced), some_device());
    if (listed > footprint_.layers) {
      add(layers(footprint_.layers, listed), "placed",
          concat("the ", footprint_.layers, " layers that the model has"));
    }
    is_beside("embedding", map_.embedding, first, "the first layer");
    is_placed("final norm", map_.final_norm);
    is_beside("final norm", map_.final_norm, last, "the last layer");
    if (!footprint_.tied || map_.head != map_.embedding) {
      is_placed("head", map_.head);
      is_beside("head", map_.head, last, "the last layer");
    }
    inspect_devices(without_host);
    return out_;
  }

 private:
  bool known(std::int32_t device) const {
    return device >= 0 && device < static_cast<std::int32_t>(machine_.devices);
  }
  static std::string on(std::int32_t device) {
    return device == unplaced ? std::string("on no device") : concat("on device ", device);
  }
  static std::string layers(std::int32_t begin, std::int32_t end) {
    return end - begin == 1 ? concat("layer ", begin) : concat("layers ", begin, " to ", end - 1);
  }
  std::string some_device() const {
    return machine_.devices == 1 ? "device 0, the machine's only one"
                                 : concat("one of the machine's devices, 0 to ", machine_.devices - 1);
  }
  void add(std::string part, std::string found, std::string expected) {
    out_.push_back({std::move(part), std::move(found), std::move(expected)});
  }
  void is_placed(const std::string& part, std::int32_t device) {
    if (!known(device)) add(part, on(device), some_device());
  }
  void is_beside(const std::string& part, std::int32_t device, std::int32_t other, const char* what) {
    if (!known(device) || !known(other) || device == other) return;
    add(part, on(device), concat("device ", other, ", where ", what, " is"));
  }

  void inspect_layer(std::int32_t layer) {
    const LayerDevices at = map_.layer(layer);
    const std::string name = concat("layer ", layer);
    if (at == LayerDevices{at.attention, at.attention, at.attention, at.attention}) {
      is_placed(name, at.attention);
      return;
    }
    is_placed(name + "'s attention", at.attention);
    for (const PartKind kind : {PartKind::norms, PartKind::router, PartKind::experts}) {
      const std::string part = concat(name, "'s ", kind == PartKind::router ? "router" : name_of(kind));
      is_placed(part, at.of(kind));
      is_beside(part, at.of(kind), at.attention, "the layer's attention");
    }
  }

  /// Layers pass the devices in order. To blame are the fewest layers without which the others do. Returns the devices
  /// where the first and the last layer belong by that, where they are on a device at all.
  std::pair<std::int32_t, std::int32_t> inspect_order() {
    const auto count = static_cast<std::int32_t>(
        map_.layers.size() < static_cast<std::size_t>(footprint_.layers) ? map_.layers.size() : footprint_.layers);
    // The longest chain of layers in order that ends on each device, and the layer before each one in its chain.
    std::array<std::int32_t, Machine::max_devices> length{};
    std::array<std::int32_t, Machine::max_devices> last{};
    std::vector<std::int32_t> before(static_cast<std::size_t>(count), -1);
    const auto longest = [&](std::int32_t devices) {
      std::int32_t best = -1;
      for (std::int32_t d = 0; d < devices; ++d) {
        const std::int32_t most = best < 0 ? 0 : length[static_cast<std::size_t>(best)];
        if (length[static_cast<std::size_t>(d)] > most) best = d;
      }
      return best;
    };
    for (std::int32_t layer = 0; layer < count; ++layer) {
      const std::int32_t device = map_.layer(layer).attention;
      if (!known(device)) continue;
      const std::int32_t chain = longest(device + 1);
      before[static_cast<std::size_t>(layer)] = chain < 0 ? -1 : last[static_cast<std::size_t>(chain)];
      length[static_cast<std::size_t>(device)] = 1 + (chain < 0 ? 0 : length[static_cast<std::size_t>(chain)]);
      last[static_cast<std::size_t>(device)] = layer;
    }
    const std::int32_t chain = longest(static_cast<std::int32_t>(machine_.devices));
    std::vector<bool> in_order(static_cast<std::size_t>(count));
    for (std::int32_t layer = chain < 0 ? -1 : last[static_cast<std::size_t>(chain)]; layer >= 0;
         layer = before[static_cast<std::size_t>(layer)]) {
      in_order[static_cast<std::size_t>(layer)] = true;
    }
    std::int32_t lowest = 0;
    for (std::int32_t first = 0; first < count;) {
      const std::int32_t device = map_.layer(first).attention;
      if (in_order[static_cast<std::size_t>(first)]) lowest = device;
      std::int32_t end = first + 1;
      if (known(device) && !in_order[static_cast<std::size_t>(first)]) {
        while (end < count && !in_order[static_cast<std::size_t>(end)] && map_.layer(end).attention == device)
          ++end;
        std::int32_t next = end;
        while (next < count && !in_order[static_cast<std::size_t>(next)]) ++next;
        const auto highest =
            next < count ? map_.layer(next).attention : static_cast<std::int32_t>(machine_.devices) - 1;
        add(layers(first, end), on(device),
            concat(highest > lowest ? concat("devices ", lowest, " to ", highest) : concat("device ", lowest),
                   ", as the layers around: layers pass the devices in order"));
      }
      first = end;
    }
    std::pair<std::int32_t, std::int32_t> ends{map_.layer(0).attention,
                                               map_.layer(footprint_.layers - 1).attention};
    if (known(ends.second)) ends.second = lowest;
    for (std::int32_t layer = count - 1; layer >= 0 && known(ends.first); --layer) {
      if (in_order[static_cast<std::size_t>(layer)]) ends.first = map_.layer(layer).attention;
    }
    return ends;
  }

  void inspect_devices(bool without_host) {
    const auto bytes = bytes_of_map(map_, footprint_, machine_);
    for (std::size_t d = 0; d < machine_.devices; ++d) {
      if (without_host && machine_.is_host(d) && bytes[d] > Bytes{0}) {
        add(concat("device ", d, ", host memory"), concat("holds ", to_string(bytes[d])),
            "no part of a model with 4-bit weights, unless the policy is asked for it: "
            "placement::AcceleratorsFirst<Policy, placement::HostPlacement::any_width>");
      }
      if (bytes[d] > machine_.capacity[d]) {
        add(concat("device ", d), concat("holds ", to_string(bytes[d]), " (", bytes[d].count, " bytes)"),
            concat("at most its budget of ", to_string(machine_.capacity[d]), ", ",
                   to_string(bytes[d] - machine_.capacity[d]), " less"));
      }
    }
  }

  const DeviceMap& map_;
  const MemoryFootprint& footprint_;
  const Machine& machine_;
  std::vector<MapFault> out_;
};

ASTERISM_INLINE MapCheck check_map(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                                   bool without_host, Plan (*plan)(const MemoryFootprint&, const Machine&)) {
  const Cuts cuts = nearest_cuts(map, footprint, machine, without_host);
  MapCheck out{.found = {}, .plan = assemble(footprint, machine, cuts, true)};
  const bool with_embedding = map.head != unplaced && map.head == out.plan.embedding_device();
  DeviceMap decided = map;
  if (with_embedding || !out.plan.fits()) out.plan = assemble(footprint, machine, cuts, false);
  if (footprint.tied && map.head == unplaced) {
    const bool copied = out.plan.tied_head == TiedHead::copied;
    decided.head = copied ? map.layer(footprint.layers - 1).attention : map.embedding;
  }
  out.found = Inspection(decided, footprint, machine).inspect(without_host);
  if (!out.plan.fits()) {
    out.plan = plan(footprint, machine);
    out.of_policy = true;
  }
  return out;
}

}  // namespace detail

ASTERISM_INLINE std::string to_string(const MapCheck& validation) {
  if (validation.sound()) return "the device map is sound\n";
  std::string text = "the device map is inconsistent:\n";
  for (const MapFault& each : validation.found) {
    text += concat("- ", each.part, ": ", each.found, ", expected ", each.expected, "\n");
  }
  text += !validation.of_policy ? "The consistent map that moves the least:\n"
          : validation.plan.fits()
              ? "The nearest consistent map does not fit; the placement policy's own does:\n"
              : "No map that the placement policy knows fits these budgets; its best attempt:\n";
  return text + to_string(map_of(validation.plan));
}

}  // namespace asterism::placement
