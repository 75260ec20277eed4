// Texts are found by their words, whatever a query spells and whatever happens to the file.
#include "asterism/knowledge/lexicon.hpp"

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/knowledge/store/sqlite.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

const auto all = [](std::int64_t) { return true; };

void fill(Lexicon& lexicon, std::uint64_t stamp = 1) {
  const std::vector<LexiconEntry> entries{{1, "the gull carries salt"},
                                          {2, "the heron carries rum and salt"},
                                          {3, "an étoile of 140.1a"},
                                          {4, "the gull carries salt"}};
  lexicon.change(View<const LexiconEntry>(entries), {}, stamp);
}

std::vector<std::int64_t> keys(const Lexicon& lexicon, const std::string& query, std::size_t k = 10) {
  std::vector<std::int64_t> found;
  double last = 1e9;
  for (const LexiconHit& hit : lexicon.search(query, k, all)) {
    CHECK(hit.score <= last);
    last = hit.score;
    found.push_back(hit.key);
  }
  return found;
}

using Keys = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("words are found in any form, the telling ones first, ties by key") {
  Lexicon lexicon = Lexicon::in_memory();
  CHECK(lexicon.stamp() == 0);
  CHECK(keys(lexicon, "salt").empty());
  fill(lexicon, 7);
  CHECK(lexicon.stamp() == 7);
  CHECK(lexicon.size() == 4);
  CHECK(keys(lexicon, "who is CARRYING rum?") == Keys{2, 1, 4});
  CHECK(keys(lexicon, "gulls") == Keys{1, 4});
  CHECK(keys(lexicon, "gulls", 1) == Keys{1});
  CHECK(keys(lexicon, "ETOILE") == Keys{3});
  CHECK(keys(lexicon, "rule 140.1a") == Keys{3});
  CHECK(lexicon.search("salt", 5, [](std::int64_t key) { return key == 4; }).size() == 1);
  const Keys gone{1};
  const std::vector<LexiconEntry> other{{4, "nothing"}};
  lexicon.change(View<const LexiconEntry>(other), View<const std::int64_t>(gone), 8);
  CHECK(keys(lexicon, "gull").empty());
  CHECK(keys(lexicon, "nothing") == Keys{4});
  lexicon.clear();
  CHECK(lexicon.size() == 0);
  CHECK(lexicon.stamp() == 0);
}

TEST_CASE("any text is a query, and none is more than words") {
  Lexicon lexicon = Lexicon::in_memory();
  fill(lexicon);
  for (const std::string query : {"", " ", "\"", "\"\"\"", "AND", "NEAR(", "* ^ : - +", "text : gulls*", "(",
                                  "{a b} : c", "\xE2\x80\x94", "\xFF\xFE", "' OR 1 = 1 --", "“” … 、"}) {
    CAPTURE(query);
    CHECK_NOTHROW(lexicon.search(query, 3, all));
  }
  CHECK(keys(lexicon, "salt\" OR \"heron") == Keys{2, 1, 4});
  CHECK(keys(lexicon, "NOT gull") == Keys{1, 4});
  CHECK(keys(lexicon, std::string("x\0salt", 6)) == Keys{1, 4, 2});
  std::string long_query;
  for (int i = 0; i < 20'000; ++i) long_query += "word" + std::to_string(i) + " ";
  CHECK(keys(lexicon, long_query).empty());
  CHECK(keys(lexicon, "gull " + long_query) == Keys{1, 4});
  CHECK_THROWS_AS(lexicon.change(View<const LexiconEntry>(std::vector<LexiconEntry>{{0, "x"}}), {}, 2),
                  InvalidArgument);
  CHECK(lexicon.stamp() == 1);
}

TEST_CASE("a file keeps words; damaged or another's it is begun anew") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "graph.words";
  {
    Lexicon lexicon(path);
    fill(lexicon, 3);
  }
  {
    const Lexicon lexicon(path);
    CHECK(lexicon.stamp() == 3);
    CHECK(keys(lexicon, "rum") == Keys{2});
    const Lexicon reader(path, Lexicon::Access::read);
    CHECK(reader.stamp() == 3);
    CHECK(keys(reader, "rum") == Keys{2});
  }
  const Lexicon absent(folder / "absent.words", Lexicon::Access::read);
  CHECK(absent.stamp() == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "absent.words"));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    for (int i = 0; i < 8000; ++i) file.put('x');
  }
  {
    Lexicon lexicon(path);
    CHECK(lexicon.stamp() == 0);
    CHECK(lexicon.size() == 0);
    fill(lexicon);
    CHECK(keys(lexicon, "rum") == Keys{2});
  }
  { const store::Sqlite store(folder / "store.db"); }
  CHECK_THROWS_AS(Lexicon(folder / "store.db"), FormatError);
  CHECK_NOTHROW(store::Sqlite(folder / "store.db"));
  std::ofstream(path) << "not a database at all, but long enough to be read as one by somebody in a hurry ......";
  std::filesystem::remove(path + "-wal");
  CHECK(Lexicon(path).stamp() == 0);
}

TEST_CASE("words that very many texts have count only where there are no others") {
  Lexicon lexicon = Lexicon::in_memory();
  std::vector<LexiconEntry> entries;
  for (std::int64_t key = 1; key <= static_cast<std::int64_t>(Lexicon::most_texts); ++key) {
    entries.push_back({key, key % 5000 == 0 ? "ships carry salt fish" : "ships carry salt"});
  }
  lexicon.change(View<const LexiconEntry>(entries), {}, 1);
  CHECK(keys(lexicon, "salt or fish", 1) == Keys{5000});
  CHECK(lexicon.search("salt", 20, all).size() == 20);
  const std::vector<LexiconEntry> more{{20'000, "salt"}, {20'001, "fish"}};
  lexicon.change(View<const LexiconEntry>(more), {}, 2);
  // Now salt is in more texts than count, which shows once enough have changed.
  std::vector<LexiconEntry> others;
  for (std::int64_t key = 30'000; key < 31'500; ++key) others.push_back({key, "salt and rope"});
  lexicon.change(View<const LexiconEntry>(others), {}, 3);
  CHECK(keys(lexicon, "salt or fish") == Keys{20'001, 5000, 10'000});
  CHECK(lexicon.search("salt ships", 20'000, all).size() == Lexicon::most_texts);
  CHECK(keys(lexicon, "salt", 2) == Keys{20'000, 1});
}
