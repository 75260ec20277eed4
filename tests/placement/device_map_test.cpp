// Maps as people write and read them.
#include "asterism/placement/device_map.hpp"

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/placement/balanced.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

TEST_CASE("the map of a plan says where everything is") {
  Random random(12);
  for (int i = 0; i < 300; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Plan plan = Balanced::plan(footprint, laws::random_machine(random, footprint));
    const DeviceMap map = map_of(plan);
    REQUIRE(map.layers.size() == static_cast<std::size_t>(footprint.layers));
    CHECK(map.embedding == plan.embedding_device());
    CHECK(map.final_norm == plan.last_layer_device());
    CHECK(map.head == plan.head_device());
    for (std::int32_t layer = 0; layer < footprint.layers; ++layer) {
      const std::int32_t d = plan.device_of_layer(layer);
      CHECK(map.layer(layer) == LayerDevices{d, d, d, d});
    }
    CHECK(map.layer(footprint.layers) == LayerDevices{});
  }
}

TEST_CASE("layers for each device") {
  const DeviceMap map = layers_per_device({0, 1, 2}, false);
  CHECK(map == DeviceMap{1, {{1, 1, 1, 1}, {2, 2, 2, 2}, {2, 2, 2, 2}}, 2, 2});
  CHECK(layers_per_device({3}, true) == DeviceMap{0, {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}, 0, unplaced});
  CHECK(layers_per_device({}, false) == DeviceMap{});
  CHECK(layers_per_device({0, -1}, false) == DeviceMap{});
}

TEST_CASE("the device of each kind") {
  const LayerDevices layer{.attention = 1, .norms = 2, .router = 3, .experts = 4};
  CHECK(layer.of(PartKind::attention) == 1);
  CHECK(layer.of(PartKind::kv_cache) == 1);
  CHECK(layer.of(PartKind::norms) == 2);
  CHECK(layer.of(PartKind::router) == 3);
  CHECK(layer.of(PartKind::experts) == 4);
}

TEST_CASE("a map as text, equal layers together") {
  DeviceMap map = layers_per_device({3, 1}, true);
  CHECK(to_string(map) ==
        "  embedding: device 0\n"
        "  layers 0 to 2: device 0\n"
        "  layer 3: device 1\n"
        "  final norm: device 1\n"
        "  head: no device\n");
  map.layers[1].experts = 1;
  CHECK(to_string(map) ==
        "  embedding: device 0\n"
        "  layer 0: device 0\n"
        "  layer 1: attention device 0, norms device 0, router device 0, experts device 1\n"
        "  layer 2: device 0\n"
        "  layer 3: device 1\n"
        "  final norm: device 1\n"
        "  head: no device\n");
}
