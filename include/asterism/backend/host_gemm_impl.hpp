// Bodies of host_gemm.hpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "asterism/backend/host_gemm.hpp"
#include "asterism/backend/host_gemm_piece.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/gemm/kernels.hpp"

namespace asterism::backend {

namespace detail {

/// Places for packed strips: as many threads work at once.
inline constexpr std::size_t strips_at_once = 64;

/// Most rows and most columns of c in one piece.
inline constexpr std::size_t piece_lines = 2048;

/// Pieces of a round at most.
inline constexpr std::size_t most_pieces = 1024;

/// Fewer multiplications are done on the calling thread; waking a worker takes longer.
inline constexpr std::size_t few_multiplications = std::size_t{1} << 18U;

}  // namespace detail

/// Pieces whose packed operands are in memory together.
class HostGemm::Round {
  using Piece = detail::GemmPiece;

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
