// Horizontal bars as inline SVG.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::lab {

/// `text` with HTML's special characters escaped.
std::string escaped(std::string_view text);

/// One bar: its label, the lengths of its stacked pieces, the text after it, and a range drawn as a whisker if low
/// < high. All values are finite and at least the chart's origin.
struct Bar {
  std::string label;
  std::vector<double> pieces;
  std::string text;
  double low = 0;
  double high = 0;
};

/// The range of a chart.
struct BarScale {
  double origin = 0;
  double end = 0;  ///< the longest bar if at most the origin, and whiskers up to one and a half times that
};

/// An SVG element of `bars`. A whisker that leaves the chart ends in an arrow, so that one outlier does not
/// flatten the bars. Pieces of a bar have the classes p0, p1, p2 ... for style sheets. Deterministic; needs
/// neither network nor scripts.
std::string bar_chart(std::span<const Bar> bars, BarScale scale = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/bar_chart_impl.hpp"
#endif
