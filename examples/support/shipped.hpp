// What the repository ships beside the programs.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace example {

/// The path of `name` below examples/ of the checkout in which the program lies; `name` itself where it lies in none.
inline std::string shipped(std::string_view name) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::path folder = fs::canonical("/proc/self/exe", error); folder.has_relative_path();
       folder = folder.parent_path()) {
    const fs::path found = folder / "examples" / name;
    if (fs::exists(found, error)) return found.string();
  }
  return std::string(name);
}

}  // namespace example
