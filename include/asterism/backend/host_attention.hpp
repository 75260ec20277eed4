// Attention of query rows for the heads that share a key/value head, on the CPU.
#pragma once

#include <cstddef>

#include "asterism/backend/kv_view.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::backend {

/// Maximum number of queries that share one pass over keys and values.
inline constexpr std::size_t most_queries = 64;

/// out = softmax(q K^T / sqrt(head_dim)) V for consecutive rows of queries, the first at position `first`, over
/// the positions given by `visible`. queries and out (rows, heads of the group * head_dim), any stride. A row's
/// bits depend only on the row. Does not allocate; uses less than 64 KiB of stack. Thread-safe if out is not
/// shared.
template <class Format>
void attend_rows(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t first,
                 std::size_t window, MatrixView<float> out, simd::Level use = simd::level());

/// Number of rows of queries that share a pass over keys and values in `attend_rows`, for a group of `heads`.
constexpr std::size_t rows_together(std::size_t heads) { return heads < most_queries ? most_queries / heads : 1; }

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_attention_templates.hpp"
#endif
