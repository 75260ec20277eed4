// Weights as small integers with a scale for each group: Int8 and Int4.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/abs_max.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/integer_codes.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

/// Reads the scales of a plane in binary16. Borrows the matrix.
class Float16Scales {
 public:
  explicit Float16Scales(const std::byte* plane) : scales_(reinterpret_cast<const std::uint16_t*>(plane)) {}

  float operator()(std::uint64_t group) const { return float_from_float16(scales_[group]); }
  /// The scale of a group that is at another place of the plane.
  float at(std::uint64_t place, std::uint64_t /*group*/) const { return (*this)(place); }

  const std::uint16_t* data() const { return scales_; }

 private:
  const std::uint16_t* scales_;
};

/// Quantization policy, called Int8 and Int4: an integer code for each weight and a binary16 scale for each
/// `Group` consecutive weights of the *flat* matrix (groups cross rows; the last one may be short). A weight is
/// code * scale, which float32 holds exactly. Planes: "codes", as IntegerCodes lays them out, a last unused nibble
/// being 0; "scales", binary16 little-endian [groups]. In groups of 32 8.5 and 4.5 bits a weight, in groups of 128
/// 8.125 and 4.125. The codes always refer to the scale as stored.
///
/// ScaleRule of the scale, with the relative RMS error of Int4 on Gaussian weights in groups of 32 and 128:
/// - AbsMax, 9.70 and 11.73 %: the largest magnitude gets the code 7 or -7, so that nothing is cut off, no error
///   is above half a scale, and a weight and its negative have negated codes; -8 stays unused.
/// - LeastSquares, 8.6 and 10.1 %: a positive scale; codes -8 ... 7.
/// - SignedLeastSquares, 8.1 and 9.7 %: a scale of either sign, so that -8 serves the side that needs it.
///
/// Int8 in groups of 32: 0.535 %, with LeastSquares 0.49 %.
///
/// `encode` refuses groups whose scale is beyond binary16 (Int8: magnitudes above 8.3e6, Int4: above 4.5e5).
/// Scales below 2^-14 are rounded away from zero, so that tiny weights are not cut off either; the smallest is
/// 2^-24.
///
/// @tparam Bits    8 or 4
/// @tparam Group   16, 32, 64, ... 4096
/// @tparam ScaleRule  how the scale of a group is chosen: AbsMax, LeastSquares or SignedLeastSquares
template <int Bits, int Group, class ScaleRule>
struct GroupInt {
  static_assert(Group >= 16 && Group <= 4096 && (Group & (Group - 1)) == 0,
                "groups are powers of two from 16 to 4096");

  using Codes = IntegerCodes<Bits>;
  static constexpr int group = Group;
  using KernelOrder = RowTiles<Bits, Group>;
  using ScaleReader = Float16Scales;
  static constexpr bool first_in_high_nibble = false;
  /// For integer products: the exact value of each 4-bit code.
  static constexpr std::array<std::int8_t, 16> integers = {0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1};
  static constexpr float integer_unit = 1;
  static constexpr float integer_shift = 0;
  static constexpr double bits_per_weight = Bits + 16.0 / Group;
  static constexpr int code_bits = Bits;
  static constexpr std::size_t element_bytes = 0;

  static std::string name();

  static constexpr Planes planes(std::uint64_t rows, std::uint64_t cols) {
    const std::uint64_t count = element_count(rows, cols);
    Planes result;
    result.add("codes", Codes::bytes(count));
    result.add("scales", (count + Group - 1) / Group * 2);
    return result;
  }

  /// Scratch memory: one piece of the source.
  static void encode(WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out);

  static void decode(MatrixRef<GroupInt> matrix, std::uint64_t first_element, View<float> out);

  /// Decodes the codes [from, to) starting at `codes`, as weights of a group with the given scale.
  static void decode_codes(const std::uint8_t* codes, std::uint64_t from, std::uint64_t to, float scale,
                           float* out);

  /// The scales as stored, by group.
  static Float16Scales scales(MatrixRef<GroupInt> matrix) {
    return Float16Scales(matrix.data + planes(matrix.rows, matrix.cols)[1].offset);
  }

  /// Upper bound of the error that `encode` leaves in a weight: between the ends of the codes half the stored
  /// scale, outside the distance to the nearest end.
  static double error_bound(MatrixRef<GroupInt> matrix, std::uint64_t element, float original);

 private:
  /// The nearest binary16; below its normal range the next one away from zero.
  static std::uint16_t to_stored(float scale);
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/group_int_templates.hpp"
#endif
