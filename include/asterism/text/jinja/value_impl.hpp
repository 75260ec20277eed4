// Bodies of value.hpp.
#pragma once

#include <algorithm>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

namespace detail {

template <class Items>
std::size_t depth_of(const Items& items) {
  std::size_t depth = 0;
  for (const auto& item : items) {
    if constexpr (requires { item.second; }) {
      depth = std::max({depth, item.first.depth(), item.second.depth()});
    } else {
      depth = std::max(depth, item.depth());
    }
  }
  return depth + 1;
}

}  // namespace detail

ASTERISM_INLINE Value::Value(std::string bytes)
    : held_(std::make_shared<const Text>(Text{.bytes = std::move(bytes)})) {}

ASTERISM_INLINE Value Value::none() {
  Value out;
  out.held_ = std::monostate();
  return out;
}

ASTERISM_INLINE Value Value::undefined(std::string why) {
  Value out;
  out.held_ = Undefined{std::make_shared<const std::string>(std::move(why))};
  return out;
}

ASTERISM_INLINE std::string_view Value::why() const {
  const auto& why = std::get<Undefined>(held_).why;
  return why == nullptr ? std::string_view("the value is undefined") : std::string_view(*why);
}

ASTERISM_INLINE std::int64_t Value::integer() const {
  return is(Kind::boolean) ? std::int64_t{boolean()} : std::get<std::int64_t>(held_);
}

ASTERISM_INLINE double Value::number() const {
  return is(Kind::number) ? std::get<double>(held_) : static_cast<double>(integer());
}

ASTERISM_INLINE std::string_view Value::text() const {
  return std::get<std::shared_ptr<const Text>>(held_)->bytes;
}

ASTERISM_INLINE bool Value::is_markup() const {
  return is(Kind::text) && std::get<std::shared_ptr<const Text>>(held_)->is_markup;
}

ASTERISM_INLINE bool Value::same(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::boolean:
    case Kind::integer:
      return integer() == other.integer();
    case Kind::number:
      return number() == other.number();
    case Kind::text:
      return text() == other.text();
    case Kind::sequence:
      return &sequence() == &other.sequence();
    case Kind::dict:
      return &dict() == &other.dict();
    case Kind::object:
      return &object() == &other.object();
    default:
      return true;
  }
}

ASTERISM_INLINE std::size_t Value::depth() const {
  if (is(Kind::sequence)) return sequence().depth;
  return is(Kind::dict) ? dict().depth : 0;
}

ASTERISM_INLINE bool Value::truth() const {
  switch (kind()) {
    case Kind::boolean:
    case Kind::integer:
      return integer() != 0;
    case Kind::number:
      return number() != 0.0;
    case Kind::text:
      return !text().empty();
    case Kind::sequence:
      return sequence().type == Sequence::Type::generator || !sequence().items.empty();
    case Kind::dict:
      return !dict().items.empty();
    case Kind::object:
      return true;
    default:
      return false;
  }
}

ASTERISM_INLINE std::string_view Value::type_name() const {
  constexpr std::string_view sequences[] = {"list", "tuple", "range", "dict view", "generator"};
  switch (kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::number:
      return "float";
    case Kind::text:
      return "str";
    case Kind::sequence:
      return sequences[static_cast<std::size_t>(sequence().type)];
    case Kind::dict:
      return "dict";
    default:
      return object().type_name();
  }
}

ASTERISM_INLINE const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items) {
    if (name.is(Value::Kind::text) && name.text() == key) return &value;
  }
  return nullptr;
}

ASTERISM_INLINE Value Object::attribute(Runtime& /*run*/, std::string_view name) {
  return Value::undefined(concat("'", type_name(), " object' has no attribute '", printable(name), "'"));
}

ASTERISM_INLINE Value make_list(std::vector<Value> items) {
  const std::size_t depth = detail::depth_of(items);
  return Value(std::make_shared<const Sequence>(
      Sequence{.type = Sequence::Type::list, .items = std::move(items), .depth = depth}));
}

ASTERISM_INLINE Value make_dict(std::vector<std::pair<Value, Value>> items) {
  const std::size_t depth = detail::depth_of(items);
  return Value(std::make_shared<const Dict>(Dict{.items = std::move(items), .depth = depth}));
}

}  // namespace asterism::text::jinja
