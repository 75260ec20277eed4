// Examples in memory.
#include "asterism/train/data/examples.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using train::Examples;

namespace {

void add(Examples& examples, const std::vector<TokenId>& ids, const std::vector<std::uint8_t>& counts) {
  examples.add({ids, counts});
}

}  // namespace

TEST_CASE("examples come back as they were added") {
  Examples examples;
  CHECK(examples.empty());
  CHECK(examples.longest() == 0);
  add(examples, {1, 2}, {1, 0});
  add(examples, {7, 8, 9, 7}, {0, 1, 1, 0});
  CHECK(examples.size() == 2);
  CHECK(examples.tokens() == 6);
  CHECK(examples.longest() == 4);
  CHECK(examples.counted() == 3);
  CHECK(examples.length(0) == 2);
  CHECK(examples.length(1) == 4);
  const auto [ids, counts] = examples[1];
  CHECK(std::vector<TokenId>(ids.begin(), ids.end()) == std::vector<TokenId>{7, 8, 9, 7});
  CHECK(std::vector<int>(counts.begin(), counts.end()) == std::vector<int>{0, 1, 1, 0});
}

TEST_CASE("what is no example is refused") {
  Examples examples;
  test::check_error<InvalidArgument>([&] { add(examples, {1, 2}, {1}); }, {"2 tokens", "1 counts"});
  test::check_error<InvalidArgument>([&] { add(examples, {1}, {0}); }, {"two tokens", "found 1"});
  test::check_error<InvalidArgument>([&] { add(examples, {1, -2}, {1, 0}); }, {"-2"});
  test::check_error<InvalidArgument>([&] { add(examples, {1, 2}, {2, 0}); }, {"0 or 1"});
  test::check_error<InvalidArgument>([&] { add(examples, {1, 2}, {1, 1}); }, {"last token"});
  test::check_error<InvalidArgument>([&] { add(examples, {1, 2}, {0, 0}); }, {"counts in the loss"});
  CHECK(examples.empty());
}

TEST_CASE("the fingerprint knows ids, counts and where examples end") {
  const auto fingerprint = [](const std::vector<std::vector<TokenId>>& all, std::uint8_t second) {
    Examples examples;
    for (const auto& ids : all) {
      std::vector<std::uint8_t> counts(ids.size(), second);
      counts.front() = 1;
      counts.back() = 0;
      examples.add({ids, counts});
    }
    return examples.fingerprint();
  };
  const std::uint64_t one = fingerprint({{1, 2, 3}, {4, 5, 6}}, 1);
  CHECK(one == fingerprint({{1, 2, 3}, {4, 5, 6}}, 1));
  CHECK(one != fingerprint({{1, 2, 3}, {4, 5, 7}}, 1));
  CHECK(one != fingerprint({{1, 2, 3}, {4, 5, 6}}, 0));
  CHECK(one != fingerprint({{1, 2, 3, 4}, {5, 6}}, 1));
  CHECK(one != fingerprint({{4, 5, 6}, {1, 2, 3}}, 1));
}
