// A file that appears under its name only when it is complete and on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/partial.hpp"

namespace asterism::file {

/// Writes beside the final place under a temporary name ("NAME.partial-PROCESS-NUMBER") and renames at the end, so
/// that a crash or a full disk never leaves half a file, nor harms an old one, under the name. What a process that
/// was killed has left there is removed by the next writer of the same name; a second writer at the same time is
/// refused. One thread at a time.
class NewFile {
 public:
  /// Creates the temporary file and reserves `bytes` for it, so that a full disk is found before the work. FileError
  /// where that fails, and where another writer is at work on `path`.
  NewFile(const std::string& path, std::uint64_t bytes);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  /// Where the file will appear.
  const std::string& path() const { return path_; }

  /// Unfinished files of writers that are gone, which have been removed.
  const std::vector<std::string>& removed() const { return partial_.removed(); }

  /// Appends. FileError when the disk does not take all of it.
  void write(View<const std::byte> bytes);

  /// Makes the file durable and gives it its name.
  void finish();

 private:
  std::string path_;
  detail::Partial partial_;
  bool finished_ = false;
  std::uint64_t written_ = 0;
};

/// Writes `text` to `path`, replacing an older file at once. FileError naming the path.
void write_text_file(const std::string& path, std::string_view text);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/new_file_impl.hpp"
#endif
