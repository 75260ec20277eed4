// The plan as people read it.
#include "asterism/placement/report.hpp"

#include <cstdio>

#include <doctest/doctest.h>

#include "asterism/placement/balanced.hpp"
#include "asterism/placement/sequential.hpp"
#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

constexpr Parts small_parts = [] {
  Parts parts;
  parts.layers = 3;
  parts.add(Kind::attention, 1, 10_MiB);
  parts.add(Kind::norms, 1, 32_KiB);
  parts.add(Kind::router, 1, 96_KiB);
  parts.add(Kind::experts, 8, 20_MiB);
  parts.add(Kind::kv_cache, 1, 16_MiB);
  parts.embedding = 64_MiB;
  parts.final_norm = 16_KiB;
  parts.head = 64_MiB;
  parts.layer_workspace = 8_MiB;
  parts.head_workspace = 2_MiB;
  return parts;
}();

constexpr Limits limits{.context = 4096};

}  // namespace

TEST_CASE("print") {
  const Plan plan = Balanced::plan(small_parts, equal_devices(2, 512_MiB));
  std::puts(component_table(plan).c_str());
  std::puts(layer_table(plan).c_str());
  std::puts(recommendations(plan, limits, 32768).c_str());
  const Plan over = Balanced::plan(small_parts, equal_devices(2, 300_MiB));
  std::puts(component_table(over).c_str());
  std::puts(recommendations(over, limits, 32768).c_str());
  std::puts(recommendations(Balanced::plan(small_parts, equal_devices(2, 450_MiB)), limits, 32768).c_str());
  std::puts(recommendations(Sequential::plan(small_parts, equal_devices(2, 600_MiB)), limits, 32768).c_str());
  std::puts(recommendations(Sequential::plan(small_parts, equal_devices(2, 480_MiB)), limits, 32768).c_str());
}
