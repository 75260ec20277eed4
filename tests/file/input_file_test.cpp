#include "asterism/file/input_file.hpp"

#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

template <class Source>
std::string read(const Source& source, std::uint64_t first, std::size_t count) {
  std::string out(count, '-');
  source.read(first, {reinterpret_cast<std::byte*>(out.data()), out.size()});
  return out;
}

}  // namespace

TEST_CASE("any bytes of a file are read, and of a part of it") {
  const TemporaryFolder folder;
  write_file(folder / "f", "0123456789");
  file::InputFile opened(folder / "f");
  const file::InputFile file = std::move(opened);
  file.advise_sequential();
  CHECK(file.size() == 10);
  CHECK(file.path() == folder / "f");
  CHECK(read(file, 0, 10) == "0123456789");
  CHECK(read(file, 9, 1) == "9");
  CHECK(read(file, 10, 0).empty());
  file.discard(3, 7);
  const file::StoredBytes part(file, 2, 5);
  CHECK(part.size() == 5);
  CHECK(read(part, 1, 4) == "3456");
  const std::string text = "abc";
  CHECK(read(file::StoredBytes(as_bytes(text)), 1, 2) == "bc");
  CHECK(read(file::StoredBytes(), 0, 0).empty());
  for (const std::uint64_t first : {std::uint64_t{4}, std::uint64_t{11}, ~std::uint64_t{0}}) {
    check_error<InvalidArgument>([&] { read(part, first, 2); }, {"5"});
    check_error<InvalidArgument>([&] { read(file::StoredBytes(as_bytes(text)), first, 2); }, {"3"});
    check_error<InvalidArgument>([&] { read(file, first + 6, 7); }, {folder / "f"});
    check_error<InvalidArgument>([&] { file.discard(first, 7); }, {folder / "f", "discard"});
  }
}

TEST_CASE("a file that becomes shorter while it is read is an error that names it") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(100'000, 'x'));
  const file::InputFile file(folder / "f");
  REQUIRE(::truncate((folder / "f").c_str(), 5'000) == 0);
  CHECK(read(file, 4'000, 1'000) == std::string(1'000, 'x'));
  check_error<FileError>([&] { read(file, 4'000, 1'001); }, {folder / "f", "truncated from 100000 to", "5000"});
  check_error<FileError>([&] { read(file::StoredBytes(file, 90'000, 10), 0, 1); }, {folder / "f", "truncated"});
}

TEST_CASE("what is no regular file can't be opened") {
  const TemporaryFolder folder;
  check_error<FileError>([&] { file::InputFile file(folder.path()); }, {folder.path(), "a folder"});
  check_error<FileError>([&] { file::InputFile file(folder / "nowhere"); }, {folder / "nowhere"});
}
