// What a router did in a pass, and the gradient of its loss of balance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/train/report.hpp"

namespace asterism::train {

/// What a router left of n rows, and room for a gradient.
struct RoutedRows {
  backend::DeviceMatrix<const float> scores;          ///< (n, experts)
  backend::DeviceMatrix<const float> probabilities;   ///< (n, experts)
  backend::DeviceMatrix<const std::int32_t> counts;   ///< (1, experts): choices of each, dropped ones among them
  backend::DeviceMatrix<const std::int32_t> offsets;  ///< (1, experts + 1): of the experts' slots
  std::size_t top_k = 1;
  backend::DeviceMatrix<float> terms;   ///< (n, 2): becomes log sum exp of scores, entropies
  backend::DeviceMatrix<float> sums;    ///< (1, experts): memory
  backend::DeviceMatrix<float> slopes;  ///< (1, experts): becomes factor * balance by each row's probabilities
};

/// The report of one layer; `factor` is that of its loss of balance.
template <class Device>
RouterReport router_report(Device& device, double factor, const RoutedRows& of) {
  const auto n = static_cast<double>(of.probabilities.rows());
  const std::size_t experts = of.probabilities.cols();
  device.sum_rows(of.probabilities, of.sums);
  device.router_terms(of.scores, of.probabilities, of.terms);
  const auto read = device.read(of.counts, of.offsets, of.terms, of.sums);
  const MatrixView<const std::int32_t> counts = std::get<0>(read);
  const MatrixView<const float> terms = std::get<2>(read);
  const MatrixView<const float> sums = std::get<3>(read);
  const auto share = [&](std::size_t e) { return static_cast<double>(experts) * (counts(0, e) / n); };
  RouterReport out;
  for (std::size_t e = 0; e < experts; ++e) out.balance += share(e) * static_cast<double>(sums(0, e)) / n;
  for (std::size_t i = 0; i < terms.rows; ++i) {
    const auto sum = static_cast<double>(terms(i, 0));
    out.z += sum * sum / n;
    out.entropy += static_cast<double>(terms(i, 1)) / n;
  }
  out.dropped = 1 - std::get<1>(read)(0, experts) / (n * static_cast<double>(of.top_k));
  device.write(of.slopes, [&](const backend::DeviceMatrix<float>& slopes) {
    for (std::size_t e = 0; e < experts; ++e) slopes.view(0, e) = static_cast<float>(factor * share(e) / n);
  });
  return out;
}

}  // namespace asterism::train
