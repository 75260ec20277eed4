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

/// Writes under a temporary name in the same folder ("NAME.partial-PROCESS-NUMBER") and renames at the end, so
/// that a crash or a full disk neither leaves half a file under the final name nor harms an existing one. The next
/// writer of the same name removes what a killed process left; a concurrent writer is refused. Not thread-safe.
class NewFile {
 public:
  /// Creates the temporary file and reserves `bytes` for it, so that a full disk is found before the work.
  /// FileError if that fails or if another writer is at work on `path`.
  NewFile(const std::string& path, std::uint64_t bytes);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  /// The final path.
  const std::string& path() const { return path_; }

  /// Leftover temporary files of dead writers that were removed.
  const std::vector<std::string>& removed() const { return partial_.removed(); }

  /// Appends. FileError if the disk does not take all of it.
  void write(View<const std::byte> bytes);

  /// Makes the file durable and renames it to its final name.
  void finish();

 private:
  std::string path_;
  detail::Partial partial_;
  bool finished_ = false;
  std::uint64_t written_ = 0;
};

/// Writes `text` to `path`, replacing an existing file atomically. FileError naming the path.
void write_text_file(const std::string& path, std::string_view text);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/new_file_impl.hpp"
#endif
