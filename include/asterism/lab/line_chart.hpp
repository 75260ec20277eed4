// Lines over common axes as inline SVG.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::lab {

struct ChartPoint {
  double x = 0;
  double y = 0;

  friend constexpr bool operator==(const ChartPoint&, const ChartPoint&) = default;
};

/// A line, or dots apart from each other.
struct ChartLine {
  std::string name{};                ///< shown where the pointer is
  std::vector<ChartPoint> points{};  ///< x ascending
  std::size_t colour = 0;            ///< one of chart_colours, again from the first behind the last
  bool dots = false;
};

inline constexpr std::size_t chart_colours = 8;

/// What style sheets need: lines have the classes c0 to c7, as strokes, and their dots d0 to d7.
inline constexpr std::string_view chart_style =
    "svg.lines{max-width:1060px}svg .line{fill:none;stroke-width:1.6}svg .grid{stroke:#dde3ea;fill:none}"
    ".c0{stroke:#2f6db3}.c1{stroke:#e0913a}.c2{stroke:#3b9c8f}.c3{stroke:#d04a4a}.c4{stroke:#9b5fb0}"
    ".c5{stroke:#6b7787}.c6{stroke:#a08a1e}.c7{stroke:#c2588f}.d0{fill:#2f6db3}.d1{fill:#e0913a}.d2{fill:#3b9c8f}"
    ".d3{fill:#d04a4a}.d4{fill:#9b5fb0}.d5{fill:#6b7787}.d6{fill:#a08a1e}.d7{fill:#c2588f}";

/// At most `most` points, each the mean of as many neighbours; the points themselves where they are few. most > 0.
std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most);

/// An SVG element with axes that hold all finite points, the y axis from 0 where `from_zero` and all are above.
/// `x_name` stands below. Points that are NaN or infinite are left out. Deterministic; needs neither network nor
/// scripts. Allocates the text, some 12 bytes a point.
std::string line_chart(View<const ChartLine> lines, std::string_view x_name, bool from_zero = false);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/line_chart_impl.hpp"
#endif
