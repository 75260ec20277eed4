// What is left of a prompt that does not fit: which tokens, which turns, and what is counted.
#include "asterism/generate/prompt.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using generate::fit;
using generate::Prompt;
using generate::room_of_prompt;
using test::check_error;

namespace {

using Tokens = std::vector<TokenId>;
using Messages = std::vector<text::Message>;

GenerateOptions cut(Truncation truncation, std::int32_t max_tokens) {
  GenerateOptions options;
  options.truncation = truncation;
  options.max_tokens = max_tokens;
  return options;
}

Tokens counted(std::int32_t count) {
  Tokens out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

/// A token for each character, and one before each message.
Tokens encode(View<const text::Message> messages) {
  Tokens out;
  for (const text::Message& message : messages) {
    out.push_back(message.role == "user" ? 1000 : message.role == "system" ? 1001 : 1002);
    for (const char c : message.content) out.push_back(c);
  }
  return out;
}

/// A system's message of 10 tokens, then `turns` of 10 tokens each, the user's and the assistant's 5; of the last one
/// the user's alone.
Messages conversation(int turns) {
  Messages out = {{"system", "be brief."}};
  for (int i = 0; i < turns; ++i) {
    out.push_back({"user", std::string(4, static_cast<char>('a' + i))});
    if (i + 1 < turns) out.push_back({"assistant", std::string(4, static_cast<char>('A' + i))});
  }
  return out;
}

/// The first characters of the users' messages in it.
std::string users_of(const Tokens& tokens) {
  std::string out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == 1000) out += static_cast<char>(tokens[i + 1]);
  }
  return out;
}

}  // namespace

TEST_CASE("a prompt leaves room for the answer, but half of the context is its own") {
  CHECK(room_of_prompt(cut(Truncation::refuse, 50), 100) == 100);
  CHECK(room_of_prompt(cut(Truncation::keep_end, 1), 100) == 100);  // the last token needs no room
  CHECK(room_of_prompt(cut(Truncation::keep_end, 30), 100) == 71);
  CHECK(room_of_prompt(cut(Truncation::keep_both_ends, 51), 100) == 50);
  CHECK(room_of_prompt(cut(Truncation::keep_end, 1'000'000), 100) == 50);
  CHECK(room_of_prompt(cut(Truncation::keep_end, 256), 1) == 1);
}

TEST_CASE("nothing is left out where nobody asked, or all fits") {
  for (const Truncation truncation : {Truncation::refuse, Truncation::keep_end, Truncation::keep_both_ends}) {
    const Prompt fits = fit(counted(71), 1, cut(truncation, 30), 100);
    CHECK(fits.tokens == counted(71));
    CHECK(fits.dropped_tokens == 0);
  }
  CHECK(fit(counted(500), 1, cut(Truncation::refuse, 30), 100).tokens == counted(500));
}

TEST_CASE("the end stays, behind the special tokens") {
  const Prompt end = fit(counted(90), 2, cut(Truncation::keep_end, 81), 100);
  Tokens expected = {0, 1};
  for (TokenId id = 90 - 48; id < 90; ++id) expected.push_back(id);
  CHECK(end.tokens == expected);
  CHECK(end.dropped_tokens == 40);
  // No room but for special tokens: the end matters more.
  CHECK(fit(counted(9), 3, cut(Truncation::keep_end, 9), 5).tokens == Tokens{6, 7, 8});
  CHECK(fit(counted(9), 2, cut(Truncation::keep_end, 9), 5).tokens == Tokens{0, 1, 8});
}

TEST_CASE("both ends stay, the first no shorter than the special tokens") {
  CHECK(fit(counted(20), 1, cut(Truncation::keep_both_ends, 3), 9).tokens == Tokens{0, 1, 2, 16, 17, 18, 19});
  CHECK(fit(counted(20), 1, cut(Truncation::keep_both_ends, 2), 9).tokens == Tokens{0, 1, 2, 3, 16, 17, 18, 19});
  CHECK(fit(counted(20), 4, cut(Truncation::keep_both_ends, 4), 9).tokens == Tokens{0, 1, 2, 3, 18, 19});
  CHECK(fit(counted(20), 1, cut(Truncation::keep_both_ends, 4), 9).dropped_tokens == 14);
}

TEST_CASE("of a conversation the fewest whole turns go, the oldest first") {
  const Messages messages = conversation(9);  // 10 + 8 * 10 + 5 tokens
  REQUIRE(encode(View<const text::Message>(messages)).size() == 95);
  const auto fitted = [&](Truncation truncation, std::int32_t context) {
    return fit(View<const text::Message>(messages), encode, cut(truncation, 1), context);
  };
  for (std::int32_t context = 15; context <= 100; ++context) {
    CAPTURE(context);
    const Prompt found = fitted(Truncation::keep_end, context);
    const auto dropped = static_cast<std::size_t>(context >= 95 ? 0 : (95 - context + 9) / 10);
    CHECK(found.dropped_turns == static_cast<std::int32_t>(dropped));
    CHECK(found.dropped_tokens == 10 * found.dropped_turns);
    CHECK(users_of(found.tokens) == std::string("abcdefghi").substr(dropped));
    CHECK(found.tokens.front() == 1001);
    CHECK(found.tokens.size() == 95 - 10 * dropped);
  }
  const Prompt both = fitted(Truncation::keep_both_ends, 50);
  CHECK(users_of(both.tokens) == "aghi");
  CHECK(both.dropped_turns == 5);
  CHECK(fitted(Truncation::refuse, 50).tokens.size() == 95);  // whoever computes it refuses
}

TEST_CASE("a system's message stays wherever it stands") {
  Messages messages = conversation(5);
  messages.insert(messages.begin() + 3, {"system", "be kind!!"});
  const Prompt found = fit(View<const text::Message>(messages), encode, cut(Truncation::keep_end, 1), 35);
  CHECK(users_of(found.tokens) == "de");
  CHECK(found.dropped_turns == 3);
  CHECK(std::count(found.tokens.begin(), found.tokens.end(), 1001) == 2);
}

TEST_CASE("what has to stay may take the answer's room, not more than the context") {
  const Messages messages = conversation(3);
  const View<const text::Message> view(messages);
  const Prompt tight = fit(view, encode, cut(Truncation::keep_end, 100), 15);  // 7 would leave half to the answer
  CHECK(users_of(tight.tokens) == "c");
  check_error<InvalidArgument>([&] { fit(view, encode, cut(Truncation::keep_end, 1), 14); },
                               {"2 of its 3 turns", "15 tokens", "14", "Limits::context"});
  check_error<InvalidArgument>([&] { fit(view, encode, cut(Truncation::keep_both_ends, 1), 24); },
                               {"1 of its 3 turns", "25 tokens", "first"});
  const Messages one = conversation(1);
  check_error<InvalidArgument>(
      [&] { fit(View<const text::Message>(one), encode, cut(Truncation::keep_both_ends, 1), 14); },
      {"0 of its 1 turns"});
}

TEST_CASE("templates are rendered a few times, however long the conversation") {
  const Messages messages = conversation(20);
  int calls = 0;
  const auto counting = [&](View<const text::Message> some) {
    ++calls;
    return encode(some);
  };
  fit(View<const text::Message>(messages), counting, cut(Truncation::keep_end, 1), 60);
  CHECK(calls <= 7);
}
