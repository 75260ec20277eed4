#include "asterism/file/new_file.hpp"

#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::file;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

TEST_CASE("a file appears when it is complete") {
  const TemporaryFolder folder;
  write_file(folder / "f", "old");
  {
    file::NewFile file(folder / "f", 100);
    file.write(as_bytes("new "));
    file.write(as_bytes(""));
    file.write(as_bytes("text"));
    CHECK(file::read_file(folder / "f", 100) == "old");
    CHECK(file::folder_entries(folder.path()).size() == 2);
    file.finish();
    CHECK(file::read_file(folder / "f", 100) == "new text");  // and no reserved bytes behind it
  }
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"f"});
  file::write_text_file(folder / "f", "");
  CHECK(file::read_file(folder / "f", 100).empty());
}

TEST_CASE("an unfinished file leaves nothing") {
  const TemporaryFolder folder;
  write_file(folder / "f", "old");
  {
    file::NewFile file(folder / "f", 10);
    file.write(as_bytes("half"));
  }
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"f"});
  CHECK(file::read_file(folder / "f", 100) == "old");
}

TEST_CASE("errors name the file") {
  const TemporaryFolder folder;
  check_error<FileError>([&] { file::NewFile file(folder / "nowhere/f", 1); },
                         {folder / "nowhere/f", "No such file"});
  check_error<FileError>([&] { file::NewFile file(folder / "f", ~std::uint64_t{0}); }, {folder / "f", "exceed"});
  check_error<FileError>([&] { file::write_text_file(folder.path(), "x"); }, {folder.path()});
  check_error<FileError>([] { file::NewFile file("", 1); }, {"empty"});
  CHECK(file::folder_entries(folder.path()).empty());
}

TEST_CASE("a disk that refuses more bytes is an error that names the file and the byte, and leaves the old file") {
  const TemporaryFolder folder;
  write_file(folder / "f", "old");
  rlimit usual = {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &usual) == 0);
  rlimit small = usual;
  small.rlim_cur = 10'000;
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string reserved;
  std::string written;
  try {
    file::NewFile file(folder / "f", 20'000);
  } catch (const FileError& error) {
    reserved = error.what();
  }
  try {
    file::NewFile file(folder / "f", 0);
    file.write(as_bytes(std::string(8'000, 'x')));
    file.write(as_bytes(std::string(8'000, 'x')));
    file.finish();
  } catch (const FileError& error) {
    written = error.what();
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &usual) == 0);
  ::signal(SIGXFSZ, handler);
  CHECK(test::contains(reserved, folder / "f"));
  CHECK(test::contains(reserved, "20000"));
  CHECK(test::contains(written, folder / "f"));
  CHECK(test::contains(written, "at byte 10000"));
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"f"});
  CHECK(file::read_file(folder / "f", 100) == "old");
}
