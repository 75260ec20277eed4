// A librarian files ten times as much as its graph has room for: memory and file stay within their bounds, and what is
// pinned stays there. 4000 reports, or as many as ASTERISM_FILINGS says.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/random.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/librarian/librarian.hpp"

#include "support/archive.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian;
using test::day;

namespace {

using Graph = knowledge::KnowledgeGraph<test::Ships, index::Flat<>, store::Sqlite>;

Report report(std::size_t number, Random& random) {
  return {.kind = knowledge::number(test::Ships::NodeKind::note),
          .text = "entry " + std::to_string(number) + " of the log says " + std::to_string(random()),
          .confidence = 0.2 + 0.6 * random.uniform(),
          .source = "mate " + std::to_string(random.below(20))};
}

}  // namespace

TEST_CASE("a librarian that files ten times its room stays within it") {
  const char* asked = std::getenv("ASTERISM_FILINGS");
  const std::size_t all = asked == nullptr ? 4000 : static_cast<std::size_t>(std::atoll(asked));
  const auto room = static_cast<std::uint32_t>(all / 10);
  const test::TemporaryFolder folder;
  const std::string path = folder / "log.db";
  const encode::HashedNgrams encoder({.dim = 64});
  const knowledge::KnowledgeLimits limits{.nodes = room, .dim = 64, .edges = 100, .text = Bytes{200} * room};
  backend::Arena arena(0, Graph::bytes(limits));
  Graph graph(arena, limits, store::Sqlite(path), parallel::ExecutionRef(index::detail::on_the_caller),
              {.encoder = encoder.fingerprint()});
  librarian::Librarian librarian(graph, encoder);
  Random random(5);
  std::vector<knowledge::NodeId> pinned;
  std::size_t inserted = 0;
  std::size_t evicted = 0;
  std::uintmax_t half_way = 0;
  std::size_t number = 0;
  while (number < all) {
    std::vector<Report> batch;
    while (batch.size() < std::min<std::size_t>(100, all - number))
      batch.push_back(report(number + batch.size(), random));
    number += batch.size();
    const Filed filed = librarian.file(View<const Report>(batch), day(static_cast<std::int64_t>(number / 1000)));
    inserted += filed.count(Outcome::inserted);
    evicted += filed.evicted;
    REQUIRE(graph.live_nodes() <= room);
    REQUIRE(graph.bytes() == Graph::bytes(limits));
    if (pinned.size() < 20) {
      // One that later ones of the batch have not driven out.
      const knowledge::NodeId last = filed.reports.back().node;
      if (graph.pin(last)) pinned.push_back(last);
    }
    if (number >= all / 2 && half_way == 0) {
      graph.store().compact();
      half_way = std::filesystem::file_size(path);
    }
  }
  CHECK(inserted == all);
  CHECK(evicted >= all - room);
  const auto snapshot = graph.snapshot();
  for (const knowledge::NodeId id : pinned) CHECK(snapshot.node(id));
  graph.store().compact();
  CHECK(std::filesystem::file_size(path) <= half_way + half_way / 10 + 100'000);
  CHECK(graph.store().verify().empty());
}
