// JSON from files that nobody vouches for: strict syntax, no duplicate keys, bounded depth, typed fields whose
// errors name the file and the key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "asterism/core/config.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::json {

/// Arrays and objects may be nested this deep, the outermost counted.
inline constexpr std::size_t max_depth = 64;

/// Base of what receives the events of `scan`. Derived classes override the events that they accept and call
/// `fail` with what is wrong; everything not overridden is refused. Override `start_*` and `end_*` together and
/// call `enter` and `leave` in them: they bound the depth. Returning false is not used: errors are exceptions.
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
  /// Throws FormatError: where, `what`, the byte offset just behind the offending token, the key.
  [[noreturn]] void fail(std::string_view what) const;
  void enter();
  void leave() { --depth_; }
  /// Arrays and objects that are open.
  std::size_t depth() const { return depth_; }
  /// Remembers `key` for the messages.
  void at_key(std::string_view key) { key_.assign(key); }
  std::string_view where() const { return where_; }

 private:
  friend void scan(std::string_view text, std::string_view where, Handler& handler);

  [[noreturn]] void unexpected(std::string_view what) const;
  std::string near_key() const;

  std::string where_;
  std::string key_;
  const char* begin_ = nullptr;
  const char* at_ = nullptr;
  std::size_t depth_ = 0;
};

/// Feeds `text` to `handler`, event by event, without building a document. `where` names the source in messages.
/// Throws FormatError with the byte offset when the text is no strict JSON (RFC 8259): wrong syntax, NaN or an
/// infinite number, invalid UTF-8, a byte order mark, a NUL byte, bytes behind the document, no document at all.
/// Time linear in the text; memory of the longest string beside what the handler keeps.
void scan(std::string_view text, std::string_view where, Handler& handler);

/// The document in `text`. Strict as `scan`; also refuses the same key twice in one object and more than
/// `max_depth` levels. Memory: up to about 40 times the text, so bound the text (`file::read_text_file` does).
/// Thread-safe.
Value parse(std::string_view text, std::string_view where);

}  // namespace asterism::json

#if !defined(ASTERISM_COMPILED)
#include "asterism/json/json_impl.hpp"
#endif
