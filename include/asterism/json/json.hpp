// JSON from untrusted files: strict syntax, no duplicate keys, bounded depth, typed fields whose errors name the
// file and the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::json {

/// Maximum nesting depth of arrays and objects, including the outermost.
inline constexpr std::size_t max_depth = 64;

/// Base of receivers of `scan`'s events. Derived classes override the events that they accept and call `fail` with
/// what is wrong; everything not overridden is refused. Override `start_*` and `end_*` together and call `enter`
/// and `leave` in them: they bound the depth. Never return false: errors are exceptions.
class Handler : public nlohmann::json_sax<Value> {
 public:
  bool null() override { unexpected("null"); }
  bool boolean(bool /*value*/) override { unexpected("a boolean"); }
  bool number_integer(std::int64_t /*value*/) override { unexpected("a negative integer"); }
  bool number_unsigned(std::uint64_t /*value*/) override { unexpected("an integer"); }
  bool number_float(double /*value*/, const std::string& /*text*/) override {
    unexpected("a floating point number");
  }
  bool string(std::string& /*value*/) override { unexpected("a string"); }
  bool binary(Value::binary_t& /*value*/) override { unexpected("binary data"); }
  bool start_object(std::size_t /*count*/) override { unexpected("an object"); }
  bool key(std::string& /*value*/) override { unexpected("a key"); }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*count*/) override { unexpected("an array"); }
  bool end_array() override { return true; }

  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) final;

 protected:
  /// Throws FormatError: source, `what`, the byte offset just after the offending token, the key.
  [[noreturn]] void fail(std::string_view what) const;
  /// `fail` with "not expected here: WHAT".
  [[noreturn]] void unexpected(std::string_view what) const;
  void enter();
  void leave() { --depth_; }
  /// Number of open arrays and objects.
  std::size_t depth() const { return depth_; }
  /// Remembers `key` for messages.
  void at_key(std::string_view key) { key_.assign(key); }
  std::string_view where() const { return where_; }

 private:
  friend void scan(std::string_view text, std::string_view where, Handler& handler);

  std::string near_key() const;

  std::string where_;
  std::string key_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  std::size_t depth_ = 0;
};

/// Feeds `text` to `handler`, event by event, without building a document. `where` names the source in messages.
/// Throws FormatError with the byte offset if the text is not strict JSON (RFC 8259): wrong syntax, NaN or an
/// infinite number, invalid UTF-8, a byte order mark, a NUL byte, bytes after the document, no document at all.
/// Time is linear in the text; memory is that of the longest string, besides what the handler keeps.
void scan(std::string_view text, std::string_view where, Handler& handler);

/// What `parse` keeps of a text. Two bytes of text can be a value, and a value can take 200 bytes, so a reader
/// states how many values it needs at most and which keys it reads.
struct Selection {
  std::size_t max_values = 4'000'000;   ///< of all kinds, including containers
  View<const std::string_view> keys{};  ///< of the outermost object; empty: all
};

/// Parses `text`. Strict as `scan`; also refuses duplicate keys in one object, more than `max_depth` levels, and
/// more values than the selection allows. Unselected keys of the outermost object are checked for syntax only and
/// left out. Memory: up to 200 bytes for each value kept, plus its characters. Thread-safe.
Value parse(std::string_view text, std::string_view where, const Selection& selection = {});

/// Enough values for a text written by hand, or by a program that names its values, of any length: the document
/// takes less than 8 times the text, or half a megabyte.
constexpr std::size_t values_of_named_text(std::size_t text_bytes) { return 4096 + text_bytes / 16; }

/// Owns a value and destroys it without allocating. The library's own destructor allocates, which ends the program
/// if memory has run out.
class Document {
 public:
  Document() = default;
  explicit Document(Value value) noexcept : value_(std::move(value)) {}
  Document(Document&&) noexcept = default;
  Document& operator=(Document&&) = delete;
  ~Document();

  Value& operator*() { return value_; }
  const Value& operator*() const { return value_; }

 private:
  Value value_;
};

}  // namespace asterism::json

#if !defined(ASTERISM_COMPILED)
#include "asterism/json/json_impl.hpp"
#endif
