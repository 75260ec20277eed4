// Bodies of operators.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/methods.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/value_impl.hpp"

namespace asterism::text::jinja {

namespace detail {

[[noreturn]] ASTERISM_INLINE void wrong_operands(Runtime& run, std::string_view sign, const Value& left,
                                                 const Value& right) {
  if (left.is(Kind::undefined)) run.fail(left.why());
  if (right.is(Kind::undefined)) run.fail(right.why());
  run.fail(concat("'", sign, "' of ", left.type_name(), " and ", right.type_name()));
}

/// The index of Python's sequences: negative ones count from the end. False if it is outside.
inline bool place_of(std::int64_t index, std::size_t size, std::size_t& place) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return false;
  place = static_cast<std::size_t>(index);
  return true;
}

ASTERISM_INLINE bool is_indexed(const Value& value) {
  return value.is(Kind::sequence) && value.sequence().type != Sequence::Type::view &&
         value.sequence().type != Sequence::Type::generator;
}

ASTERISM_INLINE Value no_such(const Value& value, const Value& key) {
  if (key.is(Kind::text)) {
    return Value::undefined(concat("'", value.type_name(), value.is(Kind::none) ? "" : " object",
                                   "' has no attribute '", printable(key.text()), "'"));
  }
  const std::string name = key.is_integral() ? concat(key.integer()) : std::string(key.type_name());
  return Value::undefined(concat(value.type_name(), " object has no element ", name));
}

}  // namespace detail

ASTERISM_INLINE bool equal(Runtime& run, const Value& left, const Value& right) {
  run.step();
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) return left.integer() == right.integer();
    return left.number() == right.number();
  }
  if (left.kind() != right.kind()) return false;
  if (left.is(Kind::text)) {
    run.step(left.text().size() / 64);
    return left.text() == right.text();
  }
  if (left.is(Kind::sequence)) {
    const Sequence& a = left.sequence();
    const Sequence& b = right.sequence();
    if (a.type != b.type || a.items.size() != b.items.size()) return false;
    if (a.type == Sequence::Type::view || a.type == Sequence::Type::generator) return &a == &b;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
      if (!equal(run, a.items[i], b.items[i])) return false;
    }
    return true;
  }
  if (left.is(Kind::dict)) {
    if (left.dict().items.size() != right.dict().items.size()) return false;
    for (const auto& [key, value] : left.dict().items) {
      const Value* other = find(run, right.dict(), key);
      if (other == nullptr || !equal(run, value, *other)) return false;
    }
    return true;
  }
  return left.same(right);
}

ASTERISM_INLINE bool less(Runtime& run, const Value& left, const Value& right) {
  run.step();
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) return left.integer() < right.integer();
    return left.number() < right.number();
  }
  if (left.is(Kind::text) && right.is(Kind::text)) {
    run.step(std::min(left.text().size(), right.text().size()) / 64);
    return left.text() < right.text();
  }
  if (left.is(Kind::sequence) && right.is(Kind::sequence)) {
    const Sequence& a = left.sequence();
    const Sequence& b = right.sequence();
    if (a.type == b.type && (a.type == Sequence::Type::list || a.type == Sequence::Type::tuple)) {
      const std::size_t shared = std::min(a.items.size(), b.items.size());
      for (std::size_t i = 0; i < shared; ++i) {
        if (!equal(run, a.items[i], b.items[i])) return less(run, a.items[i], b.items[i]);
      }
      return a.items.size() < b.items.size();
    }
  }
  detail::wrong_operands(run, "<", left, right);
}

ASTERISM_INLINE bool compare(Runtime& run, Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::equal:
      return equal(run, left, right);
    case Operator::unequal:
      return !equal(run, left, right);
    case Operator::less:
      return less(run, left, right);
    case Operator::greater:
      return less(run, right, left);
    case Operator::less_equal:
      return less(run, left, right) || equal(run, left, right);
    case Operator::greater_equal:
      return less(run, right, left) || equal(run, left, right);
    case Operator::in:
      return contains(run, right, left);
    default:
      return !contains(run, right, left);
  }
}

ASTERISM_INLINE bool contains(Runtime& run, const Value& container, const Value& value) {
  if (container.is(Kind::text)) {
    if (!value.is(Kind::text)) detail::wrong_operands(run, "in", value, container);
    run.step_search(container.text().size(), value.text().size());
    return container.text().find(value.text()) != std::string_view::npos;
  }
  if (container.is(Kind::dict)) return find(run, container.dict(), value) != nullptr;
  if (!container.is(Kind::sequence) && !container.is(Kind::undefined)) {
    detail::wrong_operands(run, "in", value, container);
  }
  const auto items = iterate(run, container);
  return std::any_of(items->items.begin(), items->items.end(),
                     [&](const Value& one) { return equal(run, one, value); });
}

ASTERISM_INLINE Value dict_of(Runtime& run, std::vector<std::pair<Value, Value>> items) {
  constexpr std::size_t overhead = 128;
  std::vector<std::pair<Value, Value>> kept;
  for (auto& member : items) {
    const Value& key = member.first;
    run.check_item(key);
    run.check_item(member.second);
    run.step(1 + kept.size() / 8);
    if (key.is(Kind::dict) || (key.is(Kind::sequence) && key.sequence().type == Sequence::Type::list)) {
      run.fail(concat("this ", key.type_name(), " is the key of a dict, which Python does not allow"));
    }
    std::size_t i = 0;
    const auto is_key = [&](const Value& other) {
      return key.is(Kind::text) && other.is(Kind::text) ? key.text() == other.text() : equal(run, key, other);
    };
    while (i < kept.size() && !is_key(kept[i].first)) ++i;
    if (i < kept.size()) {
      kept[i].second = std::move(member.second);
    } else {
      kept.push_back(std::move(member));
    }
  }
  const std::size_t depth = detail::depth_of(kept);
  Charge share = run.charge(overhead + kept.size() * 2 * sizeof(Value));
  return Value(
      std::make_shared<const Dict>(Dict{.items = std::move(kept), .depth = depth, .charge = std::move(share)}));
}

ASTERISM_INLINE const Value* find(Runtime& run, const Dict& dict, const Value& key) {
  run.step(1 + dict.items.size() / 8);
  if (key.is(Kind::text)) {
    run.step(dict.items.size() * key.text().size() / 512);
    return dict.find(key.text());
  }
  for (const auto& [name, value] : dict.items) {
    if (equal(run, name, key)) return &value;
  }
  return nullptr;
}

ASTERISM_INLINE Value attribute(Runtime& run, const Value& value, std::string_view name) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  run.step_bytes(name.size());
  if (value.is(Kind::object)) return value.object().attribute(run, name);
  if (has_method(value, name)) return method(value, name);
  if (value.is(Kind::dict)) {
    run.step(1 + value.dict().items.size() / 8);
    if (const Value* found = value.dict().find(name); found != nullptr) return *found;
  }
  run.step(16);  // for the text of what there is not, which nobody else counts
  return detail::no_such(value, Value(std::string(name)));
}

ASTERISM_INLINE Value item(Runtime& run, const Value& value, const Value& key) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (value.is(Kind::dict)) {
    if (const Value* found = find(run, value.dict(), key); found != nullptr) return *found;
  } else if (key.is_integral()) {
    std::size_t place = 0;
    if (detail::is_indexed(value)) {
      const std::vector<Value>& items = value.sequence().items;
      if (detail::place_of(key.integer(), items.size(), place)) return items[place];
    } else if (value.is(Kind::text)) {
      run.step_bytes(value.text().size());
      if (detail::place_of(key.integer(), length_of(value.text()), place)) {
        const std::size_t at = offset_of(value.text(), place);
        return run.text(std::string(value.text().substr(at, character_size(value.text(), at))));
      }
    }
  }
  if (key.is(Kind::text)) {
    if (value.is(Kind::object)) return value.object().attribute(run, key.text());
    if (has_method(value, key.text())) return method(value, key.text());
  }
  return detail::no_such(value, key);
}

ASTERISM_INLINE Value slice(Runtime& run, const Value& value, const Value& start, const Value& stop,
                            const Value& step) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  const bool is_text = value.is(Kind::text);
  if (!is_text && !detail::is_indexed(value)) run.fail(concat("this ", value.type_name(), " can't be cut"));
  if (is_text) run.step_bytes(value.text().size() * 2);
  const auto size = static_cast<std::int64_t>(is_text ? length_of(value.text()) : value.sequence().items.size());
  const std::int64_t stride = step.is(Kind::none) ? 1 : require_integer(run, step, "the step of a slice");
  if (stride == 0) run.fail("the step of a slice is 0");
  const std::int64_t lowest = stride > 0 ? 0 : -1;
  const std::int64_t highest = stride > 0 ? size : size - 1;
  const auto bound = [&](const Value& given, std::int64_t none) {
    if (given.is(Kind::none)) return none;
    std::int64_t at = require_integer(run, given, "the bound of a slice");
    if (at < 0) at = at < -size ? -1 - size : at;
    if (at < 0) at += size;
    return std::clamp(at, lowest, highest);
  };
  const std::int64_t first = bound(start, stride > 0 ? lowest : highest);
  const std::int64_t end = bound(stop, stride > 0 ? highest : lowest);
  if (is_text && stride == 1) {
    if (first >= end) return run.text({});
    const std::string_view from = value.text().substr(offset_of(value.text(), static_cast<std::size_t>(first)));
    return run.text(std::string(from.substr(0, offset_of(from, static_cast<std::size_t>(end - first)))));
  }
  std::vector<std::size_t> starts;
  if (is_text) {
    run.check_room(value.text().size() * sizeof(std::size_t));
    starts = character_starts(value.text());
  }
  std::vector<Value> items;
  TextBuilder text(run);
  for (std::int64_t at = first; stride > 0 ? at < end : at > end;) {
    const auto place = static_cast<std::size_t>(at);
    if (is_text) {
      text.append(value.text().substr(starts[place], starts[place + 1] - starts[place]));
    } else {
      items.push_back(value.sequence().items[place]);
    }
    if (stride > size || stride < -size) break;  // the next one is outside, and the sum may not fit
    at += stride;
  }
  return is_text ? text.finish() : run.sequence(value.sequence().type, std::move(items));
}

ASTERISM_INLINE std::shared_ptr<const Sequence> iterate(Runtime& run, const Value& value) {
  run.step();
  std::vector<Value> items;
  if (value.is(Kind::sequence)) {
    const auto& sequence = value.shared_sequence();
    if (sequence->type != Sequence::Type::generator) return sequence;
    const std::size_t used = std::exchange(sequence->used, sequence->items.size());
    if (used == 0) return sequence;
    items.assign(sequence->items.begin() + static_cast<std::ptrdiff_t>(used), sequence->items.end());
  } else if (value.is(Kind::dict)) {
    for (const auto& member : value.dict().items) items.push_back(member.first);
  } else if (value.is(Kind::text)) {
    const std::string_view text = value.text();
    run.step(text.size());
    run.check_room(text.size() * 120);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = character_size(text, at);
      items.push_back(run.text(std::string(text.substr(at, size))));
      at += size;
    }
  } else if (!value.is(Kind::undefined)) {
    run.fail(concat("this ", value.type_name(), " can't be iterated"));
  }
  return run.list(std::move(items)).shared_sequence();
}

ASTERISM_INLINE std::int64_t length(Runtime& run, const Value& value) {
  if (value.is(Kind::text)) {
    run.step_bytes(value.text().size());
    return static_cast<std::int64_t>(length_of(value.text()));
  }
  if (value.is(Kind::sequence) && value.sequence().type != Sequence::Type::generator) {
    return static_cast<std::int64_t>(value.sequence().items.size());
  }
  if (value.is(Kind::dict)) return static_cast<std::int64_t>(value.dict().items.size());
  if (value.is(Kind::undefined)) return 0;
  run.fail(concat("this ", value.type_name(), " has no length"));
}

ASTERISM_INLINE std::string_view require_text(Runtime& run, const Value& value, std::string_view what) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (!value.is(Kind::text)) run.fail(concat(what, " is of type ", value.type_name(), ", expected text"));
  return value.text();
}

ASTERISM_INLINE std::int64_t require_integer(Runtime& run, const Value& value, std::string_view what) {
  if (value.is(Kind::undefined)) run.fail(value.why());
  if (!value.is_integral()) run.fail(concat(what, " is of type ", value.type_name(), ", expected an integer"));
  return value.integer();
}

}  // namespace asterism::text::jinja
