// Bodies of usage_chart.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/usage_chart.hpp"

namespace asterism::lab {

ASTERISM_INLINE std::string usage_chart(const ExpertUsage& usage, View<const std::int32_t> numbers) {
  constexpr std::int32_t most_with_text = 16;
  constexpr double left = 70;
  constexpr double row = 24;
  const bool with_text = usage.experts() <= most_with_text;
  const double cell = with_text ? 48 : std::max(1.0, 768.0 / usage.experts());
  const auto number = [](double value) { return fixed(value, 1); };
  double most = 0;
  for (std::int32_t layer = 0; layer < usage.layers(); ++layer) {
    for (std::int32_t expert = 0; expert < usage.experts(); ++expert) {
      most = std::max(most, usage.share(layer, expert));
    }
  }
  std::string svg = concat("<svg class=\"usage\" viewBox=\"0 0 ", number(left + cell * usage.experts() + 2), " ",
                           number(row * (usage.layers() + 1)), "\" role=\"img\">\n");
  for (std::int32_t expert = 0; with_text && expert < usage.experts(); ++expert) {
    svg += concat("<text class=\"middle\" x=\"", number(left + cell * (expert + 0.5)), "\" y=\"16\">", expert,
                  "</text>");
  }
  for (std::int32_t layer = 0; layer < usage.layers(); ++layer) {
    const double top = row * (layer + 1);
    const std::int32_t name = numbers.empty() ? layer : numbers[static_cast<std::size_t>(layer)];
    svg += concat("<text class=\"label\" x=\"", number(left - 8), "\" y=\"", number(top + 16), "\">layer ", name,
                  "</text>");
    for (std::int32_t expert = 0; expert < usage.experts(); ++expert) {
      const double share = usage.share(layer, expert);
      const std::string percent = fixed(100 * share, 1);
      svg += concat("<rect class=\"p0\" fill-opacity=\"", fixed(most > 0 ? share / most : 0, 2), "\" x=\"",
                    number(left + cell * expert), "\" y=\"", number(top), "\" width=\"", number(cell),
                    "\" height=\"", number(row - 2), "\"><title>layer ", name, ", expert ", expert, ": ", percent,
                    " %</title></rect>");
      if (!with_text) continue;
      const bool dark = share > 0.6 * most;
      svg += concat("<text class=\"middle", dark ? " on_dark" : "", "\" x=\"",
                    number(left + cell * (expert + 0.5)), "\" y=\"", number(top + 16), "\">", percent, "</text>");
    }
    svg += "\n";
  }
  return svg + "</svg>\n";
}

}  // namespace asterism::lab
