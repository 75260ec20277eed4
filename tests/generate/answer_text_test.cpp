// From tokens to the text of an answer: what comes when, behind which context, and where it ends.
#include "asterism/generate/decoding/answer_text.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/streamed.hpp"

using namespace asterism;
using generate::AnswerText;
using test::golden_model;

namespace {

using Tokens = std::vector<TokenId>;
const std::vector<std::string> no_stop;

const text::Tokenizer& tokenizer() {
  static const auto out = text::Tokenizer::from_file(golden_model("demo") + "/tokenizer.json");
  return out;
}

std::string decode(const Tokens& tokens) { return test::streamed(tokenizer(), tokens); }

struct Read {
  std::string text;
  std::size_t used = 0;  ///< tokens
  bool stopped = false;
};

Read read(const Tokens& context, const Tokens& tokens, const std::vector<std::string>& stop = no_stop) {
  AnswerText answer(tokenizer(), stop, context);
  Read out;
  for (const TokenId token : tokens) {
    out.text += answer.push(token);
    ++out.used;
    if (answer.stopped()) break;
  }
  if (!answer.stopped()) out.text += answer.flush();
  out.stopped = answer.stopped();
  out.text += answer.finish();
  return out;
}

Tokens random_tokens(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Tokens out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<TokenId>(random.below(700)));
  return out;
}

}  // namespace

TEST_CASE("context and answer together are the decoded tokens") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Tokens context = random_tokens(seed % 5, seed);
    while (!context.empty() && tokenizer().id_to_token(context.back()).starts_with("<0x")) context.pop_back();
    const Tokens tokens = random_tokens(20, seed + 1000);
    Tokens all = context;
    all.insert(all.end(), tokens.begin(), tokens.end());
    CHECK(decode(context) + read(context, tokens).text == decode(all));
  }
}

TEST_CASE("without a context the answer is a text of its own: no leading space") {
  const Tokens tokens = tokenizer().encode("A keeper", {.add_special_tokens = false});
  CHECK(read({}, tokens).text == "A keeper");
  CHECK(read(tokenizer().encode("one"), tokens).text == " A keeper");
}

TEST_CASE("bytes at the end of the context are over there") {
  const Tokens emoji = tokenizer().encode("🙂", {.add_special_tokens = false});
  REQUIRE(emoji.size() >= 4);
  REQUIRE(tokenizer().id_to_token(emoji.back()).starts_with("<0x"));
  const Tokens half(emoji.end() - 4, emoji.end() - 2);
  const Tokens rest(emoji.end() - 2, emoji.end());
  Tokens context = tokenizer().encode("one");
  context.insert(context.end(), half.begin(), half.end());
  CHECK(read(context, rest).text == "\uFFFD\uFFFD");  // they complete no character of the context
  CHECK(read(tokenizer().encode("one"), Tokens(emoji.end() - 4, emoji.end())).text == "🙂");
  CHECK(read(half, tokenizer().encode("A", {.add_special_tokens = false})).text == "A");  // nothing but bytes
}

TEST_CASE("pieces come as soon as they are sure, and whole characters") {
  AnswerText answer(tokenizer(), no_stop, {});
  const Tokens emoji = tokenizer().encode("🙂", {.add_special_tokens = false});
  std::size_t pieces = 0;
  std::string text;
  for (const TokenId token : emoji) {
    const std::string piece(answer.push(token));
    CHECK((piece.empty() || piece == "🙂"));
    text += piece;
    ++pieces;
  }
  text += answer.push(tokenizer().encode("A", {.add_special_tokens = false}).back());
  CHECK(text.starts_with("🙂"));
  CHECK(pieces == emoji.size());
}

TEST_CASE("a stop string ends the text before it; its beginning is held back until it is none") {
  const Tokens tokens = tokenizer().encode("one two three four", {.add_special_tokens = false});
  const std::string whole = decode(tokens);
  REQUIRE(whole == "one two three four");
  for (std::size_t begin = 0; begin < whole.size(); ++begin) {
    for (std::size_t length = 1; begin + length <= whole.size(); length += 3) {
      const std::vector<std::string> stop = {"never", whole.substr(begin, length)};
      const Read found = read({}, tokens, stop);
      CHECK(found.stopped);
      CHECK(found.text == whole.substr(0, whole.find(stop[1])));
    }
  }
  const std::vector<std::string> beginning = {"four@"};
  const Read complete = read({}, tokens, beginning);
  CHECK_FALSE(complete.stopped);
  CHECK(complete.text == whole);
  CHECK(complete.used == tokens.size());
}

TEST_CASE("a stop string that is complete only when the tokens have ended") {
  const Tokens emoji = tokenizer().encode("🙂", {.add_special_tokens = false});
  Tokens tokens = tokenizer().encode("one", {.add_special_tokens = false});
  tokens.insert(tokens.end(), emoji.end() - 4, emoji.end() - 2);
  const std::vector<std::string> stop = {"\uFFFD"};
  const Read found = read({}, tokens, stop);
  CHECK(found.stopped);
  CHECK(found.text == "one");
}

TEST_CASE("an id that the tokenizer does not have, as in embeddings with padding, is no reason to fail") {
  const auto padding = static_cast<TokenId>(tokenizer().vocabulary_size());
  CHECK(read({padding}, {5, 6}).used == 2);
  CHECK(read({padding + 1000}, {5}).used == 1);
}
