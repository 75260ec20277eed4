// Where activations live: one buffer on each device, laid out once.
#pragma once

#include <cstddef>

#include "asterism/backend/cursor.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Activations of one pass of `limits.prefill_chunk` tokens through the layers of a device.
template <class Block>
struct LayerWorkspace {
  backend::DeviceMatrix<float> hidden;  ///< (rows, hidden): the residual stream
  backend::DeviceMatrix<float> normed;  ///< (rows, hidden)
  backend::DeviceMatrix<float> tables;  ///< (rows, head_dim): rotary tables of the rows' positions
  typename Block::Attention::Scratch attention;
  typename Block::Constellation::Scratch constellation;

  static constexpr LayerWorkspace lay_out(backend::Cursor& cursor, const Shape& shape, const Limits& limits) {
    const auto rows = static_cast<std::size_t>(limits.prefill_chunk);
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    return {cursor.matrix<float>(rows, hidden), cursor.matrix<float>(rows, hidden),
            cursor.matrix<float>(rows, static_cast<std::size_t>(shape.head_dim)),
            Block::Attention::Scratch::lay_out(cursor, shape, rows),
            Block::Constellation::Scratch::lay_out(cursor, shape, rows)};
  }

  static constexpr Bytes bytes(const Shape& shape, const Limits& limits) {
    backend::Cursor cursor;
    lay_out(cursor, shape, limits);
    return cursor.used();
  }
};

/// What computing logits needs beside, on the head's device.
struct HeadWorkspace {
  /// Rows whose logits are computed at a time: enough to share the head's weights, little enough to stay small.
  static constexpr std::size_t rows = 16;

  backend::DeviceMatrix<float> hidden;  ///< (rows, hidden): normed rows, where they come from another device
  backend::DeviceMatrix<float> logits;  ///< (rows, vocabulary)

  static constexpr HeadWorkspace lay_out(backend::Cursor& cursor, const Shape& shape, const Limits& limits) {
    const auto most = static_cast<std::size_t>(limits.prefill_chunk) < rows
                          ? static_cast<std::size_t>(limits.prefill_chunk)
                          : rows;
    return {cursor.matrix<float>(most, static_cast<std::size_t>(shape.hidden)),
            cursor.matrix<float>(most, static_cast<std::size_t>(shape.vocabulary))};
  }

  static constexpr Bytes bytes(const Shape& shape, const Limits& limits) {
    backend::Cursor cursor;
    lay_out(cursor, shape, limits);
    return cursor.used();
  }
};

}  // namespace asterism::model
