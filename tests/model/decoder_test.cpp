// The whole network: chunks, devices and rows of logits change no bit; tied heads.
#include "asterism/model/decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"
#include "support/counting_source.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;
using test::FilledNetwork;
using test::small_shape;

namespace {

/// Cuts in the middle; what becomes of a tied head is the test's choice.
template <bool copy>
struct Halves {
  static constexpr placement::Plan plan(const placement::MemoryFootprint& parts, const Machine& machine) {
    placement::Cuts cuts{};
    for (std::size_t d = 1; d < cuts.size(); ++d) cuts[d] = parts.layers;
    if (machine.devices == 2) cuts[1] = parts.layers / 2;
    return placement::assemble(parts, machine, cuts, copy);
  }
};

struct Exact : test::Exact {
  using Placement = Halves<false>;
};
struct Copied : test::Exact {
  using Placement = Halves<true>;
};
struct OtherHead : test::Exact {
  using Head = quant::Float16;
};

using Tokens = std::vector<TokenId>;

const Tokens tokens = {3, 52, 0, 17, 17, 9, 41, 30, 2, 5, 8};

/// Logits of all tokens, the prompt in chunks of `chunk`, `count` rows of logits at a time.
template <class B>
std::vector<float> logits(const FilledNetwork<B>& on, const Tokens& prompt, std::size_t chunk, std::size_t count) {
  const auto workspace = test::workspace_on<B>(on);
  test::Conversation<B> conversation(on);
  std::vector<float> out;
  for (std::size_t first = 0; first < prompt.size(); first += chunk) {
    const std::size_t rows = std::min(chunk, prompt.size() - first);
    const auto begin = prompt.begin() + static_cast<std::ptrdiff_t>(first);
    const std::vector<test::Turn<B>> turns = {
        {&conversation, Tokens(begin, begin + static_cast<std::ptrdiff_t>(rows))}};
    CHECK(test::pass<B>(on, workspace, turns));
    for (std::size_t row = 0; row < rows; row += count) {
      const std::size_t some = std::min(count, rows - row);
      const std::vector<float> once = test::logits_of<B>(on, workspace, row, some, conversation.observer);
      // The hidden states stay as they are.
      CHECK(test::logits_of<B>(on, workspace, row, some, conversation.observer) == once);
      out.insert(out.end(), once.begin(), once.end());
    }
  }
  return out;
}

/// The same weights in both networks.
template <class A, class B>
void copy_weights(const FilledNetwork<A>& from, const FilledNetwork<B>& to) {
  model::for_each_weight(to.network, [&](const model::WeightId& id, const auto& target) {
    model::visit_weight(from.network, id, [&](const auto& source) {
      if constexpr (requires {
                      source.view;
                      target.view;
                    }) {
        test::fill_weight(target, [&](std::size_t i) { return source.view.data[i]; });
      } else if constexpr (requires {
                             source.data;
                             target.data;
                           }) {
        const auto* values = reinterpret_cast<const float*>(source.data);
        test::fill_weight(target, [&](std::size_t i) { return values[i]; });
      }
    });
  });
}

using Network = model::Assembly<Copied>::Network;

/// Arenas with the budgets of a plan, whose sources count.
struct Memories {
  struct Device {
    backend::Arena& arena() { return memory; }
    backend::Arena memory;
  };

  explicit Memories(const placement::Plan& plan) : sources(plan.devices()) {
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      devices.push_back(std::unique_ptr<Device>(
          new Device{.memory{static_cast<std::int32_t>(d), plan.budget(d), sources[d].source()}}));
    }
  }

  std::vector<test::CountingSource> sources;
  std::vector<std::unique_ptr<Device>> devices;
};

/// Where a weight lies, and its bytes.
template <class Weights>
std::pair<const std::byte*, std::uint64_t> place_of(const Weights& weights) {
  if constexpr (requires { weights.view; }) {
    return {reinterpret_cast<const std::byte*>(weights.view.data),
            weights.rows() * weights.cols() * sizeof(float)};
  } else {
    return {weights.data, Weights::Format::planes(weights.rows, weights.cols).bytes().count};
  }
}

}  // namespace

TEST_CASE("the weights of a device are one piece of memory, in the order of use, and nothing is left over") {
  Limits limits = Exact::limits;
  limits.batch = 1;
  for (const auto& one : {std::pair(small_shape, std::size_t{1}),
                          {small_shape, 2},
                          {small_shape, 3},
                          {test::mixed_shape, 2},
                          {test::dense_shape, 1},
                          {test::hybrid_shape, 2}}) {
    const auto& shape = one.first;
    const auto& count = one.second;
    CAPTURE(count);
    const placement::Plan plan = asterism::plan<Copied>(equal_devices(count, 1_MiB), shape, limits);
    const Memories memories(plan);
    {
      const Network network(memories.devices, plan, shape, model::gating_of<Copied>(shape));
      std::vector<const std::byte*> begin(count);
      std::vector<const std::byte*> end(count);
      model::for_each_weight(network, [&](const model::WeightId& id, const auto& weights) {
        if (id.role == model::Role::feed_forward_norm) return;  // beside the other norm of its layer
        const auto d = static_cast<std::size_t>(weights.device);
        const auto [data, bytes] = place_of(weights);
        if (begin[d] == nullptr) begin[d] = end[d] = data;
        CHECK(data >= end[d]);
        end[d] = data + bytes;
      });
      for (std::size_t d = 0; d < count; ++d) {
        CAPTURE(d);
        backend::Arena& arena = memories.devices[d]->arena();
        const Bytes bytes = plan.weight_bytes(d);
        if (bytes == Bytes{0}) {
          CHECK(memories.sources[d].requests().empty());
          continue;
        }
        CHECK(memories.sources[d].requests() == std::vector<std::uint64_t>{bytes.count});
        CHECK(aligned(static_cast<std::uint64_t>(end[d] - begin[d])) == bytes.count);
        CHECK(arena.used() == bytes);
        Bytes held{};
        for (std::size_t k = 0; k < placement::kind_count; ++k) {
          held += arena.held_by(placement::name_of(static_cast<placement::PartKind>(k)));
        }
        CHECK(held == bytes);
        CHECK(memories.sources[d].given_back() == 0);
      }
    }
    for (std::size_t d = 0; d < count; ++d) {
      CHECK(memories.sources[d].given_back() == static_cast<int>(memories.sources[d].requests().size()));
      CHECK(memories.devices[d]->arena().used() == Bytes{0});
    }
  }
}

TEST_CASE("weights for which a device has no room are refused before any are drawn there, and nothing stays") {
  const placement::Plan plan = asterism::plan<Copied>(equal_devices(2, 1_MiB), small_shape, Copied::limits);
  placement::Plan lower = plan;
  lower.machine.capacity[1] = plan.weight_bytes(1) - Bytes{64};
  const Memories memories(lower);
  check_error<BudgetExceeded>(
      [&] { Network(memories.devices, plan, small_shape, model::gating_of<Copied>(small_shape)); },
      {"device 1", "more for weights would exceed the budget"});
  CHECK(memories.sources[0].given_back() == 1);
  CHECK(memories.sources[1].requests().empty());
  CHECK(memories.devices[0]->arena().used() == Bytes{0});
}

TEST_CASE("chunks and rows of logits change no bit") {
  for (const Shape& shape : {small_shape, test::mixed_shape, test::dense_shape, test::hybrid_shape}) {
    CAPTURE(shape.layers);
    const FilledNetwork<Exact> one(shape, equal_devices(1, 1_MiB));
    const std::vector<float> expected = logits(one, tokens, 16, 16);
    CHECK(expected.size() == tokens.size() * 53);
    for (const std::size_t chunk : {1, 4, 10}) {
      for (const std::size_t count : {1, 3, 16}) CHECK(logits(one, tokens, chunk, count) == expected);
    }
  }
}

TEST_CASE("two devices give the bits of one; a tied head is shared, handed over or copied") {
  for (const auto& variant :
       {std::pair(small_shape, false), {small_shape, true}, {test::hybrid_shape, false}}) {
    const bool tied = variant.second;
    CAPTURE(tied);
    Shape shape = variant.first;
    shape.tied_head = tied;
    const FilledNetwork<Exact> one(shape, equal_devices(1, 1_MiB));
    const FilledNetwork<Exact> two(shape, equal_devices(2, 1_MiB));
    const FilledNetwork<Copied> copied(shape, equal_devices(2, 1_MiB));
    copy_weights(one, two);
    copy_weights(one, copied);
    const std::vector<float> expected = logits(one, tokens, 16, 16);
    CHECK(logits(two, tokens, 4, 3) == expected);
    CHECK(logits(copied, tokens, 4, 3) == expected);
    CHECK(one.network.has_own_head() == !tied);
    CHECK(two.network.has_own_head() == !tied);
    CHECK(copied.network.has_own_head());
    CHECK((one.network.head().data == one.network.embedding().data) == tied);
    CHECK((two.network.head().data == two.network.embedding().data) == tied);
    CHECK(two.network.head().device == (tied ? 0 : 1));
    CHECK(two.network.embedding().device == 0);
    CHECK(two.network.final_norm().device == 1);
    CHECK(copied.network.head().device == 1);
    CHECK(copied.network.head().data != copied.network.embedding().data);
  }
  Shape tied = small_shape;
  tied.tied_head = true;
  const FilledNetwork<OtherHead> other(tied, equal_devices(1, 1_MiB));  // two formats, two matrices
  CHECK(other.network.has_own_head());
  CHECK(other.plan.tied_head == placement::TiedHead::untied);
  CHECK(logits(other, tokens, 16, 16).size() == tokens.size() * 53);
}

TEST_CASE("rows of several sequences in one pass give, to the bit, the logits of each alone") {
  const Tokens prompts[] = {tokens, {7, 7, 7, 50, 1}, {52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41}, {9, 3, 3}};
  for (const auto& one : {std::pair(small_shape, std::size_t{1}),
                          {small_shape, 2},
                          {test::mixed_shape, 2},
                          {test::hybrid_shape, 1},
                          {test::hybrid_shape, 2}}) {
    const auto& shape = one.first;
    const auto& devices = one.second;
    CAPTURE(devices);
    const FilledNetwork<Exact> on(shape, equal_devices(devices, 1_MiB));
    std::vector<std::vector<float>> expected;
    for (const Tokens& prompt : prompts) expected.push_back(logits(on, prompt, 16, 16));

    const auto workspace = test::workspace_on<Exact>(on);
    std::vector<test::Conversation<Exact>> all;
    for (int i = 0; i < 4; ++i) all.emplace_back(on);
    // How many tokens of which sequence each pass takes, in which order.
    const std::vector<std::vector<std::pair<std::size_t, std::size_t>>> passes = {
        {{0, 4}, {1, 1}},                  // both from their beginning
        {{2, 9}, {0, 3}, {1, 3}, {3, 1}},  // at different positions, 16 rows
        {{3, 1}, {0, 1}, {2, 1}},          // decoding
        {{1, 1}, {2, 2}, {3, 1}},
        {{0, 3}}};
    std::vector<std::vector<float>> found(4);
    for (const auto& shares : passes) {
      std::vector<test::Turn<Exact>> turns;
      for (const auto& [of, count] : shares) {
        const auto begin = prompts[of].begin() + static_cast<std::ptrdiff_t>(all[of].computed);
        turns.push_back({&all[of], Tokens(begin, begin + static_cast<std::ptrdiff_t>(count))});
      }
      REQUIRE(test::pass<Exact>(on, workspace, turns));
      std::size_t row = 0;
      for (const auto& [of, count] : shares) {
        const auto some = test::logits_of<Exact>(on, workspace, row, count, all[of].observer);
        found[of].insert(found[of].end(), some.begin(), some.end());
        row += count;
      }
    }
    for (std::size_t i = 0; i < 4; ++i) CHECK(found[i] == expected[i]);
  }
}

TEST_CASE("token ids outside the vocabulary are refused, and positions beyond the cache") {
  const FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  const auto workspace = test::workspace_on<Exact>(on);
  test::Conversation<Exact> conversation(on);
  const auto pass = [&](const Tokens& some) {
    return test::pass<Exact>(on, workspace, std::vector<test::Turn<Exact>>{{&conversation, some}});
  };
  for (const TokenId bad : {-1, 53}) {
    check_error<InvalidArgument>([&] { pass({1, bad}); }, {concat("token id ", bad), "53"});
  }
  conversation.computed = 159;
  check_error<InvalidArgument>([&] { pass({1, 2}); }, {"160 positions", "Limits::context"});
  conversation.computed = 158;
  CHECK_NOTHROW(pass({1, 2}));
}

TEST_CASE("a pass that is cancelled may be made again") {
  const FilledNetwork<Exact> on(small_shape, equal_devices(2, 1_MiB));
  const std::vector<float> expected = logits(on, tokens, 16, 16);
  const auto workspace = test::workspace_on<Exact>(on);
  test::Conversation<Exact> conversation(on);
  const std::vector<test::Turn<Exact>> turns = {{&conversation, tokens}};
  std::stop_source stop;
  Exact::Observer::on_route = [&](std::int32_t, std::int32_t) { stop.request_stop(); };  // in the first layer
  CHECK_FALSE(test::pass<Exact>(on, workspace, turns, stop.get_token()));
  Exact::Observer::on_route = nullptr;
  CHECK(conversation.observer.routes == tokens.size() * 2);
  CHECK(test::pass<Exact>(on, workspace, turns));
  CHECK(test::logits_of<Exact>(on, workspace, 0, tokens.size(), conversation.observer) == expected);
}

TEST_CASE("a state that was kept is gone back to, and what follows has the bits of a fresh sequence") {
  const FilledNetwork<Exact> on(test::hybrid_shape, equal_devices(2, 1_MiB));
  const auto workspace = test::workspace_on<Exact>(on);
  const auto go_on = [&](test::Conversation<Exact>& with, const Tokens& some) {
    CHECK(test::pass<Exact>(on, workspace, std::vector<test::Turn<Exact>>{{&with, some}}));
    return test::logits_of<Exact>(on, workspace, 0, some.size(), with.observer);
  };
  test::Conversation<Exact> conversation(on);
  go_on(conversation, {1, 2, 3});
  conversation.caches.keep(false);
  go_on(conversation, {4, 5});
  go_on(conversation, {6});
  CHECK(conversation.caches.trim(on.devices, 5) == 3);
  conversation.computed = 3;
  const std::vector<float> found = go_on(conversation, {7, 8, 9});
  test::Conversation<Exact> fresh(on);
  go_on(fresh, {1, 2, 3});
  CHECK(go_on(fresh, {7, 8, 9}) == found);
  CHECK(conversation.caches.trim(on.devices, 2) == 0);
  conversation.computed = 0;
  test::Conversation<Exact> other(on);
  CHECK(go_on(conversation, {9, 8}) == go_on(other, {9, 8}));
}

TEST_CASE("each sequence's observer hears its routes, by position, and its part of every hand-over") {
  struct Notes {
    std::vector<std::string> routes;
    std::size_t scores = 0;
    std::vector<std::string> moves;
    void scored(std::int32_t, std::int32_t, View<const float>) { ++scores; }
    void routed(std::int32_t layer, std::int32_t position, std::int32_t expert, float weight) {
      routes.push_back(concat(layer, " ", position, " ", expert, " ", weight));
    }
    void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
      moves.push_back(concat(from, " to ", to, ": ", bytes.count));
    }
  };
  Shape shape = small_shape;
  shape.tied_head = true;
  const FilledNetwork<Exact> on(shape, equal_devices(2, 1_MiB));
  const auto workspace = test::workspace_on<Exact>(on);
  const Tokens other = {8, 8, 1};
  const auto alone = [&](const Tokens& some) {
    test::Conversation<Exact, Notes> conversation(on);
    CHECK(test::pass<Exact, Notes>(on, workspace, {{&conversation, some}}));
    return conversation.observer;
  };
  const Notes first = alone(tokens);
  const Notes second = alone(other);
  CHECK(first.scores == tokens.size() * 2);
  CHECK(first.routes.size() == tokens.size() * 2 * 2);
  CHECK(first.moves == std::vector<std::string>{concat("0 to 1: ", tokens.size() * 24 * 4)});

  test::Conversation<Exact, Notes> a(on);
  test::Conversation<Exact, Notes> b(on);
  CHECK(test::pass<Exact, Notes>(on, workspace, {{&a, tokens}, {&b, other}}));
  CHECK(a.observer.routes == first.routes);
  CHECK(b.observer.routes == second.routes);
  CHECK(b.observer.scores == other.size() * 2);
  CHECK(a.observer.moves == first.moves);
  CHECK(b.observer.moves == std::vector<std::string>{concat("0 to 1: ", other.size() * 24 * 4)});
  test::logits_of<Exact>(on, workspace, 10, 1, a.observer);
  CHECK(a.observer.moves.back() == "1 to 0: 96");
}
