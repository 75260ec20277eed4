// Bodies of routed_sequence.hpp.
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
  return std::nullopt;
}

}  // namespace asterism::lab
