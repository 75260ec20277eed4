// Bodies of host_gemm.hpp.
#pragma once

#include <algorithm>
#include <atomic>
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

/// Most lines of a tile, the piece of c of a task: its packed rows and columns, a block of depth each, and the tile
/// itself stay in a second-level cache.
inline constexpr std::size_t tile_rows = 96;
inline constexpr std::size_t tile_cols = 192;

/// With so many rows of a or fewer, packing all of b before it is used takes long: instead each task computes all rows
/// of a strip of columns, which it packs block by block to memory that stays in its cache. Rows pass in shares.
inline constexpr std::size_t strip_most_rows = 384;
inline constexpr std::size_t strip_rows = 192;
inline constexpr std::size_t strip_cols = 64;

/// Places for packed strips: as many threads work at once.
inline constexpr std::size_t strips_at_once = 64;
inline constexpr std::size_t strip_floats = strip_cols * simd::gemm_depth;

/// Most rows and most columns of c in one piece.
inline constexpr std::size_t piece_lines = 2048;

/// Pieces of a round at most.
inline constexpr std::size_t most_pieces = 1024;

/// Fewer multiplications are done on the calling thread; waking a worker takes longer.
inline constexpr std::size_t few_multiplications = std::size_t{1} << 18U;

constexpr std::size_t rounded_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

/// n things in parts that are nearly equal, of at most `most` each, which begin at multiples of `unit`.
struct EvenCut {
  std::size_t n = 0;
  std::size_t each = 1;

  EvenCut(std::size_t things, std::size_t most, std::size_t unit) : n(things) {
    most = most / unit * unit;
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
  float* b = nullptr;         ///< nullptr: tasks pack strips
  std::size_t packs_end = 0;  ///< of its tasks, among those of the round
  std::size_t tiles_end = 0;

  static bool in_strips(std::size_t rows) { return rows <= detail::strip_most_rows; }
  bool in_strips() const { return in_strips(product.c.rows); }

  std::size_t blocks() const { return (product.a.cols + simd::gemm_depth - 1) / simd::gemm_depth; }
  std::size_t depth(std::size_t block) const {
    return std::min(simd::gemm_depth, product.a.cols - block * simd::gemm_depth);
  }
  static std::size_t parts(std::size_t lines) { return (lines + simd::gemm_lines - 1) / simd::gemm_lines; }
  std::size_t packs() const {
    return blocks() * (parts(product.c.rows) + (in_strips() ? 0 : parts(product.c.cols)));
  }

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
    return {product.c.rows, in_strips() ? detail::strip_rows : detail::tile_rows, kernel.rows};
  }
  detail::EvenCut cols(const simd::GemmKernel& kernel) const {
    return {product.c.cols, in_strips() ? detail::strip_cols : detail::tile_cols, kernel.cols};
  }
  std::size_t tiles(const simd::GemmKernel& kernel) const {
    return cols(kernel).parts() * (in_strips() ? 1 : rows(kernel).parts());
  }

  /// The panels of a from a row on.
  const float* rows_at(const simd::GemmKernel& kernel, std::size_t first, std::size_t block) const {
    return a + detail::rounded_up(product.c.rows, kernel.rows) * block * simd::gemm_depth + first * depth(block);
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
    simd::GemmAhead nothing;
    for (std::size_t block = 0; block < blocks(); ++block) {
      kernel.multiply(
          rows_at(kernel, down.first(i), block),
          b + detail::rounded_up(c.cols, kernel.cols) * block * simd::gemm_depth + across.first(j) * depth(block),
          depth(block), tile, product.adds || block > 0, nothing);
    }
  }

  /// The part of b that a strip needs of a block, transposed.
  simd::GemmOperand strip(const simd::GemmKernel& kernel, std::size_t task, std::size_t block) const {
    const auto across = cols(kernel);
    return product.b.transposed().block(across.first(task), across.count(task), block * simd::gemm_depth,
                                        depth(block));
  }

  /// All rows and k of a strip of c, packed in `memory`; meanwhile asks for `next`, which comes afterwards.
  void multiply_strip(const simd::GemmKernel& kernel, std::size_t task, float* memory,
                      const simd::GemmOperand& next) const {
    const auto down = rows(kernel);
    const auto across = cols(kernel);
    const MatrixView<float> c = product.c;
    const std::size_t tiles =
        (c.rows + kernel.rows - 1) / kernel.rows * ((across.count(task) + kernel.cols - 1) / kernel.cols);
    for (std::size_t block = 0; block < blocks(); ++block) {
      kernel.pack_cols(strip(kernel, task, block), memory);
      simd::GemmAhead ahead(block + 1 < blocks() ? strip(kernel, task, block + 1) : next,
                            tiles * ((depth(block) + simd::gemm_step - 1) / simd::gemm_step));
      for (std::size_t i = 0; i < down.parts(); ++i) {
        const MatrixView<float> tile(c.data + down.first(i) * c.stride + across.first(task), down.count(i),
                                     across.count(task), c.stride);
        kernel.multiply(rows_at(kernel, down.first(i), block), memory, depth(block), tile,
                        product.adds || block > 0, ahead);
      }
    }
  }
};

/// Pieces whose packed operands are in memory together.
class HostGemm::Round {
 public:
  Round(const Buffer& scratch, parallel::ExecutionRef execution, simd::Level use)
      : pieces_(reinterpret_cast<Piece*>(scratch.data())),
        strips_(reinterpret_cast<float*>(scratch.data() + table_bytes)),
        memory_(strips_ + strip_bytes / sizeof(float)),
        size_((scratch.size().count - table_bytes - strip_bytes) / sizeof(float)),
        execution_(execution),
        kernel_(simd::gemm_kernel(use)) {}

  /// Makes a product part of this round and of later ones.
  void add(const simd::Gemm& product) {
    const auto& [a, b, c, adds] = product;
    for (std::size_t j = 0; j < c.cols; j += detail::piece_lines) {
      const std::size_t cols = std::min(detail::piece_lines, c.cols - j);
      for (std::size_t i = 0; i < c.rows; i += detail::piece_lines) {
        const std::size_t rows = std::min(detail::piece_lines, c.rows - i);
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
    const auto pack = [&](std::size_t i) {
      const auto [piece, task] = find(i, &Piece::packs_end);
      piece->pack(kernel_, task);
    };
    std::atomic<std::size_t> taken{0};
    const auto work = [&](std::size_t place) {
      multiply_tiles(last.tiles_end, taken, strips_ + place * detail::strip_floats);
    };
    if (here) {
      for (std::size_t i = 0; i < last.packs_end; ++i) pack(i);
      work(0);
    } else {
      execution_.for_each_task(last.packs_end, pack);
      execution_.for_each_task(std::min(last.tiles_end, detail::strips_at_once), work);
    }
    count_ = 0;
    used_ = 0;
    multiplications_ = 0;
  }

 private:
  struct Task {
    const Piece* piece = nullptr;
    std::size_t task = 0;
  };

  /// The one of number i, counted by `end`.
  Task find(std::size_t i, std::size_t Piece::*end) const {
    const Piece* const piece =
        std::partition_point(pieces_, pieces_ + count_, [&](const Piece& p) { return p.*end <= i; });
    return {piece, piece == pieces_ ? i : i - piece[-1].*end};
  }

  /// Takes tiles until there are none. Knows the next one early, to ask for its memory.
  void multiply_tiles(std::size_t tiles, std::atomic<std::size_t>& taken, float* strip) const {
    const auto take = [&] {
      const std::size_t i = taken.fetch_add(1, std::memory_order_relaxed);
      return i < tiles ? find(i, &Piece::tiles_end) : Task{};
    };
    for (Task now = take(); now.piece != nullptr;) {
      const Task next = take();
      if (now.piece->in_strips()) {
        now.piece->multiply_strip(kernel_, now.task, strip,
                                  next.piece != nullptr && next.piece->in_strips()
                                      ? next.piece->strip(kernel_, next.task, 0)
                                      : simd::GemmOperand{});
      } else {
        now.piece->multiply(kernel_, now.task);
      }
      now = next;
    }
  }

  static_assert(std::is_trivially_copyable_v<Piece> && std::is_trivially_destructible_v<Piece>);
  static constexpr std::size_t table_bytes = aligned(detail::most_pieces * sizeof(Piece));
  static constexpr std::size_t strip_bytes = detail::strips_at_once * detail::strip_floats * sizeof(float);
  static_assert(table_bytes + strip_bytes + 2 * (detail::piece_lines + simd::gemm_lines) * simd::gemm_depth * 4 <=
                    scratch().count,
                "the largest piece has room for one block of depth");

  /// How many of `rest` values of k have room: all, or whole blocks.
  std::size_t depth_for(std::size_t rows, std::size_t cols, std::size_t rest) const {
    if (count_ == detail::most_pieces) return 0;
    const std::size_t lines =
        padded(rows, kernel_.rows) + (Piece::in_strips(rows) ? 0 : padded(cols, kernel_.cols));
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
    if (!piece.in_strips()) {
      piece.b = memory_ + used_;
      used_ += padded(product.c.cols, kernel_.cols) * deep;
    }
    piece.packs_end = piece.packs();
    piece.tiles_end = piece.tiles(kernel_);
    if (count_ > 0) {
      piece.packs_end += pieces_[count_ - 1].packs_end;
      piece.tiles_end += pieces_[count_ - 1].tiles_end;
    }
    std::construct_at(pieces_ + count_, piece);
    ++count_;
    multiplications_ += product.c.rows * product.c.cols * deep;
  }

  Piece* pieces_;
  float* strips_;
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
