// Where an encoder gets its weights from: piece by piece, so that no matrix need exist in float32 as a whole.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"

namespace asterism::quant {

/// A borrowed callable `void(std::uint64_t first_element, View<float> out)` that fills `out` with consecutive
/// elements of the flat row-major matrix. Encoders ask for ranges inside the matrix alone, and may ask for one
/// more than once; the answer must be the same. Owns nothing and allocates nothing: the callable must outlive it.
/// For parameters of functions.
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

/// A matrix that lies in memory as float32, as a source:
/// `const FloatWeights weights{values}; Q::encode(weights, rows, cols, out)`.
struct FloatWeights {
  View<const float> values;  ///< all elements, row-major

  void operator()(std::uint64_t first, View<float> out) const {
    for (std::size_t i = 0; i < out.size; ++i) out[i] = values[static_cast<std::size_t>(first) + i];
  }
};

/// How many elements an encoder asks for at a time. A multiple of every block size.
inline constexpr std::uint64_t piece_elements = 1U << 16U;

/// True for NaN and infinity. Looks at the bits, because `isnan` is constantly false under -ffast-math.
inline bool not_finite(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7F800000U) == 0x7F800000U; }

/// Hands all `count` elements of `source` to `use(first, View<const float>)` in pieces of `piece_elements`, the
/// last one shorter. Throws NumericError, naming the element, if one is NaN or infinite.
template <class Use>
void for_each_piece(WeightSource source, std::uint64_t count, Use&& use) {
  std::vector<float> buffer(static_cast<std::size_t>(count < piece_elements ? count : piece_elements));
  for (std::uint64_t first = 0; first < count; first += piece_elements) {
    const std::uint64_t left = count - first;
    const View<float> piece(buffer.data(),
                            static_cast<std::size_t>(left < piece_elements ? left : piece_elements));
    source(first, piece);
    std::uint32_t largest = 0;
    for (const float value : piece) {
      const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFU;
      largest = magnitude > largest ? magnitude : largest;
    }
    if (largest >= 0x7F800000U) {
      std::size_t i = 0;
      while (!not_finite(piece[i])) ++i;
      const bool infinite = (std::bit_cast<std::uint32_t>(piece[i]) & 0x007FFFFFU) == 0;
      throw NumericError(concat("element ", first + i, " of ", count, " is ", infinite ? "infinite" : "NaN",
                                ": only finite weights can be stored; repair the tensor first"));
    }
    use(first, View<const float>(piece));
  }
}

/// Hands every block of `Block` elements to `use(index, const float* values)`; a short last one is filled up with
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
