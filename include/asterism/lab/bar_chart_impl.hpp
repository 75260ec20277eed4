// Bodies of bar_chart.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"

namespace asterism::lab {

ASTERISM_INLINE std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

namespace detail {

inline double bar_end(const Bar& bar, double origin) {
  for (const double piece : bar.pieces) origin += piece;
  return origin;
}

inline double scale_end(std::span<const Bar> bars, const BarScale& scale) {
  if (scale.end > scale.origin) return scale.end;
  double longest = scale.origin;
  double whiskers = scale.origin;
  for (const Bar& bar : bars) {
    longest = std::max(longest, bar_end(bar, scale.origin));
    if (bar.low < bar.high) whiskers = std::max(whiskers, bar.high);
  }
  const double most = scale.origin + 1.5 * (longest - scale.origin);
  return longest > scale.origin ? std::max(longest, std::min(whiskers, most)) : whiskers;
}

}  // namespace detail

ASTERISM_INLINE std::string bar_chart(std::span<const Bar> bars, BarScale scale) {
  constexpr double character = 7.5;  // average width in a font of 14 pixels, rounded up
  constexpr double bar_width = 270;
  constexpr double row = 26;
  const double end = detail::scale_end(bars, scale);
  const double unit = end > scale.origin ? bar_width / (end - scale.origin) : 0;
  std::size_t label_columns = 8;
  std::size_t text_columns = 8;
  for (const Bar& bar : bars) {
    label_columns = std::max(label_columns, columns(bar.label));
    text_columns = std::max(text_columns, columns(bar.text));
  }
  const double left = character * static_cast<double>(label_columns) + 8;
  const double right = left + bar_width;
  const auto number = [](double value) { return fixed(value, 1); };
  std::string svg =
      concat("<svg viewBox=\"0 0 ", number(right + 16 + character * static_cast<double>(text_columns)), " ",
             number(row * static_cast<double>(bars.size()) + 4), "\" role=\"img\">\n");
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double top = row * static_cast<double>(i) + 4;
    const double middle = top + 9;
    double x = left;
    svg += concat("<text class=\"label\" x=\"", number(left - 8), "\" y=\"", number(top + 13), "\">",
                  escaped(bar.label), "</text>");
    for (std::size_t piece = 0; piece < bar.pieces.size(); ++piece) {
      const double width = bar.pieces[piece] * unit;
      svg += concat("<rect class=\"p", piece, "\" x=\"", number(x), "\" y=\"", number(top), "\" width=\"",
                    number(width), "\" height=\"18\"/>");
      x += width;
    }
    if (bar.low < bar.high) {
      const double from = left + (std::clamp(bar.low, scale.origin, end) - scale.origin) * unit;
      const double to = left + (std::min(bar.high, end) - scale.origin) * unit;
      const std::string tip = bar.high > end ? concat("M", number(to - 5), " ", number(top + 4), "l5 5l-5 5")
                                             : concat("M", number(to), " ", number(top + 4), "v10");
      svg += concat("<path class=\"whisker\" d=\"M", number(from), " ", number(middle), "H", number(to), "M",
                    number(from), " ", number(top + 4), "v10", tip, "\"/>");
      x = std::max(x, to);
    }
    svg += concat("<text class=\"value\" x=\"", number(x + 8), "\" y=\"", number(top + 13), "\">",
                  escaped(bar.text), "</text>\n");
  }
  return svg + "</svg>\n";
}

}  // namespace asterism::lab
