// The laws of observe::Observer, one function template for each, for the observers of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my observers obey the laws", O, MyObserver) { laws::observer<O>(); }
//
// Needs doctest. An observer may do as it likes with what it hears; so the laws are about the run: what it tells any
// observer, in which order, and that its results do not depend on who listens. Tried with a small network on two
// devices, in passes of several lengths.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/concept.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/shape/shape.hpp"

#include "model/filled_network.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

/// O after `begin` for the network of the laws, as a session would call it.
template <observe::Observer O>
class Sized : public O {
 public:
  Sized() { O::begin(test::small_shape.layers, test::small_shape.experts, test::small_shape.top_k); }
};

/// Writes down what O is told, and passes it on.
template <observe::Observer O>
class WrittenDown : public Sized<O> {
 public:
  struct Routed {
    std::int32_t expert;
    float weight;
    float probability;  ///< read from the view of `scored`, at the time of `routed`
  };
  struct Scored {
    std::int32_t layer;
    std::int32_t position;
    std::vector<float> probabilities;
    std::vector<Routed> routes;
  };

  void scored(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    told.push_back({layer, position, {probabilities.begin(), probabilities.end()}, {}});
    view_ = probabilities;
    O::scored(layer, position, probabilities);
  }
  void routed(std::int32_t layer, std::int32_t position, std::int32_t expert, float weight) {
    REQUIRE(!told.empty());
    CHECK(told.back().layer == layer);
    CHECK(told.back().position == position);
    told.back().routes.push_back({expert, weight, view_[static_cast<std::size_t>(expert)]});
    O::routed(layer, position, expert, weight);
  }
  void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
    moves.emplace_back(told.size(), bytes);
    CHECK(from == 0);
    CHECK(to == 1);
    O::moved(from, to, bytes);
  }

  std::vector<Scored> told;
  std::vector<std::pair<std::size_t, Bytes>> moves;  ///< how many tokens had been told, and the bytes

 private:
  View<const float> view_;
};

/// The lengths of the passes of one sequence.
inline constexpr std::size_t pass_lengths[] = {5, 1, 1, 16, 3};

/// Makes the passes; returns the logits of all rows.
template <class Observer>
std::vector<float> observed_passes(Observer& observer) {
  using B = test::Exact;
  const test::FilledNetwork<B> on(test::small_shape, equal_devices(2, 4_MiB));
  REQUIRE(on.plan.device_of_layer(0) == 0);
  REQUIRE(on.plan.device_of_layer(1) == 1);
  const auto workspace = test::workspace_on<B>(on);
  test::Conversation<B, Observer> conversation(on);
  std::vector<float> logits;
  for (const std::size_t length : pass_lengths) {
    std::vector<TokenId> tokens;
    for (std::size_t i = 0; i < length; ++i) tokens.push_back(static_cast<TokenId>((7 * length + 11 * i) % 53));
    REQUIRE(test::pass<B>(on, workspace, std::vector<test::Turn<B, Observer>>{{&conversation, tokens}}));
    observe::None nobody;  // the laws are about layers
    const std::vector<float> some = test::logits_of<B>(on, workspace, length - 1, 1, nobody);
    logits.insert(logits.end(), some.begin(), some.end());
  }
  std::swap(observer, conversation.observer);
  return logits;
}

/// The same bits whoever listens, and where nobody does.
template <observe::Observer O>
void results_do_not_depend_on_the_observer() {
  observe::None nobody;
  Sized<O> somebody;
  const std::vector<float> expected = observed_passes(nobody);
  CHECK(test::same_bits(observed_passes(somebody), expected));
}

/// A pass tells of one layer after the other, and in each of its positions in ascending order: `scored` once, then
/// `routed` for top_k distinct experts, best first, while the probabilities still stand; `moved` between the layers.
template <observe::Observer O>
void a_run_tells_in_order() {
  WrittenDown<O> heard;
  observed_passes(heard);
  std::size_t next = 0;
  std::size_t pass = 0;
  std::int32_t first = 0;
  for (const std::size_t length : pass_lengths) {
    REQUIRE(heard.moves.size() > pass);
    CHECK(heard.moves[pass].first == next + length);  // behind the layer of device 0
    CHECK(heard.moves[pass++].second == Bytes{length * 24 * sizeof(float)});
    for (std::int32_t layer = 0; layer < 2; ++layer) {
      for (std::size_t i = 0; i < length; ++i, ++next) {
        REQUIRE(next < heard.told.size());
        const auto& one = heard.told[next];
        CHECK(one.layer == layer);
        CHECK(one.position == first + static_cast<std::int32_t>(i));
        REQUIRE(one.probabilities.size() == 5);
        double sum = 0;
        for (const float probability : one.probabilities) sum += probability;
        CHECK(sum == doctest::Approx(1));
        REQUIRE(one.routes.size() == 2);
        CHECK(one.routes[0].expert != one.routes[1].expert);
        CHECK(one.routes[0].weight >= one.routes[1].weight);
        for (const auto& route : one.routes) {
          CHECK(route.probability == one.probabilities[static_cast<std::size_t>(route.expert)]);
        }
        CHECK(one.routes[0].probability >= one.routes[1].probability);
      }
    }
    first += static_cast<std::int32_t>(length);
  }
  CHECK(next == heard.told.size());
  CHECK(pass == heard.moves.size());
}

/// All laws.
template <observe::Observer O>
void observer() {
  results_do_not_depend_on_the_observer<O>();
  a_run_tells_in_order<O>();
}

}  // namespace asterism::laws
