// Bodies of json.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/json.hpp"

namespace asterism::json {

ASTERISM_INLINE bool Handler::parse_error(std::size_t position, const std::string& /*token*/,
                                          const nlohmann::detail::exception& error) {
  std::string_view text = error.what();
  if (const std::size_t end = text.find("] "); text.starts_with("[json.") && end != text.npos) {
    text.remove_prefix(end + 2);
  }
  std::string reason = printable(text, 300);
  // The library quotes what it read, which may be the very bytes that are not UTF-8.
  for (char& c : reason) c = static_cast<unsigned char>(c) < 0x80U ? c : '?';
  throw FormatError(concat(where_, ": not valid JSON at byte ", position, near_key(), ": ", reason));
}

ASTERISM_INLINE void Handler::fail(std::string_view what) const {
  throw FormatError(concat(where_, ": ", what, " at byte ", static_cast<std::size_t>(at_ - begin_), near_key()));
}

ASTERISM_INLINE void Handler::enter() {
  if (++depth_ > max_depth) fail(concat("JSON nested deeper than ", max_depth, " levels"));
}

ASTERISM_INLINE void Handler::unexpected(std::string_view what) const {
  fail(concat("not expected here: ", what));
}

ASTERISM_INLINE std::string Handler::near_key() const {
  return key_.empty() ? std::string() : concat(", key '", printable(key_), "'");
}

namespace detail {

/// Reads characters and tells the handler the current offset, so that semantic errors have an offset as syntax
/// errors do.
struct CountingIterator {
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* current = nullptr;
  const char** seen = nullptr;

  reference operator*() const { return *current; }
  CountingIterator& operator++() {
    *seen = ++current;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.current == b.current; }
};

/// Builds the document; nlohmann's own builder would silently keep the last of several equal keys.
class JsonBuilder final : public Handler {
 public:
  explicit JsonBuilder(const Selection& selection) : selection_(selection) {}

  Document document;

  bool null() override { return add(nullptr), true; }
  bool boolean(bool value) override { return add(value), true; }
  bool number_integer(std::int64_t value) override { return add(value), true; }
  bool number_unsigned(std::uint64_t value) override { return add(value), true; }
  bool number_float(double value, const std::string& /*text*/) override { return add(value), true; }
  bool string(std::string& value) override { return add(std::move(value)), true; }
  bool start_object(std::size_t /*count*/) override { return open(Value::object()), true; }
  bool start_array(std::size_t /*count*/) override { return open(Value::array()), true; }
  bool end_object() override { return close(), true; }
  bool end_array() override { return close(), true; }
  bool key(std::string& value) override {
    if (skipping_ && depth() > 1) return true;
    at_key(value);
    if (depth() == 1) {
      skipping_ = !selection_.keys.empty() &&
                  std::find(selection_.keys.begin(), selection_.keys.end(), value) == selection_.keys.end();
      if (skipping_) return true;
    }
    const auto [place, is_new] = open_.back()->get_ref<Value::object_t&>().try_emplace(std::move(value));
    if (!is_new) fail("the same key a second time");
    member_ = &place->second;
    return true;
  }

 private:
  template <class Scalar>
  void add(Scalar&& value) {
    if (!skipping_) place() = std::forward<Scalar>(value);
  }
  void open(Value&& value) {
    enter();
    if (skipping_) return;
    Value& container = place();
    container = std::move(value);
    open_.push_back(&container);
  }
  void close() {
    leave();
    if (depth() == 0) skipping_ = false;
    if (!skipping_) open_.pop_back();
  }

  /// Where the next value goes.
  Value& place() {
    if (++values_ > selection_.max_values) {
      fail(concat("more than ", selection_.max_values, " values, the most that such a file needs,"));
    }
    if (open_.empty()) return *document;
    if (open_.back()->is_object()) return *member_;
    return open_.back()->get_ref<Value::array_t&>().emplace_back();
  }

  Selection selection_;
  std::vector<Value*> open_;
  Value* member_ = nullptr;
  std::size_t values_ = 0;
  bool skipping_ = false;  ///< inside a key of the outermost object that is not selected
};

/// Empties a value from the leaves up, so that the library's destructor, which gathers a container's children in a
/// vector, finds none. The recursion is as deep as the value, at most `max_depth` for values built by `parse`.
ASTERISM_INLINE void take_apart(Value& value) noexcept {
  if (value.is_array()) {
    auto& items = value.get_ref<Value::array_t&>();
    for (; !items.empty(); items.pop_back()) take_apart(items.back());
  } else if (value.is_object()) {
    auto& members = value.get_ref<Value::object_t&>();
    for (auto member = members.begin(); member != members.end(); member = members.erase(member)) {
      take_apart(member->second);
    }
  }
}

}  // namespace detail

ASTERISM_INLINE void scan(std::string_view text, std::string_view where, Handler& handler) {
  handler.where_.assign(where);
  handler.begin_ = handler.at_ = text.data();
  // The library's scanner takes a NUL for the end of the text and skips a byte order mark.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    throw FormatError(concat(where, ": not valid JSON: NUL at byte ", nul));
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    throw FormatError(concat(where, ": not valid JSON: begins with a byte order mark; save it as plain UTF-8"));
  }
  const char* seen = text.data();
  const auto input = [&] {
    return nlohmann::detail::input_adapter(detail::CountingIterator{text.data(), &handler.at_},
                                           detail::CountingIterator{text.data() + text.size(), &seen});
  };
  // What Value::sax_parse calls for text; calling sax_parse would compile the readers of CBOR and its kin as well.
  nlohmann::detail::parser<Value, decltype(input())>(input()).sax_parse(&handler);
}

ASTERISM_INLINE Value parse(std::string_view text, std::string_view where, const Selection& selection) {
  detail::JsonBuilder builder(selection);
  scan(text, where, builder);
  return std::move(*builder.document);
}

ASTERISM_INLINE Document::~Document() { detail::take_apart(value_); }

}  // namespace asterism::json
