// Writers that are killed, and two writers at once.
#include <csignal>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using asterism::test::as_bytes;
using asterism::test::check_error;
using asterism::test::TemporaryFolder;
using asterism::test::write_file;

namespace {

/// A process that runs `begin`, tells so, and waits until it is killed.
class Writer {
 public:
  template <class Begin>
  explicit Writer(const Begin& begin) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      const auto held = begin();
      const char byte = 'x';
      if (::write(ends[1], &byte, 1) == 1) ::pause();
      ::_exit(1);
    }
    ::close(ends[1]);
    char byte = 0;
    REQUIRE(::read(ends[0], &byte, 1) == 1);
    ::close(ends[0]);
  }
  ~Writer() { kill(); }

  pid_t process() const { return process_; }
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_ = -1;
};

template <class Thing>
struct Make;
template <>
struct Make<file::NewFile> {
  static auto at(const std::string& path) {
    auto made = std::make_unique<file::NewFile>(path, 1000);
    made->write(as_bytes("half"));
    return made;
  }
};
template <>
struct Make<file::NewFolder> {
  static auto at(const std::string& path) {
    auto made = std::make_unique<file::NewFolder>(path);
    file::write_text_file(made->temporary() + "/f", "half");
    return made;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("what a killed writer leaves is removed and named by the next one", Thing, file::NewFile,
                   file::NewFolder) {
  const TemporaryFolder folder;
  const std::string path = folder / "out";
  write_file(folder / "out.partial-7-0-old", "");  // not one of them, as are the next two
  write_file(folder / "out.partial-seven-0", "");
  write_file(folder / "about.partial-7-0", "");
  const auto others = file::folder_entries(folder.path());
  std::string left;
  {
    Writer writer([&] { return Make<Thing>::at(path); });
    left = concat(path, ".partial-", static_cast<int>(writer.process()), "-0");
    writer.kill();
  }
  REQUIRE(file::path_kind(left) != file::PathKind::missing);
  {
    const auto next = Make<Thing>::at(path);
    CHECK(next->removed() == std::vector<std::string>{left});
    CHECK(file::path_kind(left) == file::PathKind::missing);
  }
  CHECK(file::folder_entries(folder.path()) == others);
  CHECK(Make<Thing>::at(path)->removed().empty());
}

TEST_CASE_TEMPLATE("a second writer at the same time is refused, and the first goes on", Thing, file::NewFile,
                   file::NewFolder) {
  const TemporaryFolder folder;
  const std::string path = folder / "out";
  {
    const Writer writer([&] { return Make<Thing>::at(path); });
    const std::string part = concat(path, ".partial-", static_cast<int>(writer.process()), "-0");
    check_error<FileError>([&] { Make<Thing>::at(path); }, {path, "another writer", part});
    CHECK(file::folder_entries(folder.path()).size() == 1);
    CHECK(file::path_kind(part) != file::PathKind::missing);
  }
  const auto first = Make<Thing>::at(path);  // in one process too
  check_error<FileError>([&] { Make<Thing>::at(path); }, {path, "another writer"});
  CHECK_NOTHROW(Make<Thing>::at(folder / "other"));
}

TEST_CASE("of many writers that begin at once one at a time is at work, and none harms another's") {
  const TemporaryFolder folder;
  const std::string path = folder / "out";
  std::vector<pid_t> processes;
  for (int i = 0; i < 8; ++i) {
    processes.push_back(::fork());
    REQUIRE(processes.back() >= 0);
    if (processes.back() != 0) continue;
    int status = 0;
    for (int round = 0; round < 20 && status == 0; ++round) {
      try {
        file::NewFolder next(path);
        file::write_text_file(next.temporary() + "/f", "whole");
        next.finish([](const std::string&) { return true; });
      } catch (const FileError& error) {
        if (!test::contains(error.what(), "another writer")) status = 1;
      }
    }
    ::_exit(status);
  }
  for (const pid_t process : processes) {
    int status = -1;
    ::waitpid(process, &status, 0);
    CHECK(status == 0);
  }
  CHECK(file::folder_entries(folder.path()) == std::vector<std::string>{"out"});
  CHECK(file::read_file(path + "/f", 10) == "whole");
}
