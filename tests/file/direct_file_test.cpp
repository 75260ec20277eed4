// Reads past the system's cache, aligned or refused, and what they leave in it.
#include "asterism/file/direct_file.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/new_file.hpp"

#include "support/files.hpp"

using namespace asterism;
using file::DirectFile;
using file::ReadMode;
using test::check_error;
using test::TemporaryFolder;
using test::write_file;

namespace {

constexpr std::size_t page = 4096;

/// Memory for aligned reads.
class Aligned {
 public:
  explicit Aligned(std::size_t bytes)
      : bytes_(static_cast<std::byte*>(std::aligned_alloc(page, bytes)), std::free), size_(bytes) {}
  View<std::byte> view(std::size_t first, std::size_t count) const { return {bytes_.get() + first, count}; }
  std::string text(std::size_t first, std::size_t count) const {
    return {reinterpret_cast<const char*>(bytes_.get() + first), count};
  }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<std::byte, void (*)(void*)> bytes_;
  std::size_t size_;
};

std::string random_text(std::size_t bytes) {
  Random random(3);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random() & 0xFFU);
  return text;
}

/// Pages of a file in the system's cache.
std::size_t cached_pages(const std::string& path, std::size_t bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  std::vector<unsigned char> resident((bytes + page - 1) / page);
  REQUIRE(::mincore(mapped, bytes, resident.data()) == 0);
  ::munmap(mapped, bytes);
  ::close(descriptor);
  std::size_t count = 0;
  for (const unsigned char one : resident) count += one & 1U;
  return count;
}

/// Writes the file through to the disk and out of the cache.
void forget(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(::fsync(descriptor) == 0);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

}  // namespace

TEST_CASE("both modes read the same bytes, over pieces too") {
  const TemporaryFolder folder;
  const std::string text = random_text(DirectFile::piece + 5 * page);
  write_file(folder / "f", text);
  for (const ReadMode wanted : {ReadMode::direct, ReadMode::buffered}) {
    const DirectFile file(folder / "f", wanted);
    MESSAGE("asked for ", std::string(name_of(wanted)), ", reads ", std::string(name_of(file.mode())));
    CHECK((wanted == ReadMode::direct || file.mode() == ReadMode::buffered));
    CHECK(file.size() == text.size());
    CHECK(page % file.alignment() == 0);
    const Aligned memory(text.size());
    file.read(0, memory.view(0, text.size()));
    CHECK(memory.text(0, text.size()) == text);
    file.read(3 * page, memory.view(page, 2 * page));
    CHECK(memory.text(page, 2 * page) == text.substr(3 * page, 2 * page));
    file.read(text.size(), memory.view(0, 0));
  }
}

TEST_CASE("what is not aligned, or beyond the file, is refused in both modes") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(3 * page, 'x'));
  const Aligned memory(4 * page);
  for (const ReadMode wanted : {ReadMode::direct, ReadMode::buffered}) {
    const DirectFile file(folder / "f", wanted);
    check_error<InvalidArgument>([&] { file.read(100, memory.view(0, page)); }, {folder / "f", "100", "aligned"});
    check_error<InvalidArgument>([&] { file.read(0, memory.view(8, page)); }, {"memory"});
    check_error<InvalidArgument>([&] { file.read(0, memory.view(0, 100)); }, {"100", "aligned"});
    check_error<InvalidArgument>([&] { file.read(page, memory.view(0, 3 * page)); }, {"of 12288"});
    check_error<InvalidArgument>([&] { file.read(~std::uint64_t{0} / page * page, memory.view(0, page)); },
                                 {"of 12288"});
  }
  check_error<FileError>([&] { DirectFile file(folder / "none"); }, {"none"});
  check_error<FileError>([&] { DirectFile file(folder.path()); }, {"a folder"});
}

TEST_CASE("a file that becomes shorter is an error that names the byte, not a signal") {
  const TemporaryFolder folder;
  for (const ReadMode wanted : {ReadMode::direct, ReadMode::buffered}) {
    for (const std::size_t left : {std::size_t{0}, page, page + 100}) {
      write_file(folder / "f", std::string(8 * page, 'x'));
      const DirectFile file(folder / "f", wanted);
      REQUIRE(::truncate((folder / "f").c_str(), static_cast<off_t>(left)) == 0);
      const Aligned memory(4 * page);
      check_error<FileError>([&] { file.read(0, memory.view(0, 4 * page)); },
                             {folder / "f", "truncated from 32768 to at most " + std::to_string(left)});
    }
  }
}

TEST_CASE("a file replaced under its name stays the old one") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(page, 'a'));
  const DirectFile file(folder / "f");
  write_file(folder / "g", std::string(page, 'b'));
  REQUIRE(::rename((folder / "g").c_str(), (folder / "f").c_str()) == 0);
  const Aligned memory(page);
  file.read(0, memory.view(0, page));
  CHECK(memory.text(0, page) == std::string(page, 'a'));
}

TEST_CASE("reads leave next to nothing in the system's cache") {
  const TemporaryFolder folder;
  const std::string text = random_text(std::size_t{16} << 20U);
  write_file(folder / "f", text);
  forget(folder / "f");
  if (cached_pages(folder / "f", text.size()) > 0) {
    MESSAGE("SKIPPED: this file system keeps files in memory");
    return;
  }
  for (const ReadMode wanted : {ReadMode::direct, ReadMode::buffered}) {
    const DirectFile file(folder / "f", wanted);
    const Aligned memory(text.size());
    file.read(0, memory.view(0, text.size()));
    CHECK(cached_pages(folder / "f", text.size()) <= text.size() / page / 100);
  }
}

TEST_CASE("what writing left in the system's cache is dropped where reads are direct") {
  const TemporaryFolder folder;
  const std::string text = random_text(std::size_t{8} << 20U);
  file::write_text_file(folder / "g", text);  // and is on the disk
  const std::size_t before = cached_pages(folder / "g", text.size());
  const file::DirectFile file(folder / "g");
  if (file.mode() != file::ReadMode::direct || before == 0) {
    MESSAGE("not shown: this folder takes no direct reads, or is not cached");
    return;
  }
  CHECK(cached_pages(folder / "g", text.size()) <= before / 100);
}
