// The source of an encoder's weights, read piece by piece, so that no matrix need exist in float32 as a whole.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// A reference to a callable `void(std::uint64_t first_element, View<float> out)` that fills `out` with
/// consecutive elements of the flat row-major matrix. Encoders ask only for ranges inside the matrix, and may ask
/// for one more than once; the answer must be the same. Owns nothing and does not allocate: the callable must
/// outlive it. For function parameters.
class WeightSource {
 public:
  template <class Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, WeightSource> &&
             std::invocable<Callable&, std::uint64_t, View<float>>)
  WeightSource(Callable&& callable)  // NOLINT(google-explicit-constructor, bugprone-forwarding-reference-overload)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* target, std::uint64_t first, View<float> out) {
          (*static_cast<std::remove_reference_t<Callable>*>(target))(first, out);
        }) {}

  void operator()(std::uint64_t first_element, View<float> out) const { call_(callable_, first_element, out); }

 private:
  void* callable_;
  void (*call_)(void*, std::uint64_t, View<float>);
};

/// A float32 matrix in memory, as a source: `const FloatWeights weights{values}; Q::encode(weights, rows, cols,
/// out)`.
struct FloatWeights {
  View<const float> values;  ///< all elements, row-major

  void operator()(std::uint64_t first, View<float> out) const {
    for (std::size_t i = 0; i < out.size; ++i) out[i] = values[static_cast<std::size_t>(first) + i];
  }
};

/// Number of elements that an encoder requests at a time. A multiple of every block size.
inline constexpr std::uint64_t piece_elements = 1U << 16U;

/// True for NaN and infinity. Checks the bits, because `isnan` is constantly false under -ffast-math.
inline bool not_finite(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7F800000U) == 0x7F800000U; }

namespace detail {

/// See for_each_piece.
void hand_pieces(WeightSource source, std::uint64_t count,
                 void (*use)(void* user, std::uint64_t first, View<const float> piece), void* user);

}  // namespace detail

/// Passes all `count` elements of `source` to `use(first, View<const float>)` in pieces of `piece_elements`, the
/// last one shorter. Throws NumericError, naming the element, if one is NaN or infinite.
template <class Use>
void for_each_piece(WeightSource source, std::uint64_t count, Use&& use) {
  using User = std::remove_reference_t<Use>;
  detail::hand_pieces(
      source, count,
      [](void* user, std::uint64_t first, View<const float> piece) { (*static_cast<User*>(user))(first, piece); },
      const_cast<void*>(static_cast<const void*>(std::addressof(use))));
}

/// Passes every block of `Block` elements to `use(index, const float* values)`; a short last one is padded with
/// zeros. Throws as for_each_piece does.
template <int Block, class Use>
void for_each_block(WeightSource source, std::uint64_t count, Use&& use) {
  static_assert(piece_elements % Block == 0);
  for_each_piece(source, count, [&](std::uint64_t first, View<const float> piece) {
    std::size_t i = 0;
    for (; i + Block <= piece.size; i += Block) use((first + i) / Block, piece.data + i);
    if (i == piece.size) return;
    float last[Block] = {};
    std::memcpy(last, piece.data + i, (piece.size - i) * sizeof(float));
    use((first + i) / Block, last);
  });
}

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/weight_source_impl.hpp"
#endif
