// Typed fields of a JSON object: each getter checks type and range, and its error names the source, the field,
// what was expected and what was found. Nothing is converted: 4096.0 is no integer, 1 no boolean, "1" no number.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/checkpoint/json.hpp"

namespace asterism::checkpoint {

namespace detail {

inline std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return concat("the string '", printable(value.get_ref<const std::string&>(), 60), "'");
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::number_integer:
      return concat(value.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      return concat(value.get<std::uint64_t>());
    case Json::value_t::number_float:
      return concat("the floating point number ", value.get<double>());
    default:
      return "something else";
  }
}

[[noreturn]] inline void wrong_field(std::string_view where, std::string_view key, std::string_view expected,
                                     const Json& found) {
  throw FormatError(concat(where, ": field '", printable(key), "' is ", describe(found), ", expected ", expected));
}

}  // namespace detail

/// Throws FormatError unless `value` is an object; `what` says what the object is: "the document".
inline void check_object(const Json& value, std::string_view what, std::string_view where) {
  if (!value.is_object()) {
    throw FormatError(concat(where, ": ", what, " is ", detail::describe(value), ", expected an object"));
  }
}

/// The field, or nullptr where it is absent or null: both mean "not set" in Hugging Face's files.
inline const Json* find_field(const Json& object, std::string_view key, std::string_view where) {
  check_object(object, "the value that holds the fields", where);
  const auto place = object.find(key);
  return place == object.end() || place->is_null() ? nullptr : &*place;
}

/// The field. FormatError where it is absent or null.
inline const Json& require_field(const Json& object, std::string_view key, std::string_view where) {
  const Json* field = find_field(object, key, where);
  if (field == nullptr) throw FormatError(concat(where, ": field '", printable(key), "' is missing (or null)"));
  return *field;
}

/// `value` as an integer from `min` to `max`; `key` names it in the error.
inline std::int64_t to_integer(const Json& value, std::string_view key, std::string_view where,
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
inline double to_number(const Json& value, std::string_view key, std::string_view where) {
  if (!value.is_number()) detail::wrong_field(where, key, "a number", value);
  // The scanner refuses text beyond the range of double, so that every number here is finite.
  return value.get<double>();
}

inline const std::string& to_text(const Json& value, std::string_view key, std::string_view where) {
  if (!value.is_string()) detail::wrong_field(where, key, "a string", value);
  return value.get_ref<const std::string&>();
}

inline bool to_bool(const Json& value, std::string_view key, std::string_view where) {
  if (!value.is_boolean()) detail::wrong_field(where, key, "true or false", value);
  return value.get<bool>();
}

inline std::int64_t require_integer(const Json& object, std::string_view key, std::string_view where,
                                    std::int64_t min, std::int64_t max) {
  return to_integer(require_field(object, key, where), key, where, min, max);
}

inline double require_number(const Json& object, std::string_view key, std::string_view where) {
  return to_number(require_field(object, key, where), key, where);
}

inline const std::string& require_string(const Json& object, std::string_view key, std::string_view where) {
  return to_text(require_field(object, key, where), key, where);
}

inline bool require_bool(const Json& object, std::string_view key, std::string_view where) {
  return to_bool(require_field(object, key, where), key, where);
}

inline const Json& require_object(const Json& object, std::string_view key, std::string_view where) {
  const Json& field = require_field(object, key, where);
  if (!field.is_object()) detail::wrong_field(where, key, "an object", field);
  return field;
}

inline const Json& require_array(const Json& object, std::string_view key, std::string_view where) {
  const Json& field = require_field(object, key, where);
  if (!field.is_array()) detail::wrong_field(where, key, "an array", field);
  return field;
}

// The optional forms: no value where the field is absent or null; the same errors where it is there and wrong.

inline std::optional<std::int64_t> optional_integer(const Json& object, std::string_view key,
                                                    std::string_view where, std::int64_t min, std::int64_t max) {
  const Json* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_integer(*field, key, where, min, max));
}

inline std::optional<double> optional_number(const Json& object, std::string_view key, std::string_view where) {
  const Json* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_number(*field, key, where));
}

inline std::optional<std::string> optional_string(const Json& object, std::string_view key,
                                                  std::string_view where) {
  const Json* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_text(*field, key, where));
}

inline std::optional<bool> optional_bool(const Json& object, std::string_view key, std::string_view where) {
  const Json* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_bool(*field, key, where));
}

/// nullptr where the field is absent or null.
inline const Json* optional_object(const Json& object, std::string_view key, std::string_view where) {
  const Json* field = find_field(object, key, where);
  if (field != nullptr && !field->is_object()) detail::wrong_field(where, key, "an object", *field);
  return field;
}

/// nullptr where the field is absent or null.
inline const Json* optional_array(const Json& object, std::string_view key, std::string_view where) {
  const Json* field = find_field(object, key, where);
  if (field != nullptr && !field->is_array()) detail::wrong_field(where, key, "an array", *field);
  return field;
}

}  // namespace asterism::checkpoint
