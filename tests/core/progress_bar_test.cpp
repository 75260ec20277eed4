// Progress as people see it: lines in a log, one line on a terminal.
#include "asterism/core/progress_bar.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

using namespace asterism;

namespace {

std::int64_t clock_of_test = 0;
std::int64_t test_now() { return clock_of_test; }
void pass(double seconds) { clock_of_test += static_cast<std::int64_t>(seconds * 1e9); }

/// What `use` writes into a file.
template <class Use>
std::string written(Use&& use) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    ProgressBar progress(file, test_now);
    use(progress);
  }
  std::rewind(file);
  std::string text(1U << 16U, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

/// A terminal of `width` columns.
class Terminal {
 public:
  explicit Terminal(unsigned short width) : end_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (end_ < 0 || ::grantpt(end_) != 0 || ::unlockpt(end_) != 0) return;  // a machine without them
    screen_ = std::fopen(::ptsname(end_), "w");
    resize(width);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { ::close(end_); }

  std::FILE* screen() const { return screen_; }
  void resize(unsigned short width) const {
    winsize size{};
    size.ws_col = width;
    size.ws_row = 24;
    ::ioctl(end_, TIOCSWINSZ, &size);
  }
  /// What was written; closes the screen.
  std::string text() {
    std::fclose(screen_);
    std::string all;
    char piece[256];
    for (;;) {  // one read gives as much as one write
      const auto size = ::read(end_, piece, sizeof piece);
      if (size <= 0) return all;
      all.append(piece, static_cast<std::size_t>(size));
    }
  }

 private:
  int end_;
  std::FILE* screen_ = nullptr;
};

/// What stood on the line one after the other.
std::vector<std::string> redraws(const std::string& text) {
  constexpr std::string_view clear = "\r\033[K";
  std::vector<std::string> lines;
  for (std::size_t from = text.find(clear); from != text.npos;) {
    const std::size_t to = text.find(clear, from + clear.size());
    lines.push_back(text.substr(from + clear.size(), to == text.npos ? to : to - from - clear.size()));
    from = to;
  }
  return lines;
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

TEST_CASE("a log gets a line in ten seconds, and one at the end") {
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("loading", 100'000, ProgressUnit::bytes);
    for (std::uint64_t done = 0; done < 100'000; done += 100) {
      pass(0.0351);
      progress.advance(done + 100, "layer");
    }
    progress.end();
  });
  CHECK(!contains(text, "\r"));
  CHECK(!contains(text, "\033"));
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "loading  28 %  27.8 KiB of 97.7 KiB  2.8 KiB/s");
  CHECK(lines[1].starts_with("loading  57 %"));
  CHECK(lines[2].starts_with("loading  86 %"));
  CHECK(lines[3] == "loading done: 97.7 KiB in 35.1 s");
}

TEST_CASE("work of less than a second shows nothing, tasks begin anew, and an empty task ends") {
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("quick", 100, ProgressUnit::bytes);
    pass(0.9);
    progress.advance(100, "a");
    progress.end();
    progress.begin("second", 10, ProgressUnit::items);
    pass(10);
    progress.advance(1, "d");
    progress.begin("third", 0, ProgressUnit::bytes);
    pass(9);
    progress.advance(0, "e");
    progress.end();
  });
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("second  10 %  1 of 10"));
  CHECK(lines[1] == "third done: 0 B in 9.0 s");
}

TEST_CASE("a task that fails writes no end") {
  const std::string text = written([](ProgressBar& progress) {
    progress.begin("loading", 100, ProgressUnit::bytes);
    pass(11);
    progress.advance(50, "a");
  });
  CHECK(lines_of(text).size() == 1);
}

TEST_CASE("a terminal gets one line that is drawn again") {
  Terminal terminal(80);
  if (terminal.screen() == nullptr) return;
  {
    ProgressBar progress(terminal.screen(), test_now);
    progress.begin("loading", 1000, ProgressUnit::bytes);
    for (std::uint64_t done = 1; done <= 1000; ++done) {
      pass(0.002);
      progress.advance(done, "model.layers.0");
    }
    progress.end();
  }
  const std::string text = terminal.text();
  CHECK(contains(text, "\r\033[Kloading  50 % ["));
  CHECK(contains(text, "model.layers.0"));
  CHECK(contains(text, "loading done: 1000 B in 2.0 s"));
  CHECK(text.find('\n') >= text.size() - 2);  // only the last line ends; the terminal adds a return to it
  CHECK(redraws(text).size() == 12);          // ten in the second second, one that clears, what follows it
}

TEST_CASE("a line is never wider than the terminal, which may change") {
  const std::string item(200, 'x');
  for (const unsigned short width : {200, 132, 80, 60, 40, 25, 10, 2}) {
    CAPTURE(width);
    Terminal terminal(200);
    if (terminal.screen() == nullptr) return;
    {
      ProgressBar progress(terminal.screen(), test_now);
      progress.begin("quantizing \xC3\xA4\xC3\xB6\xC3\xBC", 5'000'000'000, ProgressUnit::bytes);
      pass(2);
      progress.advance(123'456'789, item);
      terminal.resize(width);
      pass(0.2);
      progress.advance(2'123'456'789, item);
    }
    const std::vector<std::string> lines = redraws(terminal.text());
    REQUIRE(lines.size() == 3);
    CHECK(columns(lines[0]) == 199);
    CHECK(columns(lines[1]) < width);
    CHECK(columns(lines[1]) >= std::min<std::size_t>(width - 1, 20));
    CHECK(lines[2].empty());  // a task that failed leaves no line
  }
}
