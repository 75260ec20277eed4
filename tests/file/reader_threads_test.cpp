// Reads in the background: complete, in any order of waiting, given up, failed.
#include "asterism/file/reader_threads.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using file::DirectFile;
using file::ReaderThreads;
using test::check_error;
using test::TemporaryFolder;

namespace {

constexpr std::size_t page = 4096;

struct Memory {
  explicit Memory(std::size_t bytes) : data(static_cast<std::byte*>(std::aligned_alloc(page, bytes)), std::free) {}
  std::unique_ptr<std::byte, void (*)(void*)> data;
};

std::string random_text(std::size_t bytes) {
  Random random(5);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xFFU);
  return text;
}

}  // namespace

TEST_CASE("each read fills its memory, whatever the order of waiting and the number of threads") {
  const TemporaryFolder folder;
  const std::string text = random_text(2 * DirectFile::piece + 8 * page);
  test::write_file(folder / "f", text);
  const DirectFile file(folder / "f");
  for (const std::size_t threads : {1U, 2U, 3U}) {
    ReaderThreads readers(file, threads);
    const Memory whole(text.size());
    const Memory parts(8 * page);
    const auto all = readers.submit(0, {whole.data.get(), text.size()});
    std::vector<ReaderThreads::Ticket> tickets;
    for (std::size_t i = 0; i < 8; ++i) {
      tickets.push_back(readers.submit((7 - i) * page, {parts.data.get() + i * page, page}));
    }
    for (std::size_t i = 8; i-- > 0;) readers.wait(tickets[i]);
    for (std::size_t i = 0; i < 8; ++i) {
      CHECK(std::string(reinterpret_cast<const char*>(parts.data.get() + i * page), page) ==
            text.substr((7 - i) * page, page));
    }
    readers.wait(all);
    CHECK(std::string(reinterpret_cast<const char*>(whole.data.get()), text.size()) == text);
    check_error<InvalidArgument>([&] { readers.wait(all); }, {"no read", "under way"});
    const auto nothing = readers.submit(0, {});
    CHECK(readers.is_done(nothing));
    readers.wait(nothing);
  }
}

TEST_CASE("an arrival's time ends when the memory is filled, not when somebody waits for it") {
  ReaderThreads readers(nullptr, 1);
  const std::vector<std::byte> from(std::size_t{64} << 20U);
  std::vector<std::byte> to(from.size());
  const ReaderThreads::Ticket first = readers.submit(View<const std::byte>(from), View<std::byte>(to));
  const ReaderThreads::Arrival at_once = readers.wait(first);
  CHECK(at_once.late);
  CHECK(at_once.seconds > 0);
  const View<std::byte> page_of_it = View<std::byte>(to).subview(0, page);
  const ReaderThreads::Ticket second = readers.submit(View<const std::byte>(from).subview(0, page), page_of_it);
  while (!readers.is_done(second)) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const ReaderThreads::Arrival before = readers.wait(second);
  CHECK(!before.late);
  CHECK(before.seconds < .2);
}

TEST_CASE("what fails is told to who waits, and the others go on") {
  const TemporaryFolder folder;
  test::write_file(folder / "f", std::string(16 * page, 'x'));
  const DirectFile file(folder / "f");
  ReaderThreads readers(file);
  const Memory memory(4 * page);
  const auto unaligned = readers.submit(7, {memory.data.get(), page});
  const auto sound = readers.submit(page, {memory.data.get() + page, page});
  check_error<InvalidArgument>([&] { readers.wait(unaligned); }, {"aligned"});
  readers.wait(sound);
  REQUIRE(::truncate((folder / "f").c_str(), 2 * page) == 0);
  const auto lost = readers.submit(4 * page, {memory.data.get(), page});
  check_error<FileError>([&] { readers.wait(lost); }, {folder / "f", "truncated"});
  readers.wait(readers.submit(page, {memory.data.get(), page}));
  check_error<InvalidArgument>([&] { ReaderThreads none(file, 0); }, {"at least one"});
}

TEST_CASE("a read given up writes to its memory no more; the end waits for none that was not begun") {
  const TemporaryFolder folder;
  const std::string text = random_text(2 * DirectFile::piece);
  test::write_file(folder / "f", text);
  const DirectFile file(folder / "f");
  const Memory memory(text.size());
  for (int i = 0; i < 20; ++i) {
    ReaderThreads readers(file);
    std::vector<ReaderThreads::Ticket> tickets;
    for (int k = 0; k < 6; ++k) tickets.push_back(readers.submit(0, {memory.data.get(), text.size()}));
    for (int k = 5; k >= i % 3; --k) readers.cancel(tickets[static_cast<std::size_t>(k)]);
    if (i % 3 == 0) {
      for (std::size_t b = 0; b < text.size(); ++b) memory.data.get()[b] = std::byte{1};
      std::this_thread::yield();
      bool untouched = true;
      for (std::size_t b = 0; b < text.size(); ++b) untouched = untouched && memory.data.get()[b] == std::byte{1};
      CHECK(untouched);
    }
  }
}

TEST_CASE("several threads may ask at once") {
  const TemporaryFolder folder;
  const std::string text = random_text(64 * page);
  test::write_file(folder / "f", text);
  const DirectFile file(folder / "f");
  ReaderThreads readers(file);
  std::vector<std::jthread> askers;
  std::vector<int> wrong(4, 0);
  for (std::size_t a = 0; a < 4; ++a) {
    askers.emplace_back([&, a] {
      const Memory memory(page);
      for (std::size_t i = 0; i < 64; ++i) {
        const std::size_t at = (i * 7 + a) % 64 * page;
        readers.wait(readers.submit(at, {memory.data.get(), page}));
        wrong[a] += std::string(reinterpret_cast<const char*>(memory.data.get()), page) != text.substr(at, page);
      }
    });
  }
  askers.clear();
  CHECK(wrong == std::vector<int>(4, 0));
}
