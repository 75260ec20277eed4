// Values of a template: Python's, as far as templates meet them, and immutable but for namespaces.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/fwd.hpp"

namespace asterism::text::jinja {

/// Bytes that are held by the values of one rendering.
struct Meter {
  std::size_t bytes = 0;
};

/// A share of a meter, given back at its end. An empty one belongs to values that outlive a rendering.
class Charge {
 public:
  Charge() = default;
  Charge(Meter& meter, std::size_t bytes) : meter_(&meter), bytes_(bytes) { meter.bytes += bytes; }
  Charge(Charge&& other) noexcept : meter_(std::exchange(other.meter_, nullptr)), bytes_(other.bytes_) {}
  Charge& operator=(Charge&&) = delete;
  ~Charge() {
    if (meter_ != nullptr) meter_->bytes -= bytes_;
  }

 private:
  Meter* meter_ = nullptr;
  std::size_t bytes_ = 0;
};

/// One value. Copies share their text, items and members. Thread-safe as std::shared_ptr is.
class Value {
 public:
  enum class Kind : std::uint8_t { undefined, none, boolean, integer, number, text, sequence, dict, object };

  /// Undefined, without a reason.
  Value() = default;
  template <std::same_as<bool> T>
  Value(T value) : held_(value) {}             // NOLINT(google-explicit-constructor)
  Value(std::int64_t value) : held_(value) {}  // NOLINT(google-explicit-constructor)
  Value(double value) : held_(value) {}        // NOLINT(google-explicit-constructor)
  explicit Value(std::string bytes);
  explicit Value(std::shared_ptr<const Text> text) : held_(std::move(text)) {}
  explicit Value(std::shared_ptr<const Sequence> items) : held_(std::move(items)) {}
  explicit Value(std::shared_ptr<const Dict> members) : held_(std::move(members)) {}
  explicit Value(std::shared_ptr<Object> object) : held_(std::move(object)) {}

  static Value none();
  /// `why` is what an operation on the value is refused with: "'x' is undefined".
  static Value undefined(std::string why);

  Kind kind() const { return static_cast<Kind>(held_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  /// A boolean, an integer or a floating point number.
  bool is_number() const { return is(Kind::boolean) || is(Kind::integer) || is(Kind::number); }
  /// A boolean or an integer, which Python takes for one.
  bool is_integral() const { return is(Kind::boolean) || is(Kind::integer); }

  // The kind must be the one asked for.

  std::string_view why() const;
  bool boolean() const { return std::get<bool>(held_); }
  std::int64_t integer() const;  ///< of a boolean too
  double number() const;         ///< of any number
  std::string_view text() const;
  /// Whether it is text that the filter `safe` or `escape` made: what is added to it is escaped.
  bool is_markup() const;
  const Sequence& sequence() const { return *std::get<std::shared_ptr<const Sequence>>(held_); }
  const std::shared_ptr<const Sequence>& shared_sequence() const {
    return std::get<std::shared_ptr<const Sequence>>(held_);
  }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(held_); }
  Object& object() const { return *std::get<std::shared_ptr<Object>>(held_); }

  /// Whether both are the same thing: Python's `is`, with equal small values the same.
  bool same(const Value& other) const;
  /// Levels of sequences and dicts, 0 for anything else.
  std::size_t depth() const;
  /// Python's truth.
  bool truth() const;
  /// Python's name of its type: "str".
  std::string_view type_name() const;

 private:
  struct Undefined {
    std::shared_ptr<const std::string> why;
  };
  std::variant<Undefined, std::monostate, bool, std::int64_t, double, std::shared_ptr<const Text>,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      held_;
};

using Kind = Value::Kind;

/// Bytes of text, UTF-8 as a rule.
struct Text {
  std::string bytes;
  bool is_markup = false;
  Charge charge{};
};

/// A list, or what iterates like one.
struct Sequence {
  enum class Type : std::uint8_t {
    list,
    tuple,
    range,
    view,       ///< of a dict's keys, values or items: has a length, but no index
    generator,  ///< what filters as `map` answer: neither, always true, and iterated once
  };
  Type type = Type::list;
  std::vector<Value> items;
  std::size_t depth = 1;
  Charge charge{};
  mutable std::size_t used = 0;  ///< items of a generator that were taken
};

/// Members in the order of their insertion; keys are unlike one another.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  std::size_t depth = 1;
  Charge charge{};

  /// The value of a key that is text, nullptr if there is none.
  const Value* find(std::string_view key) const;
};

/// Anything that is called or has attributes of its own: functions, methods, macros, loops, namespaces.
class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  virtual std::string_view type_name() const = 0;
  /// Undefined if there is no such attribute.
  virtual Value attribute(Runtime& run, std::string_view name);
  virtual Value call(Runtime& run, const Arguments& arguments);
};

/// The arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// A list that outlives renderings.
Value make_list(std::vector<Value> items);

/// A dict that outlives renderings; the keys must be unlike one another.
Value make_dict(std::vector<std::pair<Value, Value>> items);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/value_impl.hpp"
#endif
