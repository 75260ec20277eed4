// What the laboratory's HTML pages share: their style, their head, rows of tables.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/lab/bar_chart.hpp"

namespace asterism::lab::detail {

inline constexpr std::string_view page_style =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c2430;background:#fff;max-width:1080px;margin:2em auto;"
    "padding:0 1em}h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.1em;margin:1.8em 0 .3em}"
    "p{margin:.3em 0;color:#4a5565}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:.3em .6em;border-bottom:1px solid #dde3ea;vertical-align:top}"
    "th{font-weight:600;color:#4a5565}th:first-child,td:first-child,.what td:last-child,.what "
    "th:last-child{text-align:left}td:first-child{white-space:nowrap}"
    "tbody th{padding-top:1.2em;color:#1c2430}small{display:block;color:#4a5565;white-space:nowrap}"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 2em}"
    "svg{width:100%;height:auto}svg.usage{max-width:860px}svg text{font-size:14px;fill:#1c2430}"
    ".label{text-anchor:end}svg .middle{text-anchor:middle;font-size:13px}svg .on_dark{fill:#fff}"
    ".p0{fill:#2f6db3}.p1{fill:#e0913a}.p2{fill:#9aa7b5}.whisker{stroke:#1c2430;stroke-width:1.5;fill:none}"
    ".key span{display:inline-block;width:.9em;height:.9em;margin:0 .35em 0 1em;vertical-align:-.1em}"
    ".key .p0{background:#2f6db3}.key .p1{background:#e0913a}.key .p2{background:#9aa7b5}"
    "details{margin:.6em 0}summary{cursor:pointer}.wide{overflow-x:auto}";

/// Up to and with the title as a heading; `more` is appended to the style.
inline std::string page_begin(std::string_view title, std::string_view more = {}) {
  return concat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", escaped(title),
                "</title><meta name=\"viewport\" content=\"width=device-width\">\n<style>", page_style, more,
                "</style></head><body>\n<h1>", escaped(title), "</h1>\n");
}
inline constexpr std::string_view page_end = "</body></html>\n";

inline std::string chart(std::string_view title, std::string_view note, std::span<const Bar> bars,
                         BarScale scale = {}) {
  return concat("<section><h2>", title, "</h2><p>", note, "</p>\n", bar_chart(bars, scale), "</section>\n");
}

inline std::string table_row(std::string_view tag, std::span<const std::string> cells) {
  std::string html = "<tr>";
  for (const std::string& cell : cells) html += concat("<", tag, ">", cell, "</", tag, ">");
  return html + "</tr>\n";
}

inline std::vector<std::string> escaped_cells(std::span<const std::string> texts) {
  std::vector<std::string> cells;
  for (const std::string& text : texts) cells.push_back(escaped(text));
  return cells;
}

}  // namespace asterism::lab::detail
