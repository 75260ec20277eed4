// The one door to Eigen: the version is checked here, and no Eigen type leaves the room.
#pragma once

#if defined(EIGEN_CUDACC)
#error "Eigen was included before Asterism in a CUDA source: include Asterism first, or define EIGEN_NO_CUDA"
#endif
#ifndef EIGEN_NO_CUDA
#define EIGEN_NO_CUDA  // otherwise Eigen's inline code gets two bodies, one from g++ and one from nvcc
#endif

#include <Eigen/Core>

#if !EIGEN_VERSION_AT_LEAST(3, 4, 0)
#error "Asterism needs Eigen 3.4.0 or newer"
#endif

namespace asterism::linalg::detail {

/// Eight floats by value. Rows are processed in such pieces, the last one padded, so that every element takes the
/// same vectorised path wherever it lies and whatever the row's address: an Eigen map over a whole row would peel
/// elements by alignment, and its results would depend on it.
inline constexpr std::ptrdiff_t lanes = 8;
using Lanes = Eigen::Array<float, lanes, 1>;

/// Elements [first, first + 8) of a row of `size`, `padding` where it has ended.
inline Lanes load(const float* row, std::size_t first, std::size_t size, float padding) {
  Lanes out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(lanes); ++i) {
    out[static_cast<std::ptrdiff_t>(i)] = first + i < size ? row[first + i] : padding;
  }
  return out;
}

inline Lanes load(const float* eight) { return Eigen::Map<const Lanes>(eight); }
inline void store(const Lanes& values, float* eight) {
  Eigen::Map<Lanes> out(eight);
  out = values;
}

/// The sum in one fixed order.
inline float sum(const Lanes& v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }

}  // namespace asterism::linalg::detail
