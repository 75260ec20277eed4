// Choices that were read line by line, put into the order of a routing trace.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/import_routes.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/lab/routing_trace.hpp"

namespace asterism::lab::detail {

/// A choice as it was imported.
struct ImportedChoice {
  std::size_t line = 0;
  std::size_t sequence = 0;
  std::int64_t token = 0;  ///< sorts the sequence's tokens; prompts have those below `first_answer`
  std::int64_t layer = 0;
  std::int64_t slot = 0;
  std::int32_t expert = 0;
  float weight = -1;  ///< below 0: not known

  auto place() const { return std::make_tuple(sequence, token, layer, slot); }
};

inline constexpr std::int64_t most_layers = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t most_tokens = std::int64_t{1} << 40U;
inline constexpr std::int64_t first_answer = most_tokens + 1;
/// The lines of a text one by one, without their ends.
class ImportedLines {
 public:
  ImportedLines(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  /// The next line that is not blank.
  bool next(std::string_view& line) {
    while (!text_.empty()) {
      const std::size_t end = text_.find('\n');
      line = text_.substr(0, end);
      text_.remove_prefix(end == text_.npos ? text_.size() : end + 1);
      ++number_;
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
      if (!line.empty()) return true;
    }
    return false;
  }

  std::size_t number() const { return number_; }
  std::string place(std::size_t line) const { return concat(where_, ", line ", line); }
  [[noreturn]] void fail(std::string_view what) const { fail(number_, what); }
  [[noreturn]] void fail(std::size_t line, std::string_view what) const {
    throw FormatError(concat(place(line), ": ", what));
  }

  /// The fields of a line between commas, exactly `count`.
  void fields(std::string_view line, std::vector<std::string_view>& out, std::size_t count) const {
    out.clear();
    for (std::size_t end = 0; end != line.npos;) {
      end = line.find(',');
      std::string_view field = line.substr(0, end);
      while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
      while (!field.empty() && field.back() == ' ') field.remove_suffix(1);
      out.push_back(field);
      line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    if (out.size() != count) fail(concat(out.size(), " fields, expected ", count));
  }

  std::int64_t integer(std::string_view field, std::string_view name, std::int64_t most) const {
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || value < 0 || value > most) {
      fail(concat(name, " is '", printable(field, 40), "', expected an integer from 0 to ", most));
    }
    return value;
  }

  float weight(std::string_view field) const {
    float value = -1;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !(value >= 0 && value <= 1)) {
      fail(concat("weight is '", printable(field, 40), "', expected a number from 0 to 1"));
    }
    return value;
  }

 private:
  std::string_view text_;
  std::string_view where_;
  std::size_t number_ = 0;
};

/// Choices in the order of sequences, tokens, layers and slots, all there, as a trace.
class ImportedTable {
 public:
  ImportedTable(const ImportedLines& lines, std::vector<ImportedChoice> choices) : lines_(lines) {
    const auto order = argsort(choices.size(), [&](std::size_t a, std::size_t b) {
      return std::make_tuple(choices[a].place(), choices[a].line) <
             std::make_tuple(choices[b].place(), choices[b].line);
    });
    choices_ = permuted(std::move(choices), order);
  }

  RoutingTrace trace(const ImportOptions& options, const std::vector<std::string>& labels, bool passes_known) {
    RoutingTrace out(sizes(options));
    const auto top_k = static_cast<std::size_t>(out.sizes().top_k);
    RoutedSequence sequence;
    for (std::size_t i = 0; i < choices_.size();) {
      const ImportedChoice& first = choices_[i];
      if (first.token < first_answer) ++sequence.prompt_tokens;
      sequence.tokens.push_back(0);
      for (const std::int64_t layer : layers_) {
        add(i, top_k, first, layer, sequence);
        i += top_k;
      }
      if (i < choices_.size() && choices_[i].sequence == first.sequence) {
        if (choices_[i].token == first.token) {
          lines_.fail(choices_[i].line, concat("a choice too many, expected ", top_k, " as of the first token"));
        }
        continue;
      }
      sequence.label =
          first.sequence < labels.size() ? labels[first.sequence] : concat("sequence ", first.sequence);
      if (passes_known) {
        if (sequence.prompt_tokens > 0)
          sequence.passes.push_back(static_cast<std::uint32_t>(sequence.prompt_tokens));
        sequence.passes.resize(sequence.passes.size() + sequence.tokens.size() - sequence.prompt_tokens, 1);
      } else {
        sequence.prompt_tokens = 0;
      }
      out.append(std::move(sequence));
      sequence = {};
    }
    return out;
  }

 private:
  /// The sizes; fills layers_ with the numbers that layers have in the file.
  RoutingSizes sizes(const ImportOptions& options) {
    if (choices_.empty()) lines_.fail(1, "no choices follow, expected at least one");
    const ImportedChoice* greatest = &choices_.front();
    std::set<std::int64_t> layers;
    std::size_t top_k = 0;  // choices of the first token in its first layer
    for (const ImportedChoice& choice : choices_) {
      layers.insert(choice.layer);
      if (choice.expert > greatest->expert) greatest = &choice;
      const ImportedChoice& first = choices_.front();
      top_k +=
          choice.sequence == first.sequence && choice.token == first.token && choice.layer == first.layer ? 1 : 0;
    }
    if (options.experts > 0 && greatest->expert >= options.experts) {
      lines_.fail(greatest->line, concat("expert ", greatest->expert, ", expected 0 to ", options.experts - 1));
    }
    layers_.assign(layers.begin(), layers.end());
    const RoutingSizes sizes{
        .layers = static_cast<std::int32_t>(layers_.size()),
        .experts = options.experts > 0 ? options.experts : greatest->expert + 1,
        .top_k = static_cast<std::int32_t>(std::min(top_k, std::size_t{RoutingSizes::max_experts}))};
    if (!are_possible(sizes)) {
      lines_.fail(choices_.front().line,
                  concat(to_string(sizes), ", expected 1 <= top_k <= experts <= ", RoutingSizes::max_experts));
    }
    return sizes;
  }

  /// Appends the choices [i, i + top_k) to the sequence, sorted: they have to be of the same token as `first`, and of
  /// the layer.
  void add(std::size_t i, std::size_t top_k, const ImportedChoice& first, std::int64_t layer,
           RoutedSequence& sequence) {
    for (std::size_t k = 0; k < top_k; ++k) {
      if (i + k < choices_.size()) {
        const ImportedChoice& one = choices_[i + k];
        if (one.sequence == first.sequence && one.token == first.token && one.layer == layer) continue;
      }
      if (k == 0 && i < choices_.size() &&
          choices_[i].place() < std::make_tuple(first.sequence, first.token, layer, 0)) {
        lines_.fail(choices_[i].line, concat("a choice too many, expected ", top_k, " as of the first token"));
      }
      const std::size_t line = k == 0 ? first.line : choices_[i + k - 1].line;
      lines_.fail(line, concat("the token has ", k, " experts in layer ", layer, ", expected ", top_k,
                               " as the first one"));
    }
    const auto begin = choices_.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = begin + static_cast<std::ptrdiff_t>(top_k);
    std::stable_sort(begin, end,
                     [](const ImportedChoice& a, const ImportedChoice& b) { return a.weight > b.weight; });
    experts_.clear();
    for (auto one = begin; one != end; ++one) {
      experts_.push_back({one->expert, one->line});
      const float even = 1 / static_cast<float>(top_k);
      sequence.choices.push_back({.expert = one->expert, .probability = one->weight < 0 ? even : one->weight});
    }
    std::sort(experts_.begin(), experts_.end());
    for (std::size_t k = 1; k < top_k; ++k) {
      if (experts_[k].first != experts_[k - 1].first) continue;
      lines_.fail(experts_[k].second,
                  concat("expert ", experts_[k].first, " a second time, expected distinct experts"));
    }
  }

  const ImportedLines& lines_;
  std::vector<ImportedChoice> choices_;
  std::vector<std::int64_t> layers_;
  std::vector<std::pair<std::int32_t, std::size_t>> experts_;  ///< and lines, of one token in one layer
};

}  // namespace asterism::lab::detail
