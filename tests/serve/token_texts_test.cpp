// The texts of single tokens make the whole text, and alternatives are what would have stood there.
#include "asterism/serve/token_texts.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using serve::ShownToken;
using serve::TokenTexts;

namespace {

const text::Tokenizer& tokenizer() {
  static const auto out = text::Tokenizer::from_file(test::golden_model("demo") + "/tokenizer.json");
  return out;
}

}  // namespace

TEST_CASE("texts make the whole; offsets count characters; what has no text is spelt out") {
  for (const std::string whole : {"The keeper of the lamp", "é 日本 🙂", "a"}) {
    CAPTURE(whole);
    const std::vector<TokenId> ids = tokenizer().encode(whole);
    TokenTexts texts(tokenizer());
    std::string joined;
    std::size_t spelt = 0;
    for (const TokenId id : ids) {
      const ShownToken token = texts.add(id);
      CHECK_FALSE(token.text.empty());
      CHECK_FALSE(token.log_probability);
      CHECK(token.offset == columns(joined));
      if (whole.find(token.text) == whole.npos) {  // "<s>", or "<0xE6>"
        ++spelt;
        CHECK(token.text == tokenizer().id_to_token(id));
      } else {
        joined += token.text;
      }
    }
    if (whole != "é 日本 🙂") CHECK(joined == whole);
    CHECK(spelt >= 1);
  }
}

TEST_CASE("scores keep their order, and alternatives do not move the text on") {
  const std::vector<TokenId> ids = tokenizer().encode("The lamp keeper", {.add_special_tokens = false});
  TokenTexts plain(tokenizer());
  TokenTexts scored(tokenizer());
  for (const TokenId id : ids) {
    const ShownToken expected = plain.add(id);
    const ShownToken token =
        scored.add(TokenScore{.id = id, .log_probability = -1, .best = {{ids[0], -0.5F}, {id, -1}}});
    CHECK(token.text == expected.text);
    CHECK(token.offset == expected.offset);
    CHECK(token.log_probability == -1);
    REQUIRE(token.best.size() == 2);
    CHECK(token.best[0].log_probability == -0.5F);
    CHECK(token.best[1].text == token.text);
  }
}

TEST_CASE("a text goes on from its context, and ids beyond the vocabulary have none") {
  const std::vector<TokenId> ids = tokenizer().encode("one two", {.add_special_tokens = false});
  TokenTexts alone(tokenizer(), View<const TokenId>(ids).subview(0, ids.size() - 1));
  TokenTexts whole(tokenizer());
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) whole.add(ids[i]);
  CHECK(alone.add(ids.back()).text == whole.add(ids.back()).text);
  CHECK(alone.add(static_cast<TokenId>(tokenizer().vocabulary_size())).text.empty());
}
