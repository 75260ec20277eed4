// The steps of a run: which examples come together, in which order, and where an interrupted run goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/data/examples.hpp"

namespace asterism::train {

struct PackingOptions {
  std::size_t rows = 0;    ///< tokens of a step at most, >= the longest example
  std::size_t batch = 0;   ///< examples of a step at most, >= 1
  std::uint64_t seed = 0;  ///< of the order
  bool shuffled = true;    ///< false: the order of the file, in every epoch
};

/// Between two steps: all that a run needs to go on with the same examples and options.
struct PackingPosition {
  std::uint64_t epoch = 0;    ///< complete passes over all examples
  std::uint64_t example = 0;  ///< of this epoch, in its order, how many were taken: less than all
  std::int64_t step = 0;      ///< steps taken so far, from the beginning of the run

  friend constexpr bool operator==(const PackingPosition&, const PackingPosition&) = default;
};

/// The target of a sequence's last token, which predicts nothing; its weight is 0.
inline constexpr TokenId no_target = -1;

/// The rows of one step: sequences one behind the other. Views of the Packing's memory.
struct PackedStep {
  View<const TokenId> tokens{};          ///< (n), n <= PackingOptions::rows
  View<const TokenId> targets{};         ///< (n): the next token of the same sequence, or no_target
  View<const float> weights{};           ///< (n): 1 where the prediction counts, else 0
  View<const std::uint32_t> ends{};      ///< of sequences, ascending, the last one n
  View<const std::uint32_t> examples{};  ///< which examples they are
  double counted = 0;                    ///< the sum of weights
};

/// Packs examples into steps. In each epoch all examples come once, in an order of their own that `seed` decides; a
/// step takes them in this order until the next one does not fit or `batch` are taken, and never goes on into the next
/// epoch. Steps follow from examples, options and position alone.
///
/// Memory: 4 bytes an example and 16 bytes a row of a step, all allocated by the constructor. Not thread-safe. The
/// examples outlive it and do not change.
class Packing {
 public:
  /// Throws InvalidArgument for no examples or more than 2^32 - 1, for no `batch`, and for an example longer than
  /// `rows`.
  Packing(const Examples& examples, const PackingOptions& options);

  const Examples& examples() const { return *examples_; }
  const PackingOptions& options() const { return options_; }
  PackingPosition position() const { return position_; }

  /// Goes on at a position that `position()` gave. Throws InvalidArgument if it can't be one of these examples.
  void seek(const PackingPosition& position);

  /// The next step; it stands until the next call. Allocates nothing.
  PackedStep next();

  /// Steps of one epoch; epochs differ by few. Time linear in the examples; allocates 4 bytes for each.
  std::int64_t steps_of(std::uint64_t epoch) const;

  /// Where step `step` + 1 begins, counted from 0, the beginning of the run: the lengths of all epochs before are gone
  /// through, at 10 ns or so an example, which `seek` to a saved position spares.
  PackingPosition position_of(std::int64_t step) const;

 private:
  void order_of(std::uint64_t epoch, std::vector<std::uint32_t>& order) const;
  /// How many examples of `order` from `first` on make one step.
  std::size_t taken_from(const std::vector<std::uint32_t>& order, std::size_t first) const;

  const Examples* examples_;
  PackingOptions options_;
  PackingPosition position_;
  std::uint64_t ordered_ = 0;  ///< the epoch whose order `order_` is
  std::vector<std::uint32_t> order_;
  std::vector<TokenId> tokens_;
  std::vector<TokenId> targets_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> ends_;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/data/packing_impl.hpp"
#endif
