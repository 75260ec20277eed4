// Bodies of host_gemm.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "asterism/backend/host_gemm.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/gemm/kernels.hpp"

namespace asterism::backend {

namespace detail {

/// Lines of a tile, the piece of c of a task: its packed rows and columns, a block of depth each, and the tile itself
/// stay in a second-level cache.
inline constexpr std::size_t tile_rows = 96;
inline constexpr std::size_t tile_cols = 192;

/// Rows and columns of c at most in one piece: a block of depth of both is 4 MiB.
inline constexpr std::size_t most_lines = 2048;

/// Pieces of a round at most.
inline constexpr std::size_t most_pieces = 1024;

/// Fewer multiplications are done on the calling thread; waking a worker takes longer.
inline constexpr std::size_t few_multiplications = std::size_t{1} << 18U;

constexpr std::size_t rounded_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

/// n things in parts that are nearly equal, at most `most` each, which begin at multiples of `unit`.
struct EvenCut {
  std::size_t n = 0;
  std::size_t each = 1;

  EvenCut(std::size_t things, std::size_t most, std::size_t unit) : n(things) {
    const std::size_t parts = (n + most - 1) / most;
    each = rounded_up((n + parts - 1) / parts, unit);
  }
  std::size_t parts() const { return (n + each - 1) / each; }
  std::size_t first(std::size_t part) const { return part * each; }
  std::size_t count(std::size_t part) const { return std::min(each, n - part * each); }
};

}  // namespace detail

/// A product, or some rows, columns and k of one, with places for the panels of its operands.
struct HostGemm::Piece {
  simd::Gemm product;
  float* a = nullptr;
  float* b = nullptr;
  std::size_t packs_end = 0;  ///< of its tasks, among those of the round
  std::size_t tiles_end = 0;

  std::size_t blocks() const { return (product.a.cols + simd::gemm_depth - 1) / simd::gemm_depth; }
  std::size_t depth(std::size_t block) const {
    return std::min(simd::gemm_depth, product.a.cols - block * simd::gemm_depth);
  }
  static std::size_t parts(std::size_t lines) { return (lines + simd::gemm_lines - 1) / simd::gemm_lines; }
  std::size_t packs() const { return blocks() * (parts(product.c.rows) + parts(product.c.cols)); }

  /// Packs some lines over a block of depth.
  void pack(const simd::GemmKernel& kernel, std::size_t task) const {
    const std::size_t of_a = blocks() * parts(product.c.rows);
    if (task < of_a) return pack(product.a, kernel.rows, kernel.pack_rows, task, a);
    pack(product.b.transposed(), kernel.cols, kernel.pack_cols, task - of_a, b);
  }
  void pack(const simd::GemmOperand& lines, std::size_t width,
            void (*pack_lines)(const simd::GemmOperand&, float*), std::size_t task, float* to) const {
    const std::size_t block = task / parts(lines.rows);
    const std::size_t first = task % parts(lines.rows) * simd::gemm_lines;
    const std::size_t count = std::min(simd::gemm_lines, lines.rows - first);
    const std::size_t k = block * simd::gemm_depth;
    pack_lines(lines.block(first, count, k, depth(block)),
               to + detail::rounded_up(lines.rows, width) * k + first * depth(block));
  }

  detail::EvenCut rows(const simd::GemmKernel& kernel) const {
    return {product.c.rows, detail::tile_rows, kernel.rows};
  }
  detail::EvenCut cols(const simd::GemmKernel& kernel) const {
    return {product.c.cols, detail::tile_cols, kernel.cols};
  }

  /// All k of one tile of c.
  void multiply(const simd::GemmKernel& kernel, std::size_t task) const {
    const auto down = rows(kernel);
    const auto across = cols(kernel);
    const std::size_t i = task % down.parts();
    const std::size_t j = task / down.parts();
    const MatrixView<float> c = product.c;
    const MatrixView<float> tile(c.data + down.first(i) * c.stride + across.first(j), down.count(i),
                                 across.count(j), c.stride);
    for (std::size_t block = 0; block < blocks(); ++block) {
      const std::size_t k = block * simd::gemm_depth;
      kernel.multiply(a + detail::rounded_up(c.rows, kernel.rows) * k + down.first(i) * depth(block),
                      b + detail::rounded_up(c.cols, kernel.cols) * k + across.first(j) * depth(block),
                      depth(block), tile, product.adds || block > 0);
    }
  }
};

/// Pieces whose packed operands are in memory together.
class HostGemm::Round {
 public:
  Round(const Buffer& scratch, parallel::ExecutionRef execution, simd::Level use)
      : pieces_(reinterpret_cast<Piece*>(scratch.data())),
        memory_(reinterpret_cast<float*>(scratch.data() + table_bytes)),
        size_((scratch.size().count - table_bytes) / sizeof(float)),
        execution_(execution),
        kernel_(simd::gemm_kernel(use)) {}

  /// Makes a product part of this round and of later ones.
  void add(const simd::Gemm& product) {
    const auto& [a, b, c, adds] = product;
    for (std::size_t j = 0; j < c.cols; j += detail::most_lines) {
      const std::size_t cols = std::min(detail::most_lines, c.cols - j);
      for (std::size_t i = 0; i < c.rows; i += detail::most_lines) {
        const std::size_t rows = std::min(detail::most_lines, c.rows - i);
        const MatrixView<float> part(c.data + i * c.stride + j, rows, cols, c.stride);
        for (std::size_t k = 0; k < a.cols;) {
          const std::size_t deep = depth_for(rows, cols, a.cols - k);
          if (deep == 0) {
            run();
          } else {
            add_piece({a.block(i, rows, k, deep), b.block(k, deep, j, cols), part, adds || k > 0});
            k += deep;
          }
        }
      }
    }
  }

  /// Computes what was added.
  void run() {
    if (count_ == 0) return;
    const Piece& last = pieces_[count_ - 1];
    const bool here = multiplications_ < detail::few_multiplications;
    for_each(here, last.packs_end, &Piece::packs_end,
             [&](const Piece& piece, std::size_t task) { piece.pack(kernel_, task); });
    for_each(here, last.tiles_end, &Piece::tiles_end,
             [&](const Piece& piece, std::size_t task) { piece.multiply(kernel_, task); });
    count_ = 0;
    used_ = 0;
    multiplications_ = 0;
  }

 private:
  static_assert(std::is_trivially_copyable_v<Piece> && std::is_trivially_destructible_v<Piece>);
  static constexpr std::size_t table_bytes = aligned(detail::most_pieces * sizeof(Piece));

  /// How many of `rest` values of k have room: all, or whole blocks.
  std::size_t depth_for(std::size_t rows, std::size_t cols, std::size_t rest) const {
    if (count_ == detail::most_pieces) return 0;
    const std::size_t lines = padded(rows, kernel_.rows) + padded(cols, kernel_.cols);
    const std::size_t deep = (size_ - used_) / lines;
    return rest <= deep ? rest : deep / simd::gemm_depth * simd::gemm_depth;
  }
  /// Panels begin at cache lines.
  static std::size_t padded(std::size_t lines, std::size_t width) {
    return detail::rounded_up(detail::rounded_up(lines, width), alignment / sizeof(float));
  }

  void add_piece(const simd::Gemm& product) {
    const std::size_t deep = product.a.cols;
    Piece piece{.product = product, .a = memory_ + used_};
    used_ += padded(product.c.rows, kernel_.rows) * deep;
    piece.b = memory_ + used_;
    used_ += padded(product.c.cols, kernel_.cols) * deep;
    piece.packs_end = piece.packs();
    piece.tiles_end = piece.rows(kernel_).parts() * piece.cols(kernel_).parts();
    if (count_ > 0) {
      piece.packs_end += pieces_[count_ - 1].packs_end;
      piece.tiles_end += pieces_[count_ - 1].tiles_end;
    }
    std::construct_at(pieces_ + count_, piece);
    ++count_;
    multiplications_ += product.c.rows * product.c.cols * deep;
  }

  /// f(piece, task of the piece) for tasks that are counted by `end`, on all threads or `here`.
  template <class F>
  void for_each(bool here, std::size_t tasks, std::size_t Piece::*end, F&& f) const {
    const auto one = [&](std::size_t task) {
      const Piece* const piece =
          std::partition_point(pieces_, pieces_ + count_, [&](const Piece& p) { return p.*end <= task; });
      f(*piece, piece == pieces_ ? task : task - piece[-1].*end);
    };
    if (!here) return execution_.for_each_task(tasks, one);
    for (std::size_t task = 0; task < tasks; ++task) one(task);
  }

  Piece* pieces_;
  float* memory_;
  std::size_t size_;  ///< floats
  parallel::ExecutionRef execution_;
  simd::GemmKernel kernel_;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::size_t multiplications_ = 0;
};

ASTERISM_INLINE void HostGemm::keep(Buffer scratch) {
  if (scratch.size() < HostGemm::scratch()) {
    throw InvalidArgument(
        concat("HostGemm: ", to_string(scratch.size()), " of scratch; it needs ", to_string(HostGemm::scratch())));
  }
  scratch_ = std::move(scratch);
}

ASTERISM_INLINE void HostGemm::multiply(const Products& products) {
  if (scratch_.data() == nullptr) {
    throw InvalidArgument(concat("HostGemm has no scratch: keep ", to_string(HostGemm::scratch()), " first"));
  }
  Round round(scratch_, execution_, use_);
  for (std::size_t i = 0; i < products.count; ++i) {
    const simd::Gemm product = products.at(products.body, i);
    simd::check_gemm(product);
    if (product.a.cols > 0) {
      round.add(product);
    } else if (!product.adds) {
      for (std::size_t r = 0; r < product.c.rows; ++r) {
        std::fill_n(product.c.data + r * product.c.stride, product.c.cols, 0.0F);
      }
    }
  }
  round.run();
}

}  // namespace asterism::backend
