// A text encoder without a model: which words, pairs of words and parts of words a text has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/fwd.hpp"

namespace asterism::encode {

/// How many texts of a collection have a feature, so that rare ones tell more than common ones. A feature that n of N
/// texts have weighs 1 + ln(N / n), one that none has 1. Immutable; may be used from several threads at once. 16 bytes
/// for each feature. Source: Spärck Jones, A statistical interpretation of term specificity, 1972.
class FrequencyTable {
 public:
  struct Entry {
    std::uint64_t feature = 0;  ///< its hash
    std::uint32_t texts = 0;    ///< that have it
    friend constexpr auto operator<=>(const Entry&, const Entry&) = default;
  };

  /// Knows no text: all features weigh 1.
  FrequencyTable() = default;
  /// Of what another one told: entries sorted by feature, each once, 1 <= entry.texts <= texts. InvalidArgument
  /// otherwise.
  FrequencyTable(std::vector<Entry> entries, std::uint32_t texts);
  /// Counts. Memory grows with the features of all texts.
  static FrequencyTable fitted(View<const std::string_view> texts);

  std::uint32_t texts() const { return texts_; }
  View<const Entry> entries() const { return {entries_.data(), entries_.size()}; }
  double weight(std::uint64_t feature) const;

 private:
  std::vector<Entry> entries_;
  std::uint32_t texts_ = 0;
};

struct HashedNgramsOptions {
  std::size_t dim = 512;
  // How much features of a kind weigh against others; 0 leaves them out.
  float words = 1;
  float pairs = 1;     ///< of neighbouring words
  float grams = 0.5F;  ///< of four characters of a word with a blank at both ends
};

/// Features of a text, folded (knowledge::folded), each hashed to a number and a sign: words, which are runs of
/// letters, marks and digits, or single other characters; pairs of neighbours; runs of four characters. A feature that
/// a text has n times adds (1 + ln n) times its weight. Without a table every feature weighs alike; with one, fitted
/// from texts like those to be encoded, rare ones weigh more, and it is part of the fingerprint. Models TextEncoder.
/// Source: Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009.
class HashedNgrams {
 public:
  /// InvalidArgument unless dim is 1 to 4096, and weights are finite and not negative.
  explicit HashedNgrams(HashedNgramsOptions options = {}, FrequencyTable table = {});

  std::size_t dim() const { return options_.dim; }
  std::uint64_t fingerprint() const { return fingerprint_; }
  void encode(View<const std::string_view> texts, MatrixView<float> out) const;

  const HashedNgramsOptions& options() const { return options_; }
  const FrequencyTable& table() const { return table_; }

  /// All that it is, one number or entry of the table a line, so that it can be kept beside what it has encoded.
  std::string to_text() const;
  /// The encoder that to_text() told of. FormatError, which begins with `where`, for anything else.
  static HashedNgrams from_text(std::string_view text, std::string_view where);

 private:
  HashedNgramsOptions options_;
  FrequencyTable table_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace asterism::encode

#if !defined(ASTERISM_COMPILED)
#include "asterism/encode/hashed_ngrams_impl.hpp"
#endif
