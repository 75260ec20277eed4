// What Python's operators and Jinja's lookups do with values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

enum class Operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  divide_floor,
  modulo,
  power,
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in,
};

namespace detail {

[[noreturn]] void wrong_operands(Runtime& run, std::string_view sign, const Value& left, const Value& right);
/// Whether an integer may stand in value[i].
bool is_indexed(const Value& value);
/// Undefined: why `value` has no `key`, as Jinja says it.
Value no_such(const Value& value, const Value& key);

}  // namespace detail

// All throw as Runtime::fail where Python or Jinja raises: for operations on undefined values with their reason.

bool compare(Runtime& run, Operator op, const Value& left, const Value& right);
bool equal(Runtime& run, const Value& left, const Value& right);
bool less(Runtime& run, const Value& left, const Value& right);
bool contains(Runtime& run, const Value& container, const Value& value);

/// A dict of `items`, which may repeat keys: the last value counts, at the place of the first.
Value dict_of(Runtime& run, std::vector<std::pair<Value, Value>> items);
/// The value of a key of any kind, nullptr if there is none.
const Value* find(Runtime& run, const Dict& dict, const Value& key);

/// `value.name`: a method, else a member. Undefined if there is neither.
Value attribute(Runtime& run, const Value& value, std::string_view name);
/// `value[key]`: an item or a member, else a method. Undefined if there is neither.
Value item(Runtime& run, const Value& value, const Value& key);
/// `value[start:stop:step]`; each may be none.
Value slice(Runtime& run, const Value& value, const Value& start, const Value& stop, const Value& step);

/// What a `for` goes over: items, the keys of a dict, the characters of a text. Takes the items of a generator.
std::shared_ptr<const Sequence> iterate(Runtime& run, const Value& value);
/// Python's `len`.
std::int64_t length(Runtime& run, const Value& value);

/// The text of a value that has to be one; `what` names it in the error.
std::string_view require_text(Runtime& run, const Value& value, std::string_view what);
std::int64_t require_integer(Runtime& run, const Value& value, std::string_view what);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/operators_impl.hpp"
#endif
