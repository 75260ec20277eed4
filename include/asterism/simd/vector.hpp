// Vector kernels: attention's operations on queries, keys and values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// out(q, j) = sum over i of queries[q][i] * rows[j][i], for all queries and rows. out (queries, rows), any
/// stride.
///
/// The bits of a result depend only on its query, its row's values and the level, not on other queries or rows of
/// the call nor on the storage of the row. None of the functions here checks, throws or allocates; all are
/// thread-safe. Query the level once, outside of loops.
template <class Row>
void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out, Level use = level());

/// sums[q][i] += weights(q, j) * rows[j][i] for all q and i; one j after another, ascending, so that a sum has the
/// same bits if its rows are split over several calls. weights (sums, rows), any stride.
template <class Row>
void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums,
                  Level use = level());

/// Decodes the rows to float32, exactly; out (rows, width).
template <class Row>
void widen(StoredRows<Row> rows, float* out, Level use = level());

/// The largest element of x, which must not be empty; NaN may be skipped.
float maximum(View<const float> x, Level use = level());

/// Replaces x[i] by exp((x[i] - shift) * scale), 0 if that is below 2^-126, and returns their sum. No exponent may
/// be above 0; NaN stays NaN. The relative error of an element is below 2^-22, or 2^-23 * |exponent| if that is
/// larger, because the exponent is rounded.
float exponentials(View<float> x, float scale, float shift, Level use = level());

/// y[i] += a * x[i] for i < n.
void add_scaled(float* y, float a, const float* x, std::size_t n, Level use = level());

/// float32 to binary16, to nearest, ties to even; 65520 and above become infinite. The same bits on every level,
/// except for NaN's payload.
void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/vector_impl.hpp"
#include "asterism/simd/vector_templates.hpp"
#endif
