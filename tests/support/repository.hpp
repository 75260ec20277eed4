// Where the repository is, for programs of the tests.
#pragma once

#include <filesystem>

namespace asterism::test {

/// Goes to the root of the repository, upwards from where the program lies, since paths in tests are relative to it and
/// none is compiled into them. A program outside, such as one of a document's snippets, stays where it is.
inline void enter_repository() {
  namespace fs = std::filesystem;
  for (fs::path folder = fs::canonical("/proc/self/exe"); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / "tests" / "golden")) return fs::current_path(folder);
  }
}

}  // namespace asterism::test
