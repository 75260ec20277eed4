// One trainable tensor as optimizers and clipping see it: its weights, its gradient, and the optimizer's memory of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/view.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/train/gradient.hpp"
#include "asterism/train/precision.hpp"

namespace asterism::train {

/// What a tensor is, for optimizers that treat some apart.
enum class Kind : std::uint8_t {
  vector,        ///< norms, biases
  embedding,     ///< rows by token; a tied head too
  head,          ///< hidden to logits
  attention,     ///< a matrix of a mixer: query, key, value or output
  feed_forward,  ///< a matrix of a dense block
  expert,        ///< a matrix of one expert
  router,        ///< hidden to scores
  adapter,       ///< a matrix of a low-rank adapter
  bias,  ///< of a gating::Biased: it follows the load that stands in its gradient's place, no optimizer does
};

constexpr bool is_vector(Kind kind) { return kind == Kind::vector || kind == Kind::bias; }

/// One trainable tensor (rows, cols), row-major without gaps: stride == cols; a vector is (1, n). Weights, gradient
/// and state do not overlap. A copy is shallow: views own nothing.
struct Parameter {
  std::string name{};           ///< as in checkpoints
  MatrixView<float> weights{};  ///< (rows, cols): the masters, where the model computes with `rounded`
  Gradient gradient{};          ///< (rows, cols)
  View<std::byte> state{};      ///< Optimizer::state_bytes(kind, rows, cols), aligned to 64 bytes
  bool decays = true;           ///< false for vectors and embeddings: no weight decay
  Kind kind = Kind::expert;
  View<std::uint16_t> rounded{};  ///< the weights in bfloat16 that the model computes with, if not with `weights`

  std::size_t size() const { return weights.rows * weights.cols; }
  /// All weights, one row behind the other. Whoever writes some calls `refresh`.
  View<float> values() const { return {weights.data, size()}; }
  /// All of the gradient.
  const Gradient& slope() const { return gradient; }

  /// Rounds the weights [first, first + count) to what the model computes with, ties to even.
  void refresh(std::size_t first, std::size_t count) const {
    if (rounded.empty()) return;
    simd::store_floats({weights.data + first, count}, Storage::bfloat16,
                       reinterpret_cast<std::byte*>(rounded.data + first));
  }
  void refresh() const { refresh(0, size()); }
};

/// True for the kinds whose weights decay by convention: matrices, but no embedding.
constexpr bool decays_by_default(Kind kind) { return !is_vector(kind) && kind != Kind::embedding; }

}  // namespace asterism::train
