// Files as checkpoints need them: mapped read-only, or read whole up to a limit. Opening never blocks: whatever is
// no regular file (a pipe, a device, a folder, a loop of links) is an error at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/open_file.hpp"

namespace asterism::file {

/// What stands under a path, links followed.
enum class PathKind : std::uint8_t { missing, file, folder, other };

/// What stands under `path`. FileError where that can't be told (no permission, a loop of links, a name too long).
PathKind path_kind(const std::string& path);

/// A whole regular file (or a link to one), mapped read-only. Reading pages it in; nothing is copied.
/// Movable; the view stays valid when it is moved. Const members may be called from several threads.
/// A file that is truncated while it is mapped kills a reader of the lost pages with SIGBUS, as any mapping does:
/// do not write into a checkpoint in use (replace its files by renaming); `check_unchanged` finds it early.
class MappedFile {
 public:
  MappedFile() = default;
  /// FileError when `path` is no regular file, can't be opened or can't be mapped. An empty file is allowed.
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  std::size_t size() const { return static_cast<std::size_t>(file_.size()); }
  View<const std::byte> bytes() const { return {data_, size()}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size()}; }

  /// FileError when the file has become shorter than when it was mapped. One system call.
  void check_unchanged() const;

  /// Advice for a reader that goes from the beginning to the end: read ahead further.
  void advise_sequential() const;

  /// Gives back the memory of the pages that lie whole inside [offset, offset + count): a reader that copies
  /// weights out calls it behind itself, so that the file does not fill the memory. Reading them again is allowed.
  /// InvalidArgument when the range does not lie in the file.
  void discard(std::size_t offset, std::size_t count) const;

 private:
  std::string path_;
  detail::OpenFile file_;
  const std::byte* data_ = nullptr;
};

/// The whole content of a regular file of at most `max_bytes` bytes. FileError when it is larger, no regular file,
/// or can't be read.
std::string read_text_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace asterism::file

#if !defined(ASTERISM_COMPILED)
#include "asterism/file/mapped_file_impl.hpp"
#endif
