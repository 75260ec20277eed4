// The losses of a router, of what it made of a step's rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/losses.hpp"

namespace asterism::train {

/// What a router left of n rows, and room for a gradient.
struct RoutedRows {
  backend::DeviceMatrix<float> probabilities;   ///< (n, experts)
  backend::DeviceMatrix<float> log_sums;        ///< (n, 1): log sum exp of the scores
  backend::DeviceMatrix<std::int32_t> offsets;  ///< (1, experts + 1): of the experts' slots
  backend::DeviceMatrix<float> sums;            ///< (1, experts): memory
  backend::DeviceMatrix<float> slopes;          ///< (1, experts): of all rows' probabilities, by balance
};

/// The losses as train::Losses defines them for one layer, without their factors; `slopes` becomes the gradient of
/// factor * balance.
template <class Device>
RouterLosses router_losses(Device& device, float factor, const RoutedRows& of) {
  const auto n = static_cast<double>(of.probabilities.rows());
  const std::size_t experts = of.probabilities.cols();
  device.sum_rows(of.probabilities, of.sums);
  const auto read = device.read(of.offsets, of.log_sums, of.sums);
  const MatrixView<const std::int32_t> offsets = std::get<0>(read);
  const MatrixView<const float> log_sums = std::get<1>(read);
  const MatrixView<const float> sums = std::get<2>(read);
  const auto share = [&](std::size_t e) {
    return static_cast<double>(experts) * (offsets(0, e + 1) - offsets(0, e)) / n;
  };
  RouterLosses out;
  for (std::size_t e = 0; e < experts; ++e) out.balance += share(e) * static_cast<double>(sums(0, e)) / n;
  for (std::size_t i = 0; i < log_sums.rows; ++i) {
    const auto sum = static_cast<double>(log_sums(i, 0));
    out.z += sum * sum / n;
  }
  device.write(of.slopes, [&](const backend::DeviceMatrix<float>& slopes) {
    for (std::size_t e = 0; e < experts; ++e) {
      slopes.view(0, e) = static_cast<float>(static_cast<double>(factor) * share(e) / n);
    }
  });
  return out;
}

}  // namespace asterism::train
