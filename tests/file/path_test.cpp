#include "asterism/file/path.hpp"

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

TEST_CASE("the content of a file, also through a link") {
  const TemporaryFolder folder;
  write_file(folder / "f", "hello");
  write_file(folder / "empty", "");
  REQUIRE(::symlink("f", (folder / "link").c_str()) == 0);
  CHECK(file::read_file(folder / "link", 5) == "hello");
  CHECK(file::read_file(folder / "empty", 0).empty());
  CHECK(file::path_kind(folder / "link") == file::PathKind::file);
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
    const std::string refusal = message_of<FileError>([&] { file::read_file(path, 100); });
    CAPTURE(refusal);
    CHECK(contains(refusal, reason));
    CHECK(contains(refusal, path.c_str()));
  }
  ::close(handle);
  CHECK(file::path_kind(folder / "pipe") == file::PathKind::other);
  CHECK(file::path_kind(folder.path()) == file::PathKind::folder);
  CHECK(file::path_kind(folder / "dangling") == file::PathKind::missing);
  CHECK(file::path_kind("/dev/zero") == file::PathKind::other);
  CHECK_THROWS_AS(file::path_kind(folder / "loop"), FileError);
}

TEST_CASE("files are read up to a limit") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(100'000, 'x'));
  CHECK(file::read_file(folder / "f", 100'000).size() == 100'000);
  check_error<FileError>([&] { file::read_file(folder / "f", 99'999); }, {folder / "f", "100000", "99999"});
  // Its size is told as 0, and it has content nonetheless.
  CHECK(!file::read_file("/proc/self/status", 100'000).empty());
  check_error<FileError>([] { file::read_file("/proc/self/status", 10); }, {"/proc/self/status", "at most 10"});
}

TEST_CASE("descriptors are given back") {
  const TemporaryFolder folder;
  write_file(folder / "f", "x");
  for (int i = 0; i < 3000; ++i) {
    CHECK(file::read_file(folder / "f", 1) == "x");
    CHECK_THROWS_AS(file::read_file(folder.path(), 1), FileError);
  }
}
