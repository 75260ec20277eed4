// A router that asks by attention: rows attend to what experts have learnt to stand for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/train/encoders/affine.hpp"
#include "asterism/train/encoders/sizes.hpp"
#include "asterism/train/encoders/tensors.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// a = attention of rows x, as queries, to the embeddings of all experts (experts, in), as keys and values, with
/// projections of all four as in torch.nn.MultiheadAttention; scores = W_2 gelu(W_1 a + b_1) + b_2 with 4 * experts
/// numbers between. A row's scores depend on it alone. What is chosen is a gating policy's matter.
struct AttentionRouter {
  LearningMatrix experts;
  Affine query;
  Affine key;
  Affine value;
  Affine output;
  Affine wide;    ///< (4 * experts, in): W_1
  Affine narrow;  ///< (experts, 4 * experts): W_2
  std::size_t head_dim = 0;

  template <class Cursor>
  static constexpr AttentionRouter lay_out(Cursor& cursor, const ConstellationSizes& sizes) {
    AttentionRouter out{};
    out.experts = cursor.matrix("gate", "experts", Kind::router, sizes.experts, sizes.in);
    out.query = Affine::lay_out(cursor, "gate.query", Kind::router, sizes.in, sizes.in);
    out.key = Affine::lay_out(cursor, "gate.key", Kind::router, sizes.in, sizes.in);
    out.value = Affine::lay_out(cursor, "gate.value", Kind::router, sizes.in, sizes.in);
    out.output = Affine::lay_out(cursor, "gate.output", Kind::router, sizes.in, sizes.in);
    out.wide = Affine::lay_out(cursor, "gate.wide", Kind::router, 4 * sizes.experts, sizes.in);
    out.narrow = Affine::lay_out(cursor, "gate.narrow", Kind::router, sizes.experts, 4 * sizes.experts);
    out.head_dim = sizes.in / sizes.gate_heads;
    return out;
  }

  /// What `forward` leaves for `backward`.
  struct Saved {
    backend::DeviceMatrix<float> query;   ///< (rows, in)
    backend::DeviceMatrix<float> key;     ///< (experts, in)
    backend::DeviceMatrix<float> value;   ///< (experts, in)
    backend::DeviceMatrix<float> mixed;   ///< (rows, in): of all heads
    backend::DeviceMatrix<float> answer;  ///< (rows, in): a
    backend::DeviceMatrix<float> wide;    ///< (rows, 4 * experts): before GELU

    static constexpr Saved lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows) {
      return {cursor.matrix<float>(rows, sizes.in),          cursor.matrix<float>(sizes.experts, sizes.in),
              cursor.matrix<float>(sizes.experts, sizes.in), cursor.matrix<float>(rows, sizes.in),
              cursor.matrix<float>(rows, sizes.in),          cursor.matrix<float>(rows, 4 * sizes.experts)};
    }
  };

  /// Memory of both ways.
  struct Work {
    backend::DeviceMatrix<float> wide;     ///< (rows, 4 * experts): after GELU
    backend::DeviceMatrix<float> dwide;    ///< (rows, 4 * experts)
    backend::DeviceMatrix<float> danswer;  ///< (rows, in), then the gradient of queries
    backend::DeviceMatrix<float> dmixed;   ///< (rows, in)
    backend::DeviceMatrix<float> dkey;     ///< (experts, in)
    backend::DeviceMatrix<float> dvalue;   ///< (experts, in)

    static constexpr Work lay_out(backend::Layout& cursor, const ConstellationSizes& sizes, std::size_t rows) {
      return {cursor.matrix<float>(rows, 4 * sizes.experts), cursor.matrix<float>(rows, 4 * sizes.experts),
              cursor.matrix<float>(rows, sizes.in),          cursor.matrix<float>(rows, sizes.in),
              cursor.matrix<float>(sizes.experts, sizes.in), cursor.matrix<float>(sizes.experts, sizes.in)};
    }
  };

  /// scores (n, experts) of x (n, in).
  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
               backend::DeviceMatrix<float> scores) const {
    const auto embeddings = LearningMatrix::rows_of(experts.value);
    query.forward(device, x, saved.query);
    key.forward(device, embeddings, saved.key);
    value.forward(device, embeddings, saved.value);
    const Ends all(x.rows(), embeddings.rows());
    device.attend_both_ways(saved.query, all.of_rows(), saved.key, saved.value, all.of_experts(), head_dim,
                            saved.mixed);
    output.forward(device, saved.mixed, saved.answer);
    wide.forward(device, saved.answer, saved.wide);
    device.gelu(saved.wide, work.wide);
    narrow.forward(device, work.wide, scores);
  }

  /// From dscores (n, experts): dx (n, in), overwritten unless it is empty; those of all weights are added to.
  template <class Device>
  void backward(Device& device, backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
                backend::DeviceMatrix<const float> dscores, backend::DeviceMatrix<float> dx) const {
    using backend::Into;
    device.gelu(saved.wide, work.wide);
    narrow.backward(device, work.wide, dscores, Into::overwrite, work.dwide);
    device.gelu_backward(saved.wide, work.dwide);
    wide.backward(device, saved.answer, work.dwide, Into::overwrite, work.danswer);
    output.backward(device, saved.mixed, work.danswer, Into::overwrite, work.dmixed);
    const Ends all(x.rows(), saved.key.rows());
    device.attend_both_ways_backward(saved.query, all.of_rows(), saved.key, saved.value, all.of_experts(),
                                     head_dim, work.dmixed, work.danswer, work.dkey, work.dvalue);
    const auto embeddings = LearningMatrix::rows_of(experts.value);
    const auto gradient = LearningMatrix::rows_of(experts.gradient);
    query.backward(device, x, work.danswer, Into::overwrite, dx);
    key.backward(device, embeddings, work.dkey, Into::add, gradient);
    value.backward(device, embeddings, work.dvalue, Into::add, gradient);
  }

 private:
  /// Rows and experts as one sequence each.
  struct Ends {
    std::array<std::uint32_t, 2> ends;
    Ends(std::size_t rows, std::size_t experts)
        : ends{static_cast<std::uint32_t>(rows), static_cast<std::uint32_t>(experts)} {}
    backend::Sequences of_rows() const { return {View<const std::uint32_t>(ends.data(), 1)}; }
    backend::Sequences of_experts() const { return {View<const std::uint32_t>(ends.data() + 1, 1)}; }
  };
};

}  // namespace asterism::train
