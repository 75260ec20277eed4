// Bodies of interpreter.hpp: expressions.
#pragma once

#include <cstddef>
#include <utility>
#include <variant>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arithmetic.hpp"
#include "asterism/text/jinja/filters.hpp"
#include "asterism/text/jinja/interpreter.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/repr.hpp"
#include "asterism/text/jinja/tests.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE Value Interpreter::evaluate(const Expression& expression) {
  const Runtime::Level level(run_);
  run_.at_line(expression.line);
  return std::visit([this](const auto& one) { return node(one); }, expression.node);
}

ASTERISM_INLINE Value Interpreter::lookup(const std::string& name) const {
  if (const Value* found = scope_->find(name)) return *found;
  if (const Value* found = variables_.dict().find(name)) return *found;
  const auto function = globals_.find(name);
  if (function != globals_.end()) return function->second;
  return Value::undefined(concat("'", name, "' is undefined"));
}

ASTERISM_INLINE Value Interpreter::node(const Items& items) {
  std::vector<Value> values;
  for (const Expression& item : items.items) values.push_back(evaluate(item));
  return run_.sequence(items.type, std::move(values));
}

ASTERISM_INLINE Value Interpreter::node(const Members& members) {
  std::vector<std::pair<Value, Value>> values;
  for (std::size_t i = 0; i < members.keys_and_values.size(); i += 2) {
    Value key = evaluate(members.keys_and_values[i]);
    values.emplace_back(std::move(key), evaluate(members.keys_and_values[i + 1]));
  }
  return dict_of(run_, std::move(values));
}

ASTERISM_INLINE Value Interpreter::node(const Unary& unary) {
  const Value value = evaluate(*unary.operand);
  if (unary.sign == Unary::Sign::no) return !value.truth();
  if (unary.sign == Unary::Sign::minus) return negative(run_, value);
  if (value.is(Kind::undefined)) run_.fail(value.why());
  if (!value.is_number()) run_.fail(concat("'+' of ", value.type_name()));
  return value.is_integral() ? Value(value.integer()) : value;
}

ASTERISM_INLINE Value Interpreter::node(const Arithmetic& chain) {
  Value value = evaluate(chain.operands[0]);
  for (std::size_t i = 0; i < chain.operators.size(); ++i) {
    const Value other = evaluate(chain.operands[i + 1]);
    value = arithmetic(run_, chain.operators[i], value, other);
  }
  return value;
}

ASTERISM_INLINE Value Interpreter::node(const Comparison& comparison) {
  Value left = evaluate(comparison.operands[0]);
  for (std::size_t i = 0; i < comparison.operators.size(); ++i) {
    Value right = evaluate(comparison.operands[i + 1]);
    if (!compare(run_, comparison.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

ASTERISM_INLINE Value Interpreter::node(const Logic& logic) {
  Value value;
  for (const Expression& operand : logic.operands) {
    value = evaluate(operand);
    if (value.truth() != logic.is_and) break;
  }
  return value;
}

ASTERISM_INLINE Value Interpreter::node(const Concatenation& concatenation) {
  TextBuilder out(run_);
  for (const Expression& operand : concatenation.operands) append_string(out, run_, evaluate(operand));
  return out.finish();
}

ASTERISM_INLINE Value Interpreter::node(const Conditional& conditional) {
  if (evaluate(*conditional.condition).truth()) return evaluate(*conditional.value);
  if (conditional.otherwise != nullptr) return evaluate(*conditional.otherwise);
  return Value::undefined("the inline if-expression evaluated to false and no else section was defined");
}

ASTERISM_INLINE Value Interpreter::node(const Postfix& postfix) {
  return applied(postfix.trailers, evaluate(*postfix.base));
}

ASTERISM_INLINE Value Interpreter::applied(const std::vector<Trailer>& trailers, Value value) {
  for (const Trailer& trailer : trailers) value = apply(trailer, value);
  return value;
}

ASTERISM_INLINE Arguments Interpreter::arguments(const ArgumentList& list) {
  Arguments out;
  for (const Expression& value : list.positional) out.positional.push_back(evaluate(value));
  for (std::size_t i = 0; i < list.names.size(); ++i)
    out.named.emplace_back(list.names[i], evaluate(list.named[i]));
  return out;
}

ASTERISM_INLINE Value Interpreter::apply(const Trailer& trailer, const Value& value) {
  run_.step();
  const Arguments given = arguments(trailer.arguments);
  run_.at_line(trailer.line);
  switch (trailer.kind) {
    case Trailer::Kind::attribute:
      return attribute(run_, value, trailer.name);
    case Trailer::Kind::item:
      return item(run_, value, given.positional[0]);
    case Trailer::Kind::slice:
      return slice(run_, value, given.positional[0], given.positional[1], given.positional[2]);
    case Trailer::Kind::filter:
      return apply_filter(run_, trailer.name, value, given);
    case Trailer::Kind::test:
    case Trailer::Kind::not_test:
      return apply_test(run_, trailer.name, value, given) == (trailer.kind == Trailer::Kind::test);
    default:
      if (value.is(Kind::undefined)) run_.fail(value.why());
      if (!value.is(Kind::object)) run_.fail(concat("this ", value.type_name(), " is called, but is no function"));
      return value.object().call(run_, given);
  }
}

}  // namespace asterism::text::jinja
