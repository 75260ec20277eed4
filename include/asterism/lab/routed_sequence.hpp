// One conversation with its routes, and the rules that it keeps.
#pragma once

#include <algorithm>
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
#include "asterism/observe/trace.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::lab {

/// What routes of one model have in common.
struct RoutingSizes {
  static constexpr std::int32_t max_experts = 65536;  ///< so that an id takes two bytes at most

  std::int32_t layers = 0;
  std::int32_t experts = 0;
  std::int32_t top_k = 0;

  /// Choices of one token in all layers.
  constexpr std::size_t choices_per_token() const {
    return static_cast<std::size_t>(layers) * static_cast<std::size_t>(top_k);
  }

  friend constexpr bool operator==(const RoutingSizes&, const RoutingSizes&) = default;
};

/// For messages: "32 layers, 8 experts, top 2".
inline std::string to_string(const RoutingSizes& sizes) {
  return concat(sizes.layers, " layers, ", sizes.experts, " experts, top ", sizes.top_k);
}

/// 1 <= layers, 1 <= top_k <= experts <= max_experts.
constexpr bool are_possible(const RoutingSizes& sizes) {
  return sizes.layers >= 1 && sizes.top_k >= 1 && sizes.top_k <= sizes.experts &&
         sizes.experts <= RoutingSizes::max_experts;
}

/// Tokens, and the choices of each of them in every layer.
struct RoutedSequence {
  std::string label;                     ///< UTF-8, for people: where the tokens come from
  std::size_t prompt_tokens = 0;         ///< the first of the tokens, which were given; the others are the answer
  std::vector<TokenId> tokens;           ///< those that passed through the model
  std::vector<observe::Choice> choices;  ///< (tokens, layers, top_k), best first

  friend bool operator==(const RoutedSequence&, const RoutedSequence&) = default;
};

/// A rule that a sequence breaks: in which field, and what was expected and found.
struct RoutingFault {
  enum class Field : std::uint8_t { label, prompt_tokens, tokens, experts, probabilities };
  Field field = Field::label;
  std::size_t index = 0;  ///< of the token, or of the choice
  std::string what;
};

namespace detail {

/// The first rule that the choices [first, first + top_k) of one token in one layer break. `ids` has top_k places.
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

}  // namespace detail

/// The first rule that a sequence breaks, nothing where it keeps them all: the label is UTF-8; prompt_tokens is at
/// most the number of tokens; token ids are >= 0; each token has (layers, top_k) choices, those of one layer are
/// distinct experts below `sizes.experts`, with descending probabilities in [0, 1]. Sizes as `are_possible`.
inline std::optional<RoutingFault> fault_in(const RoutedSequence& sequence, const RoutingSizes& sizes) {
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
  return std::nullopt;
}

}  // namespace asterism::lab
