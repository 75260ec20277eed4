// Attention of query rows for the heads that share a key/value head, on the CPU.
#pragma once

#include <cstddef>

#include "asterism/backend/attention_parts.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::backend {

/// Maximum number of queries that share one pass over keys and values.
inline constexpr std::size_t most_queries = 64;

/// out = softmax(q K^T / sqrt(head_dim)) V for consecutive rows of queries, the first at position `first`, over
/// the positions given by `visible`. queries and out (rows, heads of the group * head_dim), any stride; head_dim at
/// most `widest_head`. A row's bits depend only on the row. Does not allocate; uses less than 112 KiB of stack.
/// Thread-safe if out is not shared.
template <class Format>
void attend_rows(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t first,
                 std::size_t window, MatrixView<float> out, simd::Level use = simd::level());

/// What those queries, at most `most_queries` of them, see of one block of positions (see PositionBlocks), row after
/// row and head after head: softmax (queries), sums (queries, head_dim), zeros where the softmax is empty. Put together
/// with add_part in ascending order, and divided by the total, they are attend_rows, bit by bit.
template <class Format>
void attend_block(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head,
                  std::size_t first, std::size_t window, std::size_t position_block, Softmax* softmax, float* sums,
                  simd::Level use = simd::level());

/// Number of rows of queries that share a pass over keys and values in `attend_rows`, for a group of `heads`.
constexpr std::size_t rows_together(std::size_t heads) { return heads < most_queries ? most_queries / heads : 1; }

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_attention_templates.hpp"
#endif
