// Bodies of vector_rows.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::index {

ASTERISM_INLINE void check_vectors(std::size_t dim, MatrixView<const float> vectors, const char* what) {
  if (vectors.cols != dim && vectors.rows > 0) {
    throw knowledge::BadVector(
        concat(what, "s of ", vectors.cols, " numbers for an index of ", dim, ": another encoder made them"));
  }
  for (std::size_t r = 0; r < vectors.rows; ++r) {
    bool zero = true;
    for (std::size_t c = 0; c < dim; ++c) {
      const float value = vectors(r, c);
      if (quant::not_finite(value)) {
        throw knowledge::BadVector(concat(what, " ", r, " is not finite: number ", c, " is ", value));
      }
      zero = zero && value == 0;
    }
    if (zero) throw knowledge::BadVector(concat(what, " ", r, " is all zeros: it has no direction"));
  }
}

ASTERISM_INLINE void check_rows(std::size_t dim, View<const knowledge::NodeId> ids,
                                MatrixView<const float> vectors) {
  if (ids.size != vectors.rows) {
    throw InvalidArgument(concat("insert: ", ids.size, " ids for ", vectors.rows, " vectors"));
  }
  for (const knowledge::NodeId id : ids) {
    if (id == knowledge::no_node) throw InvalidArgument(concat("insert: the id ", id.value, " names no node"));
  }
  check_vectors(dim, vectors, "vector");
}

ASTERISM_INLINE void check_room(const RowIds& known, View<const knowledge::NodeId> ids) {
  const std::size_t room = known.capacity() - known.size();
  if (ids.size <= room) return;
  std::vector<knowledge::NodeId> fresh;
  for (const knowledge::NodeId id : ids) {
    if (known.find(id) == RowIds::none) fresh.push_back(id);
  }
  std::sort(fresh.begin(), fresh.end());
  const auto count = static_cast<std::size_t>(std::unique(fresh.begin(), fresh.end()) - fresh.begin());
  if (count <= room) return;
  throw knowledge::IndexFull(concat("insert: ", count, " new ids for an index of ", known.capacity(),
                                    " rows that holds ", known.size(), ": erase some, or make it with more rows"));
}

ASTERISM_INLINE void write_unit(View<const float> x, View<float> out) {
  double sum = 0;
  for (const float value : x) sum += double{value} * double{value};
  const double factor = 1 / std::sqrt(sum);
  for (std::size_t i = 0; i < x.size; ++i) out[i] = static_cast<float>(double{x[i]} * factor);
  for (std::size_t i = x.size; i < out.size; ++i) out[i] = 0;
}

ASTERISM_INLINE void check_search(std::size_t dim, MatrixView<const float> queries, std::size_t k,
                                  MatrixView<const knowledge::Hit> out) {
  if (k < 1 || out.rows != queries.rows || out.cols != k) {
    throw InvalidArgument(concat("search: the ", k, " best for each of ", queries.rows,
                                 " queries have no place in (", out.rows, ", ", out.cols, ")"));
  }
  check_vectors(dim, queries, "query");
}

ASTERISM_INLINE std::vector<float> unit_queries(std::size_t dim, std::size_t width,
                                                MatrixView<const float> queries, std::size_t k,
                                                MatrixView<const knowledge::Hit> out) {
  check_search(dim, queries, k, out);
  std::vector<float> units(queries.rows * width);
  for (std::size_t r = 0; r < queries.rows; ++r) write_unit(queries.row(r), {units.data() + r * width, width});
  return units;
}

ASTERISM_INLINE std::uint32_t VectorRows::put(knowledge::NodeId id, View<const float> vector) {
  const std::uint32_t row = ids_.add(id);
  write_unit(vector, vectors_.row(row));
  return row;
}

ASTERISM_INLINE std::optional<std::uint32_t> VectorRows::remove(knowledge::NodeId id) {
  const std::uint32_t row = ids_.find(id);
  if (row == RowIds::none) return std::nullopt;
  ids_.remove(row);
  if (row != size()) std::copy_n(vectors_.row(size()).data, width(), vectors_.row(row).data);
  return row;
}

}  // namespace asterism::index
