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
#include "asterism/train/precision.hpp"
#include "asterism/train/recompute.hpp"

namespace asterism::train {

/// Rows whose logits are in memory at a time.
inline constexpr std::size_t loss_rows = 256;

/// Lays out what half a layer leaves, for `count` layers, and calls f(i, half, narrow) for each. If numbers are stored
/// in float32, each half has all its memory, and `narrow` is empty. Else what may be narrower is in float32 for one
/// layer at a time, in memory that they share and which is returned, and `narrow` is where layer i keeps it, both
/// (1, n).
template <class Half, class F>
constexpr backend::DeviceMatrix<float> lay_out_halves(backend::Layout& cursor, const Shape& shape,
                                                      std::size_t rows, std::int32_t count, Storage storage,
                                                      const F& f) {
  if (count == 0) return {};
  if (storage == Storage::float32) {
    for (std::int32_t i = 0; i < count; ++i) {
      f(i, Half::lay_out(cursor, cursor, shape, rows), backend::DeviceMatrix<std::uint16_t>{});
    }
    return {};
  }
  const backend::Layout begin = cursor;
  backend::Layout measured;
  Half::lay_out(measured, cursor, shape, rows);
  const auto size = static_cast<std::size_t>((cursor.used() - begin.used()).count / sizeof(float));
  for (std::int32_t i = 0; i < count; ++i) {
    backend::Layout shared = begin;
    const Half half = Half::lay_out(cursor, shared, shape, rows);
    f(i, half, cursor.matrix<std::uint16_t>(1, size));
  }
  backend::Layout shared = begin;
  return shared.matrix<float>(1, size);
}

/// What some layers leave of one half, each in memory of its own.
template <class Half>
struct KeptHalves {
  std::vector<Half> halves;
  std::vector<backend::DeviceMatrix<std::uint16_t>> narrow;  ///< no data where all is float32
  backend::DeviceMatrix<float> wide;                         ///< of the layer at work

  explicit KeptHalves(std::int32_t count)
      : halves(static_cast<std::size_t>(count)), narrow(static_cast<std::size_t>(count)) {}

  void lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows, Storage storage) {
    wide = lay_out_halves<Half>(cursor, shape, rows, static_cast<std::int32_t>(halves.size()), storage,
                                [&](std::int32_t i, const Half& half, const auto& place) {
                                  halves[static_cast<std::size_t>(i)] = half;
                                  narrow[static_cast<std::size_t>(i)] = place;
                                });
  }

  const Half& at(std::int32_t i) const { return halves[static_cast<std::size_t>(i)]; }

  /// The layer that wrote half i is ready; its numbers are kept.
  template <class Device>
  void keep(Device& device, std::int32_t i, Storage storage) const {
    if (storage != Storage::float32) device.store_floats(wide, storage, narrow[static_cast<std::size_t>(i)]);
  }
  /// Half i is about to be read, as it was kept.
  template <class Device>
  void fetch(Device& device, std::int32_t i, Storage storage) const {
    if (storage != Storage::float32) device.load_floats(narrow[static_cast<std::size_t>(i)], storage, wide);
  }
};

/// Activations of a step, for each layer or shared as `Recompute` has it. `Experts` is that of the blocks.
template <class Experts, class Recompute>
struct Kept {
  std::vector<backend::DeviceMatrix<float>>
      starts;  ///< (rows, hidden): what enters each group that computes again
  std::vector<backend::DeviceMatrix<float>> inputs;  ///< (rows, hidden): what enters layers
  KeptHalves<AttentionHalf> attention;
  KeptHalves<ExpertsHalf<Experts>> experts;
  backend::DeviceMatrix<float> last;  ///< (rows, hidden): what leaves the last layer

  static constexpr std::int32_t groups(std::int32_t layers) {
    if constexpr (Recompute::group == 0) {
      return 0;
    } else {
      return (layers + Recompute::group - 1) / Recompute::group;
    }
  }

  explicit Kept(const Shape& shape)
      : starts(static_cast<std::size_t>(groups(shape.layers))),
        inputs(static_cast<std::size_t>(Recompute::held(shape.layers).input)),
        attention(Recompute::held(shape.layers).attention),
        experts(Recompute::held(shape.layers).experts) {}

  /// For a step of `rows` tokens, which needs no more than one of more.
  void lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows, Storage storage) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    for (auto& start : starts) start = cursor.matrix<float>(rows, hidden);
    for (auto& input : inputs) input = cursor.matrix<float>(rows, hidden);
    attention.lay_out(cursor, shape, rows, storage);
    experts.lay_out(cursor, shape, rows, storage);
    last = cursor.matrix<float>(rows, hidden);
  }

  /// What that takes.
  static constexpr Bytes bytes(const Shape& shape, std::size_t rows, Storage storage) {
    const auto hidden = static_cast<std::size_t>(shape.hidden);
    const recompute::Places held = Recompute::held(shape.layers);
    const auto measure = [](std::int32_t, const auto&, const auto&) {};
    backend::Layout cursor;
    for (std::int32_t i = 0; i < groups(shape.layers) + held.input + 1; ++i) cursor.matrix<float>(rows, hidden);
    lay_out_halves<AttentionHalf>(cursor, shape, rows, held.attention, storage, measure);
    lay_out_halves<ExpertsHalf<Experts>>(cursor, shape, rows, held.experts, storage, measure);
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
