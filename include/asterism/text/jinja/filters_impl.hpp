// Bodies of filters.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/arithmetic.hpp"
#include "asterism/text/jinja/filters.hpp"
#include "asterism/text/jinja/methods.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/order_filters.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/tests.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

namespace detail {

inline constexpr std::string_view filter_names[] = {
    "abs",    "attr",       "batch",       "capitalize", "center",   "count",
    "d",      "default",    "dictsort",    "e",          "escape",   "filesizeformat",
    "first",  "float",      "forceescape", "format",     "groupby",  "indent",
    "int",    "items",      "join",        "last",       "length",   "list",
    "lower",  "map",        "max",         "min",        "pprint",   "random",
    "reject", "rejectattr", "replace",     "reverse",    "round",    "safe",
    "select", "selectattr", "slice",       "sort",       "string",   "striptags",
    "sum",    "title",      "tojson",      "trim",       "truncate", "unique",
    "upper",  "urlencode",  "urlize",      "wordcount",  "wordwrap", "xmlattr"};

/// Arguments from `first` on.
inline Arguments rest(const Arguments& arguments, std::size_t first) {
  Arguments out = arguments;
  out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                            first, out.positional.size())));
  return out;
}

inline Value mapped(Runtime& run, const Value& value, const Arguments& arguments) {
  std::vector<Value> out;
  if (!value.truth()) return run.sequence(Sequence::Type::generator, {});  // of none too, as in Jinja
  const auto items = iterate(run, value);
  run.check_room(items->items.size() * sizeof(Value));
  if (arguments.positional.empty()) {
    const Bound bound(run, "map", arguments, {"attribute", "default"}, 1);
    const Value* otherwise = bound.has(1) && !bound[1].is(Kind::none) ? &bound[1] : nullptr;
    for (const Value& one : items->items) out.push_back(by_path(run, one, bound[0], otherwise));
  } else {
    const std::string_view name = require_text(run, arguments.positional[0], "the filter of 'map'");
    const Arguments others = rest(arguments, 1);
    for (const Value& one : items->items) out.push_back(apply_filter(run, name, one, others));
  }
  return run.sequence(Sequence::Type::generator, std::move(out));
}

/// select, reject, selectattr, rejectattr
inline Value selected(Runtime& run, std::string_view name, const Value& value, const Arguments& arguments) {
  const bool by_attribute = name.ends_with("attr");
  const bool wanted = name.starts_with("select");
  const std::size_t first = by_attribute ? 1 : 0;
  if (arguments.positional.size() < first) run.fail(concat("'", name, "' lacks the attribute's name"));
  const bool has_test = arguments.positional.size() > first;
  const std::string_view test = has_test ? require_text(run, arguments.positional[first], "the test") : "";
  const Arguments others = rest(arguments, first + 1);
  std::vector<Value> out;
  if (!value.truth()) return run.sequence(Sequence::Type::generator, {});
  const auto items = iterate(run, value);
  for (const Value& one : items->items) {
    run.step();
    const Value tested = by_attribute ? by_path(run, one, arguments.positional[0]) : one;
    if ((has_test ? apply_test(run, test, tested, others) : tested.truth()) == wanted) out.push_back(one);
  }
  return run.sequence(Sequence::Type::generator, std::move(out));
}

/// slice and batch: lists of some items each.
inline Value cut(Runtime& run, std::string_view name, const Value& value, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"count", "fill_with"}, 1);
  const std::int64_t count = bound.integer(0, 1);
  if (count < 1 || count > max_range) run.fail(concat("'", name, "' into ", count));
  const auto pieces = static_cast<std::size_t>(count);
  const auto all = iterate(run, value);
  const std::vector<Value>& items = all->items;
  const bool fills = bound.has(1) && !bound[1].is(Kind::none);
  const bool slices = name == "slice";
  std::vector<Value> out;
  std::size_t at = 0;
  for (std::size_t i = 0; slices ? i < pieces : at < items.size(); ++i) {
    const bool longer = slices && i < items.size() % pieces;
    const std::size_t size =
        slices ? items.size() / pieces + (longer ? 1 : 0) : std::min(pieces, items.size() - at);
    const auto first = items.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<Value> piece(first, first + static_cast<std::ptrdiff_t>(size));
    if (fills && slices && !longer) piece.push_back(bound[1]);
    if (fills && !slices) piece.resize(pieces, bound[1]);
    out.push_back(run.list(std::move(piece)));
    at += size;
  }
  return run.sequence(Sequence::Type::generator, std::move(out));
}

inline Value rounded(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "round", arguments, {"precision", "method"});
  const std::string_view method = bound.text(1, "common");
  const std::int64_t precision = bound.integer(0, 0);
  if (!value.is_number()) run.fail(concat("'round' of ", value.type_name()));
  if (precision < 0 || precision > 15) run.unsupported("'round' to such a precision");
  if (method == "common") {
    if (value.is_integral()) return value.integer();
    if (!std::isfinite(value.number()) || std::abs(value.number()) >= 1e15) return value;
    const std::string digits = fixed(value.number(), static_cast<int>(precision));  // half to even, as Python
    double rounded = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
    return rounded;
  }
  if (method != "ceil" && method != "floor") run.fail("'round' knows the methods common, ceil and floor");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.number() * scale;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

inline Value joined(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "join", arguments, {"d", "attribute"});
  const std::string separator = bound.has(0) ? to_string(run, bound[0]) : std::string();
  TextBuilder out(run);
  bool first = true;
  const auto items = iterate(run, value);
  for (const Value& one : items->items) {
    run.step();
    if (!std::exchange(first, false)) out.append(separator);
    append_string(out, run, bound.has(1) && !bound[1].is(Kind::none) ? by_path(run, one, bound[1]) : one);
  }
  return out.finish();
}

inline Value summed(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "sum", arguments, {"attribute", "start"});
  Value total = bound.value(1, std::int64_t{0});
  const auto items = iterate(run, value);
  for (const Value& one : items->items) {
    total = arithmetic(run, Operator::add, total,
                       bound.has(0) && !bound[0].is(Kind::none) ? by_path(run, one, bound[0]) : one);
  }
  return total;
}

inline Value first_or_last(Runtime& run, std::string_view name, const Value& value) {
  if (value.is(Kind::sequence) && value.sequence().type == Sequence::Type::generator) {
    if (name == "last") run.fail("'last' of a generator: make it a list with |list");
    const Sequence& all = value.sequence();
    if (all.used < all.items.size()) return all.items[all.used++];
    return Value::undefined("No first item, sequence was empty.");
  }
  const auto items = iterate(run, value);
  if (items->items.empty()) return Value::undefined(concat("No ", name, " item, sequence was empty."));
  return name == "first" ? items->items.front() : items->items.back();
}

inline Value reversed(Runtime& run, const Value& value) {
  if (value.is(Kind::text)) return slice(run, value, Value::none(), Value::none(), std::int64_t{-1});
  const auto items = iterate(run, value);
  run.check_room(items->items.size() * sizeof(Value));
  return run.sequence(Sequence::Type::generator, {items->items.rbegin(), items->items.rend()});
}

inline Value plain_filter(Runtime& run, std::string_view name, const Value& value) {
  if (name == "length" || name == "count") return length(run, value);
  if (name == "first" || name == "last") return first_or_last(run, name, value);
  if (name == "reverse") return reversed(run, value);
  if (name == "list") return run.list(iterate(run, value)->items);
  if (name == "abs") {
    if (!value.is_number()) run.fail(concat("'abs' of ", value.type_name()));
    return value.number() < 0 ? negative(run, value) : arithmetic(run, Operator::add, value, std::int64_t{0});
  }
  if (name == "items") {
    if (value.is(Kind::undefined)) return run.sequence(Sequence::Type::generator, {});
    if (!value.is(Kind::dict)) run.fail(concat("'items' of ", value.type_name(), ", expected a dict"));
    return run.sequence(Sequence::Type::generator, call_method(run, value, "items", {}).sequence().items);
  }
  run.unsupported(concat("the filter '", name, "'"));
}

}  // namespace detail

ASTERISM_INLINE bool is_filter(std::string_view name) {
  return std::find(std::begin(detail::filter_names), std::end(detail::filter_names), name) !=
         std::end(detail::filter_names);
}

ASTERISM_INLINE Value apply_filter(Runtime& run, std::string_view name, const Value& value,
                                   const Arguments& arguments) {
  run.step();
  if (!is_filter(name)) run.fail(concat("there is no filter '", printable(name), "'"));
  if (std::optional<Value> text = text_filter(run, name, value, arguments)) return *text;
  if (std::optional<Value> order = order_filter(run, name, value, arguments)) return *order;
  if (name == "default" || name == "d") {
    const Bound bound(run, name, arguments, {"default_value", "boolean"});
    const bool lacks = value.is(Kind::undefined) || (bound.truth(1, false) && !value.truth());
    return lacks ? bound.value(0, run.text({})) : value;
  }
  if (name == "attr") {
    const Bound bound(run, name, arguments, {"name"}, 1);
    const std::string_view wanted = bound.text(0);
    if (value.is(Kind::object)) return value.object().attribute(run, wanted);
    return has_method(value, wanted) ? method(value, wanted) : detail::no_such(value, bound[0]);
  }
  if (name == "join") return detail::joined(run, value, arguments);
  if (name == "map") return detail::mapped(run, value, arguments);
  if (name.starts_with("select") || name.starts_with("reject"))
    return detail::selected(run, name, value, arguments);
  if (name == "sum") return detail::summed(run, value, arguments);
  if (name == "round") return detail::rounded(run, value, arguments);
  if (name == "slice" || name == "batch") return detail::cut(run, name, value, arguments);
  if (!arguments.positional.empty() || !arguments.named.empty()) {
    if (name != "pprint" && name != "filesizeformat" && name != "urlize" && name != "wordwrap" &&
        name != "xmlattr") {
      run.fail(concat("the filter '", name, "' takes no arguments"));
    }
  }
  return detail::plain_filter(run, name, value);
}

}  // namespace asterism::text::jinja
