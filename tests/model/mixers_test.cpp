// Mixers whose layers overlap: each layer has the first one that is for it, in memory and places of its own.
#include "asterism/model/mixers.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/gated_delta_net.hpp"
#include "asterism/attention/grouped_query.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
#include "support/files.hpp"

using namespace asterism;
using attention::GatedDeltaNet;
using attention::GroupedQuery;
using test::hybrid_shape;

namespace asterism::test::mixers {

/// Attention under another name, for the last layer alone.
template <class Quantization>
struct OfLast : GroupedQuery<Quantization> {
  using GroupedQuery<Quantization>::GroupedQuery;
  static constexpr const char* name = "OfLast";
  static constexpr LayerSet layers(const Shape& shape) { return LayerSet::range(shape.layers - 1, shape.layers); }
};

/// Wants a layer of the other kind.
template <class Quantization>
struct Greedy : GroupedQuery<Quantization> {
  using GroupedQuery<Quantization>::GroupedQuery;
  static constexpr const char* name = "Greedy";
  static constexpr LayerSet layers(const Shape& shape) { return LayerSet::range(0, shape.layers); }
};

struct Overlapping : test::Exact {
  using Mixers = model::Mixers<OfLast, GroupedQuery, GatedDeltaNet>;
};
struct Wrong : test::Exact {
  using Mixers = model::Mixers<Greedy, GatedDeltaNet>;
};

}  // namespace asterism::test::mixers

namespace {

using test::mixers::Overlapping;
using test::mixers::Wrong;

template <class B>
std::vector<float> logits(std::size_t devices) {
  const test::FilledNetwork<B> on(hybrid_shape, equal_devices(devices, 1_MiB));
  for (std::size_t d = 0; d < devices; ++d) {
    CHECK(on.devices[d]->arena().used() == on.plan.weight_bytes(d));
  }
  const auto workspace = test::workspace_on<B>(on);
  test::Conversation<B> conversation(on);
  std::vector<float> out;
  for (const std::vector<TokenId>& some : {std::vector<TokenId>{3, 52, 0, 17, 9}, {41, 30}, {2}}) {
    CHECK(test::pass<B>(on, workspace, std::vector<test::Turn<B>>{{&conversation, some}}));
    const std::vector<float> found = test::logits_of<B>(on, workspace, 0, some.size(), conversation.observer);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

}  // namespace

TEST_CASE("a layer has the first mixer that is for it") {
  std::vector<LayerSet> layers;
  Overlapping::Mixers::for_each<quant::Float32>(hybrid_shape,
                                                [&]<class M>(const LayerSet& own) { layers.push_back(own); });
  REQUIRE(layers.size() == 3);
  CHECK(layers[0] == LayerSet::range(3, 4));
  CHECK(layers[1] == LayerSet::range(1, 2));
  CHECK(layers[2] == hybrid_shape.linear_layers);
  CHECK(Overlapping::Mixers::missing<quant::Float32>(hybrid_shape).empty());
  CHECK(model::Mixers<test::mixers::OfLast>::missing<quant::Float32>(hybrid_shape) == LayerSet::range(0, 3));
  CHECK(Overlapping::Mixers::names<quant::Float32>() == "OfLast, GroupedQuery, GatedDeltaNet");
}

TEST_CASE("mixers that overlap are planned once, and their layers have caches of their own") {
  const std::vector<float> expected = logits<test::Exact>(1);
  CHECK(logits<Overlapping>(1) == expected);
  CHECK(logits<Overlapping>(2) == expected);
}

TEST_CASE("a mixer that wants layers of the other kind is refused by name") {
  test::check_error<Unsupported>([] { plan<Wrong>(equal_devices(1, 1_MiB), hybrid_shape); },
                                 {"the mixer Greedy wants layers 0, 2", "linear attention"});
}
