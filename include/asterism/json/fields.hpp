// Typed fields of a JSON object. Each getter checks type and range; its error names the source, the field, what
// was expected and what was found. Nothing is converted: 4096.0 is not an integer, 1 not a boolean, "1" not a
// number.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::json {

namespace detail {

std::string describe(const Value& value);

[[noreturn]] void wrong_field(std::string_view where, std::string_view key, std::string_view expected,
                              const Value& found);

}  // namespace detail

/// Throws FormatError unless `value` is an object; `what` names the object: "the document".
void check_object(const Value& value, std::string_view what, std::string_view where);

/// The field, or nullptr if it is absent or null: both mean "not set" in Hugging Face's files.
const Value* find_field(const Value& object, std::string_view key, std::string_view where);

/// The field. FormatError if it is absent or null.
const Value& require_field(const Value& object, std::string_view key, std::string_view where);

/// `value` as an integer from `min` to `max`; `key` names it in the error.
std::int64_t to_integer(const Value& value, std::string_view key, std::string_view where,
                        std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                        std::int64_t max = std::numeric_limits<std::int64_t>::max());

/// `value` as a finite number; integers are numbers.
double to_number(const Value& value, std::string_view key, std::string_view where);
const std::string& to_text(const Value& value, std::string_view key, std::string_view where);
bool to_bool(const Value& value, std::string_view key, std::string_view where);
std::int64_t require_integer(const Value& object, std::string_view key, std::string_view where, std::int64_t min,
                             std::int64_t max);
double require_number(const Value& object, std::string_view key, std::string_view where);
const std::string& require_string(const Value& object, std::string_view key, std::string_view where);
bool require_bool(const Value& object, std::string_view key, std::string_view where);
const Value& require_object(const Value& object, std::string_view key, std::string_view where);
const Value& require_array(const Value& object, std::string_view key, std::string_view where);

// Optional fields: no value if the field is absent or null; the same errors if it is present and wrong.

std::optional<std::int64_t> optional_integer(const Value& object, std::string_view key, std::string_view where,
                                             std::int64_t min, std::int64_t max);
std::optional<double> optional_number(const Value& object, std::string_view key, std::string_view where);
std::optional<std::string> optional_string(const Value& object, std::string_view key, std::string_view where);
std::optional<bool> optional_bool(const Value& object, std::string_view key, std::string_view where);

/// nullptr if the field is absent or null.
const Value* optional_object(const Value& object, std::string_view key, std::string_view where);

/// nullptr if the field is absent or null.
const Value* optional_array(const Value& object, std::string_view key, std::string_view where);

}  // namespace asterism::json

#if !defined(ASTERISM_COMPILED)
#include "asterism/json/fields_impl.hpp"
#endif
