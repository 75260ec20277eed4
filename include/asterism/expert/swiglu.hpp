// The gated feed-forward block of Mixtral and similar models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/fwd.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::expert {

/// y = W_down (silu(W_gate x) * W_up x), without biases. One slab holds gate (ffn, hidden), up (ffn, hidden) and
/// down (hidden, ffn) with all their planes, contiguously. Models Expert. Source: Shazeer, GLU Variants Improve
/// Transformer, arXiv 2002.05202.
template <class Quantization>
class SwiGlu {
 public:
  static_assert(quant::Quantization<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  constexpr explicit SwiGlu(const Shape& shape)
      : hidden_(static_cast<std::size_t>(shape.hidden)), ffn_(static_cast<std::size_t>(shape.ffn)) {}

  constexpr std::size_t in_dim() const { return hidden_; }
  constexpr std::size_t out_dim() const { return hidden_; }

  /// Bytes of one slab.
  constexpr Bytes footprint() const {
    backend::Layout cursor;
    lay_out(cursor);
    return cursor.used();
  }

  /// The three matrices of one slab.
  struct Slab {
    Weights gate;
    Weights up;
    Weights down;
  };
  constexpr Slab lay_out(backend::Layout& cursor) const {
    return {cursor.weights<Quantization>(ffn_, hidden_), cursor.weights<Quantization>(ffn_, hidden_),
            cursor.weights<Quantization>(hidden_, ffn_)};
  }

  /// The matrices of all experts of a layer, indexed by expert.
  struct Matrices {
    std::vector<Weights> gate;
    std::vector<Weights> up;
    std::vector<Weights> down;

    void add(const Slab& slab) {
      gate.push_back(slab.gate);
      up.push_back(slab.up);
      down.push_back(slab.down);
    }
    void set(std::size_t e, const Slab& slab) {
      gate[e] = slab.gate;
      up[e] = slab.up;
      down[e] = slab.down;
    }
  };

  /// Inner activations of all slots of a pass.
  struct Scratch {
    backend::DeviceMatrix<float> gate;  ///< (slots, ffn)
    backend::DeviceMatrix<float> up;    ///< (slots, ffn)

    static constexpr Scratch lay_out(backend::Layout& cursor, const SwiGlu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_), cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// x (slots, hidden) sorted by expert according to `groups`; y (slots, hidden) may alias x. Does not allocate.
  template <class Device>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Scratch& scratch,
               backend::DeviceMatrix<float> y) const {
    const auto gate = scratch.gate.rows_at(0, x.rows());
    const auto up = scratch.up.rows_at(0, x.rows());
    const backend::Experts<Quantization> experts{matrices.gate, matrices.up, matrices.down};
    device.template grouped_swiglu<Quantization>(experts, groups, x, gate, up, y);
  }

 private:
  std::size_t hidden_;
  std::size_t ffn_;
};

}  // namespace asterism::expert
