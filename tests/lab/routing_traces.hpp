// Help for the tests of routing traces: random ones, and files with planted mistakes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/file/crc32.hpp"
#include "asterism/lab/routing_trace.hpp"

#include "support/files.hpp"

namespace asterism::test {

/// A sequence with distinct experts and descending probabilities, of which some are 0, 1 or equal.
inline lab::RoutedSequence random_sequence(const lab::RoutingSizes& sizes, std::size_t tokens, Random& random) {
  lab::RoutedSequence out;
  out.label = "Käse 🧀 " + std::to_string(random.below(1000));
  out.prompt_tokens = tokens == 0 ? 0 : random.below(tokens + 1);
  for (std::size_t token = 0; token < tokens; ++token) {
    out.tokens.push_back(static_cast<TokenId>(random.below(1U << 31U)));
    for (std::int32_t layer = 0; layer < sizes.layers; ++layer) {
      std::vector<std::int32_t> experts(static_cast<std::size_t>(sizes.experts));
      std::iota(experts.begin(), experts.end(), 0);
      std::vector<float> probabilities;
      for (std::int32_t k = 0; k < sizes.top_k; ++k) {
        std::swap(
            experts[static_cast<std::size_t>(k)],
            experts[static_cast<std::size_t>(k) + random.below(experts.size() - static_cast<std::size_t>(k))]);
        const float kinds[] = {0.0F, 1.0F, 0.5F, static_cast<float>(random.uniform())};
        probabilities.push_back(kinds[random.below(8) < 4 ? random.below(4) : 3]);
      }
      std::sort(probabilities.rbegin(), probabilities.rend());
      for (std::int32_t k = 0; k < sizes.top_k; ++k) {
        out.choices.push_back({experts[static_cast<std::size_t>(k)], probabilities[static_cast<std::size_t>(k)]});
      }
    }
  }
  return out;
}

/// The sequence with passes (parts & 1), all probabilities (2) and guesses (4), where it has tokens.
inline lab::RoutedSequence with_more(lab::RoutedSequence sequence, const lab::RoutingSizes& sizes, unsigned parts,
                                     Random& random) {
  const std::size_t tokens = sequence.tokens.size();
  for (std::size_t left = (parts & 1U) != 0 ? tokens : 0; left > 0; left -= sequence.passes.back()) {
    sequence.passes.push_back(static_cast<std::uint32_t>(1 + random.below(left)));
  }
  if ((parts & 2U) != 0) {
    sequence.probabilities.resize(tokens * sizes.probabilities_per_token());
    for (float& one : sequence.probabilities) one = static_cast<float>(random.uniform());
    for (std::size_t i = 0; i < sequence.choices.size(); ++i) {
      const std::size_t row = i / static_cast<std::size_t>(sizes.top_k) * static_cast<std::size_t>(sizes.experts);
      sequence.probabilities[row + static_cast<std::size_t>(sequence.choices[i].expert)] =
          sequence.choices[i].probability;
    }
  }
  if ((parts & 4U) != 0) {
    sequence.guesses.resize(tokens * sizes.guesses_per_token());
    for (float& one : sequence.guesses) one = static_cast<float>(random.uniform());
  }
  return sequence;
}

/// The bytes of the file.
inline std::string file_of(const lab::RoutingTrace& trace) {
  const std::vector<std::byte> bytes = trace.encode();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// `bytes` with `value` at `offset`, and its checksum made right again.
template <class T>
std::string planted(std::string bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  const std::uint32_t sum = file::crc32(as_bytes(bytes).subview(0, bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &sum, sizeof sum);
  return bytes;
}

}  // namespace asterism::test
