// `inspect`, `history` and `query`: what the graph holds, held, and finds.
#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/librarian/reference_desk.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

namespace {

using knowledge::Edge;

/// Facts and links of a thing, those that `holds` lets through.
template <class Holds>
std::vector<Edge> edges_of(const Snapshot& snapshot, knowledge::NodeId id, Holds&& holds) {
  std::vector<Edge> all;
  snapshot.for_each_edge([&](const Edge& edge) {
    if ((edge.from == id || edge.to == id) && holds(edge)) all.push_back(edge);
  });
  std::stable_sort(all.begin(), all.end(), [&](const Edge& a, const Edge& b) {
    const bool out_a = a.from == id;
    const bool out_b = b.from == id;
    if (out_a != out_b) return out_a;
    return a.kind != b.kind ? a.kind < b.kind : a.valid_from < b.valid_from;
  });
  return all;
}

void show_edge(const Snapshot& snapshot, knowledge::NodeId id, const Edge& edge, json::Value& rows) {
  const bool out = edge.from == id;
  const std::string other = called(snapshot, out ? edge.to : edge.from);
  show_line(concat("  ", out ? "" : "<- ", name_of_edge(edge.kind), out ? ": " : " of: ", other, "; ",
                   interval(edge.valid_from, edge.valid_to), "; ", one_line(edge.source),
                   edge.confidence < 1 ? concat("; confidence ", fixed(edge.confidence, 2)) : ""));
  rows.push_back({{"kind", std::string(name_of_edge(edge.kind))},
                  {"out", out},
                  {"other", other},
                  {"from", to_json(edge.valid_from)},
                  {"to", to_json(edge.valid_to)},
                  {"source", edge.source},
                  {"confidence", edge.confidence}});
}

void show_versions(const Graph& graph, json::Value& rows) {
  std::cout << "version  parent    rows  at                    note\n";
  for (const knowledge::Commit& one : graph.versions()) {
    const std::string at = librarian::cards::instant_text(one.at);
    std::cout << pad_left(concat(one.version.value), 7) << pad_left(concat(one.parent.value), 8)
              << pad_left(concat(one.rows), 8) << "  " << pad_right(at, 20) << "  " << printable(one.note, 30)
              << "\n";
    rows.push_back({{"version", one.version.value},
                    {"parent", one.parent.value},
                    {"rows", one.rows},
                    {"at", one.at.microseconds},
                    {"note", one.note}});
  }
}

void show_counts(const Graph& graph, const Snapshot& snapshot, const std::string& path, json::Value& out) {
  const knowledge::GraphStatistics all = snapshot.statistics();
  std::size_t nodes = 0;
  std::size_t edges = 0;
  for (const std::size_t count : all.nodes) nodes += count;
  for (const std::size_t count : all.edges) edges += count;
  show_line(concat(path, ": version ", snapshot.version().value, ", ", nodes, " nodes, ", edges, " edges; texts ",
                   to_string(all.text), ", memory ", to_string(all.memory), " for ", graph.limits().nodes,
                   " nodes"));
  std::cout << "\n"
            << pad_right("nodes", 16) << pad_left("count", 8) << "    " << pad_right("edges", 16)
            << pad_left("count", 8) << "\n";
  for (std::size_t i = 0; i < std::max(CardGame::node_kinds, CardGame::edge_kinds); ++i) {
    const auto cell = [&](bool there, std::string_view name, std::size_t count) {
      return there ? pad_right(name, 16) + pad_left(concat(count), 8) : std::string(24, ' ');
    };
    const auto kind = static_cast<std::uint16_t>(i);
    const bool node = i < CardGame::node_kinds;
    const std::string left = cell(node, node ? name_of_node(kind) : "", node ? all.nodes[i] : 0);
    std::cout << left << "    " << cell(true, name_of_edge(kind), all.edges[i]) << "\n";
    if (node) out["nodes"][std::string(name_of_node(kind))] = all.nodes[i];
    out["edges"][std::string(name_of_edge(kind))] = all.edges[i];
  }
  std::cout << "\n"
            << all.merged << " merged, " << all.pinned << " pinned, " << all.disputed << " disputed, " << all.uses
            << " uses";
  if (all.middle_use != knowledge::beginning) {
    std::cout << ", half of them since " << librarian::cards::instant_text(all.middle_use);
  }
  std::cout << "\n" << all.added << " new in this version, " << all.gone << " gone\n\n";
  out["added"] = all.added;
  out["gone"] = all.gone;
  out["version"] = snapshot.version().value;
  out["memory"] = all.memory.count;
}

}  // namespace

int inspect(const Arguments& arguments) {
  const Library library(arguments.store, Access::read, arguments.nodes);
  const Graph& graph = library.graph();
  const Snapshot snapshot = snapshot_of(graph, instant_of(arguments.as_of, "--as-of", now()), arguments.known);
  json::Value out = json::Value::object();
  if (arguments.name.empty()) {
    show_counts(graph, snapshot, arguments.store, out);
    out["versions"] = json::Value::array();
    show_versions(graph, out["versions"]);
    write_json(arguments.json, out);
    return Status::done;
  }
  out = json::Value::array();
  for (const knowledge::NodeId id : things_called(snapshot, arguments.name)) {
    const knowledge::Node node = *snapshot.node(id);
    std::string names;
    for (const std::string& alias : node.aliases) names += (names.empty() ? "" : ", ") + alias;
    show_line(concat(called(node), ": ", name_of_node(node.kind), ", node ", id.value, "; also ", names, "; ",
                     one_line(node.source)));
    json::Value rows = json::Value::array();
    const auto held = snapshot.edges(id);
    for (const Edge& edge : edges_of(snapshot, id, [&](const Edge& one) {
           return std::any_of(held.begin(), held.end(), [&](const Edge& other) { return other.id == one.id; });
         })) {
      show_edge(snapshot, id, edge, rows);
    }
    out.push_back({{"node", id.value},
                   {"name", called(node)},
                   {"kind", std::string(name_of_node(node.kind))},
                   {"edges", rows}});
  }
  write_json(arguments.json, out);
  return Status::done;
}

int history(const Arguments& arguments) {
  const Library library(arguments.store, Access::read, arguments.nodes);
  const Graph& graph = library.graph();
  json::Value out = json::Value::array();
  if (arguments.name.empty()) {
    show_versions(graph, out);
  } else {
    const Snapshot snapshot = snapshot_of(graph, knowledge::latest, arguments.known);
    for (const knowledge::NodeId id : things_called(snapshot, arguments.name)) {
      show_line(concat(called(snapshot, id), ":"));
      json::Value rows = json::Value::array();
      for (const Edge& edge : edges_of(snapshot, id, [&](const Edge& one) { return one.from == id; })) {
        show_edge(snapshot, id, edge, rows);
      }
      out.push_back({{"node", id.value}, {"name", called(snapshot, id)}, {"edges", rows}});
    }
  }
  write_json(arguments.json, out);
  return Status::done;
}

int query(const Arguments& arguments) {
  const Library library(arguments.store, Access::read, arguments.nodes);
  const knowledge::Time valid = instant_of(arguments.as_of, "--as-of", now());
  const Snapshot snapshot = snapshot_of(library.graph(), valid, arguments.known);
  const std::vector<librarian::Category> categories = librarian::one_category();
  const librarian::ReferenceDesk desk(snapshot, library.encoder(), categories);
  const librarian::Consulted found = desk.consult(arguments.question, {.hits = arguments.hits});
  std::string names;
  for (const librarian::Mention& one : found.names) names += concat(names.empty() ? "" : ", ", one.name);
  show_line(concat("Version ", found.version.value, " as of ", librarian::cards::instant_text(valid),
                   "; it names ", names.empty() ? "nothing that the graph knows" : names, "; complete to ",
                   fixed(100 * found.completeness, 0), " %."));
  for (const std::string& one : found.cut_short) show_line(concat("Cut short: ", one));
  json::Value rows = json::Value::array();
  std::size_t place = 0;
  for (const librarian::ConsultHit& hit : found.hits) {
    show_line(concat("\n", pad_left(concat(++place), 2), ". ", hit.text).substr(1));
    std::string shelves;
    json::Value ranks = json::Value::object();
    for (std::size_t i = 0; i < librarian::shelves; ++i) {
      if (hit.rank[i] == 0) continue;
      const std::string name(librarian::name_of(static_cast<librarian::Shelf>(i)));
      shelves += concat(shelves.empty() ? "" : ", ", name, " ", hit.rank[i]);
      ranks[name] = hit.rank[i];
    }
    show_line(concat("    ", fixed(hit.score, 3), " = rank ", fixed(hit.by_rank, 3), " (", shelves, ") + kind ",
                     fixed(hit.by_kind, 2), " + names ", fixed(hit.by_names, 2), " + words ",
                     fixed(hit.by_words, 2)));
    std::string way;
    for (const knowledge::EdgeId id : hit.way) {
      const std::optional<Edge> edge = snapshot.edge(id);
      if (!edge) continue;
      way += concat(way.empty() ? "" : "; ", called(snapshot, edge->from), " ", name_of_edge(edge->kind), " ",
                    edge->to == hit.id ? "this" : called(snapshot, edge->to));
    }
    show_line(concat("    ", interval(hit.valid_from, hit.valid_to), "; ", one_line(hit.source),
                     way.empty() ? "" : "; by way of: ", way));
    rows.push_back({{"text", hit.text},
                    {"score", hit.score},
                    {"rank", ranks},
                    {"source", hit.source},
                    {"way", way},
                    {"from", to_json(hit.valid_from)},
                    {"to", to_json(hit.valid_to)}});
  }
  if (found.hits.empty()) std::cout << "Nothing was found.\n";
  write_json(arguments.json,
             {{"version", found.version.value}, {"completeness", found.completeness}, {"hits", rows}});
  return Status::done;
}

}  // namespace example
