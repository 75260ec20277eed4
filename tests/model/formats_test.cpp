// Which matrix is in which of several formats: said role by role and layer by layer, in constant expressions.
#include "asterism/model/formats.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/catalogue.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
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

/// Each role's matrices in another format than those beside them.
struct Unlike : test::Exact {
  using Quantization =
      quant::OneOf<quant::Float32, quant::BFloat16, quant::Int8<32>, quant::Nf4<64>, quant::Int4<32>>;
  using Embedding = Quantization;
  using Head = quant::OneOf<quant::Float16, quant::Float32>;
  static constexpr Formats formats(const Shape& shape) {
    Formats out;
    quant::Tag next = 0;
    for (int role = 0; role <= static_cast<int>(Role::head); ++role) {
      if (model::tag_of(static_cast<Role>(role)) == nullptr) continue;
      out.set(static_cast<Role>(role), layers(0, shape.layers), next);
      out.set(static_cast<Role>(role), layers(2, shape.layers), static_cast<quant::Tag>((next + 2) % 5));
      next = static_cast<quant::Tag>((next + 1) % 5);
    }
    out.embedding = 3;
    out.head = 1;
    return out;
  }
};

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
struct Same : Mixed {};
struct Misspelt : Mixed {
  static constexpr Formats format(const Shape&) { return {}; }
};
struct Other : Mixed {
  static constexpr Formats formats(const Shape&) { return {}; }
};
struct Silent : Blueprint {
  using Quantization = Two;
};
static_assert(!differs<Same, Mixed> && !differs<Misspelt, Mixed> && differs<Other, Mixed> &&
              differs<Silent, Mixed>);
static_assert(!differs<Silent, Silent>);
static_assert(model::is_mixed<Mixed> && model::HasFormats<Mixed> && !model::is_mixed<Single>);

/// Says its formats by a reference: what converts to them will do.
struct ByReference : Blueprint {
  using Quantization = Two;
  static constexpr const Formats& formats(const Shape&) { return halves; }
};
static_assert(model::HasFormats<ByReference>);
static_assert(model::memory_footprint<ByReference>(Mixed::shape, {}) ==
              model::memory_footprint<Mixed>(Mixed::shape, {}));

/// A recipe of its own that says the same as the hidden one, one that says otherwise, and some of no fixed size.
struct SaysTheSame : Mixed {
  static constexpr Formats formats(const Shape&) {
    Formats out = Formats::uniform(0);
    out.set(Role::value, layers(6, 8), 1);
    out.set(Role::down, layers(4, 8), 1);
    out.head = 1;
    return out;
  }
};
struct SaysOtherwise : Mixed {
  static constexpr Formats formats(const Shape&) { return Formats::uniform(1); }
};
struct OfAnySize : ByReference {};
struct OtherOfAnySize : ByReference {
  static constexpr Formats formats(const Shape&) { return Formats::uniform(1); }
};
struct LeftToTheFile : Blueprint {
  using Quantization = Two;
};
struct SingleRecipe : Single {
  static constexpr Formats formats(const Shape&) { return Formats::uniform(1); }
};
static_assert(!differs<SaysTheSame, Mixed> && differs<SaysOtherwise, Mixed>);
static_assert(!differs<OfAnySize, ByReference> && differs<OtherOfAnySize, ByReference>);
static_assert(differs<LeftToTheFile, ByReference> && !differs<LeftToTheFile, LeftToTheFile>);
static_assert(!differs<SingleRecipe, Single>);  // tags of a single format say nothing

static_assert(model::fingerprint(Mixed::shape, halves) ==
              model::fingerprint(Mixed::shape, SaysTheSame::formats({})));
static_assert(model::fingerprint(Mixed::shape, halves) != model::fingerprint(Mixed::shape, Formats::uniform(0)));

/// Layers with experts and layers without, one of whose widths is no multiple of 256.
constexpr Shape hybrid(std::int32_t ffn, std::int32_t dense_ffn) {
  Shape shape = test::mixed_shape;
  shape.hidden = 256;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_dim = 64;
  shape.ffn = ffn;
  shape.dense_ffn = dense_ffn;
  return shape;
}
struct Falls : Blueprint {
  using Quantization = quant::OneOf<quant::Q4_K, quant::Q5_0>;
};

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
  test::check_error<InvalidArgument>([&] { formats.set(Role::router, layers(0, 1), 1); }, {"routers", "float32"});
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

TEST_CASE("each matrix of a network has the tag and the room that the formats say") {
  const test::EmptyNetwork<Unlike> empty(test::hybrid_shape, equal_devices(2, 1_MiB));
  const Formats formats = Unlike::formats(test::hybrid_shape);
  int matrices = 0;
  std::vector<std::pair<const std::byte*, const std::byte*>> places;
  model::for_each_weight(empty.network, [&](const model::WeightId& id, const auto& weights) {
    if constexpr (requires { weights.tag; }) {
      ++matrices;
      CAPTURE(static_cast<int>(id.role));
      CAPTURE(id.layer);
      CHECK(weights.tag == formats.of(id.role, id.layer));
      using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
      const Bytes bytes = Format::planes(weights.tag, weights.rows, weights.cols).bytes();
      places.emplace_back(weights.data, weights.data + bytes.count);
    } else {
      CHECK(model::tag_of(id.role) == nullptr);
    }
  });
  CHECK(matrices == 75);
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) CHECK(places[i - 1].second <= places[i].first);
  for (std::size_t d = 0; d < 2; ++d) CHECK(empty.devices[d]->arena().used() == empty.plan.weight_bytes(d));
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

TEST_CASE("a format is asked for the widths of those layers alone whose matrices are in it") {
  constexpr std::uint64_t four = 256 * 256 / 256 * 144;
  constexpr std::uint64_t four_of_288 = 288 * 256 / 256 * 144;
  constexpr std::uint64_t five_of_288 = 256 * 288 / 32 * 22;
  const auto bytes_of = [](const placement::MemoryFootprint& footprint, placement::PartKind kind) {
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < footprint.run_count; ++i) {
      if (footprint.runs[i].kind == kind) found += footprint.runs[i].each.count;
    }
    return found;
  };
  using placement::PartKind;
  Formats dense_falls;  // as a file has it: layers 0 and 2 know nothing of dense blocks
  dense_falls.set(Role::dense_down, layers(1, 2), 1);
  const auto narrow = model::memory_footprint<Falls>(hybrid(256, 288), {}, dense_falls);
  CHECK(bytes_of(narrow, PartKind::experts) == 3 * four);
  CHECK(bytes_of(narrow, PartKind::feed_forward) == 2 * four_of_288 + five_of_288);
  Formats experts_fall;
  experts_fall.set(Role::down, layers(0, 1), 1);
  experts_fall.set(Role::down, layers(2, 3), 1);
  const auto wide = model::memory_footprint<Falls>(hybrid(288, 256), {}, experts_fall);
  CHECK(bytes_of(wide, PartKind::experts) == 2 * four_of_288 + five_of_288);
  CHECK(bytes_of(wide, PartKind::feed_forward) == 3 * four);
  // Where it is in that format, it is refused.
  CHECK_THROWS_AS(model::memory_footprint<Falls>(hybrid(256, 288), {}, Formats{}), Error);
}

TEST_CASE("a tag beyond the list is refused by the matrix and its layers") {
  Formats beyond = halves;
  beyond.set(Role::down, layers(9, 11), 2);
  test::check_error<InvalidArgument>([&] { model::memory_footprint<Mixed>(Mixed::shape, {}, beyond); },
                                     {"w2", "layers 9 to 10", "tag 2", "2 formats of one of Q4_K, Q6_K"});
  struct MixedHead : Mixed {
    using Head = Two;
  };
  beyond = halves;
  beyond.head = 7;
  test::check_error<InvalidArgument>([&] { model::memory_footprint<MixedHead>(Mixed::shape, {}, beyond); },
                                     {"the head has tag 7"});
  CHECK_NOTHROW(model::memory_footprint<Mixed>(Mixed::shape, {}, beyond));  // a single format needs no tag
  Formats elsewhere = halves;  // layers and matrices that the model has not
  elsewhere.set(Role::down, layers(40, 41), 9);
  elsewhere.set(Role::dense_down, layers(0, 32), 9);
  CHECK_NOTHROW(model::memory_footprint<Mixed>(Mixed::shape, {}, elsewhere));
}
