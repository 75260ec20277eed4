// One conversation with its routes, and its invariants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/fwd.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::lab {

/// The sizes that all routes of a model share.
struct RoutingSizes {
  static constexpr std::int32_t max_experts = 65536;  ///< so that an id takes at most two bytes

  std::int32_t layers = 0;  ///< those that have experts
  std::int32_t experts = 0;
  std::int32_t top_k = 0;

  /// Number of choices of one token in all layers.
  constexpr std::size_t choices_per_token() const {
    return static_cast<std::size_t>(layers) * static_cast<std::size_t>(top_k);
  }

  /// Numbers of a token for all experts of all layers, and of all but one.
  constexpr std::size_t probabilities_per_token() const {
    return static_cast<std::size_t>(layers) * static_cast<std::size_t>(experts);
  }
  constexpr std::size_t guesses_per_token() const {
    return static_cast<std::size_t>(layers - 1) * static_cast<std::size_t>(experts);
  }

  friend constexpr bool operator==(const RoutingSizes&, const RoutingSizes&) = default;
};

/// For messages: "32 layers, 8 experts, top 2".
std::string to_string(const RoutingSizes& sizes);

/// 1 <= layers, 1 <= top_k <= experts <= max_experts.
constexpr bool are_possible(const RoutingSizes& sizes) {
  return sizes.layers >= 1 && sizes.top_k >= 1 && sizes.top_k <= sizes.experts &&
         sizes.experts <= RoutingSizes::max_experts;
}

/// Tokens, and the choices of each in every layer.
struct RoutedSequence {
  std::string label;                     ///< UTF-8 description of the tokens' origin
  std::size_t prompt_tokens = 0;         ///< the first of the tokens, which were given; the rest is the answer
  std::vector<TokenId> tokens;           ///< those that passed through the model
  std::vector<observe::Choice> choices;  ///< (tokens, layers, top_k), best first
  std::vector<std::uint32_t> passes{};  ///< tokens of each pass through the model, in order; empty where not known
  std::vector<float> probabilities{};   ///< (tokens, layers, experts): all of the router's, or empty
  /// (tokens, layers - 1, experts), or empty: what the router of each layer but the first said of the hidden state in
  /// the layer before it.
  std::vector<float> guesses{};

  friend bool operator==(const RoutedSequence&, const RoutedSequence&) = default;
};

/// A violated rule: the field, what was expected and what was found.
struct RoutingFault {
  enum class Field : std::uint8_t {
    label,
    prompt_tokens,
    tokens,
    experts,
    probabilities,
    passes,
    all_probabilities,
    guesses
  };
  Field field = Field::label;
  std::size_t index = 0;  ///< of the token, the choice, the pass or the number
  std::string what;
};

/// The first rule that a sequence violates, or nothing: the label is UTF-8; prompt_tokens is at most the number of
/// tokens; token ids are >= 0; each token has (layers, top_k) choices; those of one layer are distinct experts below
/// `sizes.experts`, with descending probabilities in [0, 1]; if passes are known, each has a token and together they
/// have all; if all probabilities or guesses are known, they are as many as there should be, in [0, 1], and those of
/// the choices are among them, up to 1/65535. Sizes must satisfy `are_possible`.
std::optional<RoutingFault> fault_in(const RoutedSequence& sequence, const RoutingSizes& sizes);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/routed_sequence_impl.hpp"
#endif
