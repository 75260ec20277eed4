// Training examples in memory: token ids, and which predictions count in the loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"

namespace asterism::train {

/// One sequence. Token i predicts token i + 1: that prediction counts in the loss if counts[i] is 1. The last token
/// predicts nothing, its count is 0.
struct Example {
  View<const TokenId> ids{};          ///< at least two
  View<const std::uint8_t> counts{};  ///< as many, 0 or 1
};

/// Many examples, one behind the other: 5 bytes a token and 8 an example. Movable; const members are thread-safe.
class Examples {
 public:
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  /// Valid until the next `add`.
  Example operator[](std::size_t i) const {
    const std::uint64_t begin = begin_of(i);
    const auto count = static_cast<std::size_t>(ends_[i] - begin);
    return {{ids_.data() + begin, count}, {counts_.data() + begin, count}};
  }
  std::size_t length(std::size_t i) const { return static_cast<std::size_t>(ends_[i] - begin_of(i)); }

  /// Of all examples together.
  std::uint64_t tokens() const { return ids_.size(); }
  /// Tokens of the longest example, 0 if there is none.
  std::size_t longest() const { return longest_; }
  /// The largest id, -1 if there is no example.
  TokenId largest_id() const { return largest_id_; }
  /// Predictions that count, of all examples together.
  std::uint64_t counted() const { return counted_; }

  /// Appends a copy. Throws InvalidArgument for fewer than two tokens, a negative id, a count that is neither 0 nor 1
  /// or is 1 at the last token, as many of one as of the other, and for an example of which nothing counts.
  void add(const Example& example);

  /// A hash of all ids and counts, for telling whether a run goes on with the data that it began with.
  std::uint64_t fingerprint() const;

 private:
  std::uint64_t begin_of(std::size_t i) const { return i == 0 ? 0 : ends_[i - 1]; }

  std::vector<TokenId> ids_;
  std::vector<std::uint8_t> counts_;
  std::vector<std::uint64_t> ends_;
  std::size_t longest_ = 0;
  TokenId largest_id_ = -1;
  std::uint64_t counted_ = 0;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/data/examples_impl.hpp"
#endif
