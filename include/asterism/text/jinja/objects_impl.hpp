// Bodies of objects.hpp.
#pragma once

#include <cstdint>
#include <ctime>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/objects.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"

namespace asterism::text::jinja {

namespace detail {

class Function final : public Object {
 public:
  using Body = Value (*)(Runtime& run, const Arguments& arguments);
  explicit Function(Body body) : body_(body) {}
  std::string_view type_name() const override { return "function"; }
  Value call(Runtime& run, const Arguments& arguments) override { return body_(run, arguments); }

 private:
  Body body_;
};

/// loop.cycle or loop.changed
class LoopMethod final : public Object {
 public:
  LoopMethod(Loop& loop, bool cycles) : loop_(loop), cycles_(cycles) {}
  std::string_view type_name() const override { return "method"; }
  Value call(Runtime& run, const Arguments& arguments) override {
    return cycles_ ? loop_.cycle(run, arguments) : Value(loop_.changed(run, arguments));
  }

 private:
  Loop& loop_;
  bool cycles_;
};

inline Value range(Runtime& run, const Arguments& arguments) {
  const Bound bound(run, "range", arguments, {"start", "stop", "step"}, 1);
  const std::int64_t first = bound.has(1) ? bound.integer(0, 0) : 0;
  const std::int64_t end = bound.has(1) ? bound.integer(1, 0) : bound.integer(0, 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) run.fail("'range' with a step of 0");
  std::vector<Value> items;
  for (std::int64_t i = first; step > 0 ? i < end : i > end;) {
    if (static_cast<std::int64_t>(items.size()) == max_range) {
      run.fail(concat("'range' of more than ", max_range, " items"));
    }
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  run.step(items.size() / 2);
  return run.sequence(Sequence::Type::range, std::move(items));
}

/// Members of dict(...) and namespace(...): those of a dict, if one is given, and the named arguments.
inline std::vector<std::pair<Value, Value>> members(Runtime& run, std::string_view name,
                                                    const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> out;
  if (arguments.positional.size() > 1) run.fail(concat("'", name, "' takes one dict and named values"));
  if (!arguments.positional.empty()) {
    const Value& given = arguments.positional[0];
    if (given.is(Kind::dict)) {
      out = given.dict().items;
    } else {
      const auto pairs = iterate(run, given);
      for (const Value& pair : pairs->items) {
        const auto parts = iterate(run, pair);
        if (parts->items.size() != 2) run.fail(concat("'", name, "' gets an item that is no pair"));
        out.emplace_back(parts->items[0], parts->items[1]);
      }
    }
  }
  for (const auto& [key, value] : arguments.named) out.emplace_back(run.text(key), value);
  return out;
}

inline Value make_namespace(Runtime& run, const Arguments& arguments) {
  auto out = std::make_shared<Namespace>();
  for (const auto& [key, value] : members(run, "namespace", arguments)) {
    out->set(run, require_text(run, key, "a name of a namespace"), value);
  }
  return Value(std::shared_ptr<Object>(std::move(out)));
}

inline Value raise_exception(Runtime& run, const Arguments& arguments) {
  const Bound bound(run, "raise_exception", arguments, {"message"}, 1);
  throw InvalidArgument(concat(
      run.where(), ": the chat template refuses the conversation: ", printable(to_string(run, bound[0]), 1000)));
}

inline Value strftime_now(Runtime& run, const Arguments& arguments) {
  const Bound bound(run, "strftime_now", arguments, {"format"}, 1);
  const std::string form(bound.text(0));
  if (form.size() > 256) run.fail("the format of 'strftime_now' has more than 256 bytes");
  if (form.find("%f") != std::string::npos) run.unsupported("%f of 'strftime_now'");
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::vector<char> buffer(16384);
  return run.text({buffer.data(), std::strftime(buffer.data(), buffer.size(), form.c_str(), &local)});
}

}  // namespace detail

ASTERISM_INLINE Value Namespace::attribute(Runtime& /*run*/, std::string_view name) {
  const auto found = values_.find(name);
  return found != values_.end()
             ? found->second
             : Value::undefined(concat("the namespace has no attribute '", printable(name), "'"));
}

ASTERISM_INLINE void Namespace::set(Runtime& run, std::string_view name, const Value& value) {
  if (name.starts_with('_')) run.fail(concat("the namespace's '", printable(name), "' begins with an underscore"));
  run.check_item(value);
  values_.insert_or_assign(std::string(name), value);
}

ASTERISM_INLINE Value Loop::attribute(Runtime& /*run*/, std::string_view name) {
  const auto index = static_cast<std::int64_t>(at_ - first_);
  const auto length = static_cast<std::int64_t>(items_->items.size() - first_);
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return length - index;
  if (name == "revindex0") return length - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == length;
  if (name == "length") return length;
  if (name == "depth") return std::int64_t{1};
  if (name == "depth0") return std::int64_t{0};
  if (name == "previtem")
    return index > 0 ? items_->items[at_ - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem") {
    return index + 1 < length ? items_->items[at_ + 1] : Value::undefined("there is no next item");
  }
  if (name == "cycle" || name == "changed") {
    return Value(std::shared_ptr<Object>(std::make_shared<detail::LoopMethod>(*this, name == "cycle")));
  }
  return Value::undefined(concat("the loop has no attribute '", printable(name), "'"));
}

ASTERISM_INLINE bool Loop::changed(Runtime& run, const Arguments& arguments) {
  Value seen = run.sequence(Sequence::Type::tuple, arguments.positional);
  const bool out = !equal(run, seen, last_seen_);
  last_seen_ = std::move(seen);
  return out;
}

ASTERISM_INLINE Value Loop::cycle(Runtime& run, const Arguments& arguments) const {
  if (arguments.positional.empty()) run.fail("'loop.cycle' without items");
  return arguments.positional[(at_ - first_) % arguments.positional.size()];
}

ASTERISM_INLINE std::map<std::string_view, Value> global_functions() {
  const auto function = [](detail::Function::Body body) {
    return Value(std::shared_ptr<Object>(std::make_shared<detail::Function>(body)));
  };
  return {
      {"range", function(detail::range)},
      {"dict", function([](Runtime& run, const Arguments& given) {
         return dict_of(run, detail::members(run, "dict", given));
       })},
      {"namespace", function(detail::make_namespace)},
      {"raise_exception", function(detail::raise_exception)},
      {"strftime_now", function(detail::strftime_now)},
      {"cycler", function([](Runtime& run, const Arguments& /*given*/) -> Value { run.unsupported("'cycler'"); })},
      {"joiner", function([](Runtime& run, const Arguments& /*given*/) -> Value { run.unsupported("'joiner'"); })},
      {"lipsum", function([](Runtime& run, const Arguments& /*given*/) -> Value { run.unsupported("'lipsum'"); })},
  };
}

}  // namespace asterism::text::jinja
