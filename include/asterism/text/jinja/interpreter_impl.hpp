// Bodies of interpreter.hpp: statements.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/interpreter.hpp"
#include "asterism/text/jinja/objects.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"

namespace asterism::text::jinja {

namespace detail {

/// A macro, or the body of a call block, with the scope in which it was defined. It ends before the scope does: macros
/// can't be kept in lists, dicts or namespaces.
class BoundMacro final : public Object {
 public:
  BoundMacro(Interpreter& interpreter, const Macro& macro, const Scope& scope)
      : interpreter_(interpreter), macro_(macro), scope_(scope) {}
  std::string_view type_name() const override { return "macro"; }
  Value attribute(Runtime& run, std::string_view name) override {
    if (name == "name") return run.text(macro_.name);
    return Object::attribute(run, name);
  }
  Value call(Runtime& /*run*/, const Arguments& arguments) override {
    return interpreter_.call(macro_, scope_, arguments);
  }

 private:
  Interpreter& interpreter_;
  const Macro& macro_;
  const Scope& scope_;
};

inline Value bound_macro(Interpreter& interpreter, const Macro& macro, const Scope& scope) {
  return Value(std::shared_ptr<Object>(std::make_shared<BoundMacro>(interpreter, macro, scope)));
}

/// Sets a variable for as long as it lives.
template <class T>
class Restore {
 public:
  Restore(T& variable, T value) : variable_(variable), old_(std::exchange(variable, value)) {}
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() { variable_ = old_; }

 private:
  T& variable_;
  T old_;
};

template <class... Bodies>
struct Overloaded : Bodies... {
  using Bodies::operator()...;
};
template <class... Bodies>
Overloaded(Bodies...) -> Overloaded<Bodies...>;

}  // namespace detail

ASTERISM_INLINE const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    const auto found = scope->values.find(name);
    if (found != scope->values.end()) return &found->second;
  }
  return nullptr;
}

ASTERISM_INLINE Interpreter::Interpreter(Runtime& run, const Value& variables)
    : run_(run), variables_(variables), globals_(global_functions()) {}

ASTERISM_INLINE std::string Interpreter::render(const std::vector<Statement>& statements) {
  Scope scope;
  TextBuilder out(run_);
  const detail::Restore<Scope*> in_scope(scope_, &scope);
  const detail::Restore<TextBuilder*> into(out_, &out);
  execute(statements);
  return out.take();
}

ASTERISM_INLINE Value Interpreter::captured(const Block& block) {
  Scope scope{.outer = scope_};
  TextBuilder out(run_);
  const detail::Restore<Scope*> in_scope(scope_, &scope);
  const detail::Restore<TextBuilder*> into(out_, &out);
  execute(block);
  return out.finish();
}

ASTERISM_INLINE Interpreter::Flow Interpreter::execute(const Block& block) {
  for (const Statement& statement : block) {
    if (const Flow flow = execute_one(statement); flow != Flow::on) return flow;
  }
  return Flow::on;
}

ASTERISM_INLINE Interpreter::Flow Interpreter::execute_one(const Statement& statement) {
  const Runtime::Level level(run_);
  run_.at_line(statement.line);
  Flow flow = Flow::on;
  std::visit(detail::Overloaded{
                 [&](const Data& data) { out_->append(data.text); },
                 [&](const Print& print) { append_string(*out_, run_, evaluate(print.value)); },
                 [&](const If& branches) {
                   std::size_t i = 0;
                   while (i < branches.conditions.size() && !evaluate(branches.conditions[i]).truth()) ++i;
                   if (i < branches.bodies.size()) flow = execute(branches.bodies[i]);
                 },
                 [&](const For& loops) { flow = loop(loops); },
                 [&](const Set& set) { assign(set.target, evaluate(set.value)); },
                 [&](const SetBlock& set) { assign(set.target, applied(set.filters, captured(set.body))); },
                 [&](const Macro& macro) {
                   scope_->values.insert_or_assign(macro.name, detail::bound_macro(*this, macro, *scope_));
                 },
                 [&](const CallBlock& call) { append_string(*out_, run_, call_with_caller(call)); },
                 [&](const FilterBlock& filter) {
                   append_string(*out_, run_, applied(filter.filters, captured(filter.body)));
                 },
                 [&](const With& with) {
                   std::vector<Value> values;
                   for (const Expression& value : with.values) values.push_back(evaluate(value));
                   Scope scope{.outer = scope_};
                   const detail::Restore<Scope*> in_scope(scope_, &scope);
                   for (std::size_t i = 0; i < values.size(); ++i) assign(with.targets[i], values[i]);
                   flow = execute(with.body);
                 },
                 [&](const Generation& generation) {
                   Scope scope{.outer = scope_};
                   const detail::Restore<Scope*> in_scope(scope_, &scope);
                   flow = execute(generation.body);
                 },
                 [&](const Break& /*end*/) { flow = Flow::end_loop; },
                 [&](const Continue& /*end*/) { flow = Flow::next_item; },
             },
             statement.node);
  return flow;
}

ASTERISM_INLINE Interpreter::Flow Interpreter::loop(const For& statement) {
  const Value iterable = evaluate(statement.iterable);
  std::shared_ptr<const Sequence> items = iterate(run_, iterable);
  if (statement.condition) {
    std::vector<Value> kept;
    for (const Value& item : items->items) {
      Scope scope{.outer = scope_};
      const detail::Restore<Scope*> in_scope(scope_, &scope);
      assign(statement.target, item);
      if (evaluate(*statement.condition).truth()) kept.push_back(item);
    }
    items = run_.list(std::move(kept)).shared_sequence();
  }
  if (items->items.empty()) return execute(statement.otherwise);
  const auto position = std::make_shared<Loop>(items, 0);
  const Value loop{std::shared_ptr<Object>(position)};
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    run_.step();
    position->go_to(i);
    Scope scope{.outer = scope_};
    const detail::Restore<Scope*> in_scope(scope_, &scope);
    scope.values.emplace("loop", loop);
    assign(statement.target, items->items[i]);
    if (execute(statement.body) == Flow::end_loop) break;
  }
  return Flow::on;
}

ASTERISM_INLINE void Interpreter::assign(const Target& target, const Value& value) {
  if (target.name.empty()) {
    const auto parts = iterate(run_, value);
    if (parts->items.size() != target.parts.size()) {
      run_.fail(concat(parts->items.size(), " values are assigned to ", target.parts.size(), " names"));
    }
    for (std::size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], parts->items[i]);
  } else if (target.attribute.empty()) {
    scope_->values.insert_or_assign(target.name, value);
  } else {
    const Value held = lookup(target.name);
    auto* space = held.is(Kind::object) ? dynamic_cast<Namespace*>(&held.object()) : nullptr;
    if (space == nullptr) {
      run_.fail(concat("'", target.name, "' is of type ", held.type_name(),
                       ", expected a namespace: only these take {% set ", target.name, ".", target.attribute,
                       " %}"));
    }
    space->set(run_, target.attribute, value);
  }
}

ASTERISM_INLINE Value Interpreter::call_with_caller(const CallBlock& statement) {
  const auto& call = std::get<Postfix>(statement.call.node);
  Value value = evaluate(*call.base);
  for (std::size_t i = 0; i + 1 < call.trailers.size(); ++i) value = apply(call.trailers[i], value);
  Arguments given = arguments(call.trailers.back().arguments);
  given.named.emplace_back("caller", detail::bound_macro(*this, statement.caller, *scope_));
  if (value.is(Kind::undefined)) run_.fail(value.why());
  if (!value.is(Kind::object)) run_.fail(concat("this ", value.type_name(), " is called, but is no function"));
  return value.object().call(run_, given);
}

ASTERISM_INLINE Value Interpreter::call(const Macro& macro, const Scope& scope, const Arguments& given) {
  const Runtime::Level level(run_);
  const std::uint32_t line = run_.line();
  Scope inside{.outer = &scope};
  TextBuilder out(run_);
  const detail::Restore<Scope*> in_scope(scope_, &inside);
  const std::vector<std::string>& names = macro.parameters;
  std::vector<bool> filled(names.size());
  std::vector<Value> extra;
  std::vector<std::pair<Value, Value>> extra_named;
  const auto fill = [&](std::size_t i, const Value& value) {
    if (filled[i]) run_.fail(concat("macro '", macro.name, "' gets '", names[i], "' twice"));
    filled[i] = true;
    inside.values.insert_or_assign(names[i], value);
  };
  for (std::size_t i = 0; i < given.positional.size(); ++i) {
    i < names.size() ? fill(i, given.positional[i]) : extra.push_back(given.positional[i]);
  }
  bool has_caller = false;
  for (const auto& [name, value] : given.named) {
    std::size_t i = 0;
    while (i < names.size() && names[i] != name) ++i;
    if (i < names.size()) {
      fill(i, value);
    } else if (name == "caller" && macro.uses_caller) {
      inside.values.insert_or_assign("caller", value);
      has_caller = true;
    } else if (macro.uses_kwargs && name != "caller") {
      extra_named.emplace_back(run_.text(name), value);
    } else {
      run_.fail(concat("macro '", macro.name, "' has no parameter '", name, "'"));
    }
  }
  if (!extra.empty() && !macro.uses_varargs) {
    run_.fail(concat("macro '", macro.name, "' takes at most ", names.size(), " arguments, but gets ",
                     given.positional.size()));
  }
  if (macro.uses_varargs) inside.values.emplace("varargs", run_.sequence(Sequence::Type::tuple, std::move(extra)));
  if (macro.uses_kwargs) inside.values.emplace("kwargs", dict_of(run_, std::move(extra_named)));
  if (macro.uses_caller && !has_caller) inside.values.emplace("caller", Value::undefined("No caller defined"));
  const std::size_t without = names.size() - macro.defaults.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (filled[i]) continue;
    inside.values.insert_or_assign(
        names[i], i < without ? Value::undefined(concat("parameter '", names[i], "' was not provided"))
                              : evaluate(macro.defaults[i - without]));
  }
  const detail::Restore<TextBuilder*> into(out_, &out);
  execute(macro.body);
  run_.at_line(line);
  return out.finish();
}

}  // namespace asterism::text::jinja
