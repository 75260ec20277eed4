// Kernels on vectors: what attention does with queries, keys and values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/simd/avx2_vector.hpp"
#include "asterism/simd/avx512_vector.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/portable_vector.hpp"
#include "asterism/simd/stored_row.hpp"

namespace asterism::simd {

/// out(q, j) = sum over i of queries[q][i] * rows[j][i], for all queries and rows. out (queries, rows), any stride.
///
/// The bits of a result depend on its query, its row and the level: not on what else is asked for in the same call, nor
/// on how rows were stored that hold the same values. None of the functions here checks, throws or allocates; all are
/// thread-safe. Ask for the level once, outside of loops.
template <class Row>
void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out, Level use = level()) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::dots(queries, rows, out);
  if (use == Level::avx2) return Avx2Vector::dots(queries, rows, out);
#endif
  PortableVector::dots(queries, rows, out);
}

/// sums[q][i] += weights(q, j) * rows[j][i] for all q and i; j ascending, one after the other, so that the bits of a sum
/// are the same where its rows come in several calls. weights (sums, rows), any stride.
template <class Row>
void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums,
                  Level use = level()) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::add_weighted(weights, rows, sums);
  if (use == Level::avx2) return Avx2Vector::add_weighted(weights, rows, sums);
#endif
  PortableVector::add_weighted(weights, rows, sums);
}

/// The rows as float32, exactly; out (rows, width).
template <class Row>
void widen(StoredRows<Row> rows, float* out, Level use = level()) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::widen(rows, out);
  if (use == Level::avx2) return Avx2Vector::widen(rows, out);
#endif
  PortableVector::widen(rows, out);
}

/// The largest element of x, which is not empty; NaN may be left out.
inline float maximum(View<const float> x, Level use = level()) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::maximum(x);
  if (use == Level::avx2) return Avx2Vector::maximum(x);
#endif
  return PortableVector::maximum(x);
}

/// Replaces x[i] by exp((x[i] - shift) * scale), 0 where that is below 2^-126, and returns their sum. No exponent may be
/// above 0; NaN stays NaN. The relative error of an element is below 2^-22, or 2^-23 * |exponent| where that is more: the
/// exponent is rounded.
inline float exponentials(View<float> x, float scale, float shift, Level use = level()) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::exponentials(x, scale, shift);
  if (use == Level::avx2) return Avx2Vector::exponentials(x, scale, shift);
#endif
  return PortableVector::exponentials(x, scale, shift);
}

/// y[i] += a * x[i] for i < n.
inline void add_scaled(float* y, float a, const float* x, std::size_t n, Level use = level()) {
#if defined(__x86_64__)
  if (use != Level::portable) return Avx2Vector::add_scaled(y, a, x, n);
#endif
  PortableVector::add_scaled(y, a, x, n);
}

/// float32 to binary16: nearest, ties to even; 65520 and above become infinite. The same bits on every level, but
/// for NaN's payload.
inline void to_float16(const float* in, std::uint16_t* out, std::size_t n, Level use = level()) {
#if defined(__x86_64__)
  if (use != Level::portable) return Avx2Vector::to_float16(in, out, n);
#endif
  PortableVector::to_float16(in, out, n);
}

}  // namespace asterism::simd
