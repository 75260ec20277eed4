// Speeds foretold from plans.
#include "asterism/lab/speed_forecast.hpp"

#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>

#include "asterism/asterism.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/lab/forecast.hpp"
#include "asterism/lab/planned_variant.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/model/slotted_experts.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/shape/token_work.hpp"

using namespace asterism;
using doctest::Approx;

namespace {

struct Nf4 : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Backend = backend::HostA8;
};
struct MixtralNf4 : Nf4 {
  static constexpr Shape shape = shapes::mixtral_8x7b;
};
struct Turns : Nf4 {
  using Cache = cache::Hazard;
};
struct Int8Weights : Nf4 {
  using Quantization = quant::Int8<32>;
};

constexpr lab::PlannedVariant nf4 = lab::planned_variant<Nf4>("nf4");
constexpr lab::PlannedVariant turns = lab::planned_variant<Turns>("turns");
constexpr Limits limits{.context = 4096, .batch = 1, .prefill_chunk = 512};

lab::SpeedForecast foretold(const lab::PlannedVariant& variant, const Machine& machine,
                            const Shape& shape = shapes::mixtral_8x7b, const Limits& within = limits,
                            const lab::Share& hits = {}) {
  return lab::forecast_speed(variant.plan(machine, shape, within), shape, within, variant.kernels, hits);
}

/// One host with 64 GiB.
Machine host(std::uint64_t gigabytes, std::uint64_t integers, std::uint64_t floats) {
  Machine machine = parse_machine("host:64GiB");
  machine.rates[0] = {gigabytes * 1'000'000'000};
  machine.integer_peaks[0] = integers * 1'000'000'000;
  machine.float_peaks[0] = floats * 1'000'000'000;
  return machine;
}

}  // namespace

TEST_CASE("the plan at run time is the one that the compiler proves") {
  static constexpr placement::Plan proved = plan<MixtralNf4>(machines::dual_16gb);
  const placement::Plan planned = nf4.plan(machines::dual_16gb, shapes::mixtral_8x7b, Nf4::limits);
  const std::int32_t longest = nf4.largest_context(machines::dual_16gb, shapes::mixtral_8x7b, Nf4::limits);
  CHECK(planned == proved);
  CHECK(planned.peak(0) == proved.peak(0));
  CHECK(longest == 32768);
}

TEST_CASE("where memory binds a token takes the bytes of its weights, caches and head") {
  const Machine machine = host(40, 1'000'000, 1'000'000);
  const placement::Plan planned = nf4.plan(machine, shapes::mixtral_8x7b, limits);
  const double bytes = static_cast<double>((planned.token_bytes(0) + planned.head_bytes()).count);
  const auto cache = static_cast<double>(planned.cache_bytes(0).count);
  const lab::SpeedForecast speed = foretold(nf4, machine);
  const double fast = bytes / 40e9 / lab::read_share.most + 32 * lab::layer_seconds.least;
  const double slow = (bytes + cache) / 40e9 / lab::read_share.least + 32 * lab::layer_seconds.most;
  CHECK(speed.decode.most == Approx(1 / fast));
  CHECK(speed.decode.least == Approx(1 / slow));
  CHECK(speed.decode.bottleneck == lab::Bottleneck::memory);
  // Two of eight experts: a quarter and what else there is.
  CHECK(bytes < 0.32 * static_cast<double>(planned.weight_bytes(0).count));
  CHECK(bytes > 0.25 * static_cast<double>(planned.weight_bytes(0).count));
}

TEST_CASE("where arithmetic binds a token takes two operations a weight") {
  const Machine machine = host(1000, 100, 100);
  const lab::SpeedForecast speed = foretold(nf4, machine);
  const double layers = 2 * token_weights(shapes::mixtral_8x7b, LayerSet::range(0, 32));
  const double head = 2.0 * 32000 * 4096;
  const double fast = layers / 100e9 / nf4.kernels.layers.one_row.most +
                      head / 100e9 / nf4.kernels.head.one_row.most + 32 * lab::layer_seconds.least;
  CHECK(1 / speed.decode.most == Approx(fast));
  CHECK(speed.decode.bottleneck == lab::Bottleneck::compute);
  CHECK(speed.prefill.bottleneck == lab::Bottleneck::compute);
  const double chunk = 512 * layers / 100e9 / nf4.kernels.layers.many_rows.most;
  CHECK(512 / speed.prefill.most > chunk);
  CHECK(512 / speed.prefill.most < 1.2 * chunk);  // attention, head and layers besides
  CHECK(foretold(nf4, host(1000, 200, 200)).prefill.most > 1.9 * speed.prefill.most);
}

TEST_CASE("hand-overs take latency and time") {
  Machine machine = parse_machine("host:16GiB@40GB/s@400GOP/s@150GFLOP/s,host:16GiB@40GB/s@400GOP/s@150GFLOP/s");
  CHECK(foretold(nf4, machine).decode.least == 0);  // a limit: the link is unknown
  parse_link("1GB/s", machine);
  const double near = 1 / foretold(nf4, machine).decode.most;
  parse_link("1GB/s+1000us", machine);
  CHECK(1 / foretold(nf4, machine).decode.most == Approx(near + 1e-3));
  parse_link("1MB/s+1000us", machine);
  CHECK(1 / foretold(nf4, machine).decode.most == Approx(near + 1e-3 + 4096 * 4 * (1 / 1e6 - 1 / 1e9)));
  parse_link("1MB/s+1000000us", machine);
  CHECK(foretold(nf4, machine).decode.bottleneck == lab::Bottleneck::hand_overs);
}

TEST_CASE("what is unknown is not claimed") {
  CHECK_FALSE(foretold(nf4, parse_machine("host:64GiB")).decode.known());
  CHECK_FALSE(foretold(nf4, parse_machine("16GiB@288GB/s,16GiB")).decode.known());
  CHECK_FALSE(
      foretold(nf4, parse_machine("host:8GiB@40GB/s@400GOP/s@150GFLOP/s")).decode.known());  // does not fit
  const lab::SpeedForecast cards = foretold(nf4, parse_machine("rtx_4060_ti_16gb,rtx_4060_ti_16gb"));
  const placement::Plan planned = nf4.plan(parse_machine("16GiB,16GiB"), shapes::mixtral_8x7b, limits);
  const auto bytes = planned.token_bytes(0) + planned.token_bytes(1) + planned.head_bytes();
  CHECK(cards.decode.least == 0);
  CHECK(cards.decode.most == Approx(288e9 / static_cast<double>(bytes.count)));
  CHECK_FALSE(cards.prefill.known());
  const lab::SpeedForecast no_peaks = foretold(nf4, parse_machine("host:64GiB@40GB/s"));
  CHECK(no_peaks.decode.least == 0);
  CHECK(no_peaks.decode.most > 0);
}

TEST_CASE("where experts take turns the speed is that of the one forecast there is") {
  const Machine machine = parse_machine("host:12GiB@10GB/s,disk:30GB@1GB/s");
  const placement::Plan planned = turns.plan(machine, shapes::mixtral_8x7b, limits);
  const lab::SpeedForecast speed =
      foretold(turns, machine, shapes::mixtral_8x7b, limits, {.least = 0.4, .most = 0.8});
  CHECK(speed.decode.most == Approx(1 / lab::decode_seconds(planned, 0.8)));
  CHECK(speed.decode.least == 0);
  CHECK(speed.decode.bottleneck == lab::Bottleneck::homes);
  CHECK_FALSE(speed.prefill.known());
  Machine measured = machine;
  measured.integer_peaks[0] = 400'000'000'000;
  measured.float_peaks[0] = 150'000'000'000;
  const lab::SpeedForecast range =
      foretold(turns, measured, shapes::mixtral_8x7b, limits, {.least = 0.4, .most = 0.8});
  CHECK(range.decode.least > 0);
  CHECK(range.decode.least < 1 / lab::decode_seconds(planned, 0.4));
  CHECK(range.decode.most < 1 / lab::decode_seconds(planned, 0.8));
  CHECK(range.decode.most > 0.7 / lab::decode_seconds(planned, 0.8));
  CHECK_FALSE(foretold(turns, parse_machine("host:12GiB@10GB/s,disk:30GB")).decode.known());
  CHECK_FALSE(foretold(turns, parse_machine("14GiB@300GB/s,host:90GiB")).decode.known());
}

TEST_CASE("where experts take turns what binds is told by device, too") {
  const lab::Share all{.least = 1, .most = 1};
  const auto bound = [&](const char* machine) {
    return foretold(turns, parse_machine(machine), shapes::mixtral_8x7b, limits, all).decode;
  };
  const lab::SpeedRange computes = bound("host:12GiB@1TB/s@50GOP/s@50GFLOP/s,disk:30GB@1GB/s");
  CHECK(computes.bottleneck == lab::Bottleneck::compute);
  CHECK(bound("host:12GiB@10GB/s@900TOP/s@900TFLOP/s,disk:30GB@1GB/s").bottleneck == lab::Bottleneck::memory);
  Machine two =
      parse_machine("host:6GiB@1GB/s@400GOP/s@150GFLOP/s,host:6GiB@100GB/s@400GOP/s@150GFLOP/s,disk:30GB@1GB/s");
  parse_link("100GB/s", two);
  const lab::SpeedRange reads = foretold(turns, two, shapes::mixtral_8x7b, limits, all).decode;
  CHECK(reads.bottleneck == lab::Bottleneck::memory);
  CHECK(reads.device == 0);  // not that of the head
  // With all experts in slots it is what it would be if none took turns.
  const Machine roomy = parse_machine("host:64GiB@1TB/s@50GOP/s@50GFLOP/s");
  const double layers = 2 * token_weights(shapes::mixtral_8x7b, LayerSet::range(0, 32));
  CHECK(1 / computes.most > layers / 50e9 / turns.kernels.layers.one_row.most);
  CHECK(computes.most == Approx(foretold(nf4, roomy).decode.most));
}

TEST_CASE("slots find at least their share, and what was measured at most") {
  CHECK(lab::slot_hits(0, 256) == lab::Share{.least = 0, .most = 0});
  CHECK(lab::slot_hits(256, 256) == lab::Share{.least = 1, .most = 1});
  CHECK(lab::slot_hits(300, 256) == lab::Share{.least = 1, .most = 1});
  CHECK(lab::slot_hits(13, 32).most == Approx(0.614).epsilon(0.001));
  for (std::int32_t kept = 1; kept < 256; ++kept) {
    CHECK(lab::slot_hits(kept, 256).most > lab::slot_hits(kept - 1, 256).most);
    CHECK(lab::slot_hits(kept, 256).most > lab::slot_hits(kept, 256).least);
  }
}

TEST_CASE("shares are shares, and a format is known by its own kernels") {
  static constexpr lab::PlannedVariant int8 = lab::planned_variant<Int8Weights>("int8");
  for (const lab::KernelShares& kernel : {nf4.kernels.layers, nf4.kernels.head, int8.kernels.layers}) {
    for (const lab::Share& share : {kernel.one_row, kernel.many_rows}) {
      CHECK(share.least > 0);
      CHECK(share.least <= share.most);
      CHECK(share.most <= 1);
    }
  }
  CHECK(nf4.kernels.layers.integers);
  CHECK_FALSE(nf4.kernels.head.integers);
  CHECK(int8.kernels.layers.integers);
}
