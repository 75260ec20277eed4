// A classifier on the disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/assistant/keyword_rules.hpp"
#include "asterism/assistant/softmax_regression.hpp"
#include "asterism/core/config.hpp"

namespace asterism::assistant {

/// What a folder holds of classifiers of the same labels: `classifier.json` with the labels and the weights of a Pool,
/// `model.safetensors` with regressions in float32 (`ngrams.weight` (labels, inputs), `ngrams.bias` (labels), the same
/// of `hidden`), `rules.json` with the phrases of KeywordRules, which people may edit.
struct ClassifierFile {
  Labels labels;
  SoftmaxRegression ngrams;                 ///< for an NgramClassifier
  std::optional<SoftmaxRegression> hidden;  ///< for a HiddenClassifier; none: there is none
  std::vector<double> pool;  ///< weights of the n-grams, the rules, and the hidden states if there are

  /// FileError if something can't be read; FormatError, which names the file, for contents that are broken or don't
  /// belong together.
  static ClassifierFile read(const std::string& folder);
  /// The rules of the folder. Throws as KeywordRules::from_file.
  static KeywordRules rules(const Labels& labels, const std::string& folder);
  /// Writes all but the rules, each file under its name only when it is complete. InvalidArgument for parts of other
  /// labels; FileError if the disk refuses.
  void write(const std::string& folder) const;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/classifier_file_impl.hpp"
#endif
