// What experts report, and what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/knowledge/types.hpp"

namespace asterism::librarian {

/// Something that an expert, a person or a file says.
struct Report {
  std::uint16_t kind = 0;       ///< a NodeKind of the schema
  std::string text{};           ///< UTF-8, not empty
  std::vector<float> vector{};  ///< of the graph's encoder; empty: the librarian encodes the text
  double confidence = 1;        ///< above 0, up to 1
  std::string source{};         ///< who says so, one line
  std::string expert{};         ///< the expert's name, if one does; goes before the source
  knowledge::Time valid_from = knowledge::beginning;

  /// Where it says something about a node: which one, and the kind of the edge that leads from there to the fact. Of a
  /// functional kind the fact ends the one before it.
  knowledge::NodeId about = knowledge::no_node;
  std::optional<std::uint16_t> relation{};

  /// Of the tokens that it speaks of, the most confident first; the librarian does not keep them. See `draft`.
  std::vector<std::size_t> positions{};
};

/// A question that was answered, and the facts that served.
struct Answered {
  std::string question{};
  std::vector<knowledge::NodeId> served{};
  std::string source{};
};

enum class Outcome : std::uint8_t {
  inserted,     ///< a new node
  merged,       ///< says the same as a node, which is more certain now
  superseding,  ///< a new node that ends an earlier fact, or is ended by a later one
  duplicate,    ///< its source has said so before: nothing changed
  disputed,     ///< a new node beside a fact that holds from the same instant on; the more confident one counts
  refused       ///< not kept; `why` says for what
};

constexpr std::string_view name_of(Outcome outcome) {
  constexpr std::string_view names[] = {"inserted", "merged", "superseding", "duplicate", "disputed", "refused"};
  return names[static_cast<std::size_t>(outcome)];
}

struct FiledReport {
  Outcome outcome = Outcome::refused;
  knowledge::NodeId node = knowledge::no_node;  ///< where it is now: of `merged` the node that stands for it
  std::string why{};
};

/// What became of a batch of reports.
struct Filed {
  std::vector<FiledReport> reports{};  ///< in the order of the batch
  knowledge::Version version{};        ///< that holds them
  std::size_t evicted = 0;             ///< nodes that made room
  std::size_t count(Outcome outcome) const {
    std::size_t sum = 0;
    for (const FiledReport& report : reports) sum += report.outcome == outcome ? 1 : 0;
    return sum;
  }
};

}  // namespace asterism::librarian
