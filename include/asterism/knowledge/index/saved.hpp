// A file that holds what an index has built, so that it need not be built again: a cache, never the only copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/file/new_file.hpp"

namespace asterism::index {

/// What became of a file that was to be read back. Only what is `taken` is used; all else is built again.
enum class Restored : std::uint8_t {
  taken,          ///< everything agrees
  absent,         ///< there is no such file, or it can't be opened
  damaged,        ///< cut, changed, or not such a file
  other_version,  ///< of the format
  other_options,  ///< another engine, another version of its library, or options that shape what it builds
  other_rows  ///< vectors were inserted, replaced or erased since, or there are more than the index has room for
};

/// For people: "taken", "absent", ...
std::string_view name_of(Restored restored);

namespace detail {

inline constexpr std::string_view saved_mark = "ASTINDEX";
inline constexpr std::uint64_t saved_version = 1;

/// Writes such a file: the mark, the version, what is written, and the CRC-32C of all that. Numbers are 64 bits,
/// little-endian. The file appears under its name when it is finished (file::NewFile). FileError.
class SavedWriter {
 public:
  /// `bytes` are reserved on the disk.
  SavedWriter(const std::string& path, std::uint64_t bytes);
  void write(View<const std::byte> bytes);
  void number(std::uint64_t value);
  void text(std::string_view value);
  void finish();

 private:
  file::NewFile file_;
  std::uint32_t sum_ = 0;
};

/// Reads such a file from its beginning. FormatError beyond its end.
class SavedReader {
 public:
  /// Reads all of it once, for the checksum. Throws nothing for a file that is not sound: see `found`.
  explicit SavedReader(const std::string& path);
  /// `taken` if it is sound, else what is wrong with it; then nothing else may be called.
  Restored found() const { return found_; }
  /// Bytes that are left.
  std::uint64_t left() const { return end_ - at_; }
  void read(View<std::byte> out);
  std::uint64_t number();
  std::string text();

 private:
  Restored check();

  std::optional<file::InputFile> file_;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;  // where the checksum stands
  Restored found_;
};

}  // namespace detail
}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/saved_impl.hpp"
#endif
