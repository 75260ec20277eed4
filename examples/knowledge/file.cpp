// `file` and `reencode`: what is reported to the graph, and the vectors by which its texts are found.
#include <asterism/core/format.hpp>
#include <asterism/json/fields.hpp>
#include <asterism/knowledge/reencode.hpp>
#include <asterism/lab/question_set.hpp>
#include <asterism/librarian/librarian.hpp>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "commands.hpp"
#include "library.hpp"
#include "output.hpp"

namespace example {

namespace {

/// The one thing with a name.
knowledge::NodeId thing_called(const Snapshot& snapshot, const std::string& name, const std::string& where) {
  const std::vector<knowledge::NodeId> all = snapshot.find(name);
  if (all.size() == 1) return all.front();
  throw FormatError(concat(where, ": ", all.empty() ? std::string("nothing") : concat(all.size(), " things"),
                           all.empty() ? " is" : " are", " called '", printable(name, 60),
                           "'; `about` is the name or the id of one thing"));
}
std::uint16_t relation_called(const std::string& name, const std::string& where) {
  std::string all;
  for (std::uint16_t kind = 0; kind < CardGame::edge_kinds; ++kind) {
    if (!CardGame::to_fact(static_cast<CardGame::EdgeKind>(kind))) continue;
    if (name_of_edge(kind) == name) return kind;
    all += concat(all.empty() ? "" : ", ", name_of_edge(kind));
  }
  throw FormatError(concat(where, ": there is no relation '", printable(name, 60), "'; there are ", all));
}

librarian::Report report_of(const json::Value& line, const Snapshot& snapshot, const std::string& where) {
  librarian::Report report{.kind = knowledge::number(CardGame::NodeKind::fact)};
  for (const auto& [key, value] : line.items()) {
    const std::string place = concat(where, ", ", printable(key, 40));
    if (key == "confidence") {
      report.confidence = json::to_number(value, key, where);
      continue;
    }
    const std::string text = json::require_string(line, key, where);
    if (key == "text") {
      report.text = text;
    } else if (key == "about") {
      report.about = thing_called(snapshot, text, place);
    } else if (key == "relation") {
      report.relation = relation_called(text, place);
    } else if (key == "source") {
      report.source = text;
    } else if (key == "expert") {
      report.expert = text;
    } else if (key == "valid_from") {
      report.valid_from = librarian::cards::parse_instant(text, place);
    } else {
      throw FormatError(concat(place,
                               ": no such field; a report has text, about, relation, source, expert, "
                               "confidence and valid_from"));
    }
  }
  return report;
}

std::vector<librarian::Report> read_reports(const std::string& path, const Snapshot& snapshot) {
  std::vector<librarian::Report> all;
  std::istringstream lines(file::read_file(path, lab::max_question_file));
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (lab::trimmed(line).empty()) continue;
    const std::string where = concat(path, ", line ", number);
    const json::Value object = json::parse(line, where);
    if (!object.is_object()) throw FormatError(concat(where, ": a report is an object"));
    all.push_back(report_of(object, snapshot, where));
  }
  return all;
}

}  // namespace

int file_reports(const Arguments& arguments) {
  Library library(arguments.store, Access::write, arguments.nodes);
  const auto reports = read_reports(arguments.reports, library.graph().snapshot());
  librarian::Librarian librarian(library.graph(), library.encoder());
  const librarian::Filed filed =
      librarian.file(View<const librarian::Report>(reports), instant_of(arguments.at, "--at", now()));
  json::Value rows = json::Value::array();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const librarian::FiledReport& one = filed.reports[i];
    show_line(concat(pad_right(name_of(one.outcome), 12), reports[i].text, one.why.empty() ? "" : ": ", one.why));
    rows.push_back({{"outcome", std::string(name_of(one.outcome))}, {"text", reports[i].text}, {"why", one.why}});
  }
  show_line(concat("Version ", filed.version.value, ": ", reports.size(), " reports",
                   filed.evicted == 0 ? std::string() : concat("; ", filed.evicted, " nodes made room"), "."));
  write_json(arguments.json, {{"version", filed.version.value}, {"reports", rows}, {"evicted", filed.evicted}});
  return filed.count(librarian::Outcome::refused) == 0 ? Status::done : Status::failed;
}

int reencode(const Arguments& arguments) {
  std::optional<FittedEncoder> fitted;
  knowledge::Version read;
  {
    const Library library(arguments.store, Access::read, arguments.nodes);
    const Snapshot snapshot = library.graph().snapshot();
    read = snapshot.version();
    fitted.emplace(snapshot);
  }
  const encode::HashedNgrams& encoder = fitted->encoder();
  store::Sqlite store(arguments.store);
  if (store.versions().empty() || store.versions().back().version != read) {
    throw Error(concat(arguments.store, ": somebody changed it meanwhile: try again"));
  }
  store.set_property(encoder_property, encoder.to_text());
  const knowledge::Version done = knowledge::reencode(
      store, {encoder.dim(), encoder.fingerprint()},
      [&](View<const std::string_view> all, MatrixView<float> out) { encoder.encode(all, out); },
      instant_of(arguments.at, "--at", now()),
      [&](const knowledge::Node& node) { return fitted->texts().at(node.id); });
  show_line(concat("Version ", done.value, ": the encoder is fitted to ", fitted->texts().size(),
                   " texts; rare ones of their ", encoder.table().entries().size,
                   " features tell more than common ones."));
  write_json(arguments.json, {{"version", done.value}, {"texts", fitted->texts().size()}});
  return Status::done;
}

}  // namespace example
