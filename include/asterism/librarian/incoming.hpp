// A report on its way into a graph: whether it can be kept, what it says, and when its turn comes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/librarian/mentions.hpp"
#include "asterism/librarian/report.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian::detail {

/// A report on its way.
struct Incoming {
  const Report* report = nullptr;
  std::size_t place = 0;  ///< in the batch
  std::string source{};
  Statement statement{};
  std::vector<float> vector{};
  std::uint64_t hash = 0;
  knowledge::NodeId node = knowledge::no_node;
};

/// A node that says what the report says.
inline knowledge::Node node_of(const Incoming& one) {
  return {.kind = one.report->kind,
          .text = one.report->text,
          .source = one.source,
          .confidence = one.report->confidence,
          .vector = one.vector};
}

inline std::string source_of(const Report& report) {
  if (report.expert.empty()) return report.source;
  return report.source.empty() ? report.expert : concat(report.expert, ": ", report.source);
}

/// What a text of a kind says of a thing, by the names that the snapshot knows.
template <class Snapshot>
Statement statement_of(const Snapshot& snapshot, std::uint16_t kind, std::string_view text,
                       knowledge::NodeId about, std::optional<std::uint16_t> relation) {
  using Schema = typename Snapshot::Schema;
  Statement statement{.kind = kind,
                      .mergeable = Schema::mergeable(static_cast<typename Schema::NodeKind>(kind)),
                      .figures = figures_of(text),
                      .names = capitalised(text),
                      .about = about,
                      .relation = relation};
  for (Mention& mention : mentions(snapshot, text)) {  // a name is one name, however its words are written
    std::erase_if(statement.names, [&](const std::string& word) { return holds_phrase(mention.name, word); });
    statement.names.push_back(std::move(mention.name));
  }
  std::sort(statement.names.begin(), statement.names.end());
  statement.names.erase(std::unique(statement.names.begin(), statement.names.end()), statement.names.end());
  return statement;
}

/// Examines the reports of a batch. For one use; what is referred to outlives it.
template <class Graph, encode::TextEncoder Encoder>
class Reception {
 public:
  Reception(const Graph& graph, const Encoder& encoder) : graph_(&graph), encoder_(&encoder) {}

  /// The reports that can be kept, with vectors, in the order in which they are filed.
  std::vector<Incoming> examine(View<const Report> reports, Filed& filed) const {
    std::vector<Incoming> batch;
    std::vector<std::string_view> texts;
    const auto snapshot = graph_->snapshot();
    for (std::size_t i = 0; i < reports.size; ++i) {
      const Report& report = reports[i];
      filed.reports[i].why = refusal(report);
      if (!filed.reports[i].why.empty()) continue;
      Incoming one{.report = &report, .place = i, .source = source_of(report), .vector = report.vector};
      one.statement = statement_of(snapshot, report.kind, report.text, report.about, report.relation);
      one.hash = hash_of(report, one.source);
      if (report.vector.empty()) texts.push_back(report.text);
      batch.push_back(std::move(one));
    }
    std::vector<float> numbers(texts.size() * encoder_->dim());
    encoder_->encode(View<const std::string_view>(texts),
                     MatrixView<float>(numbers.data(), texts.size(), encoder_->dim()));
    auto row = numbers.begin();
    for (Incoming& one : batch) {
      if (!one.vector.empty()) continue;
      const auto end = row + static_cast<std::ptrdiff_t>(encoder_->dim());
      one.vector.assign(row, end);
      row = end;
    }
    std::sort(batch.begin(), batch.end(), [](const Incoming& a, const Incoming& b) {
      if (a.report->confidence != b.report->confidence) return a.report->confidence > b.report->confidence;
      if (a.hash != b.hash) return a.hash < b.hash;
      return a.place < b.place;
    });
    return batch;
  }

 private:
  using Schema = typename Graph::Schema;
  using NodeKind = typename Graph::NodeKind;
  using EdgeKind = typename Graph::EdgeKind;

  static std::uint64_t hash_of(const Report& report, const std::string& source) {
    std::uint64_t hash = encode::hash_of(report.text);
    hash = encode::hash_of(source, hash);
    const std::int64_t numbers[] = {report.valid_from.microseconds, report.relation ? *report.relation : -1};
    hash = encode::hash_of({reinterpret_cast<const char*>(numbers), sizeof(numbers)}, hash);
    return hash ^ (std::uint64_t{report.kind} << 48U) ^ report.about.value;
  }

  /// Why a report can't be kept; empty if it can.
  std::string refusal(const Report& report) const {
    if (report.kind >= Schema::node_kinds) return concat("kind ", report.kind, " is not in the schema");
    if (report.text.empty()) return "it says nothing";
    if (report.text.find('\0') != std::string::npos) return "its text holds a NUL character";
    if (!(report.confidence > 0 && report.confidence <= 1)) {
      return concat("its confidence is ", report.confidence, ", which is above 0, up to 1");
    }
    if (report.relation && *report.relation >= Schema::edge_kinds) {
      return concat("relation ", *report.relation, " is not in the schema");
    }
    if ((report.about == knowledge::no_node) != !report.relation) return "`about` and `relation` go together";
    if (report.relation && !graph_->node_now(report.about)) {
      return concat("it is about node ", report.about.value, ", which is not there");
    }
    try {
      knowledge::folded(report.text);
      knowledge::with_source("", source_of(report));
      if (!report.vector.empty()) {
        index::check_vectors(encoder_->dim(),
                             MatrixView<const float>(report.vector.data(), 1, report.vector.size()), "vector");
      }
      if (report.relation) {
        const knowledge::Ends ends = Schema::ends(static_cast<EdgeKind>(*report.relation));
        const std::uint16_t owner = graph_->node_now(report.about)->kind;
        if ((ends.from >> owner & 1U) == 0 || (ends.to >> report.kind & 1U) == 0) {
          return concat("the schema has no '", Schema::name_of(static_cast<EdgeKind>(*report.relation)),
                        "' from a '", Schema::name_of(static_cast<NodeKind>(owner)), "' to a '",
                        Schema::name_of(static_cast<NodeKind>(report.kind)), "'");
        }
      }
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  }

  const Graph* graph_;
  const Encoder* encoder_;
};

}  // namespace asterism::librarian::detail
