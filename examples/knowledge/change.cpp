// `diff`, `rollback`, `forget`, `verify` and `compact`: versions, sources, and the file itself.
#include <asterism/core/format.hpp>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

namespace {

/// What a version holds, in words.
struct Wording {
  std::map<std::uint32_t, std::string> nodes{};
  std::map<std::uint32_t, std::string> edges{};
};

Wording wording_of(const Graph& graph, std::uint64_t version) {
  const Snapshot snapshot = snapshot_of(graph, knowledge::latest, version);
  Wording wording;
  std::map<std::uint32_t, std::string> names;
  snapshot.for_each_node([&](const knowledge::Node& node) {
    names[node.id.value] = called(node);
    std::string aliases;
    for (const std::string& alias : node.aliases) aliases += concat(aliases.empty() ? ", also " : ", ", alias);
    wording.nodes[node.id.value] =
        concat(name_of_node(node.kind), " ", called(node), aliases, "; ", one_line(node.source));
  });
  snapshot.for_each_edge([&](const knowledge::Edge& edge) {
    wording.edges[edge.id.value] =
        concat(names[edge.from.value], " ", name_of_edge(edge.kind), ": ", names[edge.to.value], "; ",
               interval(edge.valid_from, edge.valid_to), "; ", one_line(edge.source));
  });
  return wording;
}

void show_difference(const char* what, const std::map<std::uint32_t, std::string>& before,
                     const std::map<std::uint32_t, std::string>& after, json::Value& out) {
  std::size_t added = 0;
  std::size_t gone = 0;
  std::size_t changed = 0;
  json::Value rows = json::Value::array();
  const auto tell = [&](const char* sign, std::uint32_t id, const std::string& text) {
    show_line(concat(sign, " ", text));
    rows.push_back({{"sign", sign}, {"id", id}, {"text", text}});
  };
  for (const auto& [id, text] : before) {
    const auto now = after.find(id);
    if (now == after.end()) {
      ++gone;
      tell("-", id, text);
    } else if (now->second != text) {
      ++changed;
      tell("-", id, text);
      tell("+", id, now->second);
    }
  }
  for (const auto& [id, text] : after) {
    if (before.count(id) != 0) continue;
    ++added;
    tell("+", id, text);
  }
  std::cout << added << " " << what << " more, " << gone << " fewer, " << changed << " changed\n";
  out[what] = {{"added", added}, {"gone", gone}, {"changed", changed}, {"rows", rows}};
}

}  // namespace

int diff(const Arguments& arguments) {
  const Library library(arguments.store, Access::read, arguments.nodes);
  const Wording before = wording_of(library.graph(), arguments.version);
  const Wording after = wording_of(library.graph(), arguments.other);
  json::Value out = json::Value::object();
  show_difference("nodes", before.nodes, after.nodes, out);
  show_difference("edges", before.edges, after.edges, out);
  write_json(arguments.json, out);
  return Status::done;
}

int rollback(const Arguments& arguments) {
  Library library(arguments.store, Access::write, arguments.nodes);
  const knowledge::Version done = of_option(
      [&] { return library.graph().rollback({arguments.version}, instant_of(arguments.at, "--at", now())); });
  show_line(concat("Version ", done.value, " holds what version ", arguments.version, " held."));
  write_json(arguments.json, {{"version", done.value}});
  return Status::done;
}

int forget(const Arguments& arguments) {
  Library library(arguments.store, Access::write, arguments.nodes);
  Graph& graph = library.graph();
  const knowledge::Version before = graph.snapshot().version();
  const std::size_t gone = graph.forget(arguments.source);
  const knowledge::Version done =
      graph.commit(concat("forgot ", printable(arguments.source, 80)), instant_of(arguments.at, "--at", now()));
  show_line(done == before
                ? concat("'", arguments.source, "' has said nothing: version ", before.value, " stands.")
                : concat("Version ", done.value, ": ", gone, " nodes and edges that '", arguments.source,
                         "' alone had named went; others lost its name. Earlier versions still have them, "
                         "until newer ones take their place."));
  write_json(arguments.json, {{"version", done.value}, {"gone", gone}});
  return Status::done;
}

int verify(const Arguments& arguments) {
  if (file::path_kind(arguments.store) == file::PathKind::missing)
    throw FileError(arguments.store + ": no such file");
  const store::Sqlite file(arguments.store, {.read_only = true});
  const std::vector<knowledge::Damage> damage = file.verify();
  json::Value rows = json::Value::array();
  for (const knowledge::Damage& one : damage) {
    show_line(concat("- ", file.describe(one)));
    rows.push_back({{"table", one.table}, {"id", one.id}, {"version", one.version.value}, {"what", one.what}});
  }
  show_line(damage.empty() ? concat(arguments.store, ": every row is as it was written, and none is missing.")
                           : concat(damage.size(), " rows are damaged."));
  write_json(arguments.json, {{"damage", rows}});
  return damage.empty() ? Status::done : Status::failed;
}

int compact(const Arguments& arguments) {
  if (file::path_kind(arguments.store) == file::PathKind::missing)
    throw FileError(arguments.store + ": no such file");
  const auto size = [&] { return Bytes{std::filesystem::file_size(arguments.store)}; };
  store::Sqlite file(arguments.store);
  const Bytes before = size();
  file.compact();
  show_line(concat(arguments.store, ": ", to_string(before), " before, ", to_string(size()), " now."));
  write_json(arguments.json, {{"before", before.count}, {"after", size().count}});
  return Status::done;
}

}  // namespace example
