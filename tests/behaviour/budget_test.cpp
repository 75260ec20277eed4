// Budgets hold: refused before a weight is read, never passed, and equal to the plan.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/shape/catalogue.hpp"

#include "support/golden.hpp"

using namespace asterism;

namespace {

struct Dual : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 2, .prefill_chunk = 32, .threads = 2};
};

const std::string folder = std::string(ASTERISM_GOLDEN_DIR) + "/models/demo";

std::string refusal(const std::string& where, const LoadOptions& options) {
  try {
    load<Dual>(where, options);
  } catch (const BudgetExceeded& error) {
    return error.what();
  }
  return "not refused";
}

/// Eight layers of Qwen3-Next-80B: 7 GB in NF4.
struct EightLayers : Blueprint {
  static constexpr Limits limits{.context = 8192, .batch = 2, .prefill_chunk = 512, .threads = 1};
  static constexpr Shape shape = [] {
    Shape of = shapes::qwen3_next_80b_a3b;
    of.layers = 8;
    of.linear_layers = of.linear_layers & LayerSet::range(0, of.layers);
    return of;
  }();
};

/// Memory of this process that is there rather than reserved; 0 where the system does not say.
[[maybe_unused]] std::uint64_t resident() {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::uint64_t kib = 0;
  while (file >> word) {
    if (word == "VmRSS:" && file >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

TEST_CASE("a model above its budgets is refused before any weight is read, with the table") {
  const std::filesystem::path bare = std::filesystem::temp_directory_path() / "asterism_budget_test";
  std::filesystem::create_directories(bare);
  std::filesystem::copy_file(folder + "/config.json", bare / "config.json",
                             std::filesystem::copy_options::overwrite_existing);
  LoadOptions options;
  options.machine = equal_devices(2, 1_MiB);
  const std::string message = refusal(bare.string(), options);  // there are no weights: only the plan can refuse
  std::filesystem::remove_all(bare);
  CAPTURE(message);
  for (const char* part :
       {"no weight was read", "device 0", "device 1", "experts", "KV cache", "missing", "Raise the budgets"}) {
    CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE(
    "the smallest equal budgets hold the model, one device of that size does not, and a byte less is refused") {
  LoadOptions options;
  const LoadPlan prepared = plan_load<Dual>(folder, options);
  const placement::MemoryFootprint parts = model::memory_footprint<Dual>(prepared.config.shape, prepared.limits);
  options.machine = placement::smallest_equal_budgets<Dual::Placement>(parts, 2, 0.0);
  const auto model = load<Dual>(folder, options);
  CHECK(model.plan().largest_peak() == options.machine->capacity[0]);

  auto first = model.session();
  auto second = model.session();  // batch = 2: two conversations at a time are part of the plan
  for (std::size_t d = 0; d < 2; ++d) {
    CHECK(model.devices()[d]->arena().high_water() == model.plan().peak(d));
    for (const placement::PartKind kind : {placement::PartKind::experts, placement::PartKind::kv_cache}) {
      CHECK(model.plan().bytes(d, kind) > Bytes{0});
    }
  }
  CHECK_THROWS_AS(model.session(), BudgetExceeded);  // a third one is not

  options.machine->capacity[0] -= Bytes{64};
  options.machine->capacity[1] -= Bytes{64};
  CHECK(refusal(folder, options).find("missing") != std::string::npos);
  options.machine = equal_devices(1, options.machine->capacity[0]);
  CHECK(refusal(folder, options).find("missing") != std::string::npos);
}

TEST_CASE("eight layers of Qwen3-Next-80B draw what their plan says to the byte, on one device and on two") {
  const placement::MemoryFootprint parts =
      model::memory_footprint<EightLayers>(EightLayers::shape, EightLayers::limits);
  [[maybe_unused]] const std::uint64_t before = resident();
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
    CAPTURE(count);
    const auto planned = plan<EightLayers>(
        placement::smallest_equal_budgets<EightLayers::Placement>(parts, count, 0.0), EightLayers::shape);
    const engine::Engine<EightLayers> engine(planned, EightLayers::shape, EightLayers::limits);
    const engine::Sequence<EightLayers> first(engine);
    const engine::Sequence<EightLayers> second(engine);
    std::uint64_t weights = 0;
    for (std::size_t d = 0; d < count; ++d) {
      const backend::Arena& arena = engine.devices()[d]->arena();
      CHECK(arena.high_water() == planned.peak(d));
      CHECK(arena.held_by("experts") == planned.bytes(d, placement::PartKind::experts));
      weights += planned.weight_bytes(d).count;
    }
    CHECK(weights > (7_GB).count);
    CHECK(planned.largest_peak() == planned.budget(0));  // to the byte: a byte less is refused
  }
#if !defined(ASTERISM_SANITIZED)              // sanitizers write notes on what is drawn
  CHECK(resident() < before + (1_GB).count);  // nothing was filled: weights are reserved, no more
#endif
}
