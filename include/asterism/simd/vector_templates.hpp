// Bodies of vector.hpp, as templates: see kernels.hpp.
#pragma once

#include "asterism/simd/attention/avx2_vector.hpp"
#include "asterism/simd/attention/avx512_vector.hpp"
#include "asterism/simd/attention/portable_vector.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::simd {

template <class Row>
void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::dots(queries, rows, out);
  if (use == Level::avx2) return Avx2Vector::dots(queries, rows, out);
#endif
  PortableVector::dots(queries, rows, out);
}

template <class Row>
void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::add_weighted(weights, rows, sums);
  if (use == Level::avx2) return Avx2Vector::add_weighted(weights, rows, sums);
#endif
  PortableVector::add_weighted(weights, rows, sums);
}

template <class Row>
void widen(StoredRows<Row> rows, float* out, Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Vector::widen(rows, out);
  if (use == Level::avx2) return Avx2Vector::widen(rows, out);
#endif
  PortableVector::widen(rows, out);
}

}  // namespace asterism::simd
