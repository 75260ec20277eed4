// Stop strings that are spread over pieces: nothing too early, nothing too late.
#include "asterism/generate/decoding/stop_strings.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using generate::StopStrings;

namespace {

/// Where the answer ends: before the stop string that is complete first, of several the longest.
std::size_t end_of_answer(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t complete = 1; complete <= text.size(); ++complete) {
    std::size_t length = 0;
    for (const std::string& stop : stops) {
      if (std::string_view(text).substr(0, complete).ends_with(stop)) length = std::max(length, stop.size());
    }
    if (length > 0) return complete - length;
  }
  return std::string::npos;
}

/// How much of the end of a text may turn out to be the beginning of a stop string.
std::size_t undecided(const std::string& text, const std::vector<std::string>& stops) {
  std::size_t most = 0;
  for (const std::string& stop : stops) {
    for (std::size_t n = 1; n < stop.size() && n <= text.size(); ++n) {
      if (std::string_view(text).ends_with(std::string_view(stop).substr(0, n))) most = std::max(most, n);
    }
  }
  return most;
}

bool is_whole_utf8(std::string_view text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  if (text.empty()) return true;
  if (continues(text.front())) return false;
  std::size_t last = text.size() - 1;
  while (last > 0 && continues(text[last])) --last;
  const auto lead = static_cast<unsigned char>(text[last]);
  const std::size_t length = lead < 0x80U ? 1 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4;
  return text.size() - last == length;
}

}  // namespace

TEST_CASE("random texts, stop strings and cuts") {
  // Few letters, so that stop strings occur, overlap and almost occur; characters of one to four bytes that share
  // bytes with one another.
  const std::vector<std::string> alphabet = {"a", "b", "\n", "é", "è", "語", "誡", "🙂", "🙃"};
  Random random(1);
  std::size_t found = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::uint64_t letters = 1 + random.below(alphabet.size());
    const auto text_of = [&](std::uint64_t length) {
      std::string out;
      for (std::uint64_t i = 0; i < length; ++i) out += alphabet[random.below(letters)];
      return out;
    };
    std::vector<std::string> stops;
    for (std::uint64_t i = random.below(4); i > 0; --i) stops.push_back(text_of(1 + random.below(5)));
    StopStrings filter(stops);
    std::string pushed;
    std::string out;
    while (!filter.found() && pushed.size() < 40) {
      const std::string piece = text_of(random.below(5));
      pushed += piece;
      const std::string released(filter.push(piece));
      CHECK(is_whole_utf8(released));
      out += released;
      const std::size_t end = end_of_answer(pushed, stops);
      const std::string expected =
          pushed.substr(0, end == std::string::npos ? pushed.size() - undecided(pushed, stops) : end);
      if (out != expected || filter.found() != (end != std::string::npos)) {
        CAPTURE(pushed);
        CAPTURE(stops.size());
        CHECK(out == expected);
        CHECK(filter.found() == (end != std::string::npos));
        return;
      }
    }
    found += filter.found() ? 1 : 0;
    const std::string rest(filter.finish());
    if (filter.found()) {
      CHECK(rest.empty());
    } else {
      CHECK(out + rest == pushed);
    }
    CHECK(filter.finish().empty());  // it is said once
  }
  CHECK(found > 5'000);
}

TEST_CASE("how a text is cut makes no difference") {
  const std::vector<std::string> stops = {"abc", "b", "xyz", "yz"};
  for (const std::string text : {"aabcd", "wxyzw", "xy", "aaab"}) {
    CAPTURE(text);
    std::string whole;
    {
      StopStrings filter(stops);
      whole = filter.push(text);
      whole += filter.finish();
    }
    for (unsigned cuts = 0; cuts < 1U << (text.size() - 1); ++cuts) {
      StopStrings filter(stops);
      std::string out;
      std::string piece;
      for (std::size_t i = 0; i < text.size() && !filter.found(); ++i) {
        piece += text[i];
        if (i + 1 < text.size() && (cuts >> i & 1U) == 0) continue;
        out += filter.push(piece);
        piece.clear();
      }
      out += filter.finish();
      CHECK(out == whole);
    }
  }
}

TEST_CASE("without stop strings everything passes at once") {
  const std::vector<std::string> none;
  StopStrings filter(none);
  CHECK(filter.push("one ") == "one ");
  CHECK(filter.push("") == "");
  CHECK(filter.push("two") == "two");
  CHECK(!filter.found());
  CHECK(filter.finish() == "");
}

TEST_CASE("text is held as long as it may be a stop string, and given back when the text ends") {
  const std::vector<std::string> stops = {"\n\nUser:"};
  StopStrings filter(stops);
  CHECK(filter.push("Hello") == "Hello");
  CHECK(filter.push("\n") == "");
  CHECK(filter.push("\nU") == "");
  CHECK(filter.push("pwards\n") == "\n\nUpwards");
  CHECK(filter.push("\nUser") == "");
  CHECK(!filter.found());
  CHECK(filter.finish() == "\n\nUser");
}
