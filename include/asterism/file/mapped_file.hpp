// Read-only files: mapped, or read whole up to a size limit. Opening never blocks: anything but a regular file (a
// pipe, a device, a folder, a loop of links) is an error at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

/// What a path refers to, links followed.
enum class PathKind : std::uint8_t { missing, file, folder, other };

/// What `path` refers to. FileError if that can't be determined (no permission, a loop of links, a name too long).
PathKind path_kind(const std::string& path);

/// A whole regular file (or a link to one), mapped read-only. Pages are loaded on access; nothing is copied.
/// Movable; views stay valid when it is moved. Const members may be called from several threads. Truncating a
/// mapped file kills readers of the lost pages with SIGBUS, as with any mapping: never write into a checkpoint in
/// use (replace its files by renaming); `check_unchanged` detects truncation early.
class MappedFile {
 public:
  MappedFile() = default;
  /// FileError if `path` is not a regular file, can't be opened or can't be mapped. An empty file is allowed.
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  std::size_t size() const { return static_cast<std::size_t>(file_.size()); }
  View<const std::byte> bytes() const { return {data_, size()}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size()}; }

  /// FileError if the file has become shorter since it was mapped. One system call.
  void check_unchanged() const;

  /// Advises the system that the file is read from beginning to end, so that it reads further ahead.
  void advise_sequential() const;

  /// Releases the memory of the pages entirely inside [offset, offset + count). A reader that copies weights out
  /// calls it as it goes, so that the file does not fill the memory. The range may be read again. InvalidArgument
  /// if the range exceeds the file.
  void discard(std::size_t offset, std::size_t count) const;

 private:
  std::string path_;
  detail::OpenFile file_;
  const std::byte* data_ = nullptr;
};

/// The whole content of a regular file of at most `max_bytes` bytes. FileError if it is larger, not a regular
/// file, or can't be read.
std::string read_text_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/mapped_file_impl.hpp"
#endif
