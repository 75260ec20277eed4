// A variant takes memory by a second base, and its answers are those of the last version.
#include "asterism/librarian/remembering.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/librarian/concept.hpp"

#include "support/archive.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian;
using test::day;

namespace {

struct Variant : Remembering {
  static constexpr knowledge::KnowledgeLimits knowledge_limits{
      .nodes = 1000, .dim = 512, .edges = 4000, .text = Bytes{100'000}};
  using Store = store::Sqlite;
};

static_assert(Retriever<const Memory<Variant>>);
static_assert(ReportSink<Memory<Variant>>);
static_assert(Memory<Variant>::bytes() < 8_MiB);

Report fact(std::string text, knowledge::NodeId about = knowledge::no_node) {
  Report report{.kind = knowledge::number(Facts::NodeKind::fact), .text = std::move(text), .source = "log"};
  if (about == knowledge::no_node) return report;
  report.about = about;
  report.relation = knowledge::number(Facts::EdgeKind::is_now);
  return report;
}

}  // namespace

TEST_CASE("a memory keeps what is filed over its end, and answers from the last version") {
  const test::TemporaryFolder folder;
  backend::Arena arena(0, Memory<Variant>::bytes());
  knowledge::NodeId gull{};
  {
    Memory<Variant> memory(arena, encode::HashedNgrams(), store::Sqlite(folder / "memory.db"));
    gull = memory.graph().put({.kind = 0, .name = "Gull"});
    memory.graph().commit("", day(0));
    const Report salt = fact("the Gull carries salt", gull);
    CHECK(memory.file(View<const Report>(&salt, 1), day(1)).count(Outcome::inserted) == 1);
    CHECK(memory.consult("What does the gull carry?").hits.at(0).text == "the Gull carries salt");
  }
  Memory<Variant> memory(arena, encode::HashedNgrams(), store::Sqlite(folder / "memory.db"));
  const Consulted before = memory.consult("What does the gull carry?");
  CHECK(before.hits.at(0).text == "the Gull carries salt");
  Report rum = fact("the Gull carries rum", gull);
  rum.valid_from = day(5);
  CHECK(memory.file(View<const Report>(&rum, 1), day(5)).count(Outcome::superseding) == 1);
  const Consulted after = memory.consult("What does the gull carry?");
  CHECK(after.version > before.version);
  CHECK(after.hits.at(0).text == "the Gull carries rum");
  CHECK(memory.consult("What does the gull carry?", {}, nullptr, day(4)).hits.at(0).text ==
        "the Gull carries salt");
  CHECK(memory.retrieve("What does the gull carry?", "", 100).at(0).text == "the Gull carries rum");
  CHECK(memory.retrieve("What does the gull carry?", "general", 4).empty());
  CHECK_THROWS_AS(memory.retrieve("What does the gull carry?", "sailing", 4), InvalidArgument);
}

TEST_CASE("an encoder of another width is refused") {
  backend::Arena arena(0, 64_MiB);
  const test::TemporaryFolder folder;
  CHECK_THROWS_AS(Memory<Variant>(arena, encode::HashedNgrams({.dim = 64}), store::Sqlite(folder / "a.db")),
                  knowledge::EncoderMismatch);
}
