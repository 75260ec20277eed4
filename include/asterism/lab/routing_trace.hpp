// Routing traces: the experts of every token of many conversations, for experiments on caches and prediction,
// written to one file. `read_routing_trace.hpp` reads it back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/crc32.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/fwd.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/lab/trace_format.hpp"
#include "asterism/observe/trace.hpp"

namespace asterism::lab {

/// The conversations of one model. Probabilities have a resolution of 1/65535, in memory as in the file: what is
/// read equals what was written. Const members may be called from several threads.
class RoutingTrace {
 public:
  /// Throws InvalidArgument for impossible sizes, see `are_possible`.
  explicit RoutingTrace(const RoutingSizes& sizes) : sizes_(sizes) {
    if (are_possible(sizes)) return;
    throw InvalidArgument(
        concat("no routing trace can have ", to_string(sizes),
               ": expected layers >= 1 and 1 <= ", "top_k <= experts <= ", RoutingSizes::max_experts));
  }
  RoutingTrace(std::int32_t layers, std::int32_t experts, std::int32_t top_k)
      : RoutingTrace(RoutingSizes{layers, experts, top_k}) {}

  const RoutingSizes& sizes() const { return sizes_; }
  const std::vector<RoutedSequence>& sequences() const { return sequences_; }

  /// The choices (top_k) of a token of a sequence in a layer, best first.
  View<const observe::Choice> at(std::size_t sequence, std::size_t token, std::int32_t layer) const {
    const auto top_k = static_cast<std::size_t>(sizes_.top_k);
    const std::size_t first = token * sizes_.choices_per_token() + static_cast<std::size_t>(layer) * top_k;
    return View<const observe::Choice>(sequences_[sequence].choices).subview(first, top_k);
  }

  /// All probabilities (experts) of a token in a layer; empty where they are not known.
  View<const float> probabilities(std::size_t sequence, std::size_t token, std::int32_t layer) const {
    return row(sequences_[sequence].probabilities, sizes_.probabilities_per_token(), token, layer);
  }
  /// What the router of the layer behind `layer` said of the token's hidden state in `layer`: (experts); empty where
  /// that is not known, and in the last layer.
  View<const float> guess(std::size_t sequence, std::size_t token, std::int32_t layer) const {
    if (layer + 1 == sizes_.layers) return {};
    return row(sequences_[sequence].guesses, sizes_.guesses_per_token(), token, layer);
  }

  /// Version of the file format that is written: 1 if no sequence has more than choices, else 2.
  std::uint32_t version() const {
    for (const RoutedSequence& sequence : sequences_) {
      if (!sequence.passes.empty() || trace_format::flags_of(sequence) != 0) return 2;
    }
    return 1;
  }

  /// Appends a finished conversation: `tokens` as returned by Session::tokens(), the first `prompt_tokens` of
  /// which are the prompt, and that session's observer. The last token of an answer was chosen but may never have
  /// passed through the model: if the observer has all tokens except that one, the sequence ends before it. Throws
  /// InvalidArgument if the observer has other sizes or fewer tokens, and if a rule of `fault_in` is violated. It
  /// can't tell whether the observer saw these tokens or others: iterate over the whole answer first, and leave
  /// out one that was cancelled before its first token. Passes are kept where the observer knows them, all
  /// probabilities where it is an observe::FullTrace, guesses where it has heard one of each layer but the last.
  void append(std::string_view label, std::size_t prompt_tokens, View<const TokenId> tokens,
              const observe::Trace& observer) {
    append_observed(label, prompt_tokens, tokens, observer, nullptr);
  }
  void append(std::string_view label, std::size_t prompt_tokens, View<const TokenId> tokens,
              const observe::FullTrace& observer) {
    append_observed(label, prompt_tokens, tokens, observer, &observer);
  }

  /// Appends a sequence with its probabilities rounded. Throws InvalidArgument if it violates a rule of
  /// `fault_in`.
  void append(RoutedSequence sequence) {
    if (const auto fault = fault_in(sequence, sizes_)) {
      throw InvalidArgument(concat(title(sequence.label), ": ", fault->what));
    }
    for (observe::Choice& choice : sequence.choices) choice.probability = rounded(choice.probability);
    for (float& number : sequence.probabilities) number = rounded(number);
    for (float& number : sequence.guesses) number = rounded(number);
    sequences_.push_back(std::move(sequence));
  }

  /// The content of the file.
  std::vector<std::byte> encode() const {
    std::uint64_t tokens = 0;
    std::uint64_t bytes = trace_format::header_bytes + trace_format::checksum_bytes;
    const std::uint32_t version = this->version();
    for (const RoutedSequence& sequence : sequences_) {
      tokens += sequence.tokens.size();
      bytes += trace_format::sequence_header_bytes(version) + sequence.label.size() +
               sequence.tokens.size() * trace_format::bytes_per_token(sizes_, trace_format::flags_of(sequence)) +
               sequence.passes.size() * sizeof(std::uint32_t);
    }
    std::vector<std::byte> out;
    out.reserve(bytes);
    trace_format::put_text(trace_format::magic, out);
    trace_format::put(version, out);
    for (const std::int32_t size : {sizes_.layers, sizes_.experts, sizes_.top_k}) {
      trace_format::put(static_cast<std::uint32_t>(size), out);
    }
    trace_format::put(std::uint64_t{sequences_.size()}, out);
    trace_format::put(tokens, out);
    for (const RoutedSequence& sequence : sequences_) put_sequence(sequence, version, out);
    trace_format::put(file::crc32(out), out);
    return out;
  }

  /// Writes the file atomically, replacing an older one. Takes memory of the size of the file. Throws FileError
  /// naming the path.
  void write(const std::string& path) const {
    const std::vector<std::byte> bytes = encode();
    file::NewFile file(path, bytes.size());
    file.write(bytes);
    file.finish();
  }

  friend bool operator==(const RoutingTrace&, const RoutingTrace&) = default;

 private:
  static float rounded(float probability) {
    return trace_format::probability_of(trace_format::code_of(probability));
  }

  View<const float> row(const std::vector<float>& numbers, std::size_t per_token, std::size_t token,
                        std::int32_t layer) const {
    if (numbers.empty()) return {};
    const auto experts = static_cast<std::size_t>(sizes_.experts);
    return View<const float>(numbers).subview(token * per_token + static_cast<std::size_t>(layer) * experts,
                                              experts);
  }

  /// `all`: the same observer, if it has all probabilities.
  void append_observed(std::string_view label, std::size_t prompt_tokens, View<const TokenId> tokens,
                       const observe::Trace& observer, const observe::FullTrace* all) {
    const RoutingSizes observed{observer.layers(), observer.experts(), observer.top_k()};
    if (observed != sizes_) {
      throw InvalidArgument(
          concat("the observer has ", to_string(observed), ", expected those of the trace: ", to_string(sizes_)));
    }
    const auto known = static_cast<std::size_t>(observer.positions());
    const std::size_t count = tokens.size == known + 1 ? known : tokens.size;
    if (count > known) {
      throw InvalidArgument(concat(title(label), ": the observer knows the routes of ", known,
                                   " tokens, expected ", tokens.size,
                                   " or one less: walk through the answer first"));
    }
    RoutedSequence sequence{.label = std::string(label),
                            .prompt_tokens = prompt_tokens,
                            .tokens = {tokens.begin(), tokens.begin() + count},
                            .choices = {}};
    sequence.choices.reserve(count * sizes_.choices_per_token());
    for (std::size_t token = 0; token < count; ++token) {
      for (std::int32_t layer = 0; layer < sizes_.layers; ++layer) {
        const auto choices = observer.at(static_cast<std::int32_t>(token), layer);
        sequence.choices.insert(sequence.choices.end(), choices.begin(), choices.end());
      }
    }
    const View<const std::int32_t> starts = observer.pass_starts();
    for (std::size_t i = 0; i < starts.size && static_cast<std::size_t>(starts[i]) < count; ++i) {
      const std::size_t end = i + 1 < starts.size ? static_cast<std::size_t>(starts[i + 1]) : count;
      sequence.passes.push_back(static_cast<std::uint32_t>(std::min(end, count)) -
                                static_cast<std::uint32_t>(starts[i]));
    }
    for (std::size_t token = 0; token < count && all != nullptr; ++token) {
      for (std::int32_t layer = 0; layer < sizes_.layers; ++layer) {
        const auto row = all->probabilities(static_cast<std::int32_t>(token), layer);
        sequence.probabilities.insert(sequence.probabilities.end(), row.begin(), row.end());
      }
    }
    if (all != nullptr) sequence.guesses = guesses_of(*all, count);
    append(std::move(sequence));
  }

  /// Of the first `count` positions; empty where one is missing.
  std::vector<float> guesses_of(const observe::FullTrace& observer, std::size_t count) const {
    std::vector<float> out;
    for (std::size_t token = 0; token < count; ++token) {
      for (std::int32_t layer = 0; layer + 1 < sizes_.layers; ++layer) {
        const auto row = observer.guess(static_cast<std::int32_t>(token), layer);
        if (row.empty()) return {};
        out.insert(out.end(), row.begin(), row.end());
      }
    }
    return out;
  }

  static std::string title(std::string_view label) { return concat("the sequence '", printable(label, 60), "'"); }

  void put_sequence(const RoutedSequence& sequence, std::uint32_t version, std::vector<std::byte>& out) const {
    trace_format::put(std::uint64_t{sequence.label.size()}, out);
    trace_format::put(std::uint64_t{sequence.prompt_tokens}, out);
    trace_format::put(std::uint64_t{sequence.tokens.size()}, out);
    if (version >= 2) {
      trace_format::put(static_cast<std::uint32_t>(sequence.passes.size()), out);
      trace_format::put(trace_format::flags_of(sequence), out);
    }
    trace_format::put_text(sequence.label, out);
    for (const TokenId token : sequence.tokens) trace_format::put(static_cast<std::uint32_t>(token), out);
    for (const observe::Choice& choice : sequence.choices) {
      if (trace_format::expert_bytes(sizes_) == 1) {
        trace_format::put(static_cast<std::uint8_t>(choice.expert), out);
      } else {
        trace_format::put(static_cast<std::uint16_t>(choice.expert), out);
      }
    }
    for (const observe::Choice& choice : sequence.choices)
      trace_format::put(trace_format::code_of(choice.probability), out);
    for (const std::uint32_t pass : sequence.passes) trace_format::put(pass, out);
    for (const float number : sequence.probabilities) trace_format::put(trace_format::code_of(number), out);
    for (const float number : sequence.guesses) trace_format::put(trace_format::code_of(number), out);
  }

  RoutingSizes sizes_;
  std::vector<RoutedSequence> sequences_;
};

}  // namespace asterism::lab
