// The size model's vocabulary: runs of equal parts.
#include "asterism/placement/memory_footprint.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/layer_set.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

constexpr LayerRun run{.kind = PartKind::experts, .layers = LayerSet::range(2, 5), .count = 8, .each = 10_B};
static_assert(run.per_layer() == 80_B && run.total() == 240_B);

// 48 layers of 512 experts are counted without visiting them.
constexpr LayerRun many{.kind = PartKind::experts, .layers = LayerSet::range(0, 48), .count = 512, .each = 3_MiB};
static_assert(many.total().count == 48ULL * 512 * 3 * 1024 * 1024);

constexpr MemoryFootprint some = [] {
  MemoryFootprint footprint;
  footprint.layers = 6;
  footprint.add(PartKind::attention, 1, 5_B);
  footprint.add(PartKind::experts, 4, 3_B);
  footprint.add(PartKind::feed_forward, 1, 7_B, LayerSet{});  // no part
  footprint.runs[1].layers = LayerSet::range(2, 5);  // experts in layers 2, 3 and 4 alone
  return footprint;
}();
static_assert(some.layer_bytes(0, 6) == Bytes{6 * 5 + 3 * 12});
static_assert(some.layer_bytes(0, 2) == 10_B && some.layer_bytes(2, 3) == 17_B && some.layer_bytes(4, 6) == 22_B);
static_assert(some.layer_bytes(3, 3) == 0_B);

// A slot for any expert has the size of the largest one's; other parts do not count.
static_assert(some.largest_expert() == 3_B && MemoryFootprint{}.largest_expert() == 0_B);
static_assert([] {
  MemoryFootprint unlike = some;
  unlike.add(PartKind::experts, 2, 4_B, LayerSet::range(0, 2));
  return unlike.largest_expert() == 4_B;
}());

// Attention in every fourth layer is one run.
constexpr LayerRun alternating = [] {
  LayerRun every_fourth{.kind = PartKind::attention, .layers = {}, .count = 1, .each = 7_B};
  for (std::int32_t layer = 3; layer < 48; layer += 4) every_fourth.layers.insert(layer);
  return every_fourth;
}();
static_assert(alternating.total() == Bytes{12 * 7});

}  // namespace

TEST_CASE("every kind has a name of its own") {
  for (std::size_t a = 0; a < kind_count; ++a) {
    CHECK_FALSE(name_of(static_cast<PartKind>(a)).empty());
    for (std::size_t b = 0; b < a; ++b)
      CHECK(name_of(static_cast<PartKind>(a)) != name_of(static_cast<PartKind>(b)));
  }
  CHECK(name_of(PartKind::workspace) == "workspace");
}

TEST_CASE("there is room for max_runs runs, and one more is an error") {
  MemoryFootprint footprint;
  footprint.layers = 1;
  for (std::size_t i = 0; i < MemoryFootprint::max_runs; ++i) footprint.add(PartKind::experts, 1, 1_B);
  CHECK(footprint.layer_bytes(0, 1) == Bytes{MemoryFootprint::max_runs});
  CHECK_THROWS_AS(footprint.add(PartKind::experts, 1, 1_B), Unsupported);
  MemoryFootprint deep;
  deep.layers = LayerSet::max_layers + 1;
  CHECK_THROWS_AS(deep.add(PartKind::experts, 1, 1_B), Unsupported);
}
