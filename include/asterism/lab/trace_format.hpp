// The bytes of routing traces.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/lab/routed_sequence.hpp"

namespace asterism::lab {

/// The file format, little-endian; specified byte by byte in docs/routing-traces.md.
namespace trace_format {

inline constexpr std::string_view magic = "ASTROUTE";
inline constexpr std::uint32_t newest_version = 2;
inline constexpr std::uint64_t header_bytes = 40;  ///< magic, version, sizes, counts

/// Bytes of the label, prompt tokens, tokens; from version 2 on passes, and what else there is.
constexpr std::uint64_t sequence_header_bytes(std::uint32_t version) { return version == 1 ? 24 : 32; }
inline constexpr std::uint32_t has_probabilities = 1;  ///< flag of a sequence: all probabilities
inline constexpr std::uint32_t has_guesses = 2;        ///< flag of a sequence: the next routers' guesses

inline constexpr std::uint64_t checksum_bytes = 4;
inline constexpr double probability_steps = 65535;

constexpr std::uint64_t expert_bytes(const RoutingSizes& sizes) { return sizes.experts <= 256 ? 1 : 2; }

/// Size of a token: its id, and the ids and probabilities of its choices; with flags, all probabilities and guesses.
constexpr std::uint64_t bytes_per_token(const RoutingSizes& sizes, std::uint32_t flags = 0) {
  return sizeof(TokenId) + sizes.choices_per_token() * (expert_bytes(sizes) + sizeof(std::uint16_t)) +
         ((flags & has_probabilities) != 0 ? sizes.probabilities_per_token() * sizeof(std::uint16_t) : 0) +
         ((flags & has_guesses) != 0 ? sizes.guesses_per_token() * sizeof(std::uint16_t) : 0);
}

/// What a sequence has besides its choices.
inline std::uint32_t flags_of(const RoutedSequence& sequence) {
  return (sequence.probabilities.empty() ? 0 : has_probabilities) | (sequence.guesses.empty() ? 0 : has_guesses);
}

/// A probability in 16 bits, rounded to nearest, and back. 0 <= probability <= 1.
inline std::uint16_t code_of(float probability) {
  return static_cast<std::uint16_t>(std::lround(probability * probability_steps));
}
constexpr float probability_of(std::uint16_t code) { return static_cast<float>(code / probability_steps); }

/// Appends the little-endian bytes of an unsigned number.
template <class T>
void put(T value, std::vector<std::byte>& out) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<std::byte>(value >> 8 * i & 0xFFU));
}

inline void put_text(std::string_view text, std::vector<std::byte>& out) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), first, first + text.size());
}

}  // namespace trace_format

}  // namespace asterism::lab
