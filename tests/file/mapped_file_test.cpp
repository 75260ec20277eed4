#include "asterism/file/mapped_file.hpp"

#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::file;
using asterism::test::check_error;
using asterism::test::contains;
using asterism::test::message_of;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

TEST_CASE("a mapped file shows its bytes, also through a link and after a move") {
  const TemporaryFolder folder;
  write_file(folder / "f", "hello");
  REQUIRE(::symlink("f", (folder / "link").c_str()) == 0);
  file::MappedFile file(folder / "link");
  CHECK(file.size() == 5);
  CHECK(file.text() == "hello");
  CHECK(file.path() == folder / "link");
  const std::byte* data = file.bytes().data;
  file::MappedFile moved = std::move(file);
  CHECK(moved.text() == "hello");
  CHECK(moved.bytes().data == data);
  file::MappedFile assigned;
  assigned = std::move(moved);
  CHECK(assigned.text() == "hello");
  CHECK(file::read_text_file(folder / "link", 5) == "hello");
}

TEST_CASE("an empty file is empty") {
  const TemporaryFolder folder;
  write_file(folder / "f", "");
  const file::MappedFile file(folder / "f");
  CHECK(file.size() == 0);
  CHECK(file.bytes().empty());
  file.advise_sequential();
  file.discard(0, 0);
  CHECK_NOTHROW(file.check_unchanged());
  CHECK(file::read_text_file(folder / "f", 0).empty());
  CHECK(file::MappedFile().bytes().empty());
}

TEST_CASE("discarded pages can be read again") {
  const TemporaryFolder folder;
  std::string content(100'000, 'x');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>('a' + i * 7 % 26);
  write_file(folder / "f", content);
  const file::MappedFile file(folder / "f");
  file.advise_sequential();
  CHECK(file.text() == content);
  file.discard(1, 60'000);
  file.discard(0, file.size());
  file.discard(5, 10);
  CHECK(file.text() == content);
  CHECK_THROWS_AS(file.discard(100'001, 0), InvalidArgument);
  CHECK_THROWS_AS(file.discard(1, 100'000), InvalidArgument);
  CHECK_THROWS_AS(file.discard(1, ~std::size_t{0}), InvalidArgument);
}

TEST_CASE("whatever is no regular file is an error at once") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  REQUIRE(::mkdir((folder / "folder").c_str(), 0700) == 0);
  REQUIRE(::symlink("loop", (folder / "loop").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (folder / "dangling").c_str()) == 0);
  REQUIRE(::symlink("pipe", (folder / "to_pipe").c_str()) == 0);
  const int handle = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string socket_path = folder / "socket";
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

  const std::pair<std::string, std::string> cases[] = {{folder / "pipe", "named pipe"},
                                                       {folder / "to_pipe", "named pipe"},
                                                       {folder / "folder", "folder"},
                                                       {folder / "loop", "symbolic links"},
                                                       {folder / "dangling", "link to a file that does not exist"},
                                                       {folder / "missing", "No such file"},
                                                       {folder / "socket", "socket"},
                                                       {"/dev/zero", "device"},
                                                       {folder / std::string(5000, 'x'), "too long"},
                                                       {folder / "pipe/x", "Not a directory"},
                                                       {"", "empty"},
                                                       {std::string("a\0b", 3), "NUL"}};
  for (const auto& [given, reason] : cases) {
    const std::string path = given;  // clang 14 can't capture a structured binding
    CAPTURE(path);
    const std::string mapped = message_of<FileError>([&] { file::MappedFile file(path); });
    CAPTURE(mapped);
    CHECK(contains(mapped, reason));
    CHECK(contains(mapped, path.c_str()));
    CHECK(contains(message_of<FileError>([&] { file::read_text_file(path, 100); }), reason));
  }
  ::close(handle);
  CHECK(file::path_kind(folder / "pipe") == file::PathKind::other);
  CHECK(file::path_kind(folder.path()) == file::PathKind::folder);
  CHECK(file::path_kind(folder / "dangling") == file::PathKind::missing);
  CHECK(file::path_kind("/dev/zero") == file::PathKind::other);
  CHECK_THROWS_AS(file::path_kind(folder / "loop"), FileError);
}

TEST_CASE("a text file has a limit") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(100'000, 'x'));
  CHECK(file::read_text_file(folder / "f", 100'000).size() == 100'000);
  check_error<FileError>([&] { file::read_text_file(folder / "f", 99'999); }, {folder / "f", "100000", "99999"});
  // Its size is told as 0, and it has content nonetheless.
  CHECK(!file::read_text_file("/proc/self/status", 100'000).empty());
  check_error<FileError>([] { file::read_text_file("/proc/self/status", 10); },
                         {"/proc/self/status", "at most 10"});
}

TEST_CASE("truncation of a file in use is found") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(10'000, 'x'));
  const file::MappedFile file(folder / "f");
  CHECK_NOTHROW(file.check_unchanged());
  REQUIRE(::truncate((folder / "f").c_str(), 5'000) == 0);
  check_error<FileError>([&] { file.check_unchanged(); }, {folder / "f", "10000", "5000"});
}

TEST_CASE("descriptors are given back") {
  const TemporaryFolder folder;
  write_file(folder / "f", "x");
  for (int i = 0; i < 3000; ++i) {
    file::MappedFile file(folder / "f");
    CHECK_THROWS_AS(file::MappedFile(folder.path()), FileError);
  }
}
