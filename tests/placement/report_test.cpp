// The plan as people read it.
#include "asterism/placement/report.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/balanced_low_first.hpp"
#include "asterism/placement/sequential.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

constexpr MemoryFootprint small_parts = [] {
  MemoryFootprint footprint;
  footprint.layers = 3;
  footprint.add(PartKind::attention, 1, 10_MiB);
  footprint.add(PartKind::norms, 1, 32_KiB);
  footprint.add(PartKind::router, 1, 96_KiB);
  footprint.add(PartKind::experts, 8, 20_MiB);
  footprint.add(PartKind::kv_cache, 1, 16_MiB);
  footprint.embedding = 64_MiB;
  footprint.final_norm = 16_KiB;
  footprint.head = 64_MiB;
  footprint.layer_workspace = 8_MiB;
  footprint.head_workspace = 2_MiB;
  return footprint;
}();

constexpr Limits limits{.context = 4096};

}  // namespace

TEST_CASE("the component table of a plan that does not fit shows what is missing") {
  const Plan over = Balanced::plan(small_parts, equal_devices(2, 300_MiB));
  CHECK(component_table(over) ==
        "device 0: layers 0 to 1, budget 300.0 MiB\n"
        "  embedding           64.0 MiB    21.3 %  ██████▉\n"
        "  attention           20.0 MiB     6.7 %  ██▏\n"
        "  norms               64.0 KiB     0.0 %\n"
        "  routers            192.0 KiB     0.1 %\n"
        "  experts            320.0 MiB   106.7 %  ████████████████████████████████\n"
        "  KV cache            32.0 MiB    10.7 %  ███▍\n"
        "  workspace            8.0 MiB     2.7 %  ▉\n"
        "  peak               444.2 MiB   148.1 %  ████████████████████████████████\n"
        "  missing            144.2 MiB\n"
        "device 1: layer 2, budget 300.0 MiB\n"
        "  attention           10.0 MiB     3.3 %  █▏\n"
        "  norms               32.0 KiB     0.0 %\n"
        "  routers             96.0 KiB     0.0 %\n"
        "  experts            160.0 MiB    53.3 %  █████████████████▏\n"
        "  KV cache            16.0 MiB     5.3 %  █▊\n"
        "  final norm          16.0 KiB     0.0 %\n"
        "  head                64.0 MiB    21.3 %  ██████▉\n"
        "  workspace           10.0 MiB     3.3 %  █▏\n"
        "  peak               260.1 MiB    86.7 %  ███████████████████████████▊\n"
        "  headroom            39.9 MiB\n");
}

TEST_CASE("the layer table has a line for each device that runs layers") {
  CHECK(layer_table(Balanced::plan(small_parts, equal_devices(2, 512_MiB))) ==
        "layers      on    experts  attention   KV cache      other    a layer   together\n"
        "0 to 1       0  160.0 MiB   10.0 MiB   16.0 MiB  128.0 KiB  186.1 MiB  372.2 MiB\n"
        "2            1  160.0 MiB   10.0 MiB   16.0 MiB  128.0 KiB  186.1 MiB  186.1 MiB\n");
  const std::string on_first = layer_table(Sequential::plan(small_parts, equal_devices(2, 1_GiB)));
  CHECK(on_first.find("0 to 2       0") != std::string::npos);
  CHECK(std::count(on_first.begin(), on_first.end(), '\n') == 2);
}

TEST_CASE("layers that are unlike have lines of their own") {
  MemoryFootprint footprint;
  footprint.layers = 6;
  footprint.add(PartKind::attention, 1, 10_MiB);
  const LayerSet dense = LayerSet::range(0, 1);
  const LayerSet odd = LayerSet::range(3, 4);
  footprint.add(PartKind::experts, 8, 20_MiB, LayerSet::range(0, 6) - dense - odd);
  footprint.add(PartKind::feed_forward, 1, 30_MiB, dense);
  CHECK(layer_table(Sequential::plan(footprint, equal_devices(1, 1_GiB))) ==
        "layers      on    experts  attention   KV cache      other    a layer   together\n"
        "0            0   30.0 MiB   10.0 MiB        0 B        0 B   40.0 MiB   40.0 MiB\n"
        "4 in 1-5     0  160.0 MiB   10.0 MiB        0 B        0 B  170.0 MiB  680.0 MiB\n"
        "3            0        0 B   10.0 MiB        0 B        0 B   10.0 MiB   10.0 MiB\n");
}

TEST_CASE("a device without layers or budget has a table too") {
  Machine machine = equal_devices(2, 1_GiB);
  machine.capacity[1] = 0_B;
  const std::string table = component_table(Sequential::plan(small_parts, machine));
  CHECK(table.find("device 1: no layers, budget 0 B\n"
                   "  peak                     0 B         -  ████████████████████████████████\n"
                   "  headroom                 0 B\n") != std::string::npos);
}

TEST_CASE("the tied head in words") {
  MemoryFootprint footprint = small_parts;
  const auto line = [&](std::size_t devices, bool copy) {
    const Cuts cuts = devices == 1 ? Cuts{0, 3, 3, 3, 3, 3, 3, 3, 3} : Cuts{0, 2, 3, 3, 3, 3, 3, 3, 3};
    return tied_head_line(assemble(footprint, equal_devices(devices, 1_GiB), cuts, copy));
  };
  CHECK(line(2, true).empty());
  footprint.tied = true;
  CHECK(line(1, true) == "The head is the embedding's matrix on device 0.\n");
  CHECK(line(2, true) == "The head is a second copy of the embedding's matrix on device 1, counted above.\n");
  CHECK(line(2, false) ==
        "The head is the embedding's matrix: the last hidden rows go back from device 1 to device 0.\n");
}

TEST_CASE("recommendations follow the numbers") {
  const auto advice = [](const Plan& plan) { return recommendations(plan, limits, 32768); };
  CHECK(
      advice(Balanced::plan(small_parts, equal_devices(2, 300_MiB))) ==
      "- The plan does not fit. Raise the budgets (device 0 to 445MiB), add a device, choose a format with fewer "
      "bits, or lower the context.\n");
  CHECK(advice(Balanced::plan(small_parts, equal_devices(2, 450_MiB))) ==
        "- The tightest device has 5.8 MiB left: a longer context or a second session needs a larger budget.\n");
  CHECK(advice(Balanced::plan(small_parts, equal_devices(2, 512_MiB))) ==
        "- The headroom holds a context of 12544 tokens (now 4096).\n");
  CHECK(advice(Balanced::plan(small_parts, equal_devices(2, 10_GiB))) ==
        "- The headroom holds a context of 32768 tokens (now 4096).\n");
  CHECK(
      advice(Sequential::plan(small_parts, equal_devices(2, 10_GiB))) ==
      "- The headroom holds a context of 32768 tokens (now 4096).\n"
      "- The fullest device holds 696.4 MiB; placement::Balanced evens them out, as far as whole layers allow, to "
      "444.2 MiB.\n");
  // At the model's own most, a longer context is no advice.
  CHECK(recommendations(Balanced::plan(small_parts, equal_devices(2, 450_MiB)), limits, 4096) ==
        "- The tightest device has 5.8 MiB left: a second session needs a larger budget.\n");
}

TEST_CASE("an empty accelerator is not used, and the advice does not contradict itself") {
  Machine machine = equal_devices(2, 1_GiB);
  machine.capacity[1] = 14_B;
  const Plan plan = Balanced::plan(small_parts, machine);
  REQUIRE(plan.fits());
  CHECK(!is_used(plan, 1));
  CHECK(recommendations(plan, limits, 32768) == "- The headroom holds a context of 32000 tokens (now 4096).\n");
  MemoryFootprint large_weights = small_parts;  // 1 % of them is room for a much longer context
  large_weights.runs[4].each = 100_KiB;
  CHECK(recommendations(Balanced::plan(large_weights, equal_devices(1, 665_MiB)), limits, 32768) ==
        "- The headroom holds a context of 32768 tokens (now 4096).\n");
}

TEST_CASE("a host device that is left unused is named where it is needed, with the way to ask for it") {
  MemoryFootprint footprint = small_parts;
  footprint.code_bits = 4;
  const auto with_host = [](Bytes accelerators) {
    Machine machine = equal_devices(2, accelerators);
    machine.add(64_GiB, DeviceKind::host);
    return machine;
  };
  using Default = AcceleratorsFirst<Balanced>;
  const Plan unused = Default::plan(footprint, with_host(300_MiB));
  CHECK_FALSE(unused.fits());
  CHECK(
      recommendations(unused, limits, 32768) ==
      "- The plan does not fit. Raise the budgets (device 0 to 445MiB), add a device, choose a format with fewer "
      "bits, or lower the context.\n"
      "- Device 2 is host memory and was left unused, as 4-bit weights go there only where they are asked to: "
      "placement::AcceleratorsFirst<Policy, placement::HostPlacement::any_width>.\n");
  CHECK(component_table(unused).find("device 2 (host memory): no layers, budget 64.00 GiB\n") !=
        std::string::npos);
  const Plan used = AcceleratorsFirst<Balanced, HostPlacement::any_width>::plan(footprint, with_host(300_MiB));
  CHECK(used.fits());
  CHECK(recommendations(used, limits, 32768).find("left unused") == std::string::npos);
  CHECK(component_table(used).find("device 2 (host memory): layer") != std::string::npos);
  // Where the accelerators have room, a host device is nothing to speak of.
  CHECK(recommendations(Default::plan(footprint, with_host(512_MiB)), limits, 32768) ==
        "- The headroom holds a context of 12544 tokens (now 4096).\n");
}

TEST_CASE("the advised budgets are enough, the advised context fits and a much longer one does not") {
  Random random(10);
  int contexts = 0;
  for (int i = 0; i < 300; ++i) {
    MemoryFootprint footprint = laws::random_parts(random);
    for (std::size_t r = 0; r < footprint.run_count; ++r)
      footprint.runs[r].each = footprint.runs[r].each * 1'000'000;
    footprint.runs[2].each = Bytes{4096} * limits.context;  // the cache: 4 KiB a token
    footprint.embedding = footprint.embedding * 1'000'000;
    Machine machine = laws::random_machine(random, footprint);
    const Plan plan = Balanced::plan(footprint, machine);
    const std::string text = recommendations(plan, limits, 1'000'000'000);
    if (!plan.fits()) {
      for (std::size_t d = 0; d < plan.devices(); ++d) {
        const std::string name = concat("device ", d, " to ");
        const std::size_t at = text.find(name);
        CHECK((at != std::string::npos) == (plan.peak(d) > plan.budget(d)));
        if (at == std::string::npos) continue;
        const std::size_t begin = at + name.size();
        machine.capacity[d] = parse_bytes(text.substr(begin, text.find_first_of(",)", begin) - begin));
      }
      CHECK(Balanced::plan(footprint, machine).fits());
      continue;
    }
    const std::string before = "holds a context of ";
    const std::size_t at = text.find(before);
    if (at == std::string::npos) continue;
    ++contexts;
    const std::uint64_t tokens = std::stoull(text.substr(at + before.size()));
    const auto peaks_with = [&](std::uint64_t context) {
      footprint.runs[2].each = Bytes{4096} * context;
      return assemble(footprint, machine, plan.cuts, plan.tied_head == TiedHead::copied);
    };
    CHECK(tokens % 256 == 0);
    CHECK(peaks_with(tokens).fits());
    CHECK_FALSE(peaks_with(tokens + 257).fits());
  }
  CHECK(contexts > 50);
}

TEST_CASE_TEMPLATE("the smallest equal budgets fit, and 64 bytes less do not", P, Balanced, BalancedLowFirst,
                   Sequential) {
  Random random(9);
  for (int i = 0; i < 300; ++i) {
    MemoryFootprint footprint = laws::random_parts(random);
    for (std::size_t r = 0; r < footprint.run_count; ++r) footprint.runs[r].each = footprint.runs[r].each * 37;
    footprint.embedding = footprint.embedding * 37;
    const std::size_t count = 1 + random.below(4);
    const Machine machine = smallest_equal_budgets<P>(footprint, count, 0);
    CHECK(machine.devices == count);
    CHECK(machine == equal_devices(count, machine.capacity[0]));
    CHECK(machine.capacity[0].count % alignment == 0);
    CHECK(P::plan(footprint, machine).fits());
    CHECK(laws::some_cut_fits(footprint, machine));
    CHECK_FALSE(laws::some_cut_fits(footprint, equal_devices(count, machine.capacity[0] - 64_B)));
    const Machine spare = smallest_equal_budgets<P>(footprint, count, 0.05);
    CHECK(spare.capacity[0].count >=
          static_cast<std::uint64_t>(1.05 * static_cast<double>(machine.capacity[0].count)));
    CHECK(spare.capacity[0].count <=
          static_cast<std::uint64_t>(1.05 * static_cast<double>(machine.capacity[0].count)) + 64);
  }
}
