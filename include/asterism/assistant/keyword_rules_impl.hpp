// Bodies of keyword_rules.hpp.
#pragma once

#include "asterism/assistant/keyword_rules.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/words.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::assistant {

namespace detail {

/// " first second ": the words of a text, folded.
ASTERISM_INLINE std::string spaced_words(std::string_view text) {
  const std::string folded = encode::folded(text);
  std::string out(1, ' ');
  for (const std::string_view word : encode::words_of(folded)) out.append(word).append(1, ' ');
  return out;
}

}  // namespace detail

ASTERISM_INLINE KeywordRules::KeywordRules(Labels labels, const std::vector<std::vector<std::string>>& phrases)
    : labels_(std::move(labels)) {
  labels_.check_places(phrases.size());
  for (std::size_t label = 0; label < phrases.size(); ++label) {
    for (const std::string& phrase : phrases[label]) {
      phrases_.push_back({label, detail::spaced_words(phrase)});
      if (phrases_.back().words.size() > 1) continue;
      throw InvalidArgument(concat("a phrase of ", labels_[label], " has no word: '", phrase, "'"));
    }
  }
}

ASTERISM_INLINE KeywordRules KeywordRules::from_text(Labels labels, std::string_view json,
                                                     const std::string& where) {
  const json::Document document(json::parse(json, where));
  json::check_object(*document, "the document", where);
  std::vector<std::vector<std::string>> phrases(labels.size());
  for (const auto& [name, list] : (*document).items()) {
    try {
      std::vector<std::string>& of_label = phrases[labels.number_of(name)];
      if (!list.is_array()) throw FormatError(concat(where, ": '", name, "' is no list of phrases"));
      for (const json::Value& phrase : list) {
        if (!phrase.is_string()) throw FormatError(concat(where, ": '", name, "' has a phrase that is no string"));
        of_label.push_back(phrase.get<std::string>());
      }
    } catch (const InvalidArgument& error) {
      throw FormatError(concat(where, ": ", error.what()));
    }
  }
  try {
    return KeywordRules(std::move(labels), phrases);
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(where, ": ", error.what()));
  }
}

ASTERISM_INLINE KeywordRules KeywordRules::from_file(Labels labels, const std::string& path) {
  return from_text(std::move(labels), file::read_file(path, 1U << 20U), path);
}

ASTERISM_INLINE void KeywordRules::classify(std::string_view query, View<double> probabilities) const {
  labels_.check_places(probabilities.size);
  constexpr double smoothing = 0.1;
  for (double& value : probabilities) value = smoothing;
  double all = smoothing * static_cast<double>(labels_.size());
  const std::string words = detail::spaced_words(query);
  for (const Phrase& phrase : phrases_) {
    if (words.find(phrase.words) == std::string::npos) continue;
    probabilities[phrase.label] += 1;
    all += 1;
  }
  for (double& value : probabilities) value /= all;
}

}  // namespace asterism::assistant
