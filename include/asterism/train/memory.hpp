// What a step writes besides gradients: the activations that it keeps, and its workspace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/block.hpp"
#include "asterism/train/recompute.hpp"

namespace asterism::train {

/// Rows whose logits are in memory at a time.
inline constexpr std::size_t loss_rows = 256;

/// Activations of a step, for each layer or shared as `Recompute` has it. `Experts` is that of the blocks.
template <class Experts, class Recompute>
struct Kept {
  std::vector<backend::DeviceMatrix<float>>
      starts;  ///< (rows, hidden): what enters each group that computes again
  std::vector<backend::DeviceMatrix<float>> inputs;  ///< (rows, hidden): what enters layers
  std::vector<AttentionHalf> attention;
  std::vector<ExpertsHalf<Experts>> experts;
  backend::DeviceMatrix<float> last;  ///< (rows, hidden): what leaves the last layer

  static constexpr std::int32_t groups(std::int32_t layers) {
    if constexpr (Recompute::group == 0) {
      return 0;
    } else {
      return (layers + Recompute::group - 1) / Recompute::group;
    }
  }

  explicit Kept(const Shape& shape) {
    const recompute::Places held = Recompute::held(shape.layers);
    starts.resize(static_cast<std::size_t>(groups(shape.layers)));
    inputs.resize(static_cast<std::size_t>(held.input));
    attention.resize(static_cast<std::size_t>(held.attention));
    experts.resize(static_cast<std::size_t>(held.experts));
  }

  /// For a step of `rows` tokens, which needs no more than one of more.
  void lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    for (auto& start : starts) start = cursor.matrix<float>(rows, hidden);
    for (auto& input : inputs) input = cursor.matrix<float>(rows, hidden);
    for (auto& half : attention) half = AttentionHalf::lay_out(cursor, shape, rows);
    for (auto& half : experts) half = ExpertsHalf<Experts>::lay_out(cursor, shape, rows);
    last = cursor.matrix<float>(rows, hidden);
  }

  /// What that takes.
  static constexpr Bytes bytes(const Shape& shape, std::size_t rows) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const recompute::Places held = Recompute::held(shape.layers);
    backend::Layout cursor;
    for (std::int32_t i = 0; i < groups(shape.layers) + held.input + 1; ++i) cursor.matrix<float>(rows, hidden);
    for (std::int32_t i = 0; i < held.attention; ++i) AttentionHalf::lay_out(cursor, shape, rows);
    for (std::int32_t i = 0; i < held.experts; ++i) ExpertsHalf<Experts>::lay_out(cursor, shape, rows);
    return cursor.used();
  }
};

/// Memory that all layers share, and that of the loss.
template <class Experts>
struct StepWork {
  BlockWork<Experts> block;
  backend::DeviceMatrix<float> d;         ///< (rows, hidden): the gradient on its way back
  backend::DeviceMatrix<float> counted;   ///< (counted, hidden): rows whose next token counts
  backend::DeviceMatrix<float> dcounted;  ///< (counted, hidden)
  backend::DeviceMatrix<float> normed;    ///< (loss_rows, hidden)
  backend::DeviceMatrix<float> dnormed;   ///< (loss_rows, hidden)
  backend::DeviceMatrix<float> logits;    ///< (loss_rows, vocabulary)
  backend::DeviceMatrix<float> results;   ///< (2, loss_rows)

  /// For a step of `rows` tokens, of which `counted` have a next one that counts.
  static constexpr StepWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows,
                                    std::size_t counted, const Adapters& adapters) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const std::size_t some = counted < loss_rows ? counted : loss_rows;
    return {BlockWork<Experts>::lay_out(cursor, shape, rows, adapters),
            cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(counted, hidden),
            cursor.matrix<float>(counted, hidden),
            cursor.matrix<float>(some, hidden),
            cursor.matrix<float>(some, hidden),
            cursor.matrix<float>(some, static_cast<std::size_t>(shape.vocabulary)),
            cursor.matrix<float>(2, some)};
  }

  static constexpr Bytes bytes(const Shape& shape, std::size_t rows, const Adapters& adapters) {
    backend::Layout cursor;
    lay_out(cursor, shape, rows, rows, adapters);
    return cursor.used();
  }
};

}  // namespace asterism::train
