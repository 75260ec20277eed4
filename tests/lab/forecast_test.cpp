// The speed of a model whose experts take turns, foretold.
#include "asterism/lab/forecast.hpp"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/asterism.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/lab/simulated_time.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/model/slotted_experts.hpp"

#include "support/files.hpp"

using namespace asterism;
using doctest::Approx;
using test::check_error;

namespace {

struct Mixtral : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  static constexpr Limits limits{.context = 4096, .batch = 1, .prefill_chunk = 512};
  using Cache = cache::Hazard;
};

struct Resident : Mixtral {
  using Cache = cache::All;
};

struct Next80 : Blueprint {
  static constexpr Limits limits{.context = 262144, .batch = 1, .prefill_chunk = 512};
  using Cache = cache::Hazard;
};

placement::Plan on(const char* machine) { return plan<Mixtral>(parse_machine(machine)); }

}  // namespace

TEST_CASE("where only the disk's rate is known, a token takes the reads of what it does not find") {
  const placement::Plan plan = on("host:12GiB,disk:30GB@1GB/s");
  const double all = 64 * static_cast<double>(plan.footprint.slotted.each.count) / 1e9;
  CHECK(lab::decode_seconds(plan, 0) == Approx(all));
  CHECK(lab::decode_seconds(plan, 0.25) == Approx(0.75 * all));
  CHECK(lab::decode_seconds(plan, 1) == 0);
  CHECK(lab::decode_seconds(on("8GiB,8GiB,disk:30GB@1GB/s"), 0) == Approx(all));
}

TEST_CASE("with everything in slots a token takes as long as its weights take to be read") {
  const placement::Plan plan = on("host:12GiB@20GB/s,disk:30GB@1GB/s");
  const double bytes = static_cast<double>((plan.token_bytes(0) + plan.head_bytes()).count);
  CHECK(lab::decode_seconds(plan, 1) == Approx(bytes / 20e9));
  // 64 experts of 86.7 MiB, attention, routers and norms of 32 layers, and the head.
  CHECK(bytes / 64 / 1024 / 1024 > 86.7 * 1.05);
  CHECK(bytes / 64 / 1024 / 1024 < 86.7 * 1.25);
}

TEST_CASE("with nothing in slots all but the last expert of a layer is computed while others are read") {
  const placement::Plan plan = on("host:12GiB@20GB/s,disk:30GB@1GB/s");
  const double each = static_cast<double>(plan.footprint.slotted.each.count);
  const double rest = static_cast<double>((plan.token_bytes(0) + plan.head_bytes()).count) - 64 * each;
  CHECK(lab::decode_seconds(plan, 0) == Approx(64 * each / 1e9 + 32 * each / 20e9 + rest / 20e9));
}

TEST_CASE("a layer takes what the laboratory's clock gives it") {
  const placement::Plan plan = on("host:12GiB@20GB/s,disk:30GB@10GB/s");
  const double compute = static_cast<double>(plan.footprint.slotted.each.count) / 20e9;
  const double read = 2 * compute;
  const double layer = static_cast<double>(plan.token_bytes(0).count) / 20e9 / 32;
  const double head = static_cast<double>(plan.head_bytes().count) / 20e9;
  const lab::StepTimes times{.layer_seconds = layer, .copy_seconds = read, .expert_share = 2 * compute / layer};
  double mean = 0;
  for (int missing = 0; missing <= 2; ++missing) {
    lab::SimulatedTime time(times);
    const std::vector<double> copies(static_cast<std::size_t>(missing), read);
    time.layer(static_cast<std::size_t>(2 - missing), copies);
    mean += (missing == 1 ? 2 * 0.7 * 0.3 : missing == 0 ? 0.7 * 0.7 : 0.3 * 0.3) * time.now();
  }
  CHECK(lab::decode_seconds(plan, 0.7) == Approx(32 * mean + head));
}

TEST_CASE("experts that wait in host memory come at its rate, the others at the disk's") {
  const placement::Plan plan = on("14GiB,host:8GiB@12GB/s,disk:30GB@1GB/s");
  const double each = static_cast<double>(plan.footprint.slotted.each.count);
  std::int32_t in_memory = 0;
  for (std::int32_t layer = 0; layer < 32; ++layer) in_memory += plan.home_of_layer(layer) == 1 ? 1 : 0;
  CHECK(in_memory == 11);
  CHECK(lab::decode_seconds(plan, 0) == Approx(2 * each * (11 / 12e9 + 21 / 1e9)));
  check_error<InvalidArgument>([] { lab::decode_seconds(on("14GiB,host:90GiB"), 0.5); }, {"rate", "device 1"});
}

TEST_CASE("a link that is slower than the host memory behind it sets the rate of copies") {
  placement::Plan plan = on("14GiB,host:8GiB@12GB/s,disk:30GB@1GB/s");
  const double each = static_cast<double>(plan.footprint.slotted.each.count);
  const auto copies = [&](double rate, double latency) {
    return Approx(2 * (11 * (latency + each / rate) + 21 * each / 1e9)).epsilon(1e-9);
  };
  parse_link("4GB/s", plan.machine);
  CHECK(lab::decode_seconds(plan, 0) == copies(4e9, 0));
  parse_link("4GB/s+500us", plan.machine);
  CHECK(lab::decode_seconds(plan, 0) == copies(4e9, 500e-6));
  parse_link("40GB/s+500us", plan.machine);
  CHECK(lab::decode_seconds(plan, 0) == copies(12e9, 500e-6));
  check_error<InvalidArgument>(
      [] {
        placement::Plan unknown = on("14GiB,host:90GiB");
        parse_link("4GB/s", unknown.machine);
        lab::decode_seconds(unknown, 0.5);
      },
      {"rate", "device 1"});
}

// An 80B model on a card of 14 GiB beside 90 GiB of memory, over PCIe 3 and 4 with 16 lanes.
TEST_CASE("Qwen3-Next-80B decodes more than eight tokens a second, however few experts are found") {
  for (const Bytes link : {12_GB, 25_GB}) {
    Machine machine = machines::vram14_ram90;
    machine.rates[0] = 300_GB;
    machine.rates[1] = link;
    const placement::Plan plan = asterism::plan<Next80>(machine, shapes::qwen3_next_80b_a3b);
    CHECK(plan.fits());
    CHECK(plan.homes_on_disk() == 0_B);
    for (const double hit_rate : {0.0, 0.4}) CHECK(1 / lab::decode_seconds(plan, hit_rate) >= 8);
  }
}

TEST_CASE("what cannot be foretold is refused") {
  check_error<InvalidArgument>([] { lab::decode_seconds(on("host:12GiB,disk:30GB"), 0.5); }, {"rate", "disk"});
  const placement::Plan plan = on("host:12GiB,disk:30GB@1GB/s");
  for (const double rate : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    check_error<InvalidArgument>([&] { lab::decode_seconds(plan, rate); }, {"hit rate"});
  }
  const placement::Plan all = asterism::plan<Resident>(parse_machine("host:30GiB,disk:30GB@1GB/s"));
  check_error<InvalidArgument>([&] { lab::decode_seconds(all, 0.5); }, {"no turns"});
}
