// Which matrix is in which of several formats: said role by role and layer by layer, in constant expressions.
#include "asterism/model/formats.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/gguf.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/catalogue.hpp"

#include "support/files.hpp"

using namespace asterism;
using model::Formats;
using model::Role;

namespace {

using Two = quant::OneOf<quant::Q4_K, quant::Q6_K>;

constexpr LayerSet layers(std::int32_t begin, std::int32_t end) { return LayerSet::range(begin, end); }

constexpr Formats halves = [] {
  Formats out = Formats::uniform(0);
  out.set(Role::down, layers(4, 8), 1);
  out.set(Role::value, layers(6, 8), 1);
  out.head = 1;
  return out;
}();
static_assert(halves.of(Role::down, 3) == 0 && halves.of(Role::down, 4) == 1 && halves.of(Role::down, 7) == 1);
static_assert(halves.of(Role::value, 5) == 0 && halves.of(Role::value, 6) == 1 && halves.of(Role::up, 6) == 0);
static_assert(halves.of(Role::head, -1) == 1 && halves.of(Role::embedding, -1) == 0);
static_assert(halves.of(Role::router, 6) == 0 && halves.of(Role::attention_norm, 6) == 0);

struct Mixed : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  using Quantization = Two;
  static constexpr Formats formats(const Shape&) { return halves; }
};
struct Single : Blueprint {
  using Quantization = quant::Q4_K;
};
struct Double : Blueprint {
  using Quantization = quant::Q6_K;
};
static_assert(model::is_mixed<Mixed> && model::HasFormats<Mixed> && !model::is_mixed<Single>);

}  // namespace

TEST_CASE("each role of a layer's matrices has a place of its own") {
  Formats formats;
  quant::Tag next = 1;
  std::vector<Role> roles;
  for (int role = 0; role <= static_cast<int>(Role::head); ++role) {
    if (model::tag_of(static_cast<Role>(role)) != nullptr) roles.push_back(static_cast<Role>(role));
  }
  CHECK(roles.size() == 17);
  for (const Role role : roles) formats.set(role, layers(1, 2), next++);
  next = 1;
  for (const Role role : roles) {
    CHECK(formats.of(role, 1) == next++);
    CHECK(formats.of(role, 0) == 0);
  }
  const Formats fives = Formats::uniform(5);
  for (const Role role : roles) CHECK(fives.of(role, 300) == 5);
  CHECK(fives.head == 0);
}

TEST_CASE("kinds of layers cover a model once, and layers that become alike are one kind again") {
  Formats formats = halves;
  std::vector<LayerSet> kinds;
  const auto collect = [&] {
    kinds.clear();
    formats.for_each_kind(10, [&](const LayerSet& own, const quant::LayerFormats&) { kinds.push_back(own); });
  };
  collect();
  REQUIRE(kinds.size() == 3);
  LayerSet all;
  std::int32_t sum = 0;
  for (const LayerSet& kind : kinds) {
    all = all | kind;
    sum += kind.size();
  }
  CHECK(all == layers(0, 10));
  CHECK(sum == 10);
  formats.set(Role::down, layers(4, 8), 0);
  formats.set(Role::value, layers(6, 8), 0);
  collect();
  CHECK(kinds == std::vector<LayerSet>{layers(0, 10)});
  formats.head = 0;
  CHECK(formats == Formats::uniform(0));
  CHECK(!(halves == formats));
}

TEST_CASE("equality is that of tags, not of the order in which they were set") {
  Formats other;
  other.set(Role::value, layers(6, 8), 1);
  other.set(Role::down, layers(4, 8), 1);
  other.head = 1;
  CHECK(other == halves);
  other.set(Role::up, layers(9, 10), 1);
  CHECK(!(other == halves));
}

TEST_CASE("more kinds of layers than a model may have are refused by the layer") {
  Formats formats;
  for (std::int32_t layer = 0; layer < 16; ++layer) {
    formats.set(Role::query, layers(layer, layer + 1), static_cast<quant::Tag>(layer + 1));
  }
  test::check_error<Unsupported>([&] { formats.set(Role::query, layers(40, 41), 99); }, {"layer 40", "16 kinds"});
}

TEST_CASE("a footprint has the bytes of each layer's own formats") {
  const auto mixed = model::memory_footprint<Mixed>(Mixed::shape, {});
  const auto single = model::memory_footprint<Single>(Mixed::shape, {});
  const auto wide = model::memory_footprint<Double>(Mixed::shape, {});
  CHECK(mixed.code_bits == 4);
  CHECK(mixed.layer_bytes(0, 4) == single.layer_bytes(0, 4));
  CHECK(mixed.layer_bytes(8, 32) == single.layer_bytes(8, 32));
  const std::uint64_t weights = std::uint64_t{14336} * 4096 / 256;
  const Bytes down{8 * weights * (210 - 144)};
  const Bytes value{std::uint64_t{1024} * 4096 / 256 * (210 - 144)};
  CHECK(mixed.layer_bytes(4, 5) == single.layer_bytes(4, 5) + down);
  CHECK(mixed.layer_bytes(6, 7) == single.layer_bytes(6, 7) + down + value);
  // All in one of them is that one.
  const auto sixes = model::memory_footprint<Mixed>(Mixed::shape, {}, Formats::uniform(1));
  CHECK(sixes.layer_bytes(0, 32) == wide.layer_bytes(0, 32));
  CHECK(sixes.run_count == wide.run_count);
  CHECK(sixes.code_bits == 6);
}
