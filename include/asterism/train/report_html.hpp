// Logs of training runs as one self-contained HTML page with charts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/log.hpp"

namespace asterism::train {

/// The log of a run, and what the page calls it.
struct NamedLog {
  std::string name{};
  std::vector<LogLine> lines{};
};

/// Points of a line on the page at most: means of neighbouring steps where a log has more.
inline constexpr std::size_t most_chart_points = 600;

/// A self-contained page with inline SVG and styles, without scripts: how the runs ended, their losses with held-out
/// ones, learning rates and gradient norms together; and below, for each run with experts, MaxVio of each layer and
/// the load of experts over time as heat maps. Deterministic. Names and title are escaped; runs without lines are named
/// as such. Lines of a log may have unlike numbers of experts: those unlike the last one are left out of heat maps.
/// Thread-safe; allocates.
std::string report_html(View<const NamedLog> runs, std::string_view title = "Training");

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/report_html_impl.hpp"
#endif
