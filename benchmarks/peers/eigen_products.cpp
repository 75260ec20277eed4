// Compiled for the machine that builds it, because Eigen chooses its instruction set when it is compiled.
#include <algorithm>
#include <cstddef>
#include <string>

#include <Eigen/Core>

#include "float_products.hpp"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Weights = Eigen::Map<const Matrix>;
using Slice = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;

/// The outputs [first, first + count).
void product(const peers::Operands& of, std::size_t first, std::size_t count) {
  const auto rows = static_cast<Eigen::Index>(of.rows);
  const auto cols = static_cast<Eigen::Index>(of.cols);
  const auto outputs = static_cast<Eigen::Index>(count);
  const Weights weights(of.weights + first * of.cols, outputs, cols);
  if (rows == 1) {
    Eigen::Map<Eigen::VectorXf>(of.y + first, outputs).noalias() =
        weights * Eigen::Map<const Eigen::VectorXf>(of.x, cols);
  } else {
    Slice(of.y + first, rows, outputs, Eigen::OuterStride<>(static_cast<Eigen::Index>(of.outputs))).noalias() =
        Weights(of.x, rows, cols) * weights.transpose();
  }
}

}  // namespace

peers::Peer peers::eigen(std::size_t threads) {
  const std::string version = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                              "." + std::to_string(EIGEN_MINOR_VERSION);
  return {"eigen", "Eigen " + version + ", " + Eigen::SimdInstructionSetsInUse() + "; a slice of outputs a thread",
          [threads](const Operands& of, const ForEach& for_each) {
            const std::size_t share = (of.outputs + threads - 1) / threads;
            for_each(threads, [&](std::size_t slice) {
              const std::size_t first = slice * share;
              if (first < of.outputs) product(of, first, std::min(share, of.outputs - first));
            });
          }};
}
