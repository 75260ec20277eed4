// Bodies of expression_parser.hpp.
#pragma once

#include <charconv>
#include <memory>
#include <system_error>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/jinja/expression_parser.hpp"
#include "asterism/text/jinja/parser.hpp"

namespace asterism::text::jinja {

namespace detail {

inline ExpressionPtr boxed(Expression expression) { return std::make_unique<Expression>(std::move(expression)); }

inline Expression literal(std::uint32_t line, Value value) { return {line, Literal{std::move(value)}}; }

}  // namespace detail

ASTERISM_INLINE std::size_t ExpressionParser::Level::most() { return max_nesting; }

ASTERISM_INLINE void ExpressionParser::fail(std::string_view what) const {
  throw FormatError(concat(where_, ": line ", now().line, " of the chat template: ", what));
}

ASTERISM_INLINE void ExpressionParser::unsupported(std::string_view what) const {
  throw Unsupported(concat(where_, ": line ", now().line, " of the chat template: ", what, " is not supported"));
}

ASTERISM_INLINE void ExpressionParser::too_deep() const {
  throw FormatError(concat(where_, ": line ", now().line, " of the chat template: more than ", max_nesting,
                           " brackets and blocks within one another"));
}

ASTERISM_INLINE void ExpressionParser::unexpected(std::string_view what) const {
  constexpr std::string_view names[] = {"text", "'{{'", "'}}'", "'{%'", "'%}'"};
  const Token& token = now();
  const auto kind = static_cast<std::size_t>(token.kind);
  fail(concat("expected ", what, ", found ",
              token.kind == Token::Kind::end ? std::string("the end of the template")
              : kind < std::size(names)      ? std::string(names[kind])
                                             : concat("'", printable(token.text, 40), "'")));
}

ASTERISM_INLINE bool ExpressionParser::skip_sign(std::string_view sign) {
  if (!now().is_sign(sign)) return false;
  next();
  return true;
}

ASTERISM_INLINE bool ExpressionParser::skip_name(std::string_view name) {
  if (!now().is_name(name)) return false;
  next();
  return true;
}

ASTERISM_INLINE void ExpressionParser::expect_sign(std::string_view sign) {
  if (!skip_sign(sign)) unexpected(concat("'", sign, "'"));
}

ASTERISM_INLINE std::string ExpressionParser::expect_name() {
  if (now().kind != Token::Kind::name) unexpected("a name");
  std::string name = now().text;
  next();
  return name;
}

ASTERISM_INLINE void ExpressionParser::expect(Token::Kind kind, std::string_view what) {
  if (now().kind != kind) unexpected(what);
  next();
}

ASTERISM_INLINE Expression ExpressionParser::expression() {
  const Level level(*this);
  Expression value = condition();
  for (std::size_t count = 0; now().is_name("if"); ++count) {
    if (count == max_nesting) too_deep();
    const std::uint32_t line = now().line;
    next();
    Conditional out{
        .condition = detail::boxed(condition()), .value = detail::boxed(std::move(value)), .otherwise = {}};
    if (skip_name("else")) out.otherwise = detail::boxed(expression());
    value = {line, std::move(out)};
  }
  return value;
}

ASTERISM_INLINE Expression ExpressionParser::condition() { return logic(false); }

ASTERISM_INLINE Expression ExpressionParser::logic(bool is_and) {
  const std::uint32_t line = now().line;
  Expression first = is_and ? negation() : logic(true);
  if (!now().is_name(is_and ? "and" : "or")) return first;
  Logic out{.is_and = is_and, .operands = {}};
  out.operands.push_back(std::move(first));
  while (skip_name(is_and ? "and" : "or")) out.operands.push_back(is_and ? negation() : logic(true));
  return {line, std::move(out)};
}

ASTERISM_INLINE Expression ExpressionParser::negation() {
  if (!now().is_name("not")) return comparison();
  const Level level(*this);
  const std::uint32_t line = now().line;
  next();
  return {line, Unary{.sign = Unary::Sign::no, .operand = detail::boxed(negation())}};
}

ASTERISM_INLINE Expression ExpressionParser::comparison() {
  constexpr std::pair<std::string_view, Operator> signs[] = {
      {"==", Operator::equal},      {"!=", Operator::unequal}, {"<", Operator::less},
      {"<=", Operator::less_equal}, {">", Operator::greater},  {">=", Operator::greater_equal}};
  const std::uint32_t line = now().line;
  Expression first = sum();
  Comparison out;
  const auto read = [&](Operator op, int tokens) {
    for (; tokens > 0; --tokens) next();
    if (out.operands.empty()) out.operands.push_back(std::move(first));
    out.operators.push_back(op);
    out.operands.push_back(sum());
  };
  for (bool more = true; more;) {
    more = false;
    for (const auto& [sign, op] : signs) {
      if (!now().is_sign(sign)) continue;
      read(op, 1);
      more = true;
      break;
    }
    if (more) continue;
    more = true;
    if (now().is_name("in")) {
      read(Operator::in, 1);
    } else if (now().is_name("not") && ahead().is_name("in")) {
      read(Operator::not_in, 2);
    } else {
      more = false;
    }
  }
  if (out.operators.empty()) return first;
  return {line, std::move(out)};
}

ASTERISM_INLINE Expression
ExpressionParser::chain(Expression (ExpressionParser::*operand)(),
                        std::initializer_list<std::pair<std::string_view, Operator>> signs) {
  const std::uint32_t line = now().line;
  Arithmetic out;
  out.operands.push_back((this->*operand)());
  for (bool more = true; more;) {
    more = false;
    for (const auto& [sign, op] : signs) {
      if (!skip_sign(sign)) continue;
      out.operators.push_back(op);
      out.operands.push_back((this->*operand)());
      more = true;
      break;
    }
  }
  if (out.operators.empty()) return std::move(out.operands.front());
  return {line, std::move(out)};
}

ASTERISM_INLINE Expression ExpressionParser::sum() {
  return chain(&ExpressionParser::concatenation, {{"+", Operator::add}, {"-", Operator::subtract}});
}

ASTERISM_INLINE Expression ExpressionParser::concatenation() {
  const std::uint32_t line = now().line;
  Expression first = product();
  if (!now().is_sign("~")) return first;
  Concatenation out;
  out.operands.push_back(std::move(first));
  while (skip_sign("~")) out.operands.push_back(product());
  return {line, std::move(out)};
}

ASTERISM_INLINE Expression ExpressionParser::product() {
  return chain(&ExpressionParser::power, {{"*", Operator::multiply},
                                          {"/", Operator::divide},
                                          {"//", Operator::divide_floor},
                                          {"%", Operator::modulo}});
}

ASTERISM_INLINE Expression ExpressionParser::power() {
  return chain(&ExpressionParser::signed_value, {{"**", Operator::power}});
}

ASTERISM_INLINE Expression ExpressionParser::signed_value() { return unary(true); }

ASTERISM_INLINE Expression ExpressionParser::unary(bool with_filters) {
  const Token& token = now();
  if (!token.is_sign("-") && !token.is_sign("+")) return with_trailers(primary(), with_filters);
  const Level level(*this);
  const std::uint32_t line = token.line;
  const auto sign = token.is_sign("-") ? Unary::Sign::minus : Unary::Sign::plus;
  next();
  Expression out{line, Unary{.sign = sign, .operand = detail::boxed(unary(false))}};
  return with_trailers(std::move(out), with_filters);
}

ASTERISM_INLINE Expression ExpressionParser::primary() {
  const Token& token = now();
  const std::uint32_t line = token.line;
  if (token.kind == Token::Kind::name) {
    const std::string name = token.text;
    next();
    if (name == "true" || name == "True") return detail::literal(line, true);
    if (name == "false" || name == "False") return detail::literal(line, false);
    if (name == "none" || name == "None") return detail::literal(line, Value::none());
    saw_varargs = saw_varargs || name == "varargs";
    saw_kwargs = saw_kwargs || name == "kwargs";
    saw_caller = saw_caller || name == "caller";
    return {line, Name{name}};
  }
  if (token.kind == Token::Kind::text) {
    std::string text;
    for (; now().kind == Token::Kind::text; next()) text += now().text;
    return detail::literal(line, Value(std::move(text)));
  }
  if (token.kind == Token::Kind::integer || token.kind == Token::Kind::number) {
    const char* begin = token.text.data();
    const char* end = begin + token.text.size();
    std::int64_t integer = 0;
    double number = 0;
    const auto read = token.kind == Token::Kind::integer ? std::from_chars(begin, end, integer)
                                                         : std::from_chars(begin, end, number);
    if (read.ec != std::errc()) unsupported(concat("the number ", printable(token.text, 40)));
    const bool is_integer = token.kind == Token::Kind::integer;
    next();
    return detail::literal(line, is_integer ? Value(integer) : Value(number));
  }
  if (token.is_sign("(")) return parenthesis();
  if (token.is_sign("[")) return list();
  if (token.is_sign("{")) return dict();
  unexpected("a value");
}

ASTERISM_INLINE Expression ExpressionParser::tuple(bool with_conditional, std::string_view until) {
  const auto ends = [&] {
    return now().kind == Token::Kind::print_end || now().kind == Token::Kind::block_end || now().is_sign(")") ||
           (!until.empty() && now().is_name(until));
  };
  const Level level(*this);
  const std::uint32_t line = now().line;
  Items out{.type = Sequence::Type::tuple, .items = {}};
  bool has_comma = false;
  while (!ends()) {
    out.items.push_back(with_conditional ? expression() : condition());
    if (!skip_sign(",")) break;
    has_comma = true;
  }
  if (has_comma) return {line, std::move(out)};
  if (out.items.empty()) unexpected("an expression");
  return std::move(out.items.front());
}

ASTERISM_INLINE Expression ExpressionParser::parenthesis() {
  const std::uint32_t line = now().line;
  next();
  if (skip_sign(")")) return {line, Items{.type = Sequence::Type::tuple, .items = {}}};
  Expression out = tuple(true);
  expect_sign(")");
  return out;
}

ASTERISM_INLINE Expression ExpressionParser::list() {
  const Level level(*this);
  const std::uint32_t line = now().line;
  next();
  Items out;
  while (!now().is_sign("]")) {
    if (!out.items.empty()) expect_sign(",");
    if (now().is_sign("]")) break;
    out.items.push_back(expression());
  }
  next();
  return {line, std::move(out)};
}

ASTERISM_INLINE Expression ExpressionParser::dict() {
  const Level level(*this);
  const std::uint32_t line = now().line;
  next();
  Members out;
  while (!now().is_sign("}")) {
    if (!out.keys_and_values.empty()) expect_sign(",");
    if (now().is_sign("}")) break;
    out.keys_and_values.push_back(expression());
    expect_sign(":");
    out.keys_and_values.push_back(expression());
  }
  next();
  return {line, std::move(out)};
}

}  // namespace asterism::text::jinja
