// Bodies of read_routing_trace.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/crc32.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/routed_sequence.hpp"
#include "asterism/lab/routing_trace.hpp"
#include "asterism/lab/trace_format.hpp"

namespace asterism::lab {

namespace detail {

/// Reads the bytes of a file from the beginning to the checksum.
class RoutingTraceReader {
 public:
  RoutingTraceReader(View<const std::byte> file, std::string_view where) : file_(file), where_(where) {}

  RoutingTrace read() {
    check_magic();
    if (file_.size < trace_format::header_bytes + trace_format::checksum_bytes) {
      fail(file_.size,
           concat("the file ends, expected at least ", trace_format::header_bytes + trace_format::checksum_bytes,
                  " bytes: truncated; copy it again"));
    }
    RoutingTrace trace(sizes());
    const std::uint64_t sequences = number<std::uint64_t>();
    std::uint64_t tokens = number<std::uint64_t>();
    const std::uint64_t room = left();
    const std::uint64_t token_bytes = trace_format::bytes_per_token(trace.sizes());
    const std::uint64_t sequence_header = trace_format::sequence_header_bytes(version_);
    if (sequences > room / sequence_header || tokens > (room - sequences * sequence_header) / token_bytes) {
      fail(sequences_at, concat(sequences, " sequences with ", tokens, " tokens of ", token_bytes,
                                " bytes, but only ", room, " bytes follow: truncated; copy it again"));
    }
    for (std::uint64_t i = 0; i < sequences; ++i) {
      trace.append(sequence(trace.sizes(), i, tokens));
      tokens -= trace.sequences().back().tokens.size();
    }
    if (tokens != 0) fail(tokens_at, concat(tokens, " tokens more than all sequences have, expected their sum"));
    if (left() != 0) fail(at_, concat(left(), " surplus bytes before the checksum, expected none"));
    const std::uint32_t expected = file::crc32(file_.subview(0, at_));
    const auto found = number<std::uint32_t>();
    if (found != expected) {
      fail(at_ - trace_format::checksum_bytes,
           concat("the checksum is ", found, ", expected ", expected, ": the file is damaged; copy it again"));
    }
    return trace;
  }

 private:
  using Field = RoutingFault::Field;
  static constexpr std::size_t version_at = 8;
  static constexpr std::size_t sizes_at = 12;
  static constexpr std::size_t sequences_at = 24;
  static constexpr std::size_t tokens_at = 32;

  [[noreturn]] void fail(std::uint64_t offset, std::string_view what) const {
    throw FormatError(concat(where_, ": at byte ", offset, ": ", what));
  }

  /// Unread bytes before the checksum.
  std::uint64_t left() const { return file_.size - trace_format::checksum_bytes - at_; }

  template <class T>
  T number() {
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
      value = static_cast<T>(std::uint64_t{value} << 8U | std::to_integer<std::uint64_t>(file_[at_ + i]));
    }
    at_ += sizeof(T);
    return value;
  }

  void check_magic() {
    const std::string_view text(reinterpret_cast<const char*>(file_.data), file_.size);
    const std::string_view found = text.substr(0, trace_format::magic.size());
    if (!trace_format::magic.starts_with(found)) {
      fail(0, concat("'", printable(found), "', expected '", trace_format::magic, "': no routing trace"));
    }
    at_ = found.size();
  }

  RoutingSizes sizes() {
    version_ = number<std::uint32_t>();
    if (version_ < 1 || version_ > trace_format::newest_version) {
      throw Unsupported(concat(where_, ": at byte ", version_at, ": version ", version_, ", expected 1 to ",
                               trace_format::newest_version, ": read it with the Asterism that wrote it"));
    }
    std::int32_t values[3] = {};
    for (std::int32_t& value : values) {
      const auto found = number<std::uint32_t>();
      if (found > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())) {
        fail(at_ - sizeof found, concat("a size of ", found, ", expected less than 2^31"));
      }
      value = static_cast<std::int32_t>(found);
    }
    const RoutingSizes sizes{values[0], values[1], values[2]};
    if (!are_possible(sizes)) {
      fail(sizes_at, concat(to_string(sizes),
                            ", expected layers >= 1 and 1 <= top_k <= experts <= ", RoutingSizes::max_experts));
    }
    return sizes;
  }

  /// Flags are known ones, and each stands for something.
  void check_flags(const std::string& name, const RoutingSizes& sizes, std::uint64_t tokens, std::uint32_t flags,
                   std::size_t offset) const {
    if (flags > (trace_format::has_probabilities | trace_format::has_guesses)) {
      fail(offset, concat(name, " has the flags ", flags, ", expected 0 to 3"));
    }
    if (flags != 0 && tokens == 0) {
      fail(offset, concat(name, " has the flags ", flags, " but no tokens, expected 0"));
    }
    if ((flags & trace_format::has_guesses) != 0 && sizes.layers == 1) {
      fail(offset, concat(name, " has guesses of a next layer, but the model has one"));
    }
  }

  /// The sequence that begins here; `tokens_left`: tokens that the header announces for it and those after it.
  RoutedSequence sequence(const RoutingSizes& sizes, std::uint64_t number_of, std::uint64_t tokens_left) {
    const std::string name = concat("sequence ", number_of);
    const std::size_t begin = at_;
    const std::uint64_t header = trace_format::sequence_header_bytes(version_);
    if (left() < header) {
      fail(begin, concat(name, " needs ", header, " bytes, but only ", left(), " are left before the checksum"));
    }
    const auto label_bytes = number<std::uint64_t>();
    const auto prompt_tokens = number<std::uint64_t>();
    const auto tokens = number<std::uint64_t>();
    const std::uint64_t passes = version_ == 1 ? 0 : number<std::uint32_t>();
    const std::uint32_t flags = version_ == 1 ? 0 : number<std::uint32_t>();
    check_flags(name, sizes, tokens, flags, begin + 28);
    if (label_bytes > left()) {
      fail(begin, concat(name, " has a label of ", label_bytes, " bytes, but only ", left(),
                         " are left before the checksum"));
    }
    if (tokens > tokens_left) {
      fail(begin + 16, concat(name, " has ", tokens, " tokens, expected at most ", tokens_left,
                              ", which the header leaves for it"));
    }
    const std::uint64_t room = left() - label_bytes;
    const std::uint64_t token_bytes = trace_format::bytes_per_token(sizes, flags);
    if (tokens > room / token_bytes) {
      fail(begin + 16, concat(name, " has ", tokens, " tokens of ", token_bytes, " bytes, but only ", room,
                              " bytes are left before the checksum"));
    }
    if (passes > (room - tokens * token_bytes) / sizeof(std::uint32_t)) {
      fail(begin + 24, concat(name, " has ", passes, " passes, but only ", room - tokens * token_bytes,
                              " bytes are left for them before the checksum"));
    }
    RoutedSequence out{.label = {reinterpret_cast<const char*>(file_.data + at_), label_bytes},
                       .prompt_tokens = prompt_tokens,
                       .tokens = std::vector<TokenId>(tokens),
                       .choices = std::vector<observe::Choice>(tokens * sizes.choices_per_token()),
                       .passes = std::vector<std::uint32_t>(passes)};
    if ((flags & trace_format::has_probabilities) != 0) {
      out.probabilities.resize(tokens * sizes.probabilities_per_token());
    }
    if ((flags & trace_format::has_guesses) != 0) out.guesses.resize(tokens * sizes.guesses_per_token());
    const std::size_t label_at = at_;
    at_ += label_bytes;
    const std::size_t ids_at = at_;
    for (TokenId& token : out.tokens) token = static_cast<TokenId>(number<std::uint32_t>());
    const std::size_t experts_at = at_;
    for (observe::Choice& choice : out.choices) {
      choice.expert = trace_format::expert_bytes(sizes) == 1 ? number<std::uint8_t>() : number<std::uint16_t>();
    }
    const std::size_t probabilities_at = at_;
    for (observe::Choice& choice : out.choices)
      choice.probability = trace_format::probability_of(number<std::uint16_t>());
    const std::size_t passes_at = at_;
    for (std::uint32_t& pass : out.passes) pass = number<std::uint32_t>();
    const std::size_t all_at = at_;
    for (float& one : out.probabilities) one = trace_format::probability_of(number<std::uint16_t>());
    const std::size_t guesses_at = at_;
    for (float& one : out.guesses) one = trace_format::probability_of(number<std::uint16_t>());
    if (const auto fault = fault_in(out, sizes)) {
      const std::size_t offsets[] = {label_at,
                                     begin + 8,
                                     ids_at + fault->index * sizeof(TokenId),
                                     experts_at + fault->index * trace_format::expert_bytes(sizes),
                                     probabilities_at + fault->index * sizeof(std::uint16_t),
                                     passes_at + fault->index * sizeof(std::uint32_t),
                                     all_at + fault->index * sizeof(std::uint16_t),
                                     guesses_at + fault->index * sizeof(std::uint16_t)};
      fail(offsets[static_cast<std::size_t>(fault->field)], concat(name, ": ", fault->what));
    }
    return out;
  }

  View<const std::byte> file_;
  std::string_view where_;
  std::uint32_t version_ = 0;
  std::size_t at_ = 0;
};

}  // namespace detail

ASTERISM_INLINE RoutingTrace parse_routing_trace(View<const std::byte> file, std::string_view where) {
  return detail::RoutingTraceReader(file, where).read();
}

ASTERISM_INLINE RoutingTrace read_routing_trace(const std::string& path) {
  const std::string bytes = file::read_file(path, max_trace_file);
  return parse_routing_trace({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, path);
}

}  // namespace asterism::lab
