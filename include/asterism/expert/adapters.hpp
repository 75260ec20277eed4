// Adapters of a model: the matrices that have one, and the memory that one adapter takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/low_rank.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::expert {

/// The matrices beside which an adapter may stand: of attention, in the layers that have it, and the gate, up and down
/// of every expert.
struct AdapterTargets {
  bool query = false;
  bool key = false;
  bool value = false;
  bool output = false;
  bool experts = false;

  constexpr bool attention() const { return query || key || value || output; }
  friend constexpr bool operator==(const AdapterTargets&, const AdapterTargets&) = default;
};

/// The default of Blueprint::Adapters: there are none, nothing is drawn or computed for them.
struct NoAdapters {
  static constexpr AdapterTargets targets{};
  static constexpr std::int32_t rank = 0;
  static constexpr std::int32_t slots = 0;

  static constexpr Bytes attention_bytes(const Shape& /*shape*/) { return {}; }
  static constexpr Bytes expert_bytes(const Shape& /*shape*/) { return {}; }
};

/// False for NoAdapters.
template <class A>
inline constexpr bool has_adapters = A::slots > 0;

/// Several adapters of one model, of which `slots` are in memory at a time: y = W x + s B (A x) beside W in any format,
/// in fp32, never merged with it. All take the memory of the largest rank: those of lower ranks are filled with zeros.
///
/// @tparam targets_  what they may stand beside
/// @tparam rank_     the largest, 1 to 256
/// @tparam slots_    adapters in memory, on each device the parts of its layers
/// @tparam Format_   of both matrices: Float32, BFloat16 or Float16
template <AdapterTargets targets_, std::int32_t rank_, std::int32_t slots_ = 2,
          quant::PlainFloat Format_ = quant::Float32>
struct Adapters {
  static_assert(targets_ != AdapterTargets{}, "adapters stand beside something: set a member of AdapterTargets");
  static_assert(rank_ >= 1 && rank_ <= 256, "the largest rank of adapters is 1 to 256");
  static_assert(slots_ >= 1, "at least one adapter has to be in memory");
  static constexpr AdapterTargets targets = targets_;
  static constexpr std::int32_t rank = rank_;
  static constexpr std::int32_t slots = slots_;
  using Format = Format_;

  /// The adapter of one matrix (rows, cols): A (rank, cols), and the columns of B (rank, rows).
  struct Pair {
    backend::DeviceWeights<Format> a{};
    backend::LowRankColumns<Format> b{};

    static constexpr Pair lay_out(backend::Layout& cursor, std::int32_t rows, std::int32_t cols) {
      const auto width = static_cast<std::uint64_t>(rank);
      return {cursor.weights<Format>(width, static_cast<std::uint64_t>(cols)),
              {cursor.weights<Format>(width, static_cast<std::uint64_t>(rows)), 0.0F}};
    }
  };

  /// Of the attention of a layer; those without a target are empty.
  struct Attention {
    Pair query{};
    Pair key{};
    Pair value{};
    Pair output{};

    static constexpr Attention lay_out(backend::Layout& cursor, const Shape& shape) {
      Attention out;
      if (targets.query) out.query = Pair::lay_out(cursor, shape.query_rows(), shape.hidden);
      if (targets.key) out.key = Pair::lay_out(cursor, shape.kv_width(), shape.hidden);
      if (targets.value) out.value = Pair::lay_out(cursor, shape.kv_width(), shape.hidden);
      if (targets.output) out.output = Pair::lay_out(cursor, shape.hidden, shape.query_width());
      return out;
    }
  };

  /// Of one matrix of every expert of a layer.
  struct OfExperts {
    std::vector<backend::DeviceWeights<Format>> a{};
    std::vector<backend::LowRankColumns<Format>> b{};

    void add(const Pair& pair) {
      a.push_back(pair.a);
      b.push_back(pair.b);
    }
  };

  /// Of all experts of a layer; empty without that target.
  struct Experts {
    OfExperts gate{};
    OfExperts up{};
    OfExperts down{};

    static Experts lay_out(backend::Layout& cursor, const Shape& shape) {
      Experts out;
      for (std::int32_t e = 0; targets.experts && e < shape.experts; ++e) {
        out.gate.add(Pair::lay_out(cursor, shape.ffn, shape.hidden));
        out.up.add(Pair::lay_out(cursor, shape.ffn, shape.hidden));
        out.down.add(Pair::lay_out(cursor, shape.hidden, shape.ffn));
      }
      return out;
    }
  };

  /// Bytes of one adapter in a layer with attention.
  static constexpr Bytes attention_bytes(const Shape& shape) {
    backend::Layout cursor;
    Attention::lay_out(cursor, shape);
    return cursor.used();
  }
  /// Bytes of one adapter in a layer with experts.
  static constexpr Bytes expert_bytes(const Shape& shape) {
    if (!targets.experts) return {};
    backend::Layout cursor;
    Pair::lay_out(cursor, shape.ffn, shape.hidden);
    Pair::lay_out(cursor, shape.ffn, shape.hidden);
    Pair::lay_out(cursor, shape.hidden, shape.ffn);
    return cursor.used() * static_cast<std::uint64_t>(shape.experts);
  }
};

}  // namespace asterism::expert
