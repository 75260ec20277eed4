// What every file of the room begins with: an open regular file, paths, and what the system's refusals become.
#include "asterism/file/open_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;
using file::detail::OpenFile;
using test::check_error;
using test::TemporaryFolder;

TEST_CASE("a regular file, also through a link, with its size; moved on, and closed") {
  const TemporaryFolder folder;
  test::write_file(folder / "f", "seven b");
  REQUIRE(::symlink((folder / "f").c_str(), (folder / "link").c_str()) == 0);
  OpenFile one(folder / "link");
  CHECK(one.size() == 7);
  const int descriptor = one.descriptor();
  OpenFile other(std::move(one));
  CHECK(other.descriptor() == descriptor);
  CHECK(one.descriptor() == -1);  // NOLINT(bugprone-use-after-move): what is left is what is tested
  other = OpenFile();
  CHECK(::fcntl(descriptor, F_GETFD) == -1);
  CHECK(errno == EBADF);
}

TEST_CASE("what is no regular file is named as what it is, and opening it never waits") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  REQUIRE(::symlink("nowhere", (folder / "broken").c_str()) == 0);
  check_error<FileError>([&] { OpenFile(folder / "pipe"); }, {folder / "pipe", "a named pipe", "a regular file"});
  check_error<FileError>([&] { OpenFile(folder.path()); }, {folder.path(), "a folder"});
  check_error<FileError>([&] { OpenFile("/dev/null"); }, {"/dev/null", "a device"});
  check_error<FileError>([&] { OpenFile(folder / "broken"); },
                         {folder / "broken", "a link to a file that does not exist"});
  check_error<FileError>([&] { OpenFile(folder / "missing"); },
                         {folder / "missing", "can't be opened", "No such file"});
  check_error<FileError>([] { OpenFile(""); }, {"the path of a file is empty"});
  check_error<FileError>([] { OpenFile(std::string("a\0b", 3)); }, {"NUL"});
}

TEST_CASE("the folder that holds a path") {
  CHECK(file::detail::parent_of("a") == ".");
  CHECK(file::detail::parent_of("/a") == "/");
  CHECK(file::detail::parent_of("/a/b") == "/a");
  CHECK(file::detail::parent_of("a/b/c") == "a/b");
  CHECK_NOTHROW(file::detail::sync_folder("/tmp"));
  check_error<FileError>([] { file::detail::sync_folder("/nowhere"); }, {"/nowhere", "can't be opened"});
}
