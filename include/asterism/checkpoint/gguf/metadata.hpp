// The metadata of a GGUF file: keys with values of thirteen types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"

namespace asterism::checkpoint {

namespace detail {

class GgufCursor;

}  // namespace detail

/// Types of values, numbered as in the file. Source: ggml, docs/gguf.md, `gguf_metadata_value_type`.
enum class GgufType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// "u8", "string", ...
std::string_view gguf_type_name(GgufType type);

/// Where the value of a key is.
struct GgufEntry {
  std::string key;
  GgufType type = GgufType::u8;
  GgufType item = GgufType::u8;  ///< of an array
  std::uint64_t count = 1;       ///< items of an array
  std::uint64_t place = 0;       ///< of the value, or of the first item: its byte among those of the metadata
};

/// The metadata of one file. Values stay as the file has them and are read when they are asked for: a field that is
/// there and has another type than asked for is an error that names both. Copies share their bytes. Immutable;
/// thread-safe.
class GgufMetadata {
 public:
  GgufMetadata() = default;
  /// Reads `count` entries from the cursor on, checking types and lengths. FormatError, also for a key that stands
  /// twice; Unsupported for arrays deeper than `max_depth`. Memory: the metadata's bytes, and 64 an entry.
  GgufMetadata(detail::GgufCursor& cursor, std::uint64_t count, std::string_view where);

  static constexpr std::uint64_t max_entries = std::uint64_t{1} << 16U;
  static constexpr std::uint64_t max_key_bytes = 65535;
  static constexpr std::uint64_t max_bytes = std::uint64_t{1} << 26U;
  static constexpr std::uint64_t max_items = std::uint64_t{1} << 22U;  ///< of an array that is read
  static constexpr int max_depth = 4;

  /// Names the file in messages.
  const std::string& where() const { return where_; }
  /// By key.
  const std::vector<GgufEntry>& entries() const { return entries_; }
  /// The entry of that key, or nullptr.
  const GgufEntry* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// The bytes of all entries as they are in the file.
  View<const std::byte> bytes() const;

  // Nothing if the key is absent; FormatError if it has another type. An integer has any integer type, a number those
  // or a float's. Texts borrow from the metadata.
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
  std::optional<std::vector<bool>> booleans(std::string_view key) const;
  std::optional<std::vector<float>> numbers(std::string_view key) const;
  std::optional<std::vector<std::string_view>> texts(std::string_view key) const;

  // The same of a key that has to be there: FormatError naming it.
  std::int64_t required_integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  std::string_view required_text(std::string_view key) const;

  /// FormatError "FILE: metadata key 'KEY' ", and `what`.
  [[noreturn]] void fail(std::string_view key, std::string_view what) const;

 private:
  template <class T>
  T value_at(std::uint64_t place) const;
  std::int64_t integer_at(const GgufEntry& entry, GgufType type, std::uint64_t index) const;
  double number_at(const GgufEntry& entry, GgufType type, std::uint64_t index) const;
  std::string_view text_at(std::uint64_t place) const;
  const GgufEntry* find_array(std::string_view key) const;
  [[noreturn]] void wrong_type(const GgufEntry& entry, std::string_view expected) const;

  std::string where_;
  std::vector<GgufEntry> entries_;
  std::shared_ptr<const std::vector<std::byte>> bytes_;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/metadata_impl.hpp"
#endif
