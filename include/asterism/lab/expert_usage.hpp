// How often each expert of each layer was chosen, as a table with bars.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/observe/trace.hpp"

namespace asterism::lab {

/// Counts choices of experts in a (layers, experts) table. Not thread-safe.
class ExpertUsage {
 public:
  ExpertUsage(std::int32_t layers, std::int32_t experts)
      : layers_(layers),
        experts_(experts),
        chosen_(static_cast<std::size_t>(layers) * static_cast<std::size_t>(experts)) {}

  /// Counts all positions of a trace of the same model.
  void add(const observe::Trace& trace) {
    for (std::int32_t position = 0; position < trace.positions(); ++position) {
      for (std::int32_t layer = 0; layer < layers_; ++layer) {
        for (const observe::Choice& choice : trace.at(position, layer)) ++at(layer, choice.expert);
      }
    }
  }
  /// Counts `times` choices of the expert in the layer.
  void add(std::int32_t layer, std::int32_t expert, std::uint64_t times) { at(layer, expert) += times; }
  void add(const ExpertUsage& other) {
    for (std::size_t i = 0; i < chosen_.size(); ++i) chosen_[i] += other.chosen_[i];
  }

  std::int32_t layers() const { return layers_; }
  std::int32_t experts() const { return experts_; }
  /// Choices of the expert in the layer.
  std::uint64_t chosen(std::int32_t layer, std::int32_t expert) const { return chosen_[index(layer, expert)]; }
  /// The expert's share of all choices in the layer; 0 if there was none.
  double share(std::int32_t layer, std::int32_t expert) const {
    std::uint64_t all = 0;
    for (std::int32_t e = 0; e < experts_; ++e) all += chosen(layer, e);
    return all == 0 ? 0 : static_cast<double>(chosen(layer, expert)) / static_cast<double>(all);
  }

  /// One line per layer: the least and the most used expert, and a column for each expert, full at the largest
  /// share of the layer.
  std::string table() const {
    if (experts_ == 0) return "  no experts\n";
    constexpr std::string_view columns[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::string text = concat("  ", pad_right("layer", 7), pad_left("least", 9), pad_left("most", 9),
                              pad_left("even", 9), "  expert 0 to ", experts_ - 1, "\n");
    for (std::int32_t layer = 0; layer < layers_; ++layer) {
      double least = 1;
      double most = 0;
      for (std::int32_t e = 0; e < experts_; ++e) {
        least = std::min(least, share(layer, e));
        most = std::max(most, share(layer, e));
      }
      const auto percent = [](double share) { return pad_left(fixed(100 * share, 1) + " %", 9); };
      text +=
          concat("  ", pad_right(concat(layer), 7), percent(least), percent(most), percent(1.0 / experts_), "  ");
      for (std::int32_t e = 0; e < experts_; ++e) {
        text += columns[most > 0 ? static_cast<std::size_t>(std::lround(8 * share(layer, e) / most)) : 0];
      }
      text += "\n";
    }
    return text;
  }

 private:
  std::size_t index(std::int32_t layer, std::int32_t expert) const {
    return static_cast<std::size_t>(layer) * static_cast<std::size_t>(experts_) + static_cast<std::size_t>(expert);
  }
  std::uint64_t& at(std::int32_t layer, std::int32_t expert) { return chosen_[index(layer, expert)]; }

  std::int32_t layers_;
  std::int32_t experts_;
  std::vector<std::uint64_t> chosen_;
};

}  // namespace asterism::lab
