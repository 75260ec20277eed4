// Logs of runs: lines, files that go on, and tables.
#include "asterism/train/log.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using train::Log;
using train::LogLine;

namespace {

LogLine line_of(std::int64_t step) {
  LogLine line{.report = {.pass = {.loss = 1.0 / 3.0 + static_cast<double>(step),
                                   .right = 0.1,
                                   .tokens = 90,
                                   .counted = 17,
                                   .router = {.balance = 2.0625, .z = 1e-9, .dropped = 0.125}},
                          .step = step,
                          .norm = 12345.678901234567,
                          .rate = 1e-3F},
               .tokens = static_cast<std::uint64_t>(90 * step),
               .seconds = 0.1 * static_cast<double>(step)};
  line.violation = {0.1, 7};
  line.entropy = {0.25, 0.75};
  line.dead = {0, 1};
  line.load = {1, 0, 3, 4};
  return line;
}

void check_same(const LogLine& found, const LogLine& expected) {
  CHECK(found.report.step == expected.report.step);
  CHECK(found.report.pass.loss == expected.report.pass.loss);
  CHECK(found.report.pass.right == expected.report.pass.right);
  CHECK(found.report.pass.counted == expected.report.pass.counted);
  CHECK(found.report.pass.router.balance == expected.report.pass.router.balance);
  CHECK(found.report.pass.router.z == expected.report.pass.router.z);
  CHECK(found.report.norm == expected.report.norm);
  CHECK(found.report.rate == expected.report.rate);
  CHECK(found.tokens == expected.tokens);
  CHECK(found.seconds == expected.seconds);
  CHECK(found.held_out == expected.held_out);
  CHECK(found.report.pass.router.dropped == expected.report.pass.router.dropped);
  CHECK(found.violation == expected.violation);
  CHECK(found.entropy == expected.entropy);
  CHECK(found.dead == expected.dead);
  CHECK(found.load == expected.load);
  CHECK(found.report.scale == expected.report.scale);
  CHECK(found.report.skipped == expected.report.skipped);
}

}  // namespace

TEST_CASE("a line reads back exactly") {
  LogLine line = line_of(41);
  check_same(train::parse_log_line(train::to_json(line), "log"), line);
  CHECK(train::to_json(line).find("scale") == std::string::npos);
  line.report.scale = 32768;
  line.report.skipped = true;
  check_same(train::parse_log_line(train::to_json(line), "log"), line);
  line.held_out = 0.7;
  line.violation.clear();
  line.load.clear();
  const std::string text = train::to_json(line);
  CHECK(text.find('\n') == text.npos);
  check_same(train::parse_log_line(text, "log"), line);
}

TEST_CASE("a line that is none is refused by its place") {
  const std::string text = train::to_json(line_of(1));
  for (const std::string& wrong : {std::string("{"), std::string("[]"), std::string("{}"),
                                   text.substr(0, text.size() - 1), "{\"step\":0," + text.substr(1)}) {
    CAPTURE(wrong);
    CHECK_THROWS_WITH_AS(train::parse_log_line(wrong, "log.jsonl:3"), doctest::Contains("log.jsonl:3"),
                         FormatError);
  }
}

TEST_CASE("a log goes on behind a step, and drops lines after it") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "log.jsonl";
  {
    Log log(path, 0);
    for (std::int64_t step = 1; step <= 5; ++step) log.add(line_of(step));
    CHECK(Log::read(path).size() == 5);  // on its way to the disk before the log ends
  }
  {
    Log log(path, 3);
    log.add(line_of(4));
  }
  const std::vector<LogLine> lines = Log::read(path);
  REQUIRE(lines.size() == 4);
  for (std::size_t i = 0; i < lines.size(); ++i) check_same(lines[i], line_of(static_cast<std::int64_t>(i + 1)));
}

TEST_CASE("an unfinished last line is left out, a broken one is named, and a run goes on before it") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "log.jsonl";
  const std::string one = train::to_json(line_of(1)) + "\n";
  test::write_file(path, one + "{\"step\":2,");
  CHECK(Log::read(path).size() == 1);
  { const Log log(path, 1); }
  CHECK(file::read_file(path, 1U << 20U) == one);
  test::write_file(path, one + "{\"step\":2,\n" + one);
  CHECK_THROWS_WITH_AS(Log::read(path), doctest::Contains("log.jsonl:2"), FormatError);
  { const Log log(path, 5); }
  CHECK(file::read_file(path, 1U << 20U) == one);
  CHECK_THROWS_AS(Log::read(folder / "nothing"), FileError);
  CHECK_THROWS_AS(Log(folder / "no/such/folder", 0), FileError);
}

TEST_CASE("a table for spreadsheets has a row a step") {
  std::vector<LogLine> lines = {line_of(1), line_of(2)};
  lines[1].held_out = 0.25;
  CHECK(train::to_csv(lines) ==
        "step,tokens,seconds,loss,right,held_out,norm,rate,balance,z,dropped,worst_violation,least_entropy,dead,"
        "scale,skipped\n"
        "1,90,0.100,1.33333,0.1,,12345.7,0.001,2.0625,1e-09,0.125,7,0.25,1,0,0\n"
        "2,180,0.200,2.33333,0.1,0.25,12345.7,0.001,2.0625,1e-09,0.125,7,0.25,1,0,0\n");
}
