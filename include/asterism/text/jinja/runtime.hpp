// What one rendering may use up, and how it refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

// Bounds of one rendering. A template is a program out of a file: one that does not end, or whose text grows without
// end, is refused within a second and within 100 MB.

inline constexpr std::size_t max_steps = 4'000'000;        ///< expressions, statements, and 16 bytes of text each
inline constexpr std::size_t max_held_bytes = 24U << 20U;  ///< of the output and all values made at one time
inline constexpr std::size_t max_calls = 1000;             ///< expressions and statements within one another
inline constexpr std::size_t max_value_depth = 100;        ///< lists and dicts within one another
inline constexpr std::int64_t max_range = 100'000;         ///< items of a range, as Jinja's sandbox allows

/// The state of one rendering, and the maker of its values. For one thread.
class Runtime {
 public:
  /// `where` names the template in messages; `required` names variables that may not be printed while they are
  /// undefined. Both outlive the object.
  explicit Runtime(std::string_view where, View<const std::string_view> required = {})
      : where_(where), required_(required) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::string_view where() const { return where_; }
  std::uint32_t line() const { return line_; }
  /// Sets the line of the template that messages name.
  void at_line(std::uint32_t line) { line_ = line; }

  /// Throws FormatError: where, line, `what`.
  [[noreturn]] void fail(std::string_view what) const;
  /// Throws Unsupported: where, line, "WHAT is not supported".
  [[noreturn]] void unsupported(std::string_view what) const;

  /// Counts work. FormatError once there is more than `max_steps`.
  void step(std::size_t count = 1) {
    if (count > steps_left_) out_of_steps();
    steps_left_ -= count;
  }
  /// Counts work on `bytes` bytes of text.
  void step_bytes(std::size_t bytes) { step(1 + bytes / 16); }
  /// Counts a search for `wanted` bytes in `bytes`, at worst.
  void step_search(std::size_t bytes, std::size_t wanted) { step(1 + bytes / 16 + bytes * wanted / 4096); }

  /// Throws FormatError if `bytes` more were too many.
  void check_room(std::size_t bytes) const;
  Charge charge(std::size_t bytes) {
    check_room(bytes);
    return {meter_, bytes};
  }
  Meter& meter() { return meter_; }

  // Makers of values. Items may be nested max_value_depth deep and can't be objects, so that nothing holds itself.

  Value text(std::string bytes, bool is_markup = false);
  Value sequence(Sequence::Type type, std::vector<Value> items);
  Value list(std::vector<Value> items) { return sequence(Sequence::Type::list, std::move(items)); }

  /// Throws as the makers if `value` can't be an item.
  void check_item(const Value& value) const;
  /// Throws unless an undefined value may be printed.
  void check_printed(const Value& undefined) const;

  /// Counts one more level of calls while it lives.
  class Level {
   public:
    explicit Level(Runtime& run) : run_(run) {
      if (++run_.calls_ > max_calls) run_.too_deep();
      run_.step();
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --run_.calls_; }

   private:
    Runtime& run_;
  };

 private:
  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void too_deep();

  std::string_view where_;
  View<const std::string_view> required_;
  std::uint32_t line_ = 0;
  std::size_t steps_left_ = max_steps;
  std::size_t calls_ = 0;
  Meter meter_;
};

/// Text that is put together within the bounds of a rendering.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime& run) : run_(run) {}
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;
  ~TextBuilder() { run_.meter().bytes -= held_; }

  TextBuilder& append(std::string_view piece);
  /// `piece`, `count` times.
  TextBuilder& repeat(std::size_t count, std::string_view piece);
  std::string_view view() const { return bytes_; }
  /// The text, which ends the builder.
  std::string take();
  Value finish() { return run_.text(take()); }

 private:
  Runtime& run_;
  std::string bytes_;
  std::size_t held_ = 0;
};

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/runtime_impl.hpp"
#endif
