// A classifier that somebody wrote: phrases that tell the kind of a query.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// A query that has m of a label's phrases, of M that it has of all labels' together, is of this kind with probability
/// (m + s) / (M + s * labels), s = 0.1. Phrases are whole words, compared folded (encode::folded). Models
/// QueryClassifier; may be used from several threads at once.
class KeywordRules {
 public:
  /// phrases (labels): InvalidArgument for another number of lists, and for a phrase without a word.
  KeywordRules(Labels labels, const std::vector<std::vector<std::string>>& phrases);
  /// JSON: an object of a list of phrases for each label: {"REASON": ["in all", "add up"], ...}. A label that it does
  /// not name has none. FormatError, which begins with `where`, for anything else.
  static KeywordRules from_text(Labels labels, std::string_view json, const std::string& where);
  /// FileError if it can't be read; as from_text.
  static KeywordRules from_file(Labels labels, const std::string& path);

  View<const std::string> labels() const { return labels_.names(); }
  void classify(std::string_view query, View<double> probabilities) const;

 private:
  struct Phrase {
    std::size_t label = 0;
    std::string words;  ///< folded, a blank before, between and behind
  };

  Labels labels_;
  std::vector<Phrase> phrases_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/keyword_rules_impl.hpp"
#endif
