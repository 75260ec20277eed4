// The laws of observe::Observer, one function template for each, for the observers of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my observers obey the laws", O, MyObserver) { laws::observer<O>(); }
//
// Needs doctest. An observer may do as it likes with what it hears; so the laws are about the run: what it tells any
// observer, in which order, and that its results do not depend on who listens. Tried with a small network on two
// devices, in passes of several lengths.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/concept.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/shape/shape.hpp"

#include "laws/law.hpp"
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
    law.holds(!told.empty() && told.back().layer == layer && told.back().position == position,
              "routed is told of layer ", layer, ", position ", position, " without scored before");
    told.back().routes.push_back({expert, weight, view_[static_cast<std::size_t>(expert)]});
    O::routed(layer, position, expert, weight);
  }
  void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
    moves.emplace_back(told.size(), bytes);
    law.holds(from == 0 && to == 1, "moved is told from device ", from, " to ", to, ", expected 0 to 1");
    O::moved(from, to, bytes);
  }

  Law law{"a pass tells of one layer after the other: scored, then routed for each position, moved between",
          model_name<O>()};
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
  Law("results do not depend on who listens", model_name<O>())
      .same_bits(observed_passes(somebody), expected, "logits of passes of 5, 1, 1, 16 and 3 tokens");
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
  const Law& law = heard.law;
  for (const std::size_t length : pass_lengths) {
    const auto text = [&] { return "pass " + std::to_string(pass) + " of " + std::to_string(length) + " tokens"; };
    law.holds(heard.moves.size() > pass, text, ": moved is not told");
    law.holds(heard.moves[pass].first == next + length, text, ": moved is told behind ",
              heard.moves[pass].first - next, " tokens, expected ", length, ", the layer of device 0");
    law.holds(heard.moves[pass].second == Bytes{length * 24 * sizeof(float)}, text, ": moved says ",
              heard.moves[pass].second.count, " bytes");
    for (std::int32_t layer = 0; layer < 2; ++layer) {
      for (std::size_t i = 0; i < length; ++i, ++next) {
        const auto here = [&] {
          return text() + ", layer " + std::to_string(layer) + ", token " + std::to_string(i);
        };
        law.holds(next < heard.told.size(), here, ": is not told");
        const auto& one = heard.told[next];
        law.holds(one.layer == layer && one.position == first + static_cast<std::int32_t>(i), here,
                  ": told instead: layer ", one.layer, ", position ", one.position);
        law.holds(one.probabilities.size() == 5, here, ": ", one.probabilities.size(), " probabilities");
        double sum = 0;
        for (const float probability : one.probabilities) sum += probability;
        law.holds(std::fabs(sum - 1) < 1e-5, here, ": probabilities sum to ", sum);
        law.holds(one.routes.size() == 2, here, ": ", one.routes.size(), " routes");
        law.holds(one.routes[0].expert != one.routes[1].expert, here, ": expert ", one.routes[0].expert, " twice");
        law.holds(one.routes[0].weight >= one.routes[1].weight, here, ": the best is not first");
        for (const auto& route : one.routes) {
          law.holds(route.probability == one.probabilities[static_cast<std::size_t>(route.expert)], here,
                    ": the probability of expert ", route.expert, " is gone when its route is told");
        }
        law.holds(one.routes[0].probability >= one.routes[1].probability, here,
                  ": the most probable is not first");
      }
    }
    ++pass;
    first += static_cast<std::int32_t>(length);
  }
  law.holds(next == heard.told.size(), heard.told.size(), " tokens are told, expected ", next);
  law.holds(pass == heard.moves.size(), heard.moves.size(), " movements are told, expected ", pass);
}

/// All laws.
template <observe::Observer O>
void observer() {
  results_do_not_depend_on_the_observer<O>();
  a_run_tells_in_order<O>();
}

}  // namespace asterism::laws
