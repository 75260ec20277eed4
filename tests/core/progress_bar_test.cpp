// Progress for a person: lines in a log, one line drawn again on a terminal.
#include "asterism/core/progress_bar.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

std::string written_to(std::FILE* file) {
  std::rewind(file);
  std::string text;
  std::array<char, 256> piece{};
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file)) text.append(piece.data(), size);
  return text;
}

}  // namespace

TEST_CASE("a log gets a line for every tenth and one at the end") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  ProgressBar bar(file);
  bar.begin("load", 1000);
  for (std::uint64_t done = 1; done <= 1000; ++done) bar.advance(done, "layer 0");
  bar.end();
  const std::string text = written_to(file);
  std::fclose(file);
  CHECK(std::count(text.begin(), text.end(), '\n') == 11);
  CHECK(text.find("load  10 %  100 B of 1000 B") == 0);
  CHECK(text.find("load 100 %  1000 B of 1000 B") != std::string::npos);
  CHECK(text.find("load done: 1000 B in 0.") != std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
}

TEST_CASE("an empty task and a second one are fine") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  ProgressBar bar(file);
  bar.begin("nothing", 0);
  bar.advance(0, "");
  bar.end();
  bar.begin("load", 2);
  bar.advance(1, "a");
  bar.advance(2, "b");
  bar.end();
  const std::string text = written_to(file);
  std::fclose(file);
  CHECK(text.find("nothing done: 0 B") != std::string::npos);
  CHECK(text.find("load  50 %") != std::string::npos);
  CHECK(text.find("load done: 2 B") != std::string::npos);
}

TEST_CASE("a terminal gets one line, drawn again") {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return;  // this system has no terminals
  std::FILE* file = std::fopen(::ptsname(master), "w");
  REQUIRE(file != nullptr);
  ProgressBar bar(file);
  bar.begin("load", 1000);
  for (std::uint64_t done = 1; done <= 1000; ++done) bar.advance(done, "layer 0");
  bar.end();
  std::fclose(file);
  std::string text;
  std::array<char, 256> piece{};
  for (;;) {
    const auto size = ::read(master, piece.data(), piece.size());
    if (size <= 0) break;  // the other side is closed
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  ::close(master);
  CHECK(text.find("\r\033[Kload      [██████████████████████████████] 100 %  1000 B of 1000 B") !=
        std::string::npos);
  CHECK(text.find("layer 0") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);  // the end's
}
