// Bodies of report_html.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>

#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/html_page.hpp"
#include "asterism/lab/line_chart.hpp"
#include "asterism/observe/balance.hpp"
#include "asterism/train/report_html.hpp"

namespace asterism::train {

namespace detail {

/// Shades of a heat map: none, ..., twice the even load or more.
inline constexpr std::size_t shades = 11;
/// Columns of a heat map at most.
inline constexpr std::size_t most_columns = 150;

inline constexpr std::string_view report_style =
    ".key{line-height:1.9}.key .name{white-space:nowrap}svg.heat{max-width:1060px}svg.heat path{fill:#2f6db3}"
    "svg.heat .frame{fill:none;stroke:#dde3ea}";

inline std::string key(std::size_t colour, std::string_view name) {
  constexpr std::array<std::string_view, lab::chart_colours> colours = {
      "#2f6db3", "#e0913a", "#3b9c8f", "#d04a4a", "#9b5fb0", "#6b7787", "#a08a1e", "#c2588f"};
  return concat("<span style=\"background:", colours[colour % lab::chart_colours], "\"></span>",
                lab::escaped(name));
}

/// The thinned line of what `value` says of each line of a log; without those of which it says nothing.
template <class Value>
lab::ChartLine line_of(const NamedLog& run, std::size_t colour, Value&& value) {
  lab::ChartLine out{.name = run.name, .colour = colour};
  for (const LogLine& line : run.lines) {
    if (const std::optional<double> y = value(line))
      out.points.push_back({static_cast<double>(line.report.step), *y});
  }
  out.points = lab::thinned(out.points, most_chart_points);
  return out;
}

inline std::string section(std::string_view title, std::string_view note, const std::vector<lab::ChartLine>& lines,
                           bool from_zero = true) {
  return concat("<h2>", title, "</h2>\n<p>", note, "</p>\n", lab::line_chart(lines, "step", from_zero));
}

inline std::string ends_table(View<const NamedLog> runs) {
  std::vector<std::string> cells = {"run",      "steps",          "tokens", "tokens/s",      "loss",
                                    "right, %", "held-out, last", "least",  "gradient norm", "largest MaxVio"};
  std::string html = "<div class=\"wide\"><table><thead>" + lab::detail::table_row("th", cells) + "</thead>\n";
  for (const NamedLog& run : runs) {
    cells.assign(cells.size(), "-");
    cells[0] = run.name;
    if (!run.lines.empty()) {
      const LogLine& last = run.lines.back();
      cells[1] = concat(last.report.step);
      cells[2] = concat(last.tokens);
      if (last.seconds > 0) cells[3] = fixed(static_cast<double>(last.tokens) / last.seconds, 0);
      cells[4] = fixed(last.report.pass.loss, 4);
      cells[5] = fixed(100 * last.report.pass.right, 1);
      std::optional<double> least;
      for (const LogLine& line : run.lines) {
        if (!line.held_out) continue;
        cells[6] = fixed(*line.held_out, 4);
        least = least ? std::min(*least, *line.held_out) : *line.held_out;
      }
      if (least) cells[7] = fixed(*least, 4);
      if (!last.report.skipped) cells[8] = fixed(last.report.norm, 3);
      if (!last.violation.empty()) cells[9] = fixed(*std::ranges::max_element(last.violation), 2);
    }
    html += lab::detail::table_row("td", lab::detail::escaped_cells(cells));
  }
  return html + "</table></div>\n";
}

/// Layers with experts of a run, and experts of each; 0 where it has none.
struct LoadShape {
  std::size_t layers = 0;
  std::size_t experts = 0;

  explicit LoadShape(const NamedLog& run) {
    if (run.lines.empty() || run.lines.back().violation.empty()) return;
    layers = run.lines.back().violation.size();
    experts = run.lines.back().load.size() / layers;
  }
  bool fits(const LogLine& line) const {
    return line.violation.size() == layers && line.load.size() == layers * experts;
  }
};

/// The lines of a log whose load has this shape.
inline std::vector<const LogLine*> lines_with(const LoadShape& shape, const NamedLog& run) {
  std::vector<const LogLine*> out;
  for (const LogLine& line : run.lines) {
    if (shape.fits(line)) out.push_back(&line);
  }
  return out;
}

/// The load of the experts of one layer: a row an expert, a column some steps, one path a shade.
inline std::string heat_map(const std::vector<const LogLine*>& lines, const LoadShape& shape, std::size_t layer) {
  constexpr std::size_t left = 76;
  constexpr std::size_t width = 972;
  const std::size_t columns = std::min(lines.size(), most_columns);
  const std::size_t row = shape.experts <= 16 ? 10 : (shape.experts <= 64 ? 5 : 2);
  const auto edge = [&](std::size_t column) { return left + column * width / columns; };
  std::array<std::string, shades> paths;
  for (std::size_t column = 0; column < columns; ++column) {
    std::vector<std::uint64_t> load(shape.experts);
    std::uint64_t all = 0;
    for (std::size_t i = column * lines.size() / columns; i < (column + 1) * lines.size() / columns; ++i) {
      for (std::size_t e = 0; e < shape.experts; ++e) {
        const auto some = static_cast<std::uint64_t>(lines[i]->load[layer * shape.experts + e]);
        load[e] += some;
        all += some;
      }
    }
    for (std::size_t e = 0; e < shape.experts && all > 0; ++e) {
      const double even = static_cast<double>(load[e] * shape.experts) / static_cast<double>(all);
      const auto shade = static_cast<std::size_t>(std::lround(std::min(even / 2, 1.0) * (shades - 1)));
      const std::size_t wide = edge(column + 1) - edge(column);
      paths[shade] += concat("M", edge(column), " ", e * row, "h", wide, "v", row, "h-", wide, "z");
    }
  }
  const std::size_t height = shape.experts * row;
  std::string svg =
      concat("<svg class=\"heat\" viewBox=\"0 0 1060 ", height + 4, "\" role=\"img\"><title>layer ", layer,
             "</title><text class=\"label\" x=\"", left - 8, "\" y=\"", height / 2 + 5, "\">", layer, "</text>");
  for (std::size_t shade = 1; shade < shades; ++shade) {
    if (paths[shade].empty()) continue;
    svg += concat("<path fill-opacity=\"", fixed(static_cast<double>(shade) / (shades - 1), 1), "\" d=\"",
                  paths[shade], "\"/>");
  }
  return concat(svg, "<path class=\"frame\" d=\"M", left, " 0h", width, "v", height, "h-", width, "z\"/></svg>\n");
}

/// Steps at the end of a log over which routers are judged.
inline constexpr std::size_t last_steps = 100;

/// What the routers of one run did in its last steps: a row a layer.
inline std::string routers_table(const std::vector<const LogLine*>& lines, const LoadShape& shape) {
  std::vector<std::string> cells = {"layer", "MaxVio", "by chance", "MaxVio of all", "entropy", "dead"};
  std::string html = "<div class=\"wide\"><table><thead>" + lab::detail::table_row("th", cells) + "</thead>\n";
  const std::size_t first = lines.size() - std::min(lines.size(), last_steps);
  const auto steps = static_cast<double>(lines.size() - first);
  const std::vector<std::int32_t>& dead = lines.back()->dead;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    double violation = 0;
    double entropy = 0;
    std::vector<double> load(shape.experts);
    for (std::size_t i = first; i < lines.size(); ++i) {
      violation += lines[i]->violation[layer] / steps;
      if (layer < lines[i]->entropy.size()) entropy += lines[i]->entropy[layer] / steps;
      for (std::size_t e = 0; e < shape.experts; ++e) load[e] += lines[i]->load[layer * shape.experts + e];
    }
    const double choices = std::accumulate(load.begin(), load.end(), 0.0);
    cells = {concat(layer),
             fixed(violation, 3),
             fixed(observe::violation_by_chance(choices / steps, shape.experts), 3),
             fixed(observe::violation_of(View<const double>(load)), 3),
             fixed(entropy, 3),
             layer < dead.size() ? concat(dead[layer]) : "-"};
    html += lab::detail::table_row("td", cells);
  }
  return html + "</table></div>\n";
}

/// MaxVio and heat maps of one run.
inline std::string load_charts(const NamedLog& run, bool open) {
  const LoadShape shape(run);
  if (shape.experts == 0) return "";
  const std::vector<const LogLine*> lines = lines_with(shape, run);
  std::vector<lab::ChartLine> violations;
  std::string keys;
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    violations.push_back(line_of(run, layer, [&](const LogLine& line) {
      return shape.fits(line) ? std::optional(line.violation[layer]) : std::nullopt;
    }));
    violations.back().name = concat("layer ", layer);
    keys += key(layer, violations.back().name);
  }
  std::string html = concat(
      "<details", open ? " open" : "", "><summary>", lab::escaped(run.name), "</summary>\n<p class=\"key\">MaxVio",
      keys, "</p>\n", lab::line_chart(violations, "step", true), routers_table(lines, shape),
      "<p>Load of the experts of each layer with experts, from the first step to the last.</p>\n");
  for (std::size_t layer = 0; layer < shape.layers; ++layer) html += heat_map(lines, shape, layer);
  return html + "</details>\n";
}

}  // namespace detail

ASTERISM_INLINE std::string report_html(View<const NamedLog> runs, std::string_view title) {
  std::vector<lab::ChartLine> losses;
  std::vector<lab::ChartLine> held_out;
  std::vector<lab::ChartLine> rates;
  std::vector<lab::ChartLine> norms;
  std::string keys;
  std::string loads;
  for (std::size_t i = 0; i < runs.size; ++i) {
    const NamedLog& run = runs[i];
    keys += detail::key(i, run.lines.empty() ? run.name + " (no steps)" : run.name);
    losses.push_back(
        detail::line_of(run, i, [](const LogLine& line) { return std::optional(line.report.pass.loss); }));
    held_out.push_back(detail::line_of(run, i, [](const LogLine& line) { return line.held_out; }));
    held_out.back().dots = true;
    held_out.back().name += ", held-out";
    rates.push_back(detail::line_of(
        run, i, [](const LogLine& line) { return std::optional(static_cast<double>(line.report.rate)); }));
    norms.push_back(detail::line_of(run, i, [](const LogLine& line) {
      return line.report.skipped ? std::nullopt : std::optional(line.report.norm);
    }));
    loads += detail::load_charts(run, runs.size <= 3);
  }
  losses.insert(losses.end(), held_out.begin(), held_out.end());
  std::string html = concat(
      lab::detail::page_begin(title, concat(lab::chart_style, detail::report_style)), "<p class=\"key\">", keys,
      "</p>\n<h2>Ends</h2>\n", detail::ends_table(runs),
      detail::section("Loss",
                      "Cross-entropy of a step's predictions that count, in nats; dots are that of held-out "
                      "examples. Of long logs a point is the mean of neighbouring steps.",
                      losses),
      detail::section("Learning rate", "After warm-up and schedule.", rates),
      detail::section("Gradient norm",
                      "Of all gradients together, before it was limited; of steps that were skipped none.",
                      norms));
  if (!loads.empty()) {
    html += concat(
        "<h2>Load of experts</h2>\n<p>MaxVio is the largest load of a layer's experts as a multiple of the mean, "
        "less 1; by chance a router that treats all experts alike has about the one beside it. Tables are of the "
        "last 100 steps: the mean of each step's MaxVio, that of all their choices together, the mean entropy in "
        "nats, and experts without a row in all of them. In heat maps a row is an expert: white no load, half "
        "colour the even one, full colour twice "
        "that or more.</p>\n",
        loads);
  }
  return html + std::string(lab::detail::page_end);
}

}  // namespace asterism::train
