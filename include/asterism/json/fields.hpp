// Typed fields of a JSON object: each getter checks type and range, and its error names the source, the field,
// what was expected and what was found. Nothing is converted: 4096.0 is no integer, 1 no boolean, "1" no number.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/json/json.hpp"

namespace asterism::json {

namespace detail {

inline std::string describe(const Value& value) {
  switch (value.type()) {
    case Value::value_t::null:
      return "null";
    case Value::value_t::object:
      return "an object";
    case Value::value_t::array:
      return "an array";
    case Value::value_t::string:
      return concat("the string '", printable(value.get_ref<const std::string&>(), 60), "'");
    case Value::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Value::value_t::number_integer:
      return concat(value.get<std::int64_t>());
    case Value::value_t::number_unsigned:
      return concat(value.get<std::uint64_t>());
    case Value::value_t::number_float:
      return concat("the floating point number ", value.get<double>());
    default:
      return "something else";
  }
}

[[noreturn]] inline void wrong_field(std::string_view where, std::string_view key, std::string_view expected,
                                     const Value& found) {
  throw FormatError(concat(where, ": field '", printable(key), "' is ", describe(found), ", expected ", expected));
}

}  // namespace detail

/// Throws FormatError unless `value` is an object; `what` says what the object is: "the document".
inline void check_object(const Value& value, std::string_view what, std::string_view where) {
  if (!value.is_object()) {
    throw FormatError(concat(where, ": ", what, " is ", detail::describe(value), ", expected an object"));
  }
}

/// The field, or nullptr where it is absent or null: both mean "not set" in Hugging Face's files.
inline const Value* find_field(const Value& object, std::string_view key, std::string_view where) {
  check_object(object, "the value that holds the fields", where);
  const auto place = object.find(key);
  return place == object.end() || place->is_null() ? nullptr : &*place;
}

/// The field. FormatError where it is absent or null.
inline const Value& require_field(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field == nullptr) throw FormatError(concat(where, ": field '", printable(key), "' is missing (or null)"));
  return *field;
}

/// `value` as an integer from `min` to `max`; `key` names it in the error.
inline std::int64_t to_integer(const Value& value, std::string_view key, std::string_view where,
                               std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                               std::int64_t max = std::numeric_limits<std::int64_t>::max()) {
  if (value.is_number_integer()) {  // true for unsigned ones too
    const bool fits =
        !value.is_number_unsigned() ||
        value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (fits) {
      const auto integer = value.get<std::int64_t>();
      if (integer >= min && integer <= max) return integer;
    }
  }
  detail::wrong_field(where, key, concat("an integer from ", min, " to ", max), value);
}

/// `value` as a finite number; integers are numbers.
inline double to_number(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_number()) detail::wrong_field(where, key, "a number", value);
  // The scanner refuses text beyond the range of double, so that every number here is finite.
  return value.get<double>();
}

inline const std::string& to_text(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_string()) detail::wrong_field(where, key, "a string", value);
  return value.get_ref<const std::string&>();
}

inline bool to_bool(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_boolean()) detail::wrong_field(where, key, "true or false", value);
  return value.get<bool>();
}

inline std::int64_t require_integer(const Value& object, std::string_view key, std::string_view where,
                                    std::int64_t min, std::int64_t max) {
  return to_integer(require_field(object, key, where), key, where, min, max);
}

inline double require_number(const Value& object, std::string_view key, std::string_view where) {
  return to_number(require_field(object, key, where), key, where);
}

inline const std::string& require_string(const Value& object, std::string_view key, std::string_view where) {
  return to_text(require_field(object, key, where), key, where);
}

inline bool require_bool(const Value& object, std::string_view key, std::string_view where) {
  return to_bool(require_field(object, key, where), key, where);
}

inline const Value& require_object(const Value& object, std::string_view key, std::string_view where) {
  const Value& field = require_field(object, key, where);
  if (!field.is_object()) detail::wrong_field(where, key, "an object", field);
  return field;
}

inline const Value& require_array(const Value& object, std::string_view key, std::string_view where) {
  const Value& field = require_field(object, key, where);
  if (!field.is_array()) detail::wrong_field(where, key, "an array", field);
  return field;
}

// The optional forms: no value where the field is absent or null; the same errors where it is there and wrong.

inline std::optional<std::int64_t> optional_integer(const Value& object, std::string_view key,
                                                    std::string_view where, std::int64_t min, std::int64_t max) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_integer(*field, key, where, min, max));
}

inline std::optional<double> optional_number(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_number(*field, key, where));
}

inline std::optional<std::string> optional_string(const Value& object, std::string_view key,
                                                  std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_text(*field, key, where));
}

inline std::optional<bool> optional_bool(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_bool(*field, key, where));
}

/// nullptr where the field is absent or null.
inline const Value* optional_object(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field != nullptr && !field->is_object()) detail::wrong_field(where, key, "an object", *field);
  return field;
}

/// nullptr where the field is absent or null.
inline const Value* optional_array(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field != nullptr && !field->is_array()) detail::wrong_field(where, key, "an array", *field);
  return field;
}

}  // namespace asterism::json
