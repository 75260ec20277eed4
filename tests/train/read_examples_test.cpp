// Training examples from JSON Lines: each form, what counts, and each refusal with its words.
#include "asterism/train/data/read_examples.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::train;

namespace {

const std::string demo = std::string(ASTERISM_GOLDEN_DIR) + "/models/demo";

const text::Tokenizer& tokenizer() {
  static const text::Tokenizer one = text::Tokenizer::from_file(demo + "/tokenizer.json");
  return one;
}

ReadExamples parse(std::string_view text, const ReadOptions& options = {.tokenizer = &tokenizer()}) {
  return parse_examples(test::as_bytes(text), "data.jsonl", options);
}

std::vector<TokenId> ids_of(const ReadExamples& read, std::size_t i = 0) {
  const auto ids = read.examples[i].ids;
  return {ids.begin(), ids.end()};
}
std::vector<int> counts_of(const ReadExamples& read, std::size_t i = 0) {
  const auto counts = read.examples[i].counts;
  return {counts.begin(), counts.end()};
}

/// The tokens whose prediction counts, as text.
std::string counted_text(const ReadExamples& read, std::size_t i = 0) {
  const auto [ids, counts] = read.examples[i];
  std::vector<TokenId> counted;
  for (std::size_t k = 0; k + 1 < ids.size; ++k) {
    if (counts[k] == 1) counted.push_back(ids[k + 1]);
  }
  return tokenizer().decode(counted);
}

void check_refused(std::string_view row, const std::vector<std::string>& words,
                   const ReadOptions& options = {.tokenizer = &tokenizer()}) {
  CAPTURE(row);
  std::string message = "(nothing)";
  try {
    parse("{\"text\": \"a good row\"}\n" + std::string(row) + "\n", options);
  } catch (const FormatError& error) {
    message = error.what();
  }
  CAPTURE(message);
  CHECK(message.find("data.jsonl: 1 row that can't be trained on") != std::string::npos);
  CHECK(message.find("\n  line 2: ") != std::string::npos);
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK(message.find(word) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("ids, with and without counts") {
  const ReadExamples read =
      parse("{\"ids\": [3, 1, 2]}\n\n  \r\n{\"counts\": [0, 1, 1, 0], \"ids\": [9, 8, 7, 6]}", {.vocabulary = 10});
  CHECK(read.rows == 2);
  CHECK(read.skipped == 0);
  CHECK(ids_of(read, 0) == std::vector<TokenId>{3, 1, 2});
  CHECK(counts_of(read, 0) == std::vector<int>{1, 1, 0});
  CHECK(ids_of(read, 1) == std::vector<TokenId>{9, 8, 7, 6});
  CHECK(counts_of(read, 1) == std::vector<int>{0, 1, 1, 0});
}

TEST_CASE("of text everything counts, its end too") {
  const std::vector<TokenId> ids = tokenizer().encode("The sea is old.");
  const ReadExamples plain = parse(R"({"text": "The sea is old."})");
  CHECK(ids_of(plain) == ids);
  CHECK(plain.examples.counted() == ids.size() - 1);
  const ReadExamples ended = parse(R"({"text": "The sea is old."})", {.tokenizer = &tokenizer(), .end = 2});
  CHECK(ended.examples[0].ids[ids.size()] == 2);
  CHECK(ended.examples.counted() == ids.size());
}

TEST_CASE("of a question and an answer the answer counts, whatever they are called") {
  const std::string_view rows = R"({"input": "The sea", "output": " is old."}
{"prompt": "The sea", "completion": " is old.", "id": 17, "kind": ["x"]}
{"question": "The sea", "answer": " is old."}
{"instruction": "The sea", "response": " is old."}
{"instruction": "The sea", "input": "", "output": " is old."}
{"instruction": "The sea", "input": null, "response": " is old."}
)";
  const ReadExamples read = parse(rows, {.tokenizer = &tokenizer(), .end = 2});
  CHECK(read.rows == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    std::vector<TokenId> expected = tokenizer().encode("The sea is old.");
    expected.push_back(2);
    CHECK(ids_of(read, i) == expected);
    CHECK(counted_text(read, i).find("is old.</s>") != std::string::npos);
    CHECK(counted_text(read, i).find("sea") == std::string::npos);
  }
  const ReadExamples both = parse(rows, {.tokenizer = &tokenizer(), .count_prompts = true});
  CHECK(both.examples.counted() == both.examples.tokens() - 6);
}

TEST_CASE("an instruction takes its input along; what stands between question and answer is the caller's") {
  const ReadExamples read = parse(R"({"instruction": "Add.", "input": "2 3", "response": "5"})",
                                  {.tokenizer = &tokenizer(), .before_answer = "\nA: "});
  CHECK(ids_of(read) == tokenizer().encode("Add.\n\n2 3\nA: 5"));
}

TEST_CASE("with a chat template the conversation is rendered") {
  const text::ChatTemplate chat = text::ChatTemplate::from_directory(demo);
  const ReadExamples read = parse(R"({"prompt": "Who are you?", "completion": "A whale."})",
                                  {.tokenizer = &tokenizer(), .chat = &chat, .end = 2});
  const std::vector<text::Message> messages = {{"user", "Who are you?"}, {"assistant", "A whale."}};
  CHECK(ids_of(read) == text::encode_chat(tokenizer(), chat, messages));
  CHECK(counted_text(read).find("whale.</s>") != std::string::npos);
  CHECK(counted_text(read).find("Who") == std::string::npos);
  CHECK(counted_text(read).find("INST") == std::string::npos);
}

TEST_CASE("rows that can't be trained on") {
  check_refused("{\"text\": ", {"not valid JSON"});
  check_refused("no JSON", {"not valid JSON"});
  check_refused("{\"text\": \"a\", \"text\": \"b\"}", {"same key a second time"});
  check_refused("\xEF\xBB\xBF{\"text\": \"a b c\"}", {"byte order mark"});
  check_refused("{\"text\": \"\xFF\"}", {"not valid JSON"});
  check_refused("[1, 2]", {"is array, expected a JSON object"});
  check_refused("17", {"is number, expected a JSON object"});
  check_refused("{}", {"has none of 'ids', 'text', 'input' and 'output'"});
  check_refused(R"({"txt": "a"})", {"has none of"});
  check_refused(R"({"text": null})", {"has none of"});
  check_refused(R"({"prompt": "a"})", {"has 'prompt', but no 'completion'"});
  check_refused(R"({"output": "a"})", {"has 'output', but no 'input'"});
  check_refused(R"({"answer": "a"})", {"has 'answer', but no 'question'"});
  check_refused(R"({"instruction": "a", "input": "b"})", {"has 'instruction', but no 'response'"});
  check_refused(R"({"text": "a", "prompt": "b", "completion": "c"})",
                {"has 'text', but also 'prompt' and 'completion'", "not clear"});
  check_refused(R"({"instruction": "a", "response": "b", "output": "c"})", {"not clear"});
  check_refused(R"({"prompt": "a", "completion": "b", "answer": "c"})", {"not clear"});
  check_refused(R"({"prompt": "a", "question": "b", "answer": "c"})", {"not clear"});
  check_refused(R"({"text": 3})", {"'text' is number, expected a string"});
  check_refused(R"({"prompt": "a", "completion": ["b"]})", {"'completion' is array, expected a string"});
  check_refused(R"({"text": ""})", {"'text' is empty"});
  check_refused(R"({"prompt": "", "completion": "b"})", {"'prompt' is empty"});
  check_refused(R"({"prompt": "a", "completion": ""})", {"'completion' is empty"});
  check_refused(R"({"ids": []})", {"'ids' is empty"});
  check_refused(R"({"ids": [1]})", {"one token", "nothing to predict"});
  check_refused(R"({"ids": 5})", {"'ids' is number, expected an array"});
  check_refused(R"({"ids": [1, 2, 999999]})", {"'ids' holds 999999 at place 2, expected an integer from 0 to "});
  check_refused(R"({"ids": [1, -1]})", {"'ids' holds -1 at place 1"});
  check_refused(R"({"ids": [1, 2.0]})", {"'ids' holds 2.0 at place 1"});
  check_refused(R"({"ids": [18446744073709551615, 1]})", {"'ids' holds 18446744073709551615 at place 0"});
  check_refused(R"({"ids": [1, 2], "counts": [1]})", {"'counts' has 1 values, 'ids' 2"});
  check_refused(R"({"ids": [1, 2], "counts": [2, 0]})",
                {"'counts' holds 2 at place 0, expected an integer from 0 to 1"});
  check_refused(R"({"ids": [1, 2], "counts": [1, 1]})", {"last of 'counts' is 1"});
  check_refused(R"({"ids": [1, 2], "counts": [0, 0]})", {"no prediction that counts"});
  check_refused(R"({"ids": [1, 2, 3, 4, 5, 6, 7, 8, 9]})", {"has 9 tokens, more than the 8 of a sequence"},
                {.sequence = 8, .tokenizer = &tokenizer()});
  check_refused(std::string("{\"text\": \"") + std::string(100, 'a') + "\"}", {"is longer than 64 bytes"},
                {.tokenizer = &tokenizer(), .longest_line = 64});
}

TEST_CASE("a vocabulary smaller than the tokenizer's is the limit") {
  test::check_error<FormatError>(
      [] { parse(R"({"text": "zebra quartz"})", {.vocabulary = 5, .tokenizer = &tokenizer()}); },
      {"line 1: has the token id", "from 0 to 4"});
}

TEST_CASE("twenty rows are named at once, the first ones") {
  std::string text = "{\"text\": \"a good row\"}\n";
  for (int i = 0; i < 30; ++i) text += "{\"text\": " + std::to_string(i) + "}\n";
  std::string message;
  try {
    parse(text);
  } catch (const FormatError& error) {
    message = error.what();
  }
  CHECK(message.find("20 rows that can't be trained on; there may be more") != std::string::npos);
  CHECK(message.find("\n  line 2: ") != std::string::npos);
  CHECK(message.find("\n  line 21: ") != std::string::npos);
  CHECK(message.find("\n  line 22: ") == std::string::npos);
  CHECK(message.find("ReadOptions::skipped") != std::string::npos);
}

TEST_CASE("bad rows are copied to a file where one is named, and another has their lines and reasons") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "data.jsonl";
  test::write_file(path, "{\"ids\": [1, 2]}\nbad\n{\"ids\": [1, 2, 3]}\n{\"ids\": [77, 1]}\n");
  const ReadOptions options{.vocabulary = 10, .skipped = folder / "skipped.jsonl"};
  const ReadExamples read = read_examples(path, options);
  CHECK(read.rows == 4);
  CHECK(read.skipped == 2);
  CHECK(read.examples.size() == 2);
  CHECK(file::read_file(options.skipped, 1U << 20U) == "bad\n{\"ids\": [77, 1]}\n");
  const std::string skipped = file::read_file(options.skipped + ".reasons", 1U << 20U);
  const std::size_t end = skipped.find('\n');
  const json::Value first = json::parse(skipped.substr(0, end), "skipped");
  const json::Value second = json::parse(skipped.substr(end + 1), "skipped");
  CHECK(first["file"] == path);
  CHECK(first["line"] == 2);
  CHECK(first["reason"].get<std::string>().find("not valid JSON") == 0);
  CHECK(second["line"] == 4);
  CHECK(second["reason"] == "'ids' holds 77 at place 0, expected an integer from 0 to 9");

  test::write_file(path, "bad\n");
  test::check_error<FormatError>([&] { read_examples(path, options); },
                                 {path, "no example", "1 rows", "skipped.jsonl.reasons"});

  // Mended and appended they are read; what is too long is named alone.
  test::write_file(path, "{\"ids\": [1, 2]}\n{\"ids\": [1, 2, 3, 4, 5]}\n  {\"ids\": [\xFF]}\r\n{\"ids\": [3]}");
  const ReadOptions shorter{.vocabulary = 10, .skipped = options.skipped, .longest_line = 20};
  CHECK(read_examples(path, shorter).skipped == 3);
  CHECK(file::read_file(options.skipped, 1U << 20U) == "  {\"ids\": [\xFF]}\r\n{\"ids\": [3]}\n");
  const std::string reasons = file::read_file(options.skipped + ".reasons", 1U << 20U);
  CHECK(std::count(reasons.begin(), reasons.end(), '\n') == 3);
  CHECK(reasons.find("is longer than 20 bytes") != std::string::npos);
}

TEST_CASE("files without examples, and calls that lack something") {
  test::check_error<FormatError>([] { parse(""); }, {"data.jsonl", "no example", "0 rows"});
  test::check_error<FormatError>([] { parse("\n\n"); }, {"no example"});
  test::check_error<InvalidArgument>([] { parse("{\"text\": \"a\"}", {.vocabulary = 9}); },
                                     {"data.jsonl, line 1", "ReadOptions::tokenizer"});
  test::check_error<InvalidArgument>([] { parse("{\"ids\": [1, 2]}", {}); }, {"ReadOptions::vocabulary"});
  test::check_error<FileError>([] { read_examples("/no/such/file", {.vocabulary = 9}); }, {"/no/such/file"});
}

TEST_CASE("lines of any length, across the pieces in which a file is read") {
  std::string text;
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; text.size() < (5U << 20U); ++i) {
    lengths.push_back(2 + i * i % 70001);
    text += "{\"ids\": [1";
    for (std::size_t k = 1; k < lengths.back(); ++k) text += ",2";
    text += "]}\n";
  }
  text.pop_back();  // the last line has no end
  const ReadExamples read = parse(text, {.vocabulary = 10});
  REQUIRE(read.examples.size() == lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) CHECK(read.examples.length(i) == lengths[i]);
}
