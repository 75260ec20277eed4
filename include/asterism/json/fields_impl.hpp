// Bodies of fields.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::json {

namespace detail {

ASTERISM_INLINE std::string describe(const Value& value) {
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

[[noreturn]] ASTERISM_INLINE void wrong_field(std::string_view where, std::string_view key,
                                              std::string_view expected, const Value& found) {
  throw FormatError(concat(where, ": field '", printable(key), "' is ", describe(found), ", expected ", expected));
}

}  // namespace detail

ASTERISM_INLINE void check_object(const Value& value, std::string_view what, std::string_view where) {
  if (!value.is_object()) {
    throw FormatError(concat(where, ": ", what, " is ", detail::describe(value), ", expected an object"));
  }
}

ASTERISM_INLINE const Value* find_field(const Value& object, std::string_view key, std::string_view where) {
  check_object(object, "the value that holds the fields", where);
  const auto place = object.find(key);
  return place == object.end() || place->is_null() ? nullptr : &*place;
}

ASTERISM_INLINE const Value& require_field(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field == nullptr) throw FormatError(concat(where, ": field '", printable(key), "' is missing (or null)"));
  return *field;
}

ASTERISM_INLINE std::int64_t to_integer(const Value& value, std::string_view key, std::string_view where,
                                        std::int64_t min, std::int64_t max) {
  if (value.is_number_integer()) {  // true for unsigned integers too
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

ASTERISM_INLINE double to_number(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_number()) detail::wrong_field(where, key, "a number", value);
  // The scanner refuses numbers beyond the range of double, so every number here is finite.
  return value.get<double>();
}

ASTERISM_INLINE const std::string& to_text(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_string()) detail::wrong_field(where, key, "a string", value);
  return value.get_ref<const std::string&>();
}

ASTERISM_INLINE bool to_bool(const Value& value, std::string_view key, std::string_view where) {
  if (!value.is_boolean()) detail::wrong_field(where, key, "true or false", value);
  return value.get<bool>();
}

ASTERISM_INLINE std::int64_t require_integer(const Value& object, std::string_view key, std::string_view where,
                                             std::int64_t min, std::int64_t max) {
  return to_integer(require_field(object, key, where), key, where, min, max);
}

ASTERISM_INLINE double require_number(const Value& object, std::string_view key, std::string_view where) {
  return to_number(require_field(object, key, where), key, where);
}

ASTERISM_INLINE const std::string& require_string(const Value& object, std::string_view key,
                                                  std::string_view where) {
  return to_text(require_field(object, key, where), key, where);
}

ASTERISM_INLINE bool require_bool(const Value& object, std::string_view key, std::string_view where) {
  return to_bool(require_field(object, key, where), key, where);
}

ASTERISM_INLINE const Value& require_object(const Value& object, std::string_view key, std::string_view where) {
  const Value& field = require_field(object, key, where);
  if (!field.is_object()) detail::wrong_field(where, key, "an object", field);
  return field;
}

ASTERISM_INLINE const Value& require_array(const Value& object, std::string_view key, std::string_view where) {
  const Value& field = require_field(object, key, where);
  if (!field.is_array()) detail::wrong_field(where, key, "an array", field);
  return field;
}

ASTERISM_INLINE std::optional<std::int64_t> optional_integer(const Value& object, std::string_view key,
                                                             std::string_view where, std::int64_t min,
                                                             std::int64_t max) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_integer(*field, key, where, min, max));
}

ASTERISM_INLINE std::optional<double> optional_number(const Value& object, std::string_view key,
                                                      std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_number(*field, key, where));
}

ASTERISM_INLINE std::optional<std::string> optional_string(const Value& object, std::string_view key,
                                                           std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_text(*field, key, where));
}

ASTERISM_INLINE std::optional<bool> optional_bool(const Value& object, std::string_view key,
                                                  std::string_view where) {
  const Value* field = find_field(object, key, where);
  return field == nullptr ? std::nullopt : std::optional(to_bool(*field, key, where));
}

ASTERISM_INLINE const Value* optional_object(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field != nullptr && !field->is_object()) detail::wrong_field(where, key, "an object", *field);
  return field;
}

ASTERISM_INLINE const Value* optional_array(const Value& object, std::string_view key, std::string_view where) {
  const Value* field = find_field(object, key, where);
  if (field != nullptr && !field->is_array()) detail::wrong_field(where, key, "an array", *field);
  return field;
}

}  // namespace asterism::json
