// Dispatch without the experts' products: sorting rows by expert, gathering them, and combining the answers.
// Arguments: rows / experts / choices of a row; hidden is 2048, and the routes are random.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/parallel/serial.hpp"

using namespace asterism;

namespace {

using Device = backend::BasicHost<parallel::Serial>;
constexpr std::size_t hidden = 2048;

/// Distinct random experts for each row, of equal weight.
void draw_routes(MatrixView<gating::Route> routes, std::size_t experts) {
  Random random(1);
  std::vector<std::int32_t> order(experts);
  for (std::size_t e = 0; e < experts; ++e) order[e] = static_cast<std::int32_t>(e);
  for (std::size_t i = 0; i < routes.rows; ++i) {
    for (std::size_t k = 0; k < routes.cols; ++k) {
      std::swap(order[k], order[k + random.below(experts - k)]);
      routes(i, k) = {.expert = order[k], .weight = 1 / static_cast<float>(routes.cols)};
    }
  }
}

void dispatch(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto experts = static_cast<std::size_t>(state.range(1));
  const auto choices = static_cast<std::size_t>(state.range(2));
  const std::size_t slots = rows * choices;
  Device device(0, 1_GiB, std::make_shared<parallel::Serial>());
  const backend::Buffer buffer = device.allocate(256_MiB, "benchmark");
  backend::Layout cursor(buffer);
  const auto x = cursor.matrix<float>(rows, hidden);
  const auto gathered = cursor.matrix<float>(slots, hidden);
  const auto routes = cursor.matrix<gating::Route>(rows, choices);
  const backend::ExpertGroups groups{.offsets = cursor.matrix<std::int32_t>(1, experts + 1).view.row(0),
                                     .source_row = cursor.matrix<std::int32_t>(1, slots).view.row(0),
                                     .slot_of_choice = cursor.matrix<std::int32_t>(1, slots).view.row(0),
                                     .device = device.device()};
  draw_routes(routes.view, experts);
  for (std::size_t i = 0; i < rows; ++i) {
    for (float& value : x.view.row(i)) value = 0;
  }
  for ([[maybe_unused]] auto _ : state) {
    device.group(routes, groups);
    device.gather(groups, x, gathered);
    device.combine(groups, routes, gathered, x);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(dispatch)
    ->ArgNames({"rows", "experts", "choices"})
    ->Args({1, 8, 2})
    ->Args({512, 8, 2})
    ->Args({1, 128, 8})
    ->Args({512, 128, 8})
    ->Args({1, 512, 10})
    ->Args({512, 512, 10});

}  // namespace

BENCHMARK_MAIN();
