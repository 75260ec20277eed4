// The score hooks of a pass: each changes the router's scores of its sequence's rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "asterism/backend/operand.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/view.hpp"

namespace asterism::model {

/// What constellation::Constellation calls between router and gating. Where some sequence of the pass has a hook it
/// reads the rows and their scores from the device and writes the scores back, which on a GPU waits for it; else it
/// does nothing.
template <class Segments>
struct ScoreHooks {
  const Segments& segments;
  std::int32_t layer = 0;  ///< number among those with experts

  template <class Device>
  void adjust(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> scores) const {
    const auto has_hook = [](const auto& segment) { return segment.scores != nullptr; };
    if (std::none_of(segments.begin(), segments.end(), has_hook)) return;
    const auto views = device.read(x, scores);
    const MatrixView<const float> rows = std::get<0>(views);
    const MatrixView<const float> said = std::get<1>(views);
    device.write(scores, [&](backend::DeviceMatrix<float> to) {
      if (to.view.data != said.data) {
        for (std::size_t i = 0; i < said.rows; ++i)
          std::copy(said.row(i).begin(), said.row(i).end(), to.view.row(i).data);
      }
      std::size_t first = 0;
      for (const auto& segment : segments) {
        if (has_hook(segment)) {
          segment.scores->adjust(layer, rows.rows_at(first, segment.rows), to.view.rows_at(first, segment.rows));
        }
        first += segment.rows;
      }
    });
  }
};

}  // namespace asterism::model
