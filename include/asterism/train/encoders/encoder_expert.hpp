// An expert that is an encoder: it attends, both ways, among the rows of a sequence that were sent to it.
#pragma once

#include <cstddef>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/train/encoders/affine.hpp"
#include "asterism/train/encoders/encoder_layer.hpp"
#include "asterism/train/encoders/layer_norm.hpp"
#include "asterism/train/encoders/sizes.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// x to h = layer(gelu(norm(W_in x + b))), h to the answer W_2 gelu(W_1 h + b_1) + b_2 and, for each row, to the
/// expert's confidence in it, sigmoid(w h + b). Rows are those of one expert, sequence by sequence. The weights of one
/// expert; all share one Work.
struct EncoderExpert {
  /// A row's answer depends on its neighbours, also on later ones: no expert for a causal decoder.
  static constexpr bool row_independent = false;

  Affine enter;  ///< (hidden, in)
  LayerNorm norm;
  EncoderLayer layer;
  Affine leave;       ///< (hidden, hidden): W_1
  Affine answer;      ///< (out, hidden): W_2
  Affine confidence;  ///< (1, hidden)

  template <class Cursor>
  static constexpr EncoderExpert lay_out(Cursor& cursor, const ConstellationSizes& sizes) {
    const std::size_t hidden = sizes.hidden;
    EncoderExpert out{};
    out.enter = Affine::lay_out(cursor, "enter", Kind::expert, hidden, sizes.in);
    out.norm = LayerNorm::lay_out(cursor, "norm", hidden);
    out.layer = EncoderLayer::lay_out(cursor, hidden, sizes.expert_heads);
    out.leave = Affine::lay_out(cursor, "leave", Kind::expert, hidden, hidden);
    out.answer = Affine::lay_out(cursor, "answer", Kind::expert, sizes.out, hidden);
    out.confidence = Affine::lay_out(cursor, "confidence", Kind::expert, 1, hidden);
    return out;
  }

  /// What a pass leaves for `backward`: 13 * hidden floats a row.
  struct Saved {
    backend::DeviceMatrix<float> entered;  ///< (rows, hidden): before the norm
    backend::DeviceMatrix<float> normed;   ///< (rows, hidden): before GELU
    EncoderLayer::Saved layer;
    backend::DeviceMatrix<float> state;  ///< (rows, hidden): h
    backend::DeviceMatrix<float> left;   ///< (rows, hidden): W_1 h + b_1, before GELU

    static constexpr Saved lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows) {
      return {cursor.matrix<float>(rows, sizes.hidden), cursor.matrix<float>(rows, sizes.hidden),
              EncoderLayer::Saved::lay_out(cursor, sizes.hidden, rows), cursor.matrix<float>(rows, sizes.hidden),
              cursor.matrix<float>(rows, sizes.hidden)};
    }
    Saved rows_at(std::size_t begin, std::size_t count) const {
      return {entered.rows_at(begin, count), normed.rows_at(begin, count), layer.rows_at(begin, count),
              state.rows_at(begin, count), left.rows_at(begin, count)};
    }
  };

  /// Memory of both ways.
  struct Work {
    EncoderLayer::Work layer;
    backend::DeviceMatrix<float> active;  ///< (rows, hidden): after GELU
    backend::DeviceMatrix<float> d;       ///< (rows, hidden): the gradient on its way
    backend::DeviceMatrix<float> other;   ///< (rows, hidden): another one

    static constexpr Work lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows) {
      return {EncoderLayer::Work::lay_out(cursor, sizes.hidden, rows), cursor.matrix<float>(rows, sizes.hidden),
              cursor.matrix<float>(rows, sizes.hidden), cursor.matrix<float>(rows, sizes.hidden)};
    }
    Work rows_at(std::size_t begin, std::size_t count) const {
      return {layer.rows_at(begin, count), active.rows_at(begin, count), d.rows_at(begin, count),
              other.rows_at(begin, count)};
    }
  };

  /// The first part of a pass: what is saved. x (n, in), all others of n rows too.
  template <class Device>
  void think(Device& device, const backend::Sequences& sequences, const Drops& drops,
             backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work) const {
    enter.forward(device, x, saved.entered);
    norm.forward(device, saved.entered, saved.normed);
    device.gelu(saved.normed, work.active);
    layer.forward(device, sequences, drops, work.active, saved.layer, work.layer, saved.state);
    leave.forward(device, saved.state, saved.left);
  }

  /// The rest, from what is saved: y (n, out), confidences (n, 1).
  template <class Device>
  void speak(Device& device, const Saved& saved, const Work& work, backend::DeviceMatrix<float> y,
             backend::DeviceMatrix<float> confidences) const {
    device.gelu(saved.left, work.active);
    answer.forward(device, work.active, y);
    confidence.forward(device, saved.state, confidences);
    device.sigmoid(confidences, confidences);
  }

  /// From the gradients of y, dy (n, out), and of the confidences that `speak` left, dconfidences (n, 1), which is
  /// overwritten: those of all weights, which are added to, and dx (n, in), overwritten unless it is empty.
  template <class Device>
  void backward(Device& device, const backend::Sequences& sequences, const Drops& drops,
                backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> confidences,
                const Saved& saved, const Work& work, backend::DeviceMatrix<const float> dy,
                backend::DeviceMatrix<float> dconfidences, backend::DeviceMatrix<float> dx) const {
    using backend::Into;
    device.gelu(saved.left, work.active);
    answer.backward(device, work.active, dy, Into::overwrite, work.other);
    device.gelu_backward(saved.left, work.other);
    leave.backward(device, saved.state, work.other, Into::overwrite, work.d);
    device.sigmoid_backward(confidences, dconfidences);
    confidence.backward(device, saved.state, dconfidences, Into::add, work.d);

    device.gelu(saved.normed, work.active);
    layer.backward(device, sequences, drops, work.active, saved.layer, work.layer, work.d);
    device.gelu_backward(saved.normed, work.d);
    device.clear(work.other);
    norm.backward(device, saved.entered, work.d, work.other);
    enter.backward(device, x, work.other, Into::overwrite, dx);
  }
};

}  // namespace asterism::train
