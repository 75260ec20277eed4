// Bodies of bar_chart.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/lab/bar_chart.hpp"
#include "asterism/core/format.hpp"

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

ASTERISM_INLINE std::string bar_chart(std::span<const Bar> bars, double origin) {
  constexpr double label_width = 150;
  constexpr double bar_width = 270;
  constexpr double row = 26;
  double most = origin;
  for (const Bar& bar : bars) {
    double end = origin;
    for (const double piece : bar.pieces) end += piece;
    most = std::max({most, end, bar.high});
  }
  const double unit = most > origin ? bar_width / (most - origin) : 0;
  const auto number = [](double value) { return fixed(value, 1); };
  const double height = row * static_cast<double>(bars.size()) + 4;
  std::string svg = concat("<svg viewBox=\"0 0 520 ", number(height), "\" role=\"img\">\n");
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double top = row * static_cast<double>(i) + 4;
    const double middle = top + 9;
    double x = label_width;
    svg += concat("<text class=\"label\" x=\"", number(label_width - 8), "\" y=\"", number(top + 13), "\">",
                  escaped(bar.label), "</text>");
    for (std::size_t piece = 0; piece < bar.pieces.size(); ++piece) {
      const double width = bar.pieces[piece] * unit;
      svg += concat("<rect class=\"p", piece, "\" x=\"", number(x), "\" y=\"", number(top), "\" width=\"",
                    number(width), "\" height=\"18\"/>");
      x += width;
    }
    if (bar.low < bar.high) {
      const double from = label_width + (std::max(bar.low, origin) - origin) * unit;
      const double to = label_width + (bar.high - origin) * unit;
      svg += concat("<path class=\"whisker\" d=\"M", number(from), " ", number(middle), "H", number(to), "M",
                    number(from), " ", number(top + 4), "v10M", number(to), " ", number(top + 4), "v10\"/>");
      x = std::max(x, to);
    }
    svg += concat("<text class=\"value\" x=\"", number(x + 8), "\" y=\"", number(top + 13), "\">",
                  escaped(bar.text), "</text>\n");
  }
  return svg + "</svg>\n";
}

}  // namespace asterism::lab
