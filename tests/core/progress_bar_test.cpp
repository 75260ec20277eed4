// Progress as people see it: lines in a log, one line on a terminal.
#include "asterism/core/progress_bar.hpp"

#include "asterism/core/format.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

using namespace asterism;

namespace {

/// What `use` writes into a file.
template <class Use>
std::string written(Use&& use) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    ProgressBar progress(file);
    use(progress);
  }
  std::rewind(file);
  std::string text(1U << 16U, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = text.find('\n', from);
    REQUIRE(to != std::string::npos);  // every line is whole
    lines.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return lines;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a log gets a line for every tenth, and one at the end") {
  constexpr std::uint64_t total = 1U << 20U;
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("loading", total, ProgressUnit::bytes);
    for (std::uint64_t done = 0; done <= total; done += total / 64) progress.advance(done, "layer");
    progress.end();
  });
  CHECK(!contains(text, "\r"));
  CHECK(!contains(text, "\033"));
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 11);
  for (int tenth = 1; tenth <= 10; ++tenth) {
    const std::string& line = lines[static_cast<std::size_t>(tenth - 1)];
    CAPTURE(line);
    CHECK(line.starts_with("loading "));
    CHECK(contains(line, pad_left(concat(10 * tenth), 3) + " %"));
    CHECK(contains(line, "of 1.0 MiB"));
  }
  CHECK(lines.back().starts_with("loading done: 1.0 MiB in "));
  CHECK(lines.back().ends_with(" s"));
}

TEST_CASE("big steps skip lines, tasks begin anew, and an empty task ends") {
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("first", 100, ProgressUnit::bytes);
    progress.advance(75, "a");
    progress.advance(79, "b");
    progress.advance(100, "c");
    progress.end();
    progress.begin("second", 10, ProgressUnit::bytes);
    progress.advance(1, "d");
    progress.begin("third", 0, ProgressUnit::bytes);
    progress.advance(0, "e");
    progress.end();
  });
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 6);
  CHECK(contains(lines[0], "first  70 %  75 B of 100 B"));
  CHECK(contains(lines[1], "first 100 %"));
  CHECK(contains(lines[2], "first done: 100 B"));
  CHECK(contains(lines[3], "second  10 %"));
  CHECK(contains(lines[4], "third 100 %"));
  CHECK(contains(lines[5], "third done: 0 B"));
}

TEST_CASE("a task that fails writes no end") {
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("loading", 100, ProgressUnit::bytes);
    progress.advance(50, "a");
  });
  CHECK(lines_of(text).size() == 1);
}

TEST_CASE("a terminal gets one line that is drawn again") {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) return;  // a machine without them
  std::FILE* screen = std::fopen(::ptsname(terminal), "w");
  REQUIRE(screen != nullptr);
  {
    ProgressBar progress(screen);
    progress.begin("loading", 1000, ProgressUnit::bytes);
    for (std::uint64_t done = 1; done <= 1000; ++done) progress.advance(done, "model.layers.0");
    progress.end();
  }
  std::fclose(screen);
  std::string text;
  char piece[256];
  for (;;) {  // one read gives as much as one write
    const auto size = ::read(terminal, piece, sizeof piece);
    if (size <= 0) break;  // the other side is closed
    text.append(piece, static_cast<std::size_t>(size));
  }
  ::close(terminal);
  CHECK(contains(text, "\r\033[Kloading"));
  CHECK(contains(text, "100 %"));
  CHECK(contains(text, "model.layers.0"));
  CHECK(contains(text, "loading done: 1000 B"));
  CHECK(text.find('\n') >= text.size() - 2);  // only the last line ends; the terminal adds a return to it
  CHECK(text.size() < 2000);                  // not drawn a thousand times
}
