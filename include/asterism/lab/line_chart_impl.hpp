// Bodies of line_chart.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/line_chart.hpp"

namespace asterism::lab {

namespace detail {

/// From `low` to `high` in pixels, ascending or descending, with round numbers on the way.
struct Axis {
  double low = 0;
  double high = 1;
  double from = 0;
  double to = 1;

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }

  /// The distance of round numbers (1, 2 or 5 times a power of ten), about `wanted` of them.
  double step(double wanted) const {
    const double rough = (high - low) / wanted;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (rough <= factor * power) return factor * power;
    }
    return 10 * power;
  }
};

inline std::string axis_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

inline std::string pixel(double value) { return axis_text(std::round(value * 10) / 10); }

inline bool is_drawn(const ChartPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

/// The range of all points, never empty.
inline void fit(View<const ChartLine> lines, bool from_zero, Axis& x, Axis& y) {
  x.low = y.low = std::numeric_limits<double>::infinity();
  x.high = y.high = -std::numeric_limits<double>::infinity();
  for (const ChartLine& line : lines) {
    for (const ChartPoint& point : line.points) {
      if (!is_drawn(point)) continue;
      x.low = std::min(x.low, point.x);
      x.high = std::max(x.high, point.x);
      y.low = std::min(y.low, point.y);
      y.high = std::max(y.high, point.y);
    }
  }
  if (x.low > x.high) x.low = y.low = 0, x.high = y.high = 1;
  if (from_zero && y.low > 0) y.low = 0;
  for (Axis* axis : {&x, &y}) {
    // So far apart that round numbers between both are apart too.
    const double least = std::max(1e-9 * std::max(std::abs(axis->low), std::abs(axis->high)), 1e-30);
    if (axis->high - axis->low < least) axis->high = axis->low + (axis->low == 0 ? 1 : std::abs(axis->low));
  }
}

inline std::string grid(const Axis& x, const Axis& y) {
  std::string out;
  const auto each = [](const Axis& axis, double wanted, const auto& draw) {
    const double step = axis.step(wanted);
    const double first = std::ceil(axis.low / step - 1e-6);
    const double last = std::floor(axis.high / step + 1e-6);
    for (double at = first; at <= last; at += 1) draw(at == 0 ? 0.0 : at * step);
  };
  each(y, 5, [&](double value) {
    const std::string place = pixel(y.at(value));
    out += concat("<path class=\"grid\" d=\"M", pixel(x.from), " ", place, "H", pixel(x.to),
                  "\"/><text class=\"label\" x=\"", pixel(x.from - 8), "\" y=\"", pixel(y.at(value) + 5), "\">",
                  axis_text(value), "</text>\n");
  });
  each(x, 8, [&](double value) {
    out += concat("<text class=\"middle\" x=\"", pixel(x.at(value)), "\" y=\"", pixel(y.from + 20), "\">",
                  axis_text(value), "</text>\n");
  });
  return out;
}

}  // namespace detail

ASTERISM_INLINE std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  std::vector<ChartPoint> out;
  out.reserve(most);
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t first = i * points.size() / most;
    const std::size_t end = (i + 1) * points.size() / most;
    ChartPoint sum;
    for (std::size_t k = first; k < end; ++k) {
      sum.x += points[k].x;
      sum.y += points[k].y;
    }
    const auto count = static_cast<double>(end - first);
    out.push_back({sum.x / count, sum.y / count});
  }
  return out;
}

ASTERISM_INLINE std::string line_chart(View<const ChartLine> lines, std::string_view x_name, bool from_zero) {
  constexpr double width = 1060;
  constexpr double height = 300;
  detail::Axis x;
  detail::Axis y;
  detail::fit(lines, from_zero, x, y);
  x.from = 76;
  x.to = width - 12;
  y.from = height - 44;
  y.to = 12;
  std::string svg =
      concat("<svg class=\"lines\" viewBox=\"0 0 ", width, " ", height, "\" role=\"img\">\n", detail::grid(x, y),
             "<text class=\"label\" x=\"", width - 12, "\" y=\"", height - 4, "\">", escaped(x_name), "</text>\n");
  for (const ChartLine& line : lines) {
    std::string path;
    bool begun = false;
    for (const ChartPoint& point : line.points) {
      if (!detail::is_drawn(point)) continue;
      const std::string place = concat(detail::pixel(x.at(point.x)), " ", detail::pixel(y.at(point.y)));
      if (line.dots) {
        path += concat("M", place, "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0");
      } else {
        path += (begun ? "L" : "M") + place;
        begun = true;
      }
    }
    if (path.empty()) continue;
    svg += concat("<path class=\"", line.dots ? "d" : "line c", line.colour % chart_colours, "\" d=\"", path,
                  "\"><title>", escaped(line.name), "</title></path>\n");
  }
  return svg + "</svg>\n";
}

}  // namespace asterism::lab
