// Bodies of hashed_ngrams.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/encode/words.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"

namespace asterism::encode {

namespace detail {

enum class FeatureKind : std::uint8_t { word, pair, gram };

struct Feature {
  std::uint64_t hash = 0;
  FeatureKind kind = FeatureKind::word;
  friend constexpr auto operator<=>(const Feature&, const Feature&) = default;
};

/// All features of a text, sorted, as often as it has them.
ASTERISM_INLINE std::vector<Feature> features_of(std::string_view said) {
  const std::string folded = encode::folded(said);
  const std::vector<std::string_view> words = words_of(folded);
  std::vector<Feature> features;
  const auto add = [&](std::string_view bytes, FeatureKind kind) {
    features.push_back({hash_of(bytes, static_cast<std::uint64_t>(kind) + 1), kind});
  };
  std::string spaced;
  for (std::size_t i = 0; i < words.size(); ++i) {
    add(words[i], FeatureKind::word);
    if (i > 0) add(spaced.assign(words[i - 1]).append(1, ' ').append(words[i]), FeatureKind::pair);
    for (const std::string_view gram : grams_of(words[i], 4, spaced)) add(gram, FeatureKind::gram);
  }
  std::sort(features.begin(), features.end());
  return features;
}

}  // namespace detail

ASTERISM_INLINE FrequencyTable::FrequencyTable(std::vector<Entry> entries, std::uint32_t texts)
    : entries_(std::move(entries)), texts_(texts) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].texts >= 1 && entries_[i].texts <= texts &&
        (i == 0 || entries_[i - 1].feature < entries_[i].feature)) {
      continue;
    }
    throw InvalidArgument(concat("frequency table: entry ", i, " of ", entries_.size(), " is out of order, or of ",
                                 entries_[i].texts, " of ", texts, " texts"));
  }
}

ASTERISM_INLINE FrequencyTable FrequencyTable::fitted(View<const std::string_view> texts) {
  std::vector<std::uint64_t> all;
  for (const std::string_view text : texts) {
    std::vector<detail::Feature> features = detail::features_of(text);
    features.erase(std::unique(features.begin(), features.end()), features.end());
    for (const detail::Feature& feature : features) all.push_back(feature.hash);
  }
  std::sort(all.begin(), all.end());
  FrequencyTable table;
  table.texts_ = static_cast<std::uint32_t>(texts.size);
  for (const std::uint64_t feature : all) {
    if (table.entries_.empty() || table.entries_.back().feature != feature) table.entries_.push_back({feature, 0});
    ++table.entries_.back().texts;
  }
  return table;
}

ASTERISM_INLINE double FrequencyTable::weight(std::uint64_t feature) const {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), feature,
                       [](const Entry& entry, std::uint64_t wanted) { return entry.feature < wanted; });
  if (at == entries_.end() || at->feature != feature) return 1;
  return 1 + std::log(static_cast<double>(texts_) / static_cast<double>(at->texts));
}

ASTERISM_INLINE HashedNgrams::HashedNgrams(HashedNgramsOptions options, FrequencyTable table)
    : options_(options), table_(std::move(table)) {
  if (options_.dim < 1 || options_.dim > 4096) {
    throw InvalidArgument(concat("hashed n-grams of ", options_.dim, " numbers: 1 to 4096"));
  }
  for (const float weight : {options_.words, options_.pairs, options_.grams}) {
    if (!(weight >= 0 && std::isfinite(weight))) {
      throw InvalidArgument(concat("hashed n-grams: the weight ", weight, " is negative or not finite"));
    }
  }
  fingerprint_ = hash_of(concat("HashedNgrams 1 ", options_.dim, ' ', options_.words, ' ', options_.pairs, ' ',
                                options_.grams, ' ', table_.texts()));
  for (const FrequencyTable::Entry& entry : table_.entries()) {
    fingerprint_ = hash_of(concat(entry.feature, ' ', entry.texts), fingerprint_);
  }
}

namespace detail {

inline constexpr std::string_view hashed_ngrams_header = "HashedNgrams 1\n";

/// Takes numbers off a text, each to the end of its line or a blank.
class NumberReader {
 public:
  NumberReader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  template <class Number>
  Number next(char end) {
    Number number{};
    const auto [rest, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
    const auto used = static_cast<std::size_t>(rest - text_.data());
    if (error != std::errc() || used == text_.size() || text_[used] != end) {
      throw FormatError(concat(where_, ": no description of hashed n-grams: '", text_.substr(0, 20),
                               "' is no number with '", end == '\n' ? "a line's end" : "a blank", "' behind it"));
    }
    text_.remove_prefix(used + 1);
    return number;
  }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
  std::string_view where_;
};

}  // namespace detail

ASTERISM_INLINE std::string HashedNgrams::to_text() const {
  std::string text = concat(detail::hashed_ngrams_header, options_.dim, '\n');
  for (const float weight : {options_.words, options_.pairs, options_.grams}) {
    char digits[64];
    text.append(digits, std::to_chars(digits, digits + sizeof(digits), weight).ptr).append(1, '\n');
  }
  text += concat(table_.texts(), ' ', table_.entries().size, '\n');
  for (const FrequencyTable::Entry& entry : table_.entries()) {
    text += concat(entry.feature, ' ', entry.texts, '\n');
  }
  return text;
}

ASTERISM_INLINE HashedNgrams HashedNgrams::from_text(std::string_view text, std::string_view where) {
  if (!text.starts_with(detail::hashed_ngrams_header)) {
    throw FormatError(concat(where, ": no description of hashed n-grams of version 1"));
  }
  detail::NumberReader reader(text.substr(detail::hashed_ngrams_header.size()), where);
  HashedNgramsOptions options;
  options.dim = reader.next<std::size_t>('\n');
  for (float* weight : {&options.words, &options.pairs, &options.grams}) *weight = reader.next<float>('\n');
  const auto texts = reader.next<std::uint32_t>(' ');
  const auto count = reader.next<std::uint32_t>('\n');
  std::vector<FrequencyTable::Entry> entries;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto feature = reader.next<std::uint64_t>(' ');
    entries.push_back({feature, reader.next<std::uint32_t>('\n')});
  }
  if (!reader.done()) throw FormatError(concat(where, ": more than ", count, " entries of a table"));
  try {
    return HashedNgrams(options, FrequencyTable(std::move(entries), texts));
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(where, ": ", error.what()));
  }
}

ASTERISM_INLINE void HashedNgrams::encode(View<const std::string_view> texts, MatrixView<float> out) const {
  check_encode(texts.size, dim(), out);
  const float weights[] = {options_.words, options_.pairs, options_.grams};
  std::vector<float> sums(dim());
  for (std::size_t i = 0; i < texts.size; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const std::vector<detail::Feature> features = detail::features_of(texts[i]);
    for (auto first = features.begin(); first != features.end();) {
      const auto end =
          std::find_if(first, features.end(), [&](const detail::Feature& other) { return other != *first; });
      const double times = 1 + std::log(static_cast<double>(end - first));
      const double weight =
          times * table_.weight(first->hash) * double{weights[static_cast<std::size_t>(first->kind)]};
      // The highest bit is the sign, the others choose the number.
      const auto place = static_cast<std::size_t>((first->hash & ~std::uint64_t{0} >> 1U) % dim());
      sums[place] += static_cast<float>((first->hash >> 63U) != 0 ? -weight : weight);
      first = end;
    }
    if (std::all_of(sums.begin(), sums.end(), [](float value) { return value == 0; })) {
      sums[hash_of(texts[i]) % dim()] = 1;  // no features, or they cancel
    }
    index::write_unit(View<const float>(sums), out.row(i));
  }
}

}  // namespace asterism::encode
