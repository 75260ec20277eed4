// Bodies of runtime.hpp.
#pragma once

#include <memory>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value_impl.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE void Runtime::fail(std::string_view what) const {
  throw FormatError(concat(where_, ": line ", line_, " of the chat template: ", what));
}

ASTERISM_INLINE void Runtime::unsupported(std::string_view what) const {
  throw Unsupported(concat(where_, ": line ", line_, " of the chat template: ", what, " is not supported"));
}

ASTERISM_INLINE void Runtime::out_of_steps() const {
  fail(concat("rendering takes more than ", max_steps,
              " steps: the template does not end, or the conversation is ", "too long for it"));
}

ASTERISM_INLINE void Runtime::too_deep() {
  --calls_;  // of the level that throws, whose destructor does not run
  fail(concat("more than ", max_calls, " expressions and statements within one another: a macro calls itself ",
              "without end"));
}

ASTERISM_INLINE void Runtime::check_room(std::size_t bytes) const {
  if (bytes > max_held_bytes || meter_.bytes + bytes > max_held_bytes) {
    fail(concat("text and values of the rendering take more than ", max_held_bytes, " bytes"));
  }
}

ASTERISM_INLINE Value Runtime::text(std::string bytes, bool is_markup) {
  constexpr std::size_t overhead = 96;  // of the object, its count and its allocations
  step(bytes.size() / 64);
  Charge share = charge(overhead + bytes.size());
  return Value(std::make_shared<const Text>(
      Text{.bytes = std::move(bytes), .is_markup = is_markup, .charge = std::move(share)}));
}

ASTERISM_INLINE void Runtime::check_item(const Value& value) const {
  if (value.is(Kind::object)) {
    unsupported(concat("this ", value.type_name(), " inside a list, a dict or a namespace"));
  }
  if (value.depth() >= max_value_depth) {
    fail(concat("more than ", max_value_depth, " lists and dicts within one another"));
  }
}

ASTERISM_INLINE Value Runtime::sequence(Sequence::Type type, std::vector<Value> items) {
  constexpr std::size_t overhead = 128;
  step(1 + items.size() / 8);
  for (const Value& item : items) check_item(item);
  Charge share = charge(overhead + items.size() * sizeof(Value));
  const std::size_t depth = detail::depth_of(items);
  return Value(std::make_shared<const Sequence>(
      Sequence{.type = type, .items = std::move(items), .depth = depth, .charge = std::move(share)}));
}

ASTERISM_INLINE void Runtime::check_printed(const Value& undefined) const {
  for (const std::string_view name : required_) {
    if (undefined.why() == concat("'", name, "' is undefined")) {
      fail(concat("writes ", name, ", which is not known: tokenizer_config.json has to say its text, or null"));
    }
  }
}

ASTERISM_INLINE Value Object::call(Runtime& run, const Arguments& /*arguments*/) {
  run.fail(concat("this ", type_name(), " is called, but is no function"));
}

ASTERISM_INLINE TextBuilder& TextBuilder::append(std::string_view piece) {
  run_.step(piece.size() / 64);
  run_.check_room(piece.size());
  bytes_ += piece;
  held_ += piece.size();
  run_.meter().bytes += piece.size();
  return *this;
}

ASTERISM_INLINE TextBuilder& TextBuilder::repeat(std::size_t count, std::string_view piece) {
  if (piece.empty()) return *this;
  if (count > max_held_bytes) run_.check_room(max_held_bytes + 1);
  run_.check_room(count * piece.size());
  run_.step_bytes(count * piece.size());
  for (std::size_t i = 0; i < count; ++i) append(piece);
  return *this;
}

ASTERISM_INLINE std::string TextBuilder::take() {
  run_.meter().bytes -= std::exchange(held_, 0);
  return std::move(bytes_);
}

}  // namespace asterism::text::jinja
