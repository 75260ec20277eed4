// What tells texts apart: words, figures, names.
#include "asterism/librarian/statement.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/librarian/mentions.hpp"

#include "support/archive.hpp"

using namespace asterism;
using namespace asterism::librarian;

namespace {
using Texts = std::vector<std::string>;
}

TEST_CASE("words end at blanks and signs, not at points and hyphens within") {
  Texts words;
  const std::string text = " rule 140.1a: well-known, é!  end. ";
  for (const Word& word : words_of(text)) words.push_back(text.substr(word.begin, word.end - word.begin));
  CHECK(words == Texts{"rule", "140.1a", "well-known", "é", "end"});
  CHECK(words_of("").empty());
  CHECK(words_of("...-").empty());
}

TEST_CASE("figures are words with digits, names words with capitals") {
  CHECK(figures_of("Rule 140.1A costs 6 and 6 more") == Texts{"140.1a", "6", "6"});
  CHECK(figures_of("5 to 3, -1") == Texts{"5", "3", "-1"});
  CHECK(figures_of("none").empty());
  CHECK(capitalised("The gull met Anna Lund") == Texts{"anna", "lund"});
  CHECK(capitalised("Anna Lund met") == Texts{"anna", "lund"});
  CHECK(capitalised("the Gull, the Gull") == Texts{"gull"});
  CHECK(holds_phrase("what does a gull cost", "a gull"));
  CHECK_FALSE(holds_phrase("what does a gull cost", "gul"));
  CHECK_FALSE(holds_phrase("seagull", "gull"));
  CHECK_FALSE(holds_phrase("gull", ""));
}

TEST_CASE("the longest name counts, whatever its form, and all nodes that share it") {
  test::Archive<> archive;
  auto& graph = archive.graph;
  const auto gull = graph.put({.kind = 0, .name = "Grey Gull"});
  const auto grey = graph.put({.kind = 0, .name = "Grey", .aliases = {"the old one, of 140.1a"}});
  const auto other = graph.put({.kind = 0, .name = "GREY gull"});
  graph.commit("", test::day(1));
  const auto found = mentions(graph.snapshot(), "Is the  grey GULL grey? ask The Old One, of 140.1a's");
  REQUIRE(found.size() == 3);
  CHECK(found[0].name == "grey gull");
  CHECK(found[0].nodes == std::vector<knowledge::NodeId>{gull, other});
  CHECK(found[1].nodes == std::vector<knowledge::NodeId>{grey});
  CHECK(found[2].name == "the old one, of 140.1a");
  CHECK(masked("is the grey gull grey?", found) == "is the _ grey?");
  CHECK(mentions(graph.snapshot(), "").empty());
}
