// The laws of gating::Gating, one function template for each, for the policies of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my gatings obey the laws", G, MyGating) { laws::gating<G>(); }
//
// A gating that is constructed otherwise is made by a function of (experts, top_k):
//
//   laws::gating([](std::size_t experts, std::size_t top_k) { return Tempered(experts, top_k, 0.5F); });
//
// Needs doctest.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// What Make makes.
template <class Make>
using GatingOf = std::invoke_result_t<const Make&, std::size_t, std::size_t>;

struct GatingSize {
  std::size_t experts;
  std::size_t top_k;
};

inline constexpr GatingSize gating_sizes[] = {{1, 1}, {2, 1}, {8, 2}, {8, 8}, {8, 1}, {13, 5}, {64, 6}, {512, 10}};

/// The most experts of a token that G can choose; specialise it for a gating that is made for few:
///
///   template <>
///   inline constexpr std::size_t laws::most_chosen<gating::Switch> = 1;
template <class G>
inline constexpr std::size_t most_chosen = 512;

/// Scores of one kind or another: ordinary, small and large, all equal, few distinct values.
inline std::vector<float> scores_to_try(std::size_t experts, int kind, Random& random) {
  std::vector<float> scores(experts);
  for (float& score : scores) {
    const auto normal = static_cast<float>(random.normal());
    const float kinds[] = {normal, 1e-4F * normal, 50 * normal, 0.5F, std::round(normal)};
    score = kinds[kind];
  }
  return scores;
}

inline constexpr int score_kinds = 5;

template <gating::Gating G>
std::vector<gating::Route> route(const G& policy, std::vector<float> scores) {
  std::vector<gating::Route> routes(policy.top_k(), {.expert = -1, .weight = -1});
  policy.route(scores, routes);
  return routes;
}

/// Scores and what was chosen of them, for messages.
inline std::string choice_text(const std::vector<float>& scores, const std::vector<gating::Route>& routes) {
  std::ostringstream text;
  text << scores.size() << " experts, scores " << some_of(scores) << ", routes";
  for (std::size_t i = 0; i < routes.size() && i < 16; ++i) {
    text << (i == 0 ? " " : ", ") << routes[i].expert << " with " << routes[i].weight;
  }
  return text.str();
}

/// Calls check(scores, routes, text) for all sizes and kinds of scores, few experts first; `text` is for messages.
template <class Make, class Check>
void for_each_choice(const Law& law, const Make& make, const Check& check) {
  Random random(1);
  for (const GatingSize size : gating_sizes) {
    if (size.top_k > most_chosen<GatingOf<Make>>) continue;
    const auto policy = make(size.experts, size.top_k);
    law.holds(policy.top_k() == size.top_k, "top_k() of ", size.top_k, " of ", size.experts, " experts is ",
              policy.top_k());
    for (int kind = 0; kind < score_kinds; ++kind) {
      for (int i = 0; i < 20; ++i) {
        const std::vector<float> scores = scores_to_try(size.experts, kind, random);
        const std::vector<gating::Route> routes = route(policy, scores);
        check(scores, routes, [&] { return choice_text(scores, routes); });
      }
    }
  }
}

/// Experts of one row are distinct and exist.
template <class Make>
void experts_are_distinct(const Make& make) {
  const Law law("experts of one row are distinct and exist", model_name<GatingOf<Make>>());
  for_each_choice(
      law, make,
      [&](const std::vector<float>& scores, const std::vector<gating::Route>& routes, const auto& text) {
        std::set<std::int32_t> experts;
        for (const gating::Route& one : routes) {
          law.holds(one.expert >= 0 && one.expert < static_cast<std::int32_t>(scores.size()), text);
          experts.insert(one.expert);
        }
        law.holds(experts.size() == routes.size(), text);
      });
}

/// Any of the policies: they differ in size alone.
template <class Make>
GatingOf<Make> policy_of(const Make& make) {
  return make(gating_sizes[0].experts, gating_sizes[0].top_k);
}

/// Weights are >= 0, best first, and sum to 1 where the policy says so.
template <class Make>
void weights_are_shares(const Make& make) {
  const Law law("weights are >= 0, best first, and sum to 1 where the policy is normalised",
                model_name<GatingOf<Make>>());
  for_each_choice(law, make,
                  [&](const std::vector<float>&, const std::vector<gating::Route>& routes, const auto& text) {
                    double sum = 0;
                    for (std::size_t i = 0; i < routes.size(); ++i) {
                      law.holds(routes[i].weight >= 0, text);
                      law.holds(i == 0 || routes[i].weight <= routes[i - 1].weight, text);
                      sum += routes[i].weight;
                    }
                    if (policy_of(make).normalised()) {
                      law.holds(std::fabs(sum - 1) < 1e-6 * static_cast<double>(routes.size()), "the sum is ", sum,
                                ": ", text);
                    }
                  });
}

/// Scores become probabilities over all experts: each in [0, 1], with the sum 1.
template <class Make>
void scores_become_probabilities(const Make& make) {
  const Law law("route turns scores into probabilities over all experts, each in [0, 1], with the sum 1",
                model_name<GatingOf<Make>>());
  for_each_choice(
      law, make,
      [&](const std::vector<float>& scores, const std::vector<gating::Route>& routes, const auto& text) {
        std::vector<float> probabilities = scores;
        std::vector<gating::Route> again(routes.size());
        make(scores.size(), routes.size()).route(probabilities, again);
        law.holds(again == routes, "a second call chooses otherwise: ", text);
        double sum = 0;
        for (const float probability : probabilities) {
          sum += probability;
          law.holds(probability >= 0 && probability <= 1, "a probability is ", probability, ": ", text);
        }
        law.holds(std::fabs(sum - 1) < 1e-6 * static_cast<double>(scores.size()), "the sum is ", sum, ": ", text);
      });
}

/// Of equal scores the lower expert is chosen, and stands first; no expert left out has a higher score than one
/// chosen.
template <class Make>
void ties_go_to_the_lower_expert(const Make& make) {
  const Law law("of equal scores the lower expert is chosen, and stands first; none left out scores higher",
                model_name<GatingOf<Make>>());
  for_each_choice(
      law, make,
      [&](const std::vector<float>& scores, const std::vector<gating::Route>& routes, const auto& text) {
        std::vector<bool> chosen(scores.size());
        for (std::size_t i = 0; i < routes.size(); ++i) {
          const auto expert = static_cast<std::size_t>(routes[i].expert);
          chosen[expert] = true;
          if (i > 0 && scores[expert] == scores[static_cast<std::size_t>(routes[i - 1].expert)]) {
            law.holds(routes[i - 1].expert < routes[i].expert, text);
          }
        }
        for (const gating::Route& one : routes) {
          if (one.weight < 1e-30F) continue;  // probabilities that vanish are equal to the policy
          for (std::size_t e = 0; e < scores.size(); ++e) {
            const float score = scores[static_cast<std::size_t>(one.expert)];
            const bool lower = scores[e] == score && static_cast<std::int32_t>(e) < one.expert;
            const bool higher = scores[e] > score + 1e-6F + 1e-6F * std::fabs(score);
            law.holds(chosen[e] || (!lower && !higher), "expert ", e, " was left out: ", text);
          }
        }
      });
}

/// A row depends on nothing but its scores: another object, another address and other calls before change no bit.
template <class Make>
void rows_are_independent(const Make& make) {
  const Law law("a row depends on nothing but its scores", model_name<GatingOf<Make>>());
  Random random(2);
  for (const GatingSize size : gating_sizes) {
    if (size.top_k > most_chosen<GatingOf<Make>>) continue;
    const auto policy = make(size.experts, size.top_k);
    std::vector<float> scores = scores_to_try(size.experts, 0, random);
    const std::vector<gating::Route> expected = route(policy, scores);
    for (std::size_t offset = 0; offset < 16; ++offset) {
      route(policy, scores_to_try(size.experts, 2, random));
      std::vector<float> storage(size.experts + 32, 1e30F);
      std::memcpy(storage.data() + offset, scores.data(), scores.size() * sizeof(float));
      std::vector<gating::Route> routes(size.top_k);
      make(size.experts, size.top_k).route(View<float>(storage.data() + offset, size.experts), routes);
      law.holds(routes == expected, choice_text(scores, expected), "; later, from an address ", offset,
                " floats further: ", choice_text(scores, routes));
    }
  }
}

/// All laws, of the gating that make(experts, top_k) returns.
template <class Make>
  requires gating::Gating<GatingOf<Make>>
void gating(const Make& make) {
  experts_are_distinct(make);
  weights_are_shares(make);
  scores_become_probabilities(make);
  ties_go_to_the_lower_expert(make);
  rows_are_independent(make);
}

/// All laws, of G(experts, top_k).
template <gating::Gating G>
void gating() {
  gating([](std::size_t experts, std::size_t top_k) { return G(experts, top_k); });
}

}  // namespace asterism::laws
