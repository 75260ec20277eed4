// The validator against all consistent plans, and what it says.
#include "asterism/placement/map_check.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/balanced_low_first.hpp"

#include "laws/device_maps.hpp"
#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

using Sparing = AcceleratorsFirst<Balanced>;
using Asked = AcceleratorsFirst<Balanced, HostPlacement::any_width>;

bool uses_host(const Plan& plan) {
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    if (plan.machine.is_host(d) && plan.peak(d) > Bytes{0}) return true;
  }
  return false;
}

/// Some plan that fits has this map, a tied head being open where the map leaves it so.
bool some_plan_has(const DeviceMap& map, const MemoryFootprint& footprint, const Machine& machine,
                   bool without_host) {
  bool has = false;
  laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
    for (const bool copy : {false, true}) {
      const Plan plan = assemble(footprint, machine, cuts, copy);
      DeviceMap of_plan = map_of(plan);
      if (footprint.tied && map.head == unplaced) of_plan.head = unplaced;
      has = has || (of_plan == map && plan.fits() && !(without_host && uses_host(plan)));
    }
  });
  return has;
}

constexpr MemoryFootprint four_layers(bool tied) {
  MemoryFootprint footprint;
  footprint.layers = 4;
  footprint.add(PartKind::attention, 1, 5_B);
  footprint.add(PartKind::norms, 1, 1_B);
  footprint.add(PartKind::router, 1, 2_B);
  footprint.add(PartKind::experts, 2, 10_B);
  footprint.add(PartKind::kv_cache, 1, 2_B);
  footprint.embedding = 30_B;
  footprint.final_norm = 1_B;
  footprint.head = 30_B;
  footprint.tied = tied;
  footprint.layer_workspace = 4_B;
  footprint.head_workspace = 3_B;
  footprint.code_bits = 4;
  return footprint;
}

const DeviceMap halves = layers_per_device({2, 2}, false);

std::string text_of(const DeviceMap& map, const Machine& machine = equal_devices(2, 200_B)) {
  return to_string(validate<Balanced>(map, four_layers(false), machine));
}

/// The line about `part` says what was found and what is expected.
void check_line(const std::string& text, const std::string& line) {
  CAPTURE(text);
  CAPTURE(line);
  CHECK(text.find("- " + line + "\n") != std::string::npos);
}

std::size_t lines(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("\n- "); at != text.npos; at = text.find("\n- ", at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE_TEMPLATE("a map is sound if and only if a plan that fits has it; repairs are sound", P, Balanced,
                   BalancedLowFirst, Sparing, Asked) {
  Random random(15);
  int sound = 0;
  int repaired = 0;
  int of_policy = 0;
  int hopeless = 0;
  for (int i = 0; i < 2500; ++i) {
    MemoryFootprint footprint = laws::random_parts(random);
    footprint.code_bits = random.below(2) == 0 ? 4 : 0;
    const Machine machine = laws::random_machine_with_hosts(random, footprint);
    DeviceMap map = laws::random_map(random, footprint, machine);
    if (random.below(4) == 0) map.head = unplaced;
    bool without_host = false;
    if constexpr (requires { P::host_placement; })
      without_host = withholds_host(P::host_placement, footprint, machine);
    const MapCheck answer = validate<P>(map, footprint, machine);
    CHECK(answer.sound() == some_plan_has(map, footprint, machine, without_host));
    if (answer.sound()) {
      DeviceMap own = map_of(answer.plan);
      if (map.head == unplaced) own.head = unplaced;
      CHECK(own == map);
      CHECK(answer.plan.fits());
    } else if (answer.plan.fits()) {
      const MapCheck again = validate<P>(map_of(answer.plan), footprint, machine);
      CHECK(again.sound());
      CHECK(again.plan.cuts == answer.plan.cuts);
    } else {
      CHECK(answer.of_policy);
      CHECK(answer.plan == P::plan(footprint, machine));
    }
    ++(answer.sound() ? sound : !answer.of_policy ? repaired : answer.plan.fits() ? of_policy : hopeless);
    CHECK((to_string(answer).find("inconsistent") != std::string::npos) == !answer.sound());
  }
  CHECK(sound > 50);
  CHECK(repaired > 200);
  CHECK(of_policy > 50);
  CHECK(hopeless > 200);
}

TEST_CASE("the bytes of a consistent map are the plan's peaks") {
  Random random(16);
  for (int i = 0; i < 500; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine(random, footprint);
    const Plan plan = Balanced::plan(footprint, machine);
    const auto bytes = bytes_of_map(map_of(plan), footprint, machine);
    for (std::size_t d = 0; d < machine.devices; ++d) CHECK(bytes[d] == plan.peak(d));
  }
}

TEST_CASE("what is apart that belongs together") {
  DeviceMap map = halves;
  SUBCASE("sound") { CHECK(text_of(map) == "the device map is sound\n"); }
  SUBCASE("experts") {
    map.layers[1].experts = 1;
    CHECK(text_of(map) ==
          "the device map is inconsistent:\n"
          "- layer 1's experts: on device 1, expected device 0, where the layer's attention is\n"
          "The consistent map that moves the least:\n"
          "  embedding: device 0\n"
          "  layer 0: device 0\n"
          "  layers 1 to 3: device 1\n"
          "  final norm: device 1\n"
          "  head: device 1\n");
  }
  SUBCASE("router and norms") {
    map.layers[3].router = 0;
    map.layers[3].norms = 0;
    check_line(text_of(map), "layer 3's router: on device 0, expected device 1, where the layer's attention is");
    check_line(text_of(map), "layer 3's norms: on device 0, expected device 1, where the layer's attention is");
    CHECK(lines(text_of(map)) == 2);
    CHECK(validate<Balanced>(map, four_layers(false), equal_devices(2, 200_B)).plan.cuts[1] == 2);
  }
  SUBCASE("embedding") {
    map.embedding = 1;
    check_line(text_of(map), "embedding: on device 1, expected device 0, where the first layer is");
  }
  SUBCASE("final norm and head") {
    map.final_norm = map.head = 0;
    check_line(text_of(map), "final norm: on device 0, expected device 1, where the last layer is");
    check_line(text_of(map), "head: on device 0, expected device 1, where the last layer is");
    CHECK(lines(text_of(map)) == 2);
  }
}

TEST_CASE("what is nowhere, on an unknown device or out of order") {
  DeviceMap map = halves;
  SUBCASE("a part") {
    map.layers[2].attention = unplaced;
    check_line(text_of(map), "layer 2's attention: on no device, expected one of the machine's devices, 0 to 1");
    CHECK(lines(text_of(map)) == 1);
  }
  SUBCASE("a layer, the head") {
    map.layers[2] = {};
    map.head = unplaced;
    check_line(text_of(map), "layer 2: on no device, expected one of the machine's devices, 0 to 1");
    check_line(text_of(map), "head: on no device, expected one of the machine's devices, 0 to 1");
    CHECK(lines(text_of(map)) == 2);
  }
  SUBCASE("layers that are not listed, or too many") {
    map.layers.resize(2);
    check_line(text_of(map), "layers 2 to 3: on no device, expected one of the machine's devices, 0 to 1");
    map.layers = layers_per_device({2, 4}, false).layers;
    check_line(text_of(map), "layers 4 to 5: placed, expected the 4 layers that the model has");
    CHECK(lines(text_of(map)) == 1);
  }
  SUBCASE("an unknown device") {
    map.layers[3] = {2, 2, 2, 2};
    map.embedding = -7;
    check_line(text_of(map), "layer 3: on device 2, expected one of the machine's devices, 0 to 1");
    check_line(text_of(map), "embedding: on device -7, expected one of the machine's devices, 0 to 1");
    check_line(text_of(DeviceMap{}, equal_devices(1, 1_KiB)),
               "embedding: on no device, expected device 0, the machine's only one");
  }
  SUBCASE("back and forth") {
    map = layers_per_device({4, 0}, false);
    map.layers[1] = {1, 1, 1, 1};
    const std::string text = text_of(map);
    check_line(text,
               "layer 1: on device 1, expected device 0, as the layers around: layers pass the devices in order");
    CHECK(lines(text) == 1);  // not those after it
    CHECK(text.find("  layers 0 to 3: device 0\n") != std::string::npos);
  }
  SUBCASE("the first and the last layer, not what is beside the others") {
    map = layers_per_device({0, 4}, false);
    map.layers[3] = {0, 0, 0, 0};
    std::string text = text_of(map);
    check_line(text,
               "layer 3: on device 0, expected device 1, as the layers around: layers pass the devices in order");
    CHECK(lines(text) == 1);
    map = layers_per_device({4, 0}, false);
    map.layers[0] = {1, 1, 1, 1};
    text = text_of(map);
    check_line(text,
               "layer 0: on device 1, expected device 0, as the layers around: layers pass the devices in order");
    CHECK(lines(text) == 1);
  }
  SUBCASE("several neighbours are named together") {
    const MemoryFootprint footprint = [] {
      MemoryFootprint eight = four_layers(false);
      eight.layers = 8;
      for (std::size_t i = 0; i < eight.run_count; ++i) eight.runs[i].layers = LayerSet::range(0, 8);
      return eight;
    }();
    map = layers_per_device({2, 5, 1}, false);
    map.layers[2] = map.layers[3] = {2, 2, 2, 2};
    const std::string text = to_string(validate<Balanced>(map, footprint, equal_devices(3, 1_KiB)));
    check_line(
        text,
        "layers 2 to 3: on device 2, expected devices 0 to 1, as the layers around: layers pass the devices in "
        "order");
    CHECK(lines(text) == 1);
  }
}

TEST_CASE("what a device may not hold") {
  SUBCASE("more than its budget: the policy's plan") {
    const std::string text = text_of(layers_per_device({3, 1}, false), equal_devices(2, 100_B));
    check_line(text, "device 0: holds 124 B (124 bytes), expected at most its budget of 100 B, 24 B less");
    CHECK(text.find("The nearest consistent map does not fit; the placement policy's own does:") != text.npos);
    CHECK(text.find("  layers 0 to 1: device 0\n") != text.npos);
  }
  SUBCASE("budgets that nothing fits") {
    const std::string text = text_of(halves, equal_devices(2, 50_B));
    CHECK(lines(text) == 2);
    CHECK(text.find("No map that the placement policy knows fits these budgets; its best attempt:") != text.npos);
  }
  SUBCASE("4-bit weights in host memory") {
    Machine machine = equal_devices(1, 1_KiB);
    machine.add(1_KiB, DeviceKind::host);
    const MapCheck answer = validate<Sparing>(halves, four_layers(false), machine);
    check_line(
        to_string(answer),
        "device 1, host memory: holds 98 B, expected no part of a model with 4-bit weights, unless the policy "
        "is asked for it: placement::AcceleratorsFirst<Policy, placement::HostPlacement::any_width>");
    CHECK(answer.found.size() == 1);
    CHECK(answer.plan.cuts[1] == 4);
    CHECK(validate<Asked>(halves, four_layers(false), machine).sound());
    CHECK(validate<Balanced>(halves, four_layers(false), machine).sound());
    MemoryFootprint wide = four_layers(false);
    wide.code_bits = 0;
    CHECK(validate<Sparing>(halves, wide, machine).sound());
  }
}

TEST_CASE("a tied head is with the last layer, with the embedding, or open") {
  const MemoryFootprint footprint = four_layers(true);
  const auto of_head = [&](std::int32_t head, Bytes budget) {
    DeviceMap map = layers_per_device({2, 2}, true);
    map.head = head;
    return validate<Balanced>(map, footprint, equal_devices(2, budget));
  };
  CHECK(of_head(1, 98_B).sound());
  CHECK(of_head(1, 98_B).plan.tied_head == TiedHead::copied);
  CHECK(of_head(0, 98_B).sound());
  CHECK(of_head(0, 98_B).plan.tied_head == TiedHead::handed_over);
  CHECK(of_head(unplaced, 98_B).plan.tied_head == TiedHead::copied);
  CHECK(of_head(unplaced, 97_B).sound());
  CHECK(of_head(unplaced, 97_B).plan.tied_head == TiedHead::handed_over);
  const MapCheck copied = of_head(1, 97_B);  // the second matrix is one byte too much
  REQUIRE(copied.found.size() == 1);
  CHECK(copied.found[0].part == "device 1");
  CHECK(copied.plan.tied_head == TiedHead::handed_over);
  CHECK_FALSE(copied.of_policy);
}

TEST_CASE("parts without layers and machines without devices are refused") {
  CHECK_THROWS_AS(validate<Balanced>(halves, MemoryFootprint{}, equal_devices(2, 1_B)), InvalidArgument);
  CHECK_THROWS_AS(validate<Balanced>(halves, four_layers(false), Machine{}), InvalidArgument);
}
