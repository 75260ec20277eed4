#include "asterism/file/new_folder.hpp"

#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::file;
using asterism::test::check_error;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

bool nothing_is_outdated(std::string_view) { return false; }

}  // namespace

TEST_CASE("the entries of a folder are listed in order") {
  const TemporaryFolder folder;
  CHECK(file::folder_entries(folder.path()).empty());
  write_file(folder / "b", "");
  write_file(folder / "a", "");
  REQUIRE(::mkdir((folder / "c").c_str(), 0700) == 0);
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"a", "b", "c"});
  check_error<FileError>([&] { file::folder_entries(folder / "nowhere"); }, {folder / "nowhere"});
  check_error<FileError>([&] { file::folder_entries(folder / "a"); }, {folder / "a"});
}

TEST_CASE("a new folder appears when it is complete") {
  const TemporaryFolder parent;
  {
    file::NewFolder folder(parent / "out/");
    write_file(folder.temporary() + "/f", "new");
    CHECK(file::path_kind(parent / "out") == file::PathKind::missing);
    folder.finish(nothing_is_outdated);
    CHECK(folder.temporary().empty());
  }
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
  CHECK(file::read_file(parent / "out/f", 10) == "new");
}

TEST_CASE("an older folder is replaced, its other files kept, the outdated dropped") {
  const TemporaryFolder parent;
  REQUIRE(::mkdir((parent / "out").c_str(), 0700) == 0);
  write_file(parent / "out/f", "old");
  write_file(parent / "out/kept", "kept");
  write_file(parent / "out/outdated", "outdated");
  file::NewFolder folder(parent / "out");
  write_file(folder.temporary() + "/f", "new");
  CHECK(file::read_file(parent / "out/f", 10) == "old");
  folder.finish([](std::string_view name) { return name == "outdated"; });
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
  CHECK(file::folder_entries(parent / "out") == std::vector<std::string>{"f", "kept"});
  CHECK(file::read_file(parent / "out/f", 10) == "new");
  CHECK(file::read_file(parent / "out/kept", 10) == "kept");
}

TEST_CASE("an unfinished folder leaves nothing, and the older one as it was") {
  const TemporaryFolder parent;
  REQUIRE(::mkdir((parent / "out").c_str(), 0700) == 0);
  write_file(parent / "out/f", "old");
  {
    file::NewFolder folder(parent / "out");
    write_file(folder.temporary() + "/f", "half");
  }
  CHECK(file::folder_entries(parent.path()) == std::vector<std::string>{"out"});
  CHECK(file::read_file(parent / "out/f", 10) == "old");
}

TEST_CASE("what can't be replaced as a whole is refused before anything is written") {
  const TemporaryFolder parent;
  const std::string out = parent / "out";
  const auto refuse = [&](std::initializer_list<std::string_view> parts) {
    const auto before = file::folder_entries(parent.path());
    check_error<FileError>([&] { file::NewFolder folder(out); }, parts);
    CHECK(file::folder_entries(parent.path()) == before);
  };
  SUBCASE("a file") {
    write_file(out, "");
    refuse({out, "no folder"});
  }
  SUBCASE("a link") {
    REQUIRE(::symlink(parent.path().c_str(), out.c_str()) == 0);
    refuse({out, "no folder"});
  }
  SUBCASE("a folder with a folder inside") {
    REQUIRE(::mkdir(out.c_str(), 0700) == 0);
    REQUIRE(::mkdir((out + "/runs").c_str(), 0700) == 0);
    refuse({out + "/runs", "another path"});
  }
  SUBCASE("a folder with a link inside") {
    REQUIRE(::mkdir(out.c_str(), 0700) == 0);
    REQUIRE(::symlink("x", (out + "/link").c_str()) == 0);
    refuse({out + "/link"});
  }
  SUBCASE("nowhere") {
    check_error<FileError>([&] { file::NewFolder folder(out + "/deep/er"); }, {out + "/deep/er", "No such file"});
  }
}
