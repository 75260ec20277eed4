// Bodies of map_check.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

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
      if (footprint.runs[r].covers(layer)) put(at.of(footprint.runs[r].kind), footprint.runs[r].per_layer());
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

/// The rules of a map, one after the other.
class Inspection {
 public:
  Inspection(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine)
      : map_(map), footprint_(footprint), machine_(machine) {}

  std::vector<MapFault> inspect(bool without_host) {
    is_placed("embedding", map_.embedding);
    const auto listed = static_cast<std::int32_t>(map_.layers.size());
    std::int32_t latest = 0;
    for (std::int32_t layer = 0; layer < footprint_.layers && layer < listed; ++layer) {
      inspect_layer(layer);
      const std::int32_t device = map_.layer(layer).attention;
      if (!known(device)) continue;
      if (device < latest) {
        add(concat("layer ", layer), on(device),
            concat("device ", latest, " or one behind it, as layers before: layers pass the devices in order"));
      }
      latest = device > latest ? device : latest;
    }
    if (listed < footprint_.layers) add(layers(listed, footprint_.layers), on(unplaced), some_device());
    if (listed > footprint_.layers) {
      add(layers(footprint_.layers, listed), "placed",
          concat("the ", footprint_.layers, " layers that the model has"));
    }
    const std::int32_t last = map_.layer(footprint_.layers - 1).attention;
    is_beside("embedding", map_.embedding, map_.layer(0).attention, "the first layer");
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
