// Budgets hold: refused before a weight is read, never passed, and equal to the plan.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/report.hpp"

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
