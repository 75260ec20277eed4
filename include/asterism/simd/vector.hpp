// Kernels on vectors: what attention does with queries, keys and values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// out(q, j) = sum over i of queries[q][i] * rows[j][i], for all queries and rows. out (queries, rows), any stride.
///
/// The bits of a result depend on its query, its row and the level: not on what else is asked for in the same call, nor
/// on how rows were stored that hold the same values. None of the functions here checks, throws or allocates; all are
/// thread-safe. Ask for the level once, outside of loops.
template <class Row>
void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out, Level use = level());

/// sums[q][i] += weights(q, j) * rows[j][i] for all q and i; j ascending, one after the other, so that the bits of a sum
/// are the same where its rows come in several calls. weights (sums, rows), any stride.
template <class Row>
void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums,
                  Level use = level());

/// The rows as float32, exactly; out (rows, width).
template <class Row>
void widen(StoredRows<Row> rows, float* out, Level use = level());

/// The largest element of x, which is not empty; NaN may be left out.
float maximum(View<const float> x, Level use = level());

/// Replaces x[i] by exp((x[i] - shift) * scale), 0 where that is below 2^-126, and returns their sum. No exponent may be
/// above 0; NaN stays NaN. The relative error of an element is below 2^-22, or 2^-23 * |exponent| where that is more: the
/// exponent is rounded.
float exponentials(View<float> x, float scale, float shift, Level use = level());

/// y[i] += a * x[i] for i < n.
void add_scaled(float* y, float a, const float* x, std::size_t n, Level use = level());

/// float32 to binary16: nearest, ties to even; 65520 and above become infinite. The same bits on every level, but
/// for NaN's payload.
void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/vector_impl.hpp"
#include "asterism/simd/vector_templates.hpp"
#endif
