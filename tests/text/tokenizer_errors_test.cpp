// Tokenizers that are broken, hostile or not supported: a clear error in bounded time and memory, never a crash.
#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/text/tokenizer.hpp"

#include "support.hpp"

using namespace asterism;
using namespace asterism::test;
using text::Tokenizer;

namespace {

Json small() {
  return Json::parse(R"({
    "version":"1.0","truncation":null,"padding":null,
    "added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
    "normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"NFC"}]},
    "pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\p{N}+|x"},"behavior":"Isolated","invert":false},
    "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
      "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},
    "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},
    "model":{"type":"BPE","dropout":null,"unk_token":"<s>","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,
      "byte_fallback":true,"ignore_merges":false,"vocab":{"<s>":0,"a":1,"b":2,"ab":3,"▁":4,"<0x0A>":5},"merges":["a b"]}})");
}

Tokenizer read(const Json& document) { return Tokenizer::from_json(document.dump(), "bad.json"); }

/// The document with the value at `pointer` replaced.
Json changed(const char* pointer, const Json& value) {
  Json document = small();
  document[Json::json_pointer(pointer)] = value;
  return document;
}

template <class Expected>
void refused(const Json& document, const char* fragment) {
  try {
    read(document);
    FAIL_CHECK("accepted, expected: ", fragment);
  } catch (const Expected& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.starts_with("bad.json: "));
    CHECK(message.find(fragment) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("the small tokenizer is good") {
  const Tokenizer tokenizer = read(small());
  CHECK(tokenizer.encode("ab\nx") == std::vector<TokenId>{0, 4, 3, 5, 0});
}

TEST_CASE("cut off anywhere") {
  const std::string bytes = small().dump();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(Tokenizer::from_json(std::string_view(bytes).substr(0, size), "bad.json"), FormatError);
  }
  const std::string real = golden_text("llama3");
  for (std::size_t size = 0; size + 3 < real.size(); size += 499) {
    CHECK_THROWS_AS(Tokenizer::from_json(std::string_view(real).substr(0, size), "bad.json"), FormatError);
  }
}

TEST_CASE("no JSON") {
  for (const char* bad : {"", " ", "x", "[]", "3", "null", "\"a\"", "{}x", "{'a':1}", "{\"model\":", "\xFF\xFE"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Tokenizer::from_json(bad, "bad.json"), FormatError);
  }
  const std::string deep(200'000, '[');
  CHECK_THROWS_AS(Tokenizer::from_json(deep, "bad.json"), FormatError);
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += R"({"normalizer":)";
  CHECK_THROWS_AS(Tokenizer::from_json(nested, "bad.json"), FormatError);
  std::string twice = small().dump();
  twice.insert(1, R"("version":"1.0",)");
  CHECK_THROWS_AS(Tokenizer::from_json(twice, "bad.json"), FormatError);
}

TEST_CASE("bytes changed at random: an error of the toolkit or a tokenizer that works") {
  const std::string good = small().dump();
  Random random(3);
  std::size_t failures = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      bytes[random.below(bytes.size())] = static_cast<char>(static_cast<unsigned char>(random.below(256)));
    }
    try {
      const Tokenizer tokenizer = Tokenizer::from_json(bytes, "bad.json");
      tokenizer.decode(tokenizer.encode("ab 12x é\n<s>"));
    } catch (const Error&) {
      ++failures;
    }
  }
  CHECK(failures > 1000);
}

TEST_CASE("missing and mistyped parts") {
  Json document = small();
  document.erase("model");
  refused<FormatError>(document, "'model' is missing");
  refused<FormatError>(changed("/model", 3), "'model' is 3");
  refused<FormatError>(changed("/model/vocab", Json::array()), "vocabulary");
  refused<FormatError>(changed("/model/vocab", Json::object()), "empty");
  document = small();
  document["model"].erase("merges");
  refused<FormatError>(document, "merges");
  refused<FormatError>(changed("/added_tokens", Json::object()), "added_tokens");
  refused<FormatError>(changed("/decoder", "Fuse"), "decoder");
  refused<FormatError>(changed("/version", 1), "version");
  refused<Unsupported>(changed("/version", "2.0"), "2.0");
}

TEST_CASE("ids and merges that can't be") {
  refused<FormatError>(changed("/model/vocab/a", -1), "-1");
  refused<FormatError>(changed("/model/vocab/a", 2), "both have the id 2");
  refused<FormatError>(changed("/model/vocab/a", 2'000'000'000), "2000000000");
  refused<FormatError>(changed("/model/vocab/a", 1e300), "an integer from 0");
  refused<FormatError>(changed("/model/vocab/a", "1"), "'1'");
  refused<FormatError>(changed("/model/merges", {"a b", "a c"}), "merge 1 needs the token 'c'");
  refused<FormatError>(changed("/model/merges", {"b a", "a b"}), "merge 0 needs the token 'ba'");
  refused<FormatError>(changed("/added_tokens/0/id", 1), "expected 0");
  refused<FormatError>(changed("/added_tokens/0/id", 4'000'000'000), "4000000000");
  refused<FormatError>(changed("/post_processor/special_tokens/<s>/ids", Json::array({6})),
                       "is 6, expected an integer from 0 to 5");
  refused<FormatError>(changed("/post_processor/single/0/SpecialToken/id", "<t>"),
                       "special_tokens has no entry '<t>', which its template 'single' names");
  refused<FormatError>(changed("/post_processor/special_tokens/<s>", nullptr),
                       "special_tokens has no entry '<s>'");
}

TEST_CASE("what is not supported is named with what is") {
  refused<Unsupported>(changed("/normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "AAA="}}),
                       "normalizer 'Precompiled'");
  refused<Unsupported>(changed("/pre_tokenizer", {{"type", "Whitespace"}}),
                       "supported: Sequence, Split, ByteLevel");
  refused<Unsupported>(changed("/post_processor", {{"type", "RobertaProcessing"}}),
                       "supported: Sequence, TemplateProcessing");
  refused<Unsupported>(changed("/decoder", {{"type", "CTC"}}), "supported: Sequence, Replace, ByteFallback");
  refused<Unsupported>(changed("/model/type", "Unigram"), "supported: BPE");
  Json unigram = changed("/model/type", "Unigram");
  unigram["model"]["vocab"] = Json::array({Json::array({"<unk>", 0.0}), Json::array({"a", -1.5})});
  unigram["model"].erase("merges");
  refused<Unsupported>(unigram, "supported: BPE");
  refused<Unsupported>(changed("/model/dropout", 0.1), "dropout");
  refused<Unsupported>(changed("/truncation", {{"max_length", 5}}), "truncation");
  refused<Unsupported>(changed("/padding", {{"strategy", "BatchLongest"}}), "padding");
  refused<Unsupported>(changed("/something", 1), "something");
  Json document =
      changed("/pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}});
  document["normalizer"] = {{"type", "Strip"}, {"strip_left", true}, {"strip_right", false}};
  refused<Unsupported>(document, "prepend_scheme first");
}

TEST_CASE("hostile patterns and chains of components") {
  const auto with_pattern = [](const char* regex) { return changed("/pre_tokenizer/pattern/Regex", regex); };
  refused<FormatError>(with_pattern("("), "no regex");
  refused<Unsupported>(with_pattern("\\w+"), "\\w");
  refused<FormatError>(with_pattern("(((a{1000}){1000}){1000})"), "no regex");
  const auto begin = std::chrono::steady_clock::now();
  const Tokenizer slow = read(with_pattern("(?:a+)+[^ab]"));
  CHECK_THROWS_AS(slow.encode(std::string(50'000, 'a')), Unsupported);

  Json steps = Json::array();
  for (int i = 0; i < 200; ++i) {
    steps.push_back({{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aaaa"}});
  }
  const Tokenizer growing = read(changed("/normalizer", {{"type", "Sequence"}, {"normalizers", steps}}));
  CHECK_THROWS_AS(growing.encode("a"), Unsupported);
  // Generous: it takes milliseconds, and by the exponential would never end.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("files") {
  CHECK_THROWS_AS(Tokenizer::from_file("/nonexistent/tokenizer.json"), FileError);
  CHECK_THROWS_AS(Tokenizer::from_file("/dev/null"), FileError);
  CHECK_THROWS_AS(Tokenizer::from_file("/tmp"), FileError);
}
