// Bodies of classifier_score.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "asterism/assistant/classifier_score.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::assistant {

ASTERISM_INLINE void ClassifierScore::add(View<const double> probabilities, std::size_t label) {
  if (probabilities.size != labels_ || label >= labels_) {
    throw InvalidArgument(concat("a score of ", labels_, " labels is told of ", probabilities.size,
                                 " probabilities and label ", label));
  }
  const double* const best = std::max_element(probabilities.begin(), probabilities.end());
  const auto said = static_cast<std::size_t>(best - probabilities.begin());
  ++queries_;
  ++counts_[label * labels_ + said];
  const auto place = static_cast<std::size_t>(std::ceil(*best * static_cast<double>(bins)));
  Bin& bin = bins_[std::clamp<std::size_t>(place, 1, bins) - 1];
  ++bin.queries;
  bin.right += said == label ? 1 : 0;
  bin.probability += *best;
}

ASTERISM_INLINE double ClassifierScore::accuracy() const {
  std::size_t right = 0;
  for (std::size_t label = 0; label < labels_; ++label) right += count(label, label);
  return queries_ == 0 ? 0 : static_cast<double>(right) / static_cast<double>(queries_);
}

ASTERISM_INLINE double ClassifierScore::f1(std::size_t label) const {
  std::size_t of_kind = 0;
  std::size_t said = 0;
  for (std::size_t other = 0; other < labels_; ++other) {
    of_kind += count(label, other);
    said += count(other, label);
  }
  if (of_kind + said == 0) return 0;
  return 2 * static_cast<double>(count(label, label)) / static_cast<double>(of_kind + said);
}

ASTERISM_INLINE double ClassifierScore::macro_f1() const {
  double sum = 0;
  for (std::size_t label = 0; label < labels_; ++label) sum += f1(label);
  return sum / static_cast<double>(labels_);
}

ASTERISM_INLINE double ClassifierScore::calibration_error() const {
  double error = 0;
  for (const Bin& bin : bins_) error += std::abs(bin.probability - static_cast<double>(bin.right));
  return queries_ == 0 ? 0 : error / static_cast<double>(queries_);
}

ASTERISM_INLINE std::string table(const ClassifierScore& score, View<const std::string> labels) {
  char cell[64];
  const auto put = [&](const char* format, auto... values) {
    std::snprintf(cell, sizeof(cell), format, values...);
    return std::string(cell);
  };
  std::string out = put("%-12s", "kind, said");
  for (const std::string& label : labels) out += put(" %10.10s", label.c_str());
  out += put(" %8s\n", "F1");
  for (std::size_t label = 0; label < labels.size; ++label) {
    out += put("%-12.12s", labels[label].c_str());
    for (std::size_t said = 0; said < labels.size; ++said) out += put(" %10zu", score.count(label, said));
    out += put(" %8.3f\n", score.f1(label));
  }
  out += put("%zu queries, accuracy %.3f, ", score.queries(), score.accuracy());
  out += put("macro F1 %.3f, calibration error %.3f\n", score.macro_f1(), score.calibration_error());
  return out;
}

}  // namespace asterism::assistant
