// What a template finds by name without being given it: functions, namespaces, loops.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// namespace(a=1): the one thing that a template may change, by {% set ns.a = 2 %}. Its values can't be objects.
class Namespace final : public Object {
 public:
  std::string_view type_name() const override { return "namespace"; }
  Value attribute(Runtime& run, std::string_view name) override;
  /// Throws as Runtime::check_item; also for a name that begins with an underscore, as transformers.
  void set(Runtime& run, std::string_view name, const Value& value);

 private:
  std::map<std::string, Value, std::less<>> values_;
};

/// `loop` inside of {% for %}: index, index0, revindex, revindex0, first, last, length, previtem, nextitem, depth,
/// depth0 (no loop is recursive), cycle(...) and changed(...).
class Loop final : public Object {
 public:
  explicit Loop(std::shared_ptr<const Sequence> items, std::size_t first)
      : items_(std::move(items)), first_(first), at_(first) {}
  std::string_view type_name() const override { return "loop"; }
  Value attribute(Runtime& run, std::string_view name) override;
  /// Goes to the item `at` of the sequence.
  void go_to(std::size_t at) { at_ = at; }
  bool changed(Runtime& run, const Arguments& arguments);
  Value cycle(Runtime& run, const Arguments& arguments) const;

 private:
  std::shared_ptr<const Sequence> items_;
  std::size_t first_;
  std::size_t at_;
  Value last_seen_ = Value::none();
};

/// The functions that transformers gives a template: range, dict, namespace, raise_exception, strftime_now, and,
/// refused when they are called, Jinja's cycler, joiner and lipsum.
std::map<std::string_view, Value> global_functions();

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/objects_impl.hpp"
#endif
