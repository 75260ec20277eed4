// Bodies of import_routes.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/import_routes.hpp"
#include "asterism/lab/imported_table.hpp"
#include "asterism/lab/read_routing_trace.hpp"

namespace asterism::lab {

namespace detail {

inline constexpr std::string_view turn_header = "turn,phase,step,layer,slot,expert,weight";
inline constexpr std::string_view layer_header = "layer,expert";

/// Lines `turn,phase,step,layer,slot,expert,weight`. `labels` gets the turns.
inline std::vector<ImportedChoice> turn_lines(ImportedLines& lines, std::vector<std::string>& labels) {
  std::vector<ImportedChoice> choices;
  std::map<std::int64_t, std::size_t> turns;
  std::vector<std::string_view> fields;
  for (std::string_view line; lines.next(line);) {
    lines.fields(line, fields, 7);
    const std::int64_t turn = lines.integer(fields[0], "turn", std::numeric_limits<std::int64_t>::max());
    const bool prompt = fields[1] == "prompt" || fields[1] == "prefill";
    if (!prompt && fields[1] != "decode" && fields[1] != "generate") {
      lines.fail(
          concat("phase is '", printable(fields[1], 40), "', expected prompt, prefill, decode or generate"));
    }
    const auto [found, is_new] = turns.try_emplace(turn, turns.size());
    if (is_new) labels.push_back(concat("turn ", turn));
    choices.push_back(
        {.line = lines.number(),
         .sequence = found->second,
         .token = lines.integer(fields[2], "step", most_tokens) + (prompt ? 0 : first_answer),
         .layer = lines.integer(fields[3], "layer", most_layers),
         .slot = lines.integer(fields[4], "slot", RoutingSizes::max_experts - 1),
         .expert = static_cast<std::int32_t>(lines.integer(fields[5], "expert", RoutingSizes::max_experts - 1)),
         .weight = lines.weight(fields[6])});
  }
  return choices;
}

/// Lines `layer,expert`.
inline std::vector<ImportedChoice> layer_lines(ImportedLines& lines, std::int32_t top_k) {
  std::vector<ImportedChoice> choices;
  std::vector<std::string_view> fields;
  ImportedChoice next;
  bool several = false;  // layers
  for (std::string_view line; lines.next(line);) {
    lines.fields(line, fields, 2);
    const std::int64_t layer = lines.integer(fields[0], "layer", most_layers);
    next.line = lines.number();
    next.expert = static_cast<std::int32_t>(lines.integer(fields[1], "expert", RoutingSizes::max_experts - 1));
    if (!choices.empty()) {
      const bool full = top_k > 0 && next.slot + 1 == top_k && layer == next.layer;
      next.token += layer < next.layer || full ? 1 : 0;
      next.slot = layer == next.layer && !full ? next.slot + 1 : 0;
    }
    next.layer = layer;
    choices.push_back(next);
    several = several || layer != choices.front().layer;
  }
  if (!several && top_k == 0 && !choices.empty()) {
    lines.fail(
        concat("all lines are of layer ", next.layer,
               ", so that it can't be seen how many experts a token has: ", "say it, ImportOptions::top_k"));
  }
  return choices;
}

/// Lines of JSON.
inline std::vector<ImportedChoice> json_lines(ImportedLines& lines, std::string_view first) {
  constexpr std::string_view keys[] = {"layer_idx", "token_idx", "selected_ids", "gate_weights"};
  std::vector<ImportedChoice> choices;
  std::set<std::pair<std::int64_t, std::int64_t>> seen;  // token and layer, of this sequence
  std::size_t sequence = 0;
  std::string_view line = first;
  do {
    const std::string place = lines.place(lines.number());
    const json::Document document(json::parse(line, place,
                                              {.max_values = json::values_of_named_text(line.size()) + line.size(),
                                               .keys = View<const std::string_view>(keys, 4)}));
    const json::Value& object = *document;
    json::check_object(object, "the line", place);
    const std::int64_t layer = json::require_integer(object, "layer_idx", place, 0, most_layers);
    const std::int64_t token = json::require_integer(object, "token_idx", place, 0, most_tokens);
    const json::Value& ids = json::require_array(object, "selected_ids", place);
    const json::Value& weights = json::require_array(object, "gate_weights", place);
    if (ids.empty() || ids.size() != weights.size()) {
      lines.fail(
          concat(ids.size(), " selected_ids and ", weights.size(), " gate_weights, expected as many, at least 1"));
    }
    if (!seen.insert({token, layer}).second) {
      seen = {{token, layer}};
      ++sequence;
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const double weight = json::to_number(weights[i], "gate_weights", place);
      if (!(weight >= 0 && weight <= 1)) lines.fail(concat("a weight of ", weight, ", expected 0 to 1"));
      choices.push_back({.line = lines.number(),
                         .sequence = sequence,
                         .token = token,
                         .layer = layer,
                         .slot = static_cast<std::int64_t>(i),
                         .expert = static_cast<std::int32_t>(
                             json::to_integer(ids[i], "selected_ids", place, 0, RoutingSizes::max_experts - 1)),
                         .weight = static_cast<float>(weight)});
    }
  } while (lines.next(line));
  return choices;
}

}  // namespace detail

ASTERISM_INLINE RoutingTrace import_routes(std::string_view text, std::string_view where,
                                           const ImportOptions& options) {
  if (options.experts < 0 || options.experts > RoutingSizes::max_experts || options.top_k < 0) {
    throw InvalidArgument(concat("routes of ", options.experts, " experts and top ", options.top_k,
                                 " can't be imported, expected 0 to ", RoutingSizes::max_experts,
                                 " and at least 0"));
  }
  detail::ImportedLines lines(text, where);
  std::string_view first;
  if (!lines.next(first)) lines.fail(1, "the file is empty, expected routes");
  std::vector<std::string> labels;
  if (first == detail::turn_header) {
    return detail::ImportedTable(lines, detail::turn_lines(lines, labels)).trace(options, labels, true);
  }
  if (first == detail::layer_header) {
    auto choices = detail::layer_lines(lines, options.top_k);
    detail::ImportedTable table(lines, std::move(choices));
    return table.trace(options, {std::string("routes")}, false);
  }
  if (first.starts_with('{'))
    return detail::ImportedTable(lines, detail::json_lines(lines, first)).trace(options, labels, false);
  lines.fail(concat("'", printable(first, 60), "', expected the header ", detail::turn_header, " or ",
                    detail::layer_header, ", or a line of JSON"));
}

ASTERISM_INLINE RoutingTrace read_any_routing_trace(const std::string& path, const ImportOptions& options) {
  const std::string bytes = file::read_file(path, max_trace_file);
  if (bytes.starts_with(trace_format::magic)) {
    return parse_routing_trace({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, path);
  }
  return import_routes(bytes, path, options);
}

}  // namespace asterism::lab
