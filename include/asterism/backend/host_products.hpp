// Products on the CPU: how work is cut, and the precision of activations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/product.hpp"

namespace asterism::backend {

/// Number of outputs of the smallest piece of work on a matrix of `cols` columns, a multiple of `unit`: what a thread
/// reads from memory in some microseconds. Fixed by shape, so that threads never change a result.
constexpr std::size_t task_outputs(std::size_t cols, std::size_t unit = simd::Rows8::unit) {
  constexpr std::size_t weights = std::size_t{1} << 17U;
  return cols == 0 || weights / cols < unit ? unit : weights / cols / unit * unit;
}

struct WeightKernels;

/// Weights in a format known only to their kernels.
struct UntypedWeights {
  const std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  const WeightKernels* kernels = nullptr;
};

struct UntypedProduct {
  UntypedWeights weights;
  MatrixView<float> y;
};

/// A borrowed list with type-erased elements, read as T: what Read::of makes of each.
template <class T>
class ListOf {
 public:
  template <class Read, class From>
  static ListOf read_by(View<const From> list) {
    ListOf out;
    out.list_ = list.data;
    out.size_ = list.size;
    out.at_ = [](const void* first, std::size_t i) -> T { return Read::of(static_cast<const From*>(first)[i]); };
    return out;
  }

  std::size_t size() const { return size_; }
  T operator[](std::size_t i) const { return at_(list_, i); }

 private:
  ListOf() = default;

  const void* list_ = nullptr;
  std::size_t size_ = 0;
  T (*at_)(const void* list, std::size_t i) = nullptr;
};

/// The kernels for weights in one format: each computes some outputs of a matrix.
struct WeightKernels {
  void (*product)(const UntypedWeights& weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
                  std::size_t count) = nullptr;
  /// nullptr if activations stay float32.
  void (*integer_product)(const UntypedWeights& weights, const simd::Rows8& x, MatrixView<float> y,
                          std::size_t first, std::size_t count) = nullptr;
  /// Whether this matrix has integer products.
  bool (*in_integers)(const UntypedWeights& weights) = nullptr;
  simd::ActivationOrder order;  ///< of 8-bit activations
};

template <class Format, class Activation>
constexpr WeightKernels weight_kernels() {
  using Matrix = quant::KernelMatrixRef<Format>;
  WeightKernels kernels;
  kernels.product = [](const UntypedWeights& w, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
                       std::size_t count) {
    simd::product<Format>(Matrix{w.data, w.rows, w.cols}, x, y, first, count);
  };
  if constexpr (quant::IntegerActivations<Activation> && simd::HasIntegerProduct<Format>) {
    kernels.integer_product = [](const UntypedWeights& w, const simd::Rows8& x, MatrixView<float> y,
                                 std::size_t first, std::size_t count) {
      simd::product<Format, Activation::group>(Matrix{w.data, w.rows, w.cols}, x, y, first, count);
    };
    kernels.in_integers = [](const UntypedWeights& w) {
      return simd::has_integer_product(Matrix{w.data, w.rows, w.cols});
    };
    kernels.order = simd::activation_order<Format, Activation::group>;
  }
  return kernels;
}

/// The kernels of each single format, and of each that is listed by OneOf in the order of its tags.
template <class Format, class Activation>
inline constexpr WeightKernels kernels_of = weight_kernels<Format, Activation>();
template <class Activation, class Listed>
inline constexpr std::array<const WeightKernels*, 0> kernels_by_tag{};
template <class Activation, class... Formats>
inline constexpr std::array<const WeightKernels*, sizeof...(Formats)>
    kernels_by_tag<Activation, std::tuple<Formats...>>{&kernels_of<Formats, Activation>...};

/// Reads weights of any format with the kernels for an activation policy.
template <class Activation>
struct Untyped {
  template <class Format>
  static UntypedWeights of(const DeviceWeights<Format>& weights) {
    return {weights.data, weights.rows, weights.cols, kernels(weights)};
  }
  template <class Format>
  static UntypedProduct of(const Product<Format>& one) {
    return {of(one.weights), one.y.view};
  }

 private:
  template <class Format>
  static const WeightKernels* kernels([[maybe_unused]] const DeviceWeights<Format>& weights) {
    if constexpr (quant::Tagged<Format>) {
      return kernels_by_tag<Activation, typename Format::Listed>.at(weights.tag);
    } else {
      return &kernels_of<Format, Activation>;
    }
  }
};

/// The products of a host device. Operands must have been checked. Not thread-safe.
class HostProducts {
 public:
  explicit HostProducts(parallel::ExecutionRef execution) : execution_(execution) {}

  /// Scratch memory of products of `rows` rows of `cols` 8-bit activations, besides their operands, and of experts
  /// of that width: for input and inner rows.
  static constexpr Bytes scratch(std::size_t rows, std::size_t cols) { return simd::Rows8::bytes(rows, cols) * 2; }

  /// Keeps memory for that; the largest is used.
  void keep(Buffer scratch);

  /// y = x W^T for every product of the list, all at once; where they want 8-bit activations in more orders than
  /// the two that scratch has room for, in as many turns as it takes.
  void multiply(const ListOf<UntypedProduct>& products, MatrixView<const float> x);

  /// y(s, :) = x(s, :) W_e^T for the slots s of every expert e. All weights are in one format.
  void multiply_groups(const ListOf<UntypedWeights>& weights, const ExpertGroups& groups,
                       MatrixView<const float> x, MatrixView<float> y);

  /// The matrices of gated experts.
  struct Gated {
    ListOf<UntypedWeights> gate;
    ListOf<UntypedWeights> up;
    ListOf<UntypedWeights> down;
  };
  /// y(s, :) = down_e (silu(gate_e x(s, :)) * up_e x(s, :)): two passes over the threads, one per stage. In the
  /// first a task computes the same outputs of gate and up, their activation, and its 8-bit integers. gate and up
  /// (slots, ffn) are scratch; y may alias x. Gates, ups and downs are in one format each; where gates and ups want
  /// other forms of activations, they are products of their own, with the same bits.
  void multiply_swiglu(const Gated& experts, const ExpertGroups& groups, MatrixView<const float> x,
                       MatrixView<float> gate, MatrixView<float> up, MatrixView<float> y);

 private:
  struct Slots;
  struct OutputRange;

  template <class OutputsOf, class F>
  void for_each_output_range(std::size_t matrices, std::size_t rows, std::size_t cols, std::size_t unit,
                             OutputsOf&& outputs_of, F&& f);
  template <class Rows, class F>
  void for_each_range_in_groups(const ListOf<UntypedWeights>& weights, const ExpertGroups& groups,
                                const Rows& rows, std::size_t unit, F&& f);
  template <class F>
  void with_activations(const UntypedWeights& weights, MatrixView<const float> x, F&& f);
  std::size_t multiply_from(std::size_t first, const ListOf<UntypedProduct>& products, MatrixView<const float> x);

  static bool in_integers(const UntypedWeights& weights) {
    return weights.kernels->in_integers != nullptr && weights.kernels->in_integers(weights);
  }
  /// Whether both want the same form of activations.
  static bool alike(const UntypedWeights& a, const UntypedWeights& b) {
    return in_integers(a) == in_integers(b) && (!in_integers(a) || a.kernels->order == b.kernels->order);
  }
  simd::Rows8 rows8(std::size_t which, std::size_t rows, std::size_t cols, simd::ActivationOrder order);
  simd::Rows8 to_integers(MatrixView<const float> x, const simd::Rows8& rows);

  parallel::ExecutionRef execution_;
  std::vector<Buffer> scratches_;  ///< the largest first
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_products_impl.hpp"
#endif
