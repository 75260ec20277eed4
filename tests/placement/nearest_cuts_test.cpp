// The nearest consistent placement against all of them.
#include "asterism/placement/nearest_cuts.hpp"

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/device_maps.hpp"
#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

/// Bytes that leave their device, and one more for each part, counted part by part.
std::uint64_t moved(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                    const Cuts& cuts) {
  const DeviceMap to = map_of(assemble(footprint, machine, cuts, true));
  std::uint64_t sum = 0;
  const auto count = [&](std::int32_t from, std::int32_t where, Bytes bytes) {
    if (from >= 0 && from < static_cast<std::int32_t>(machine.devices) && from != where) sum += bytes.count + 1;
  };
  count(map.embedding, to.embedding, footprint.embedding);
  count(map.final_norm, to.final_norm, footprint.final_norm);
  if (!footprint.tied) count(map.head, to.head, footprint.head);
  for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
    for (std::size_t r = 0; r < footprint.run_count; ++r) {
      const LayerRun& run = footprint.runs[r];
      if (run.layers.contains(layer))
        count(map.layer(layer).of(run.kind), to.layer(layer).of(run.kind), run.per_layer());
    }
  }
  return sum;
}

bool uses_host(const Machine& machine, const Cuts& cuts) {
  for (std::size_t d = 0; d < machine.devices; ++d) {
    if (machine.is_host(d) && cuts[d + 1] > cuts[d]) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("no consistent placement moves less") {
  Random random(13);
  int without = 0;
  for (int i = 0; i < 2000; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine_with_hosts(random, footprint);
    const bool without_host = machine.accelerators().devices > 0 && random.below(2) == 0;
    const DeviceMap map = laws::random_map(random, footprint, machine);
    std::uint64_t least = ~std::uint64_t{0};
    laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
      if (without_host && uses_host(machine, cuts)) return;
      const std::uint64_t sum = moved(map, footprint, machine, cuts);
      least = sum < least ? sum : least;
    });
    const Cuts nearest = nearest_cuts(map, footprint, machine, without_host);
    CHECK(moved(map, footprint, machine, nearest) == least);
    if (without_host) CHECK_FALSE(uses_host(machine, nearest));
    without += without_host ? 1 : 0;
  }
  CHECK(without > 300);
}

TEST_CASE("the map of a plan stays where it is") {
  Random random(14);
  for (int i = 0; i < 500; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine(random, footprint);
    laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
      if (nearest_cuts(map_of(assemble(footprint, machine, cuts, true)), footprint, machine, false) != cuts) {
        CHECK(nearest_cuts(map_of(assemble(footprint, machine, cuts, true)), footprint, machine, false) == cuts);
      }
    });
  }
}
