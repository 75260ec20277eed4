// Attention of query rows for the heads that share one key/value head, on the CPU.
#pragma once

#include <cstddef>

#include "asterism/backend/kv_view.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::backend {

/// Queries that read keys and values together at most.
inline constexpr std::size_t most_queries = 64;

/// out = softmax(q K^T / sqrt(head_dim)) V for consecutive rows of queries, the first at position `first`, over what
/// `visible` says. queries and out (rows, heads of the group * head_dim), any stride. A row's bits depend on nothing
/// but the row. Allocates nothing; uses less than 64 KiB of stack. Thread-safe where out is not shared.
template <class Format>
void attend_rows(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t first,
                 std::size_t window, MatrixView<float> out, simd::Level use = simd::level());

/// Rows of queries that read keys and values together in `attend_rows`, for a group of `heads`.
constexpr std::size_t rows_together(std::size_t heads) { return heads < most_queries ? most_queries / heads : 1; }

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_attention_templates.hpp"
#endif
