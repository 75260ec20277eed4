// Bodies of tests.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/arithmetic.hpp"
#include "asterism/text/jinja/filters.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/tests.hpp"

namespace asterism::text::jinja {

namespace detail {

inline constexpr std::pair<std::string_view, Operator> comparisons[] = {{"==", Operator::equal},
                                                                        {"eq", Operator::equal},
                                                                        {"equalto", Operator::equal},
                                                                        {"!=", Operator::unequal},
                                                                        {"ne", Operator::unequal},
                                                                        {"<", Operator::less},
                                                                        {"lt", Operator::less},
                                                                        {"lessthan", Operator::less},
                                                                        {"<=", Operator::less_equal},
                                                                        {"le", Operator::less_equal},
                                                                        {">", Operator::greater},
                                                                        {"gt", Operator::greater},
                                                                        {"greaterthan", Operator::greater},
                                                                        {">=", Operator::greater_equal},
                                                                        {"ge", Operator::greater_equal},
                                                                        {"in", Operator::in}};

inline constexpr std::string_view plain_tests[] = {
    "odd",     "even",    "defined", "undefined", "filter",   "test",     "none",
    "boolean", "false",   "true",    "integer",   "float",    "lower",    "upper",
    "string",  "mapping", "number",  "sequence",  "iterable", "callable", "escaped"};

inline bool is_plain(Runtime& run, std::string_view name, const Value& value) {
  const bool is_sequence = value.is(Kind::sequence);
  const bool is_truth = value.is(Kind::boolean);
  if (name == "defined") return !value.is(Kind::undefined);
  if (name == "undefined") return value.is(Kind::undefined);
  if (name == "none") return value.is(Kind::none);
  if (name == "string") return value.is(Kind::text);
  if (name == "mapping") return value.is(Kind::dict);
  if (name == "boolean") return is_truth;
  if (name == "true") return is_truth && value.boolean();
  if (name == "false") return is_truth && !value.boolean();
  if (name == "integer") return value.is(Kind::integer);
  if (name == "float") return value.is(Kind::number);
  if (name == "number") return value.is_number();
  if (name == "callable") {  // Python says so of undefined values too
    return value.is(Kind::undefined) || (value.is(Kind::object) && value.type_name() != "namespace");
  }
  if (name == "escaped") return value.is_markup();
  if (name == "iterable") {
    return is_sequence || value.is(Kind::text) || value.is(Kind::dict) || value.is(Kind::undefined);
  }
  if (name == "sequence") {
    return is_indexed(value) || value.is(Kind::text) || value.is(Kind::dict) || value.is(Kind::undefined);
  }
  if (name == "filter" || name == "test") {
    const std::string_view wanted = require_text(run, value, concat("what 'is ", name, "' gets"));
    return name == "filter" ? is_filter(wanted) : is_test(wanted);
  }
  if (name == "lower" || name == "upper") {
    const std::string text = to_string(run, value);
    run.step_bytes(text.size());
    return name == "lower" ? is_lower(text) : is_upper(text);
  }
  const Value rest = arithmetic(run, Operator::modulo, value, std::int64_t{2});
  return equal(run, rest, std::int64_t{name == "odd" ? 1 : 0});
}

}  // namespace detail

ASTERISM_INLINE bool is_test(std::string_view name) {
  return name == "divisibleby" || name == "sameas" ||
         std::any_of(std::begin(detail::comparisons), std::end(detail::comparisons),
                     [name](const auto& known) { return known.first == name; }) ||
         std::find(std::begin(detail::plain_tests), std::end(detail::plain_tests), name) !=
             std::end(detail::plain_tests);
}

ASTERISM_INLINE bool apply_test(Runtime& run, std::string_view name, const Value& value,
                                const Arguments& arguments) {
  run.step();
  if (!is_test(name)) run.fail(concat("there is no test '", printable(name), "'"));
  for (const auto& [known, op] : detail::comparisons) {
    if (name == known) return compare(run, op, value, Bound(run, name, arguments, {"other"}, 1)[0]);
  }
  if (name == "divisibleby") {
    const Bound bound(run, name, arguments, {"num"}, 1);
    return equal(run, arithmetic(run, Operator::modulo, value, bound[0]), std::int64_t{0});
  }
  if (name == "sameas") return value.same(Bound(run, name, arguments, {"other"}, 1)[0]);
  const Bound none(run, name, arguments, {});
  return detail::is_plain(run, name, value);
}

}  // namespace asterism::text::jinja
