// `export` and `import`: the last version as JSON, which reads back, as GraphML, as DOT, and as a page.
#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/json/fields.hpp>
#include <bit>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"
#include "page.hpp"

namespace example {

namespace {

using knowledge::Edge;
using knowledge::Node;

constexpr const char* format_name = "asterism knowledge graph";
constexpr int format_version = 1;

/// Numbers as eight hexadecimal digits each, of their bits.
std::string hex_of(const std::vector<float>& numbers) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(8 * numbers.size());
  for (const float number : numbers) {
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (int shift = 28; shift >= 0; shift -= 4) text += digits[bits >> static_cast<unsigned>(shift) & 15U];
  }
  return text;
}

std::vector<float> numbers_of(const std::string& text, const std::string& where) {
  if (text.size() % 8 != 0)
    throw FormatError(concat(where, ": 'vector' has ", text.size(), " digits, no multiple of 8"));
  std::vector<float> numbers;
  for (std::size_t at = 0; at < text.size(); at += 8) {
    std::uint32_t bits = 0;
    for (const char c : std::string_view(text).substr(at, 8)) {
      const bool digit = c >= '0' && c <= '9';
      if (!digit && (c < 'a' || c > 'f'))
        throw FormatError(concat(where, ": 'vector' has a character that is no digit"));
      bits = bits << 4U | static_cast<std::uint32_t>(digit ? c - '0' : c - 'a' + 10);
    }
    numbers.push_back(std::bit_cast<float>(bits));
  }
  return numbers;
}

/// One row of the file: what a node's or an edge's members are, by their names.
json::Value row_of(const Node& node) {
  json::Value row{{"id", node.id.value}, {"kind", std::string(name_of_node(node.kind))}};
  if (!node.name.empty()) row["name"] = node.name;
  if (!node.aliases.empty()) row["aliases"] = node.aliases;
  if (!node.text.empty()) row["text"] = node.text;
  if (!node.source.empty()) row["source"] = node.source;
  if (node.confidence != 1) row["confidence"] = node.confidence;
  if (node.weight != 1) row["weight"] = node.weight;
  if (node.pinned) row["pinned"] = true;
  if (node.merged_into != knowledge::no_node) row["merged_into"] = node.merged_into.value;
  if (!node.vector.empty()) row["vector"] = hex_of(node.vector);
  return row;
}
json::Value row_of(const Edge& edge) {
  json::Value row{{"id", edge.id.value},
                  {"from", edge.from.value},
                  {"kind", std::string(name_of_edge(edge.kind))},
                  {"to", edge.to.value}};
  if (edge.valid_from != knowledge::beginning) row["valid_from"] = edge.valid_from.microseconds;
  if (edge.valid_to != knowledge::forever) row["valid_to"] = edge.valid_to.microseconds;
  if (edge.weight != 1) row["weight"] = edge.weight;
  if (edge.confidence != 1) row["confidence"] = edge.confidence;
  if (!edge.source.empty()) row["source"] = edge.source;
  return row;
}

struct Content {
  std::vector<Node> nodes{};
  std::vector<Edge> edges{};
  std::vector<knowledge::Use> uses{};
};

Content content_of(const Graph& graph, const Interrupt& interrupt) {
  const Snapshot snapshot = graph.snapshot();
  Content content;
  snapshot.for_each_node([&](const Node& node) { content.nodes.push_back(node); });
  snapshot.for_each_edge([&](const Edge& edge) { content.edges.push_back(edge); });
  std::sort(content.nodes.begin(), content.nodes.end(), [](const Node& a, const Node& b) { return a.id < b.id; });
  std::sort(content.edges.begin(), content.edges.end(), [](const Edge& a, const Edge& b) { return a.id < b.id; });
  for (Node& node : content.nodes) {
    if (interrupt.happened()) throw Error("interrupted; nothing was written");
    node = *graph.node_now(node.id);  // with its vector
    if (const knowledge::Use use = snapshot.use(node.id); use.count > 0) content.uses.push_back(use);
  }
  return content;
}

std::string json_of(const Graph& graph, const Content& content) {
  std::string text = concat("{\"format\": \"", format_name, "\", \"version\": ", format_version,
                            ", \"encoder\": \"", graph.options().encoder, "\", \"dim\": ", graph.limits().dim);
  if (const auto encoder = graph.store().property(encoder_property)) {
    text += concat(", \"", encoder_property, "\": ", json::Value(*encoder).dump());
  }
  const auto rows = [&](const char* name, const auto& all, auto&& row) {
    text += concat(",\n\"", name, "\": [");
    const char* comma = "\n";
    for (const auto& one : all) {
      text += comma + row(one).dump();
      comma = ",\n";
    }
    text += "\n]";
  };
  rows("nodes", content.nodes, [](const Node& node) { return row_of(node); });
  rows("edges", content.edges, [](const Edge& edge) { return row_of(edge); });
  rows("uses", content.uses, [](const knowledge::Use& use) {
    return json::Value{{"node", use.node.value}, {"count", use.count}, {"last", use.last.microseconds}};
  });
  return text + "}\n";
}

std::string graphml_of(const Content& content) {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  const auto key = [&](const char* id, const char* of, const char* type) {
    text += concat(" <key id=\"", of, "_", id, "\" for=\"", of, "\" attr.name=\"", id, "\" attr.type=\"", type,
                   "\"/>\n");
  };
  for (const char* id : {"kind", "label", "text", "aliases", "source"}) key(id, "node", "string");
  for (const char* id : {"kind", "source"}) key(id, "edge", "string");
  for (const char* id : {"valid_from", "valid_to"}) key(id, "edge", "long");
  key("confidence", "node", "double");
  key("confidence", "edge", "double");
  text += " <graph edgedefault=\"directed\">\n";
  const auto data = [&](const char* of, const char* id, std::string_view value) {
    if (!value.empty()) text += concat("<data key=\"", of, "_", id, "\">", xml_of(value), "</data>");
  };
  for (const Node& node : content.nodes) {
    std::string aliases;
    for (const std::string& alias : node.aliases) aliases += (aliases.empty() ? "" : "; ") + alias;
    text += concat("  <node id=\"n", node.id.value, "\">");
    data("node", "kind", name_of_node(node.kind));
    data("node", "label", called(node));
    data("node", "text", node.text);
    data("node", "aliases", aliases);
    data("node", "source", one_line(node.source));
    data("node", "confidence", concat(node.confidence));
    text += "</node>\n";
  }
  for (const Edge& edge : content.edges) {
    text += concat("  <edge id=\"e", edge.id.value, "\" source=\"n", edge.from.value, "\" target=\"n",
                   edge.to.value, "\">");
    data("edge", "kind", name_of_edge(edge.kind));
    data("edge", "source", one_line(edge.source));
    if (edge.valid_from != knowledge::beginning) data("edge", "valid_from", concat(edge.valid_from.microseconds));
    if (edge.valid_to != knowledge::forever) data("edge", "valid_to", concat(edge.valid_to.microseconds));
    data("edge", "confidence", concat(edge.confidence));
    text += "</edge>\n";
  }
  return text + " </graph>\n</graphml>\n";
}

std::string dot_of(const Content& content) {
  const auto quote = [](std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
  };
  std::string text = "digraph knowledge {\n  node [shape=box];\n";
  for (const Node& node : content.nodes) {
    text += concat("  n", node.id.value, " [label=", quote(called(node)),
                   ", class=", quote(name_of_node(node.kind)), "];\n");
  }
  for (const Edge& edge : content.edges) {
    const std::string when = edge.valid_from == knowledge::beginning && edge.valid_to == knowledge::forever
                                 ? ""
                                 : concat(", ", interval(edge.valid_from, edge.valid_to));
    text += concat("  n", edge.from.value, " -> n", edge.to.value,
                   " [label=", quote(concat(name_of_edge(edge.kind), when)), "];\n");
  }
  return text + "}\n";
}

/// The number of a kind by its name.
template <class Kind>
std::uint16_t kind_of(const std::string& name, std::size_t count, const std::string& where) {
  for (std::size_t i = 0; i < count; ++i) {
    if (CardGame::name_of(static_cast<Kind>(i)) == name) return static_cast<std::uint16_t>(i);
  }
  throw FormatError(concat(where, ": the kind is '", printable(name, 40), "', which the schema lacks"));
}

constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();

Node node_of(const json::Value& row, const std::string& where) {
  Node node;
  node.kind = kind_of<CardGame::NodeKind>(json::require_string(row, "kind", where), CardGame::node_kinds, where);
  node.name = json::optional_string(row, "name", where).value_or("");
  node.text = json::optional_string(row, "text", where).value_or("");
  node.source = json::optional_string(row, "source", where).value_or("");
  node.confidence = json::optional_number(row, "confidence", where).value_or(1);
  node.weight = json::optional_number(row, "weight", where).value_or(1);
  node.pinned = json::optional_bool(row, "pinned", where).value_or(false);
  if (const json::Value* aliases = json::optional_array(row, "aliases", where)) {
    for (const json::Value& alias : *aliases) node.aliases.push_back(json::to_text(alias, "aliases", where));
  }
  node.vector = numbers_of(json::optional_string(row, "vector", where).value_or(""), where);
  return node;
}

}  // namespace

int export_to(const Arguments& arguments, const Interrupt& interrupt) {
  std::string format = arguments.format;
  if (format.empty()) {
    const std::size_t point = arguments.to.rfind('.');
    format = point == arguments.to.npos ? "" : arguments.to.substr(point + 1);
    if (format != "json" && format != "graphml" && format != "dot" && format != "html") {
      throw OptionError(
          concat("'", arguments.to, "' ends with none of .json, .graphml, .dot, .html: give --format"));
    }
  }
  const Library library(arguments.store, Access::read, arguments.nodes);
  const Content content = content_of(library.graph(), interrupt);
  file::write_text_file(arguments.to, format == "json"      ? json_of(library.graph(), content)
                                      : format == "graphml" ? graphml_of(content)
                                      : format == "dot"     ? dot_of(content)
                                                            : page_of(library.graph()));
  show_line(concat("Wrote ", arguments.to, ": ", content.nodes.size(), " nodes and ", content.edges.size(),
                   " edges as ", format, "."));
  return Status::done;
}

int import_from(const Arguments& arguments, const Interrupt& interrupt) {
  const std::string& path = arguments.to;
  constexpr std::uint64_t largest = std::uint64_t{1} << 31U;
  const json::Document document(json::parse(file::read_file(path, largest), path, {.max_values = 16'000'000}));
  if (json::optional_string(*document, "format", path) != format_name) {
    throw FormatError(concat(path, ": no file that `knowledge export` wrote"));
  }
  json::require_integer(*document, "version", path, format_version, format_version);
  if (file::path_kind(arguments.store) != file::PathKind::missing) {
    throw FileError(concat(arguments.store, " exists already; give another file to --store"));
  }
  Library library(arguments.store, Access::write, arguments.nodes, true,
                  json::optional_string(*document, encoder_property, path));
  Graph& graph = library.graph();
  if (json::require_string(*document, "encoder", path) != concat(graph.options().encoder)) {
    throw FormatError(concat(path, ": its vectors are another encoder's"));
  }
  std::map<std::int64_t, knowledge::NodeId> nodes;
  std::vector<std::pair<knowledge::NodeId, std::int64_t>> merged;
  std::size_t edges = 0;
  std::size_t row = 0;
  const auto place = [&](const char* list) { return concat(path, ", ", list, ", row ", row++); };
  for (const json::Value& one : json::require_array(*document, "nodes", path)) {
    const std::string where = place("nodes");
    const std::int64_t id = json::require_integer(one, "id", where, 0, most);
    const knowledge::NodeId node = graph.put(node_of(one, where));
    if (!nodes.emplace(id, node).second) throw FormatError(concat(where, ": the id ", id, " stands there twice"));
    if (const auto into = json::optional_integer(one, "merged_into", where, 0, most))
      merged.emplace_back(node, *into);
  }
  const auto known = [&](std::int64_t id, const std::string& where) {
    const auto found = nodes.find(id);
    if (found == nodes.end()) throw FormatError(concat(where, ": node ", id, " is not in the file"));
    return found->second;
  };
  for (const auto& [node, into] : merged) {
    Node changed = *graph.node_now(node);
    changed.merged_into = known(into, path);
    graph.put(std::move(changed));
  }
  row = 0;
  constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  for (const json::Value& one : json::require_array(*document, "edges", path)) {
    const std::string where = place("edges");
    if (interrupt.happened()) return Status::interrupted;
    Edge edge;
    edge.from = known(json::require_integer(one, "from", where, 0, most), where);
    edge.kind = kind_of<CardGame::EdgeKind>(json::require_string(one, "kind", where), CardGame::edge_kinds, where);
    edge.to = known(json::require_integer(one, "to", where, 0, most), where);
    edge.valid_from.microseconds = json::optional_integer(one, "valid_from", where, first, last).value_or(first);
    edge.valid_to.microseconds = json::optional_integer(one, "valid_to", where, first, last).value_or(last);
    edge.weight = json::optional_number(one, "weight", where).value_or(1);
    edge.confidence = json::optional_number(one, "confidence", where).value_or(1);
    edge.source = json::optional_string(one, "source", where).value_or("");
    graph.link(std::move(edge));
    ++edges;
  }
  row = 0;
  for (const json::Value& one : json::require_array(*document, "uses", path)) {
    const std::string where = place("uses");
    graph.set_use({.node = known(json::require_integer(one, "node", where, 0, most), where),
                   .count = static_cast<std::uint64_t>(json::require_integer(one, "count", where, 0, last)),
                   .last = {json::require_integer(one, "last", where, first, last)}});
  }
  graph.commit(concat("imported ", path), instant_of(arguments.at, "--at", now()));
  show_line(concat(arguments.store, ": ", nodes.size(), " nodes and ", edges, " edges from ", path, "."));
  return Status::done;
}

}  // namespace example
