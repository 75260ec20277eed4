// Sets of layers against std::set.
#include "asterism/core/layer_set.hpp"

#include <set>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;

namespace {

constexpr LayerSet alternating = [] {
  LayerSet set;
  for (std::int32_t layer = 3; layer < 48; layer += 4) set.insert(layer);
  return set;
}();
static_assert(alternating.size() == 12 && alternating.contains(47) && !alternating.contains(46));
static_assert((LayerSet::range(0, 48) & alternating) == alternating);
static_assert(alternating.behind(3).contains(0) && alternating.behind(4).contains(3));

template <LayerSet set>
constexpr std::int32_t size_of = set.size();
static_assert(size_of<alternating> == 12);  // structural

std::set<std::int32_t> members(const LayerSet& set) {
  std::set<std::int32_t> out;
  for (std::int32_t layer = -2; layer < LayerSet::max_layers + 2; ++layer) {
    if (set.contains(layer)) out.insert(layer);
  }
  return out;
}

}  // namespace

TEST_CASE("a set does what std::set does") {
  Random random(21);
  for (int i = 0; i < 200; ++i) {
    LayerSet a;
    LayerSet b;
    std::set<std::int32_t> in_a;
    std::set<std::int32_t> in_b;
    for (int k = 0; k < 40; ++k) {
      const auto layer = static_cast<std::int32_t>(random.below(LayerSet::max_layers));
      (random.below(2) == 0 ? a : b).insert(layer);
      if (a.contains(layer)) in_a.insert(layer);
      if (b.contains(layer)) in_b.insert(layer);
    }
    CHECK(members(a) == in_a);
    CHECK(a.size() == static_cast<std::int32_t>(in_a.size()));
    CHECK(a.empty() == in_a.empty());
    const auto first = static_cast<std::int32_t>(random.below(LayerSet::max_layers));
    std::set<std::int32_t> both;
    std::set<std::int32_t> only_a;
    std::set<std::int32_t> behind;
    for (const std::int32_t layer : in_a) {
      (in_b.contains(layer) ? both : only_a).insert(layer);
      if (layer >= first) behind.insert(layer - first);
    }
    CHECK(members(a & b) == both);
    CHECK(members(a - b) == only_a);
    CHECK(members(a.behind(first)) == behind);
    const auto end = static_cast<std::int32_t>(random.below(LayerSet::max_layers + 1));
    std::int32_t within = 0;
    for (const std::int32_t layer : in_a) within += layer >= first && layer < end ? 1 : 0;
    CHECK(a.size_within(first, end) == within);
  }
}

TEST_CASE("ranges") {
  CHECK(members(LayerSet::range(62, 67)) == std::set<std::int32_t>{62, 63, 64, 65, 66});
  CHECK(LayerSet::range(5, 5).empty());
  CHECK(LayerSet::range(5, 3).empty());
  CHECK(LayerSet::range(0, 512).size() == 512);
}

TEST_CASE("more layers than a set holds are refused") {
  LayerSet set;
  test::check_error<Unsupported>([&] { set.insert(512); }, {"layer 512", "at most 512 layers are supported"});
  CHECK_THROWS_AS(set.insert(-1), Unsupported);
  CHECK_THROWS_AS(LayerSet::range(0, 513), Unsupported);
  CHECK_THROWS_AS(set.behind(512), Unsupported);
  CHECK(set.empty());
}

TEST_CASE("for people") {
  CHECK(to_string(LayerSet{}) == "none");
  CHECK(to_string(LayerSet::range(0, 3)) == "0 to 2");
  CHECK(to_string(LayerSet::range(0, 512) - LayerSet::range(3, 4) - LayerSet::range(5, 510)) ==
        "0 to 2, 4, 510 to 511");
}
