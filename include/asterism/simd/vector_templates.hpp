// Bodies of vector.hpp, as templates: see kernels.hpp.
#pragma once

#include "asterism/simd/attention/kernels.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::simd {

template <class Row>
void dots(View<const float* const> queries, StoredRows<Row> rows, MatrixView<float> out, Level use) {
  VectorKernels::run(use, [&](auto kernels) { kernels.dots(queries, rows, out); });
}

template <class Row>
void add_weighted(MatrixView<const float> weights, StoredRows<Row> rows, View<float* const> sums, Level use) {
  VectorKernels::run(use, [&](auto kernels) { kernels.add_weighted(weights, rows, sums); });
}

template <class Row>
void widen(StoredRows<Row> rows, float* out, Level use) {
  VectorKernels::run(use, [&](auto kernels) { kernels.widen(rows, out); });
}

}  // namespace asterism::simd
