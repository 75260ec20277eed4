// Bodies of order_filters.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/order_filters.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/text_filters.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE Value by_path(Runtime& run, Value value, const Value& path, const Value* otherwise) {
  const auto step = [&](const Value& key) {
    value = item(run, value, key);
    if (value.is(Kind::undefined) && otherwise != nullptr) value = *otherwise;
  };
  if (!path.is(Kind::text)) {
    step(path);
    return value;
  }
  for (const std::string_view part : split_at(path.text(), ".", path.text().size(), false)) {
    const bool is_index = part.size() < 18 && is_all_digits(part) && part[0] >= '0' && part[0] <= '9';
    step(is_index ? Value(std::int64_t{std::stoll(std::string(part))}) : run.text(std::string(part)));
  }
  return value;
}

namespace detail {

/// What `sort`, `unique`, `min` and `max` compare: the value, or that at `path`; text in lower case.
inline Value sort_key(Runtime& run, const Value& value, const Value* path, bool case_sensitive) {
  Value key = path == nullptr || path->is(Kind::none) ? value : by_path(run, value, *path);
  return case_sensitive || !key.is(Kind::text) ? key : in_case(run, key.text(), "lower");
}

/// The items in the order of their keys, stable; a merge sort, whose work is bounded whatever `less` says.
inline std::vector<Value> sorted(Runtime& run, std::vector<std::pair<Value, Value>> keyed, bool reverse) {
  run.step(keyed.size() * 4);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return reverse ? less(run, b.first, a.first) : less(run, a.first, b.first);
  });
  std::vector<Value> out;
  out.reserve(keyed.size());
  for (auto& one : keyed) out.push_back(std::move(one.second));
  return out;
}

inline Value in_order(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "sort", arguments, {"reverse", "case_sensitive", "attribute"});
  std::vector<std::pair<Value, Value>> keyed;
  const auto items = iterate(run, value);
  run.check_room(items->items.size() * 2 * sizeof(Value));
  std::vector<Value> paths;  // "a,b" sorts by a, then by b
  if (bound.has(2) && bound[2].is(Kind::text)) {
    const std::string_view all = bound[2].text();
    for (const std::string_view path : split_at(all, ",", all.size(), false))
      paths.push_back(run.text(std::string(path)));
  }
  for (const Value& one : items->items) {
    std::vector<Value> keys;
    keys.reserve(paths.size());
    for (const Value& path : paths) keys.push_back(sort_key(run, one, &path, bound.truth(1, false)));
    keyed.emplace_back(paths.empty()
                           ? sort_key(run, one, bound.has(2) ? &bound[2] : nullptr, bound.truth(1, false))
                           : run.sequence(Sequence::Type::tuple, std::move(keys)),
                       one);
  }
  return run.list(sorted(run, std::move(keyed), bound.truth(0, false)));
}

inline Value dict_in_order(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string_view by = bound.text(1, "key");
  if (by != "key" && by != "value") run.fail("'dictsort' sorts by 'key' or by 'value'");
  if (!value.is(Kind::dict)) run.fail(concat("'dictsort' of ", value.type_name()));
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto& [key, member] : value.dict().items) {
    keyed.emplace_back(sort_key(run, by == "key" ? key : member, nullptr, bound.truth(0, false)),
                       run.sequence(Sequence::Type::tuple, {key, member}));
  }
  return run.list(sorted(run, std::move(keyed), bound.truth(2, false)));
}

inline Value grouped(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  std::vector<std::pair<Value, Value>> keyed;
  const auto key_of = [&](const Value& one, bool exact) {
    const Value* otherwise = bound.has(1) && !bound[1].is(Kind::none) ? &bound[1] : nullptr;
    return sort_key(run, by_path(run, one, bound[0], otherwise), nullptr, exact || bound.truth(2, false));
  };
  const auto items = iterate(run, value);
  for (const Value& one : items->items) keyed.emplace_back(key_of(one, false), one);
  std::vector<Value> groups;
  std::vector<Value> group;
  const auto close = [&] {
    if (group.empty()) return;
    const Value key = key_of(group.front(), true);
    groups.push_back(run.sequence(Sequence::Type::tuple, {key, run.list(std::exchange(group, {}))}));
  };
  for (Value& one : sorted(run, std::move(keyed), false)) {
    if (!group.empty() && !equal(run, key_of(group.front(), false), key_of(one, false))) close();
    group.push_back(std::move(one));
  }
  close();
  return run.list(std::move(groups));
}

inline Value extreme(Runtime& run, std::string_view name, const Value& value, const Arguments& arguments) {
  const Bound bound(run, name, arguments, {"case_sensitive", "attribute"});
  const auto items = iterate(run, value);
  const Value* best = nullptr;
  Value best_key;
  for (const Value& one : items->items) {
    Value key = sort_key(run, one, bound.has(1) ? &bound[1] : nullptr, bound.truth(0, false));
    if (best != nullptr && !(name == "min" ? less(run, key, best_key) : less(run, best_key, key))) continue;
    best = &one;
    best_key = std::move(key);
  }
  return best != nullptr ? *best : Value::undefined("No aggregated item, sequence was empty.");
}

inline Value unique(Runtime& run, const Value& value, const Arguments& arguments) {
  const Bound bound(run, "unique", arguments, {"case_sensitive", "attribute"});
  std::vector<Value> seen;
  std::vector<Value> out;
  const auto items = iterate(run, value);
  for (const Value& one : items->items) {
    Value key = sort_key(run, one, bound.has(1) ? &bound[1] : nullptr, bound.truth(0, false));
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& old) { return equal(run, old, key); })) continue;
    seen.push_back(std::move(key));
    out.push_back(one);
  }
  return run.sequence(Sequence::Type::generator, std::move(out));
}

}  // namespace detail

ASTERISM_INLINE std::optional<Value> order_filter(Runtime& run, std::string_view name, const Value& value,
                                                  const Arguments& arguments) {
  if (name == "sort") return detail::in_order(run, value, arguments);
  if (name == "dictsort") return detail::dict_in_order(run, value, arguments);
  if (name == "groupby") return detail::grouped(run, value, arguments);
  if (name == "min" || name == "max") return detail::extreme(run, name, value, arguments);
  if (name == "unique") return detail::unique(run, value, arguments);
  return std::nullopt;
}

}  // namespace asterism::text::jinja
