// Question files: what is read, and what is refused by line.
#include "asterism/lab/question_set.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using asterism::test::check_error;
using lab::parse_questions;
using lab::Question;

TEST_CASE("a prompt is enough; the rest has defaults; other members are for other readers") {
  const std::vector<Question> questions = parse_questions(
      "{\"id\":\"q\",\"split\":\"s\",\"kind\":\"k\",\"prompt\":\"What?\\nNow\",\"answer\":\"ä b\",\"more\":[1]}\n"
      "\r\n  \n"
      "{\"answer\":\"4\",\"prompt\":\" 2 + 2 \"}\n"
      "{\"prompt\":\"a text\"}",
      "file");
  REQUIRE(questions.size() == 3);
  CHECK(questions[0].id == "q");
  CHECK(questions[0].split == "s");
  CHECK(questions[0].kind == "k");
  CHECK(questions[0].prompt == "What?\nNow");
  CHECK(questions[0].answer == "ä b");
  CHECK(questions[1].id == "line 4");
  CHECK(questions[1].split.empty());
  CHECK(questions[1].prompt == " 2 + 2 ");
  CHECK(questions[2].answer.empty());  // none is known
}

TEST_CASE("what is wrong is named by file and line") {
  const std::string good = "{\"id\":\"a\",\"prompt\":\"p\",\"answer\":\"x\"}\n";
  const auto refuse = [&](const std::string& line, std::vector<std::string> parts) {
    CAPTURE(line);
    parts.emplace_back("dir/q.jsonl, line 2");
    try {
      parse_questions(good + line, "dir/q.jsonl");
      FAIL("accepted");
    } catch (const FormatError& error) {
      for (const std::string& part : parts) CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
  };
  refuse("[]", {"expected a JSON object, found array"});
  refuse("{\"answer\":\"p\"}", {"no 'prompt'"});
  refuse("{\"prompt\":\"\",\"answer\":\"x\"}", {"'prompt' is empty"});
  refuse("{\"prompt\":\"p\",\"answer\":\"\"}", {"'answer' is empty"});
  refuse("{\"prompt\":\"p\",\"answer\":4}", {"'answer' is number, expected a string"});
  refuse("{\"prompt\":\"p\",\"answer\":\"x\",\"kind\":null}", {"'kind' is null"});
  refuse("{\"prompt\":\"p\",\"answer\":\" x\"}", {"blanks around it"});
  refuse("{\"prompt\":\"p\",\"answer\":\"x\\n\"}", {"blanks around it"});
  refuse("{\"prompt\":\"p\",\"answer\":\"x\",\"id\":\"a\"}", {"id 'a'", "line 1 already"});
  refuse("{\"prompt\":\"p\",", {"not valid JSON"});
  refuse("{\"prompt\":\"p\",\"prompt\":\"p\"}", {"second time"});
}

TEST_CASE("a file without questions, and one that is not there, are errors") {
  check_error<FormatError>([] { parse_questions("\n \n", "empty.jsonl"); }, {"empty.jsonl", "no question"});
  check_error<FileError>([] { lab::read_questions("/nowhere/q.jsonl"); }, {"/nowhere/q.jsonl"});
}

TEST_CASE("the questions of the repository are read") {
  for (const char* split : {"training", "held_out_phrasings", "held_out_cards", "new_words"}) {
    const auto questions =
        lab::read_questions(std::string(ASTERISM_SOURCE_DIR "/examples/data/questions/") + split + ".jsonl");
    CHECK(questions.size() == 600);
    for (const Question& question : questions) CHECK(question.split == split);
  }
  CHECK(lab::read_questions(ASTERISM_SOURCE_DIR "/examples/data/questions/shown.jsonl").size() == 3);
}

TEST_CASE("blanks are cut off around a text, not within it") {
  CHECK(lab::trimmed(" \t\r\na b\n ") == "a b");
  CHECK(lab::trimmed(" \n").empty());
  CHECK(lab::trimmed("").empty());
  CHECK(lab::trimmed("x") == "x");
}

TEST_CASE("a fingerprint tells any text apart, and the order") {
  const std::vector<lab::Question> questions = {{"1", "s", "k", "p", "a"}, {"2", "s", "k", "q", "b"}};
  const std::uint64_t first = lab::fingerprint(questions);
  CHECK(lab::fingerprint(questions) == first);
  CHECK(first < std::uint64_t{1} << 53U);
  CHECK(lab::fingerprint(std::vector<lab::Question>{questions[1], questions[0]}) != first);
  for (auto member : {&lab::Question::id, &lab::Question::split, &lab::Question::kind, &lab::Question::prompt,
                      &lab::Question::answer}) {
    std::vector<lab::Question> other = questions;
    other[0].*member += "x";
    CHECK(lab::fingerprint(other) != first);
  }
  std::vector<lab::Question> moved = questions;  // a letter from one text to the next
  moved[0].prompt = "";
  moved[0].answer = "pa";
  CHECK(lab::fingerprint(moved) != first);
}
