// The contract of a storage format for weights.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/view.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// The members of a Quantization one by one, so that an error names the missing one.
namespace needs {

template <class Q>
concept name = requires {
  { Q::name() } -> std::convertible_to<std::string>;
};
template <class Q>
concept bits_per_weight = requires {
  { Q::bits_per_weight } -> std::convertible_to<double>;
};
template <class Q>
concept code_bits = requires {
  { Q::code_bits } -> std::convertible_to<int>;
};
template <class Q>
concept element_bytes = requires {
  { Q::element_bytes } -> std::convertible_to<std::size_t>;
};
template <class Q>
concept planes = requires(std::uint64_t rows, std::uint64_t cols) {
  { Q::planes(rows, cols) } -> std::same_as<Planes>;
};
template <class Q>
concept encode = requires(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
  Q::encode(source, rows, cols, out);
};
template <class Q>
concept decode = requires(MatrixRef<Q> matrix, std::uint64_t first_element, View<float> out) {
  Q::decode(matrix, first_element, out);
};
template <class Q>
concept error_bound = requires(MatrixRef<Q> matrix, std::uint64_t element, float original) {
  { Q::error_bound(matrix, element, original) } -> std::convertible_to<double>;
};

}  // namespace needs

/// A storage format for weights. A model is a stateless struct of static members:
///
/// 1. `name()`: human-readable, such as "nf4 block 64".
/// 2. `bits_per_weight`: only for display; sizes come from `planes`. `code_bits`: the bits of a weight's code
///    without its scales, or 0 if weights are plain numbers. `element_bytes`: the size of a plain number, else 0.
/// 3. `constexpr planes(rows, cols)`: the named pieces of a stored matrix. `planes(rows, cols).bytes()` is *the*
///    size of a matrix. Throws InvalidArgument for sizes beyond any memory.
/// 4. `encode(source, rows, cols, out)`: writes all planes(rows, cols).bytes() bytes of `out`, which is aligned to
///    64. Reads the source in pieces. Throws NumericError, naming the element, for NaN, infinity, and values
///    outside the format's range. Allocates at most 1 MiB plus a few bytes per block.
/// 5. `decode(matrix, first_element, out)`: the elements [first_element, first_element + out.size) of the flat
///    matrix. Does not allocate.
/// 6. `error_bound(matrix, element, original)`: upper bound of the distance between the decoded and the original
///    value.
///
/// Two more are optional. `width_multiple`: rows are whole multiples of so many columns, and `planes` throws
/// InvalidArgument for others. `keeps_zeros`, false: no code stands for zero, or not in every block.
///
/// Laws (tests/laws/quantization_laws.hpp): planes are aligned, ascending and disjoint; the error stays within
/// `error_bound`; zeros stay zeros (without `keeps_zeros` those of a matrix of zeros); any cut of a range decodes to
/// the same bits; NaN and infinity are refused by name; encoding is deterministic, including padding. All members are
/// thread-safe.
template <class Q>
concept Quantization = needs::name<Q> && needs::bits_per_weight<Q> && needs::code_bits<Q> &&
    needs::element_bytes<Q> && needs::planes<Q> && needs::encode<Q> && needs::decode<Q> && needs::error_bound<Q>;

/// The number of columns of which rows of a matrix in Q are whole multiples; 1 unless Q names it.
template <class Q>
inline constexpr std::uint64_t width_multiple = 1;
template <class Q>
  requires requires { Q::width_multiple; }
inline constexpr std::uint64_t width_multiple<Q> = Q::width_multiple;

/// Whether a zero among other weights comes back as a zero; true unless Q says otherwise.
template <class Q>
inline constexpr bool keeps_zeros = true;
template <class Q>
  requires requires { Q::keeps_zeros; }
inline constexpr bool keeps_zeros<Q> = Q::keeps_zeros;

}  // namespace asterism::quant
