// Horizontal bars as inline SVG.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::lab {

/// `text` with the characters escaped that mean something in HTML.
std::string escaped(std::string_view text);

/// One bar: what it is called, the lengths of its pieces one after the other, the text behind it, and a range drawn
/// as a whisker where low < high. All values are finite and at least the chart's origin.
struct Bar {
  std::string label;
  std::vector<double> pieces;
  std::string text;
  double low = 0;
  double high = 0;
};

/// Where the bars of a chart begin and end.
struct BarScale {
  double origin = 0;
  double end = 0;  ///< at most the origin: the longest bar, and the whiskers up to one and a half times that
};

/// An SVG element of `bars`. A whisker that leaves the chart ends in an arrow, so that one outlier flattens no bars.
/// Pieces of a bar have the classes p0, p1, p2 ... for a style sheet to colour. Deterministic; needs neither a network
/// nor a script.
std::string bar_chart(std::span<const Bar> bars, BarScale scale = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/bar_chart_impl.hpp"
#endif
