// Bodies of routed_sequence.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/fwd.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::lab {

ASTERISM_INLINE std::string to_string(const RoutingSizes& sizes) {
  return concat(sizes.layers, " layers, ", sizes.experts, " experts, top ", sizes.top_k);
}

namespace detail {

/// The first rule that the choices [first, first + top_k) of one token in one layer violate. `ids` has room for
/// top_k.
inline std::optional<RoutingFault> fault_in_choices(View<const observe::Choice> all, std::size_t first,
                                                    const RoutingSizes& sizes, View<std::int32_t> ids) {
  using Field = RoutingFault::Field;
  const auto fault = [&](Field field, std::size_t i, const std::string& what) {
    const std::size_t token = first / sizes.choices_per_token();
    const std::size_t layer = first % sizes.choices_per_token() / ids.size;
    return RoutingFault{field, first + i, concat("token ", token, ", layer ", layer, ", choice ", i, ": ", what)};
  };
  for (std::size_t i = 0; i < ids.size; ++i) {
    const auto [expert, probability] = all[first + i];
    if (expert < 0 || expert >= sizes.experts) {
      return fault(Field::experts, i, concat("expert ", expert, ", expected 0 to ", sizes.experts - 1));
    }
    if (!(probability >= 0 && probability <= 1)) {
      return fault(Field::probabilities, i, concat("probability ", probability, ", expected 0 to 1"));
    }
    if (i > 0 && probability > all[first + i - 1].probability) {
      return fault(Field::probabilities, i,
                   concat("probability ", probability, " behind ", all[first + i - 1].probability,
                          ", expected descending ones"));
    }
    ids[i] = expert;
  }
  std::sort(ids.begin(), ids.end());
  const std::int32_t* twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice == ids.end()) return std::nullopt;
  std::size_t last = ids.size - 1;
  while (all[first + last].expert != *twice) --last;
  return fault(Field::experts, last, concat("expert ", *twice, " a second time, expected distinct experts"));
}

/// The first pass that has no token, or passes that have more or fewer together than there are.
inline std::optional<RoutingFault> fault_in_passes(View<const std::uint32_t> passes, std::size_t tokens) {
  using Field = RoutingFault::Field;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < passes.size; ++i) {
    sum += passes[i];
    if (passes[i] == 0) {
      return RoutingFault{Field::passes, i, concat("pass ", i, " has no token, expected at least 1")};
    }
    if (sum > tokens) {
      return RoutingFault{Field::passes, i,
                          concat("the passes up to ", i, " have ", sum, " tokens, expected at most ", tokens)};
    }
  }
  if (passes.empty() || sum == tokens) return std::nullopt;
  return RoutingFault{Field::passes, passes.size - 1,
                      concat("all passes have ", sum, " tokens, expected ", tokens)};
}

/// The first of the numbers, `per_token` of each token, that is no probability.
inline std::optional<RoutingFault> fault_in_numbers(View<const float> numbers, RoutingFault::Field field,
                                                    const char* name, std::size_t expected,
                                                    const RoutingSizes& sizes, std::size_t per_token) {
  if (numbers.empty()) return std::nullopt;
  if (numbers.size != expected) {
    return RoutingFault{field, 0, concat(numbers.size, " ", name, ", expected ", expected, " or none")};
  }
  for (std::size_t i = 0; i < numbers.size; ++i) {
    if (numbers[i] >= 0 && numbers[i] <= 1) continue;
    const auto experts = static_cast<std::size_t>(sizes.experts);
    return RoutingFault{field, i,
                        concat("token ", i / per_token, ", layer ", i % per_token / experts, ", expert ",
                               i % experts, ": ", name, " have ", numbers[i], ", expected 0 to 1")};
  }
  return std::nullopt;
}

/// The first choice whose probability is not among all of them.
inline std::optional<RoutingFault> fault_between(const RoutedSequence& sequence, const RoutingSizes& sizes) {
  if (sequence.probabilities.empty()) return std::nullopt;
  for (std::size_t i = 0; i < sequence.choices.size(); ++i) {
    const observe::Choice& choice = sequence.choices[i];
    const std::size_t at = i / static_cast<std::size_t>(sizes.top_k) * static_cast<std::size_t>(sizes.experts) +
                           static_cast<std::size_t>(choice.expert);
    if (std::fabs(choice.probability - sequence.probabilities[at]) <= 1.001F / 65535) continue;
    return RoutingFault{RoutingFault::Field::all_probabilities, at,
                        concat("token ", i / sizes.choices_per_token(), ", expert ", choice.expert,
                               ": a probability of ", sequence.probabilities[at], " among all, but of ",
                               choice.probability, " as a choice, expected the same")};
  }
  return std::nullopt;
}

}  // namespace detail

ASTERISM_INLINE std::optional<RoutingFault> fault_in(const RoutedSequence& sequence, const RoutingSizes& sizes) {
  using Field = RoutingFault::Field;
  const std::size_t tokens = sequence.tokens.size();
  if (!text::is_valid_utf8(sequence.label)) return RoutingFault{Field::label, 0, "the label is not UTF-8"};
  if (sequence.prompt_tokens > tokens) {
    return RoutingFault{Field::prompt_tokens, 0,
                        concat(sequence.prompt_tokens, " prompt tokens, expected at most ", tokens,
                               ", the number of all tokens that have routes")};
  }
  for (std::size_t i = 0; i < tokens; ++i) {
    if (sequence.tokens[i] >= 0) continue;
    return RoutingFault{Field::tokens, i,
                        concat("token ", i, " has the id ", sequence.tokens[i], ", expected >= 0")};
  }
  const std::size_t expected = tokens * sizes.choices_per_token();
  if (sequence.choices.size() != expected) {
    return RoutingFault{Field::experts, 0, concat(sequence.choices.size(), " choices, expected ", expected)};
  }
  std::vector<std::int32_t> ids(tokens == 0 ? 0 : static_cast<std::size_t>(sizes.top_k));
  for (std::size_t first = 0; first < expected; first += ids.size()) {
    if (auto fault = detail::fault_in_choices(sequence.choices, first, sizes, ids)) return fault;
  }
  if (auto fault = detail::fault_in_passes(sequence.passes, tokens)) return fault;
  const std::size_t all = sizes.probabilities_per_token();
  if (auto fault = detail::fault_in_numbers(sequence.probabilities, Field::all_probabilities, "probabilities",
                                            tokens * all, sizes, all)) {
    return fault;
  }
  const std::size_t guessed = sizes.guesses_per_token();
  if (auto fault = detail::fault_in_numbers(sequence.guesses, Field::guesses, "guesses", tokens * guessed, sizes,
                                            guessed)) {
    return fault;
  }
  return detail::fault_between(sequence, sizes);
}

}  // namespace asterism::lab
