// A file that appears under its name only when it is complete and on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::file {

/// Writes beside the final place under a temporary name ("NAME.partial-PROCESS-NUMBER") and renames at the end, so
/// that a crash or a full disk never leaves half a file, nor harms an old one, under the name. One thread at a
/// time.
class NewFile {
 public:
  /// Creates the temporary file and reserves `bytes` for it, so that a full disk is found before the work.
  NewFile(const std::string& path, std::uint64_t bytes);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() { abandon(); }

  /// Where the file will appear.
  const std::string& path() const { return path_; }

  /// Appends. FileError when the disk does not take all of it.
  void write(View<const std::byte> bytes);

  /// Makes the file durable and gives it its name.
  void finish();

 private:
  void abandon();

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  std::uint64_t written_ = 0;
};

/// Writes `text` to `path`, replacing an older file at once. FileError naming the path.
void write_text_file(const std::string& path, std::string_view text);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/new_file_impl.hpp"
#endif
