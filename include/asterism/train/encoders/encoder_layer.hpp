// A layer of a transformer's encoder, learning: attention in both directions and a feed-forward block, each after a
// norm.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/dropout.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/encoders/affine.hpp"
#include "asterism/train/encoders/layer_norm.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// What falls out of rows, which draw by their numbers.
struct Drops {
  backend::Dropout from{};
  View<const std::int32_t> rows{};

  template <class Device>
  void apply(Device& device, std::uint64_t place, backend::DeviceMatrix<float> x) const {
    if (from.rate > 0) device.dropout(from.at(place), rows, x);
  }
};

/// m = x + drop(attend(norm(x)) W_o + b_o); y = m + drop(W_down drop(gelu(W_up norm(m) + b_up)) + b_down). All widths
/// are `hidden`, but 4 hidden inside the second half; queries, keys and values are one matrix (3 hidden, hidden), in
/// this order. Source: torch.nn.TransformerEncoderLayer with norm_first and GELU, but that no probability of attention
/// falls out.
struct EncoderLayer {
  LayerNorm first;
  Affine qkv;
  Affine output;
  LayerNorm second;
  Affine up;
  Affine down;
  std::size_t head_dim = 0;

  template <class Cursor>
  static constexpr EncoderLayer lay_out(Cursor& cursor, std::size_t hidden, std::size_t heads) {
    EncoderLayer out{};
    out.first = LayerNorm::lay_out(cursor, "norm1", hidden);
    out.qkv = Affine::lay_out(cursor, "qkv", Kind::expert, 3 * hidden, hidden);
    out.output = Affine::lay_out(cursor, "output", Kind::expert, hidden, hidden);
    out.second = LayerNorm::lay_out(cursor, "norm2", hidden);
    out.up = Affine::lay_out(cursor, "up", Kind::expert, 4 * hidden, hidden);
    out.down = Affine::lay_out(cursor, "down", Kind::expert, hidden, 4 * hidden);
    out.head_dim = hidden / heads;
    return out;
  }

  /// What `forward` leaves for `backward`.
  struct Saved {
    backend::DeviceMatrix<float> qkv;     ///< (rows, 3 * hidden)
    backend::DeviceMatrix<float> mixed;   ///< (rows, hidden): of all heads
    backend::DeviceMatrix<float> middle;  ///< (rows, hidden): m
    backend::DeviceMatrix<float> inner;   ///< (rows, 4 * hidden): before GELU

    static constexpr Saved lay_out(backend::Layout& cursor, std::size_t hidden, std::size_t rows) {
      return {cursor.matrix<float>(rows, 3 * hidden), cursor.matrix<float>(rows, hidden),
              cursor.matrix<float>(rows, hidden), cursor.matrix<float>(rows, 4 * hidden)};
    }
    Saved rows_at(std::size_t begin, std::size_t count) const {
      return {qkv.rows_at(begin, count), mixed.rows_at(begin, count), middle.rows_at(begin, count),
              inner.rows_at(begin, count)};
    }
  };

  /// Memory of both ways.
  struct Work {
    backend::DeviceMatrix<float> normed;  ///< (rows, hidden), then a gradient
    backend::DeviceMatrix<float> branch;  ///< (rows, hidden): the gradient beside the residual stream
    backend::DeviceMatrix<float> inner;   ///< (rows, 4 * hidden): after GELU
    backend::DeviceMatrix<float> dinner;  ///< (rows, 4 * hidden)
    backend::DeviceMatrix<float> dqkv;    ///< (rows, 3 * hidden)

    static constexpr Work lay_out(backend::Layout& cursor, std::size_t hidden, std::size_t rows) {
      return {cursor.matrix<float>(rows, hidden), cursor.matrix<float>(rows, hidden),
              cursor.matrix<float>(rows, 4 * hidden), cursor.matrix<float>(rows, 4 * hidden),
              cursor.matrix<float>(rows, 3 * hidden)};
    }
    Work rows_at(std::size_t begin, std::size_t count) const {
      return {normed.rows_at(begin, count), branch.rows_at(begin, count), inner.rows_at(begin, count),
              dinner.rows_at(begin, count), dqkv.rows_at(begin, count)};
    }
  };

  /// x and y (n, hidden), not the same.
  template <class Device>
  void forward(Device& device, const backend::Sequences& sequences, const Drops& drops,
               backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
               backend::DeviceMatrix<float> y) const {
    first.forward(device, x, work.normed);
    qkv.forward(device, work.normed, saved.qkv);
    device.attend_both_ways(third(saved.qkv, 0), sequences, third(saved.qkv, 1), third(saved.qkv, 2), sequences,
                            head_dim, saved.mixed);
    output.forward(device, saved.mixed, saved.middle);
    drops.apply(device, 0, saved.middle);
    device.add(x, saved.middle);
    second.forward(device, saved.middle, work.normed);
    up.forward(device, work.normed, saved.inner);
    activate(device, drops, saved, work);
    down.forward(device, work.inner, y);
    drops.apply(device, 2, y);
    device.add(saved.middle, y);
  }

  /// d (n, hidden), the gradient of y, becomes that of x.
  template <class Device>
  void backward(Device& device, const backend::Sequences& sequences, const Drops& drops,
                backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
                backend::DeviceMatrix<float> d) const {
    using backend::Into;
    device.copy_from(d, work.branch);
    drops.apply(device, 2, work.branch);
    activate(device, drops, saved, work);
    down.backward(device, work.inner, work.branch, Into::overwrite, work.dinner);
    drops.apply(device, 1, work.dinner);
    device.gelu_backward(saved.inner, work.dinner);
    second.forward(device, saved.middle, work.normed);
    up.backward(device, work.normed, work.dinner, Into::overwrite, work.branch);
    second.backward(device, saved.middle, work.branch, d);

    device.copy_from(d, work.branch);
    drops.apply(device, 0, work.branch);
    output.backward(device, saved.mixed, work.branch, Into::overwrite, work.normed);
    device.attend_both_ways_backward(third(saved.qkv, 0), sequences, third(saved.qkv, 1), third(saved.qkv, 2),
                                     sequences, head_dim, work.normed, third(work.dqkv, 0), third(work.dqkv, 1),
                                     third(work.dqkv, 2));
    first.forward(device, x, work.normed);
    qkv.backward(device, work.normed, work.dqkv, Into::overwrite, work.branch);
    first.backward(device, x, work.branch, d);
  }

 private:
  template <class Device>
  static void activate(Device& device, const Drops& drops, const Saved& saved, const Work& work) {
    device.gelu(saved.inner, work.inner);
    drops.apply(device, 1, work.inner);
  }

  /// Queries, keys or values.
  static backend::DeviceMatrix<float> third(const backend::DeviceMatrix<float>& all, std::size_t which) {
    const std::size_t width = all.cols() / 3;
    return {{all.view.data + which * width, all.rows(), width, all.view.stride}, all.device};
  }
};

}  // namespace asterism::train
