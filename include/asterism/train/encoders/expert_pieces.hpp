// The rows of each expert in pieces of whole sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/sequences.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::train {

/// Rows of one expert: slots [first, first + rows) of a dispatch, and the ends of the sequences among them.
struct ExpertPiece {
  std::size_t expert = 0;
  std::size_t first = 0;  ///< slot
  std::size_t rows = 0;
  backend::Sequences sequences{};
};

/// Walks over the slots of a dispatch expert by expert, as many whole sequences at a time as have at most `most` rows:
/// rows ascend within an expert, so those of a sequence are neighbours. What is in memory at a time is bounded so,
/// wherever the router sends its rows.
class ExpertPieces {
 public:
  /// No sequence has more than `most` rows.
  explicit ExpertPieces(std::size_t most) : most_(most) { ends_.reserve(most); }

  std::size_t most() const { return most_; }

  /// Calls f(piece) for all pieces; the view of its ends is valid during the call. InvalidArgument for a longer
  /// sequence. offsets (experts + 1) and sources
  /// (slots) as in backend::ExpertGroups. Allocates nothing.
  template <class F>
  void for_each(View<const std::int32_t> offsets, View<const std::int32_t> sources,
                const backend::Sequences& sequences, F&& f) {
    for (std::size_t e = 0; e + 1 < offsets.size; ++e) for_each_of(e, offsets, sources, sequences, f);
  }

  /// The same for those of expert e.
  template <class F>
  void for_each_of(std::size_t e, View<const std::int32_t> offsets, View<const std::int32_t> sources,
                   const backend::Sequences& sequences, F&& f) {
    const auto end = static_cast<std::size_t>(offsets[e + 1]);
    auto first = static_cast<std::size_t>(offsets[e]);
    ends_.clear();
    std::size_t sequence = 0;
    for (std::size_t slot = first; slot < end;) {
      const auto row = [&](std::size_t of) { return static_cast<std::size_t>(sources[of]); };
      while (row(slot) >= sequences.end(sequence)) ++sequence;
      std::size_t next = slot;
      while (next < end && row(next) < sequences.end(sequence)) ++next;
      if (next - slot > most_) {
        throw InvalidArgument(
            concat("a sequence has ", next - slot, " rows of one expert, a piece has room for ", most_));
      }
      if (next - first > most_) {
        f(ExpertPiece{e, first, slot - first, {ends_}});
        ends_.clear();
        first = slot;
      }
      ends_.push_back(static_cast<std::uint32_t>(next - first));
      slot = next;
    }
    if (!ends_.empty()) f(ExpertPiece{e, first, end - first, {ends_}});
  }

 private:
  std::size_t most_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace asterism::train
