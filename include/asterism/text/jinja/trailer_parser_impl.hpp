// Bodies of expression_parser.hpp: what follows a value.
#pragma once

#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/expression_parser.hpp"
#include "asterism/text/jinja/expression_parser_impl.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE Expression ExpressionParser::with_trailers(Expression base, bool with_filters) {
  std::vector<Trailer> trailers;
  bool filtered = false;  // Jinja looks nothing up behind a filter or a test, but calls
  for (;;) {
    const Token& token = now();
    if (!filtered && (token.is_sign(".") || token.is_sign("["))) {
      trailers.push_back(lookup());
    } else if (token.is_sign("(")) {
      trailers.push_back({.kind = Trailer::Kind::call, .line = token.line, .name = {}, .arguments = arguments()});
    } else if (with_filters && token.is_sign("|")) {
      next();
      trailers.push_back(filter());
      filtered = true;
    } else if (with_filters && token.is_name("is")) {
      trailers.push_back(test());
      filtered = true;
    } else {
      break;
    }
  }
  if (trailers.empty()) return base;
  const std::uint32_t line = base.line;
  return {line, Postfix{.base = detail::boxed(std::move(base)), .trailers = std::move(trailers)}};
}

ASTERISM_INLINE Trailer ExpressionParser::lookup() {
  Trailer out{.kind = Trailer::Kind::item, .line = now().line, .name = {}, .arguments = {}};
  if (skip_sign(".")) {
    if (now().kind == Token::Kind::integer) {
      out.arguments.positional.push_back(primary());
    } else {
      out.kind = Trailer::Kind::attribute;
      out.name = expect_name();
    }
    return out;
  }
  const Level level(*this);
  next();
  bool is_slice = false;
  std::vector<Expression> parts;
  while (!now().is_sign("]")) {
    if (is_slice) unsupported("a slice among several subscripts");
    if (!out.arguments.positional.empty()) expect_sign(",");
    Expression key = subscript(is_slice, parts);
    if (!is_slice) out.arguments.positional.push_back(std::move(key));
  }
  next();
  if (is_slice) {
    if (!out.arguments.positional.empty()) unsupported("a slice among several subscripts");
    out.kind = Trailer::Kind::slice;
    out.arguments.positional = std::move(parts);
  } else if (out.arguments.positional.size() != 1) {
    Expression key{out.line, Items{.type = Sequence::Type::tuple, .items = std::move(out.arguments.positional)}};
    out.arguments.positional.clear();
    out.arguments.positional.push_back(std::move(key));
  }
  return out;
}

ASTERISM_INLINE Expression ExpressionParser::subscript(bool& is_slice, std::vector<Expression>& parts) {
  const std::uint32_t line = now().line;
  const auto part = [&] {
    const bool absent = now().is_sign(":") || now().is_sign("]") || now().is_sign(",");
    return absent ? detail::literal(line, Value::none()) : expression();
  };
  Expression first = part();
  if (!now().is_sign(":")) return first;
  is_slice = true;
  parts.push_back(std::move(first));
  next();
  parts.push_back(part());
  parts.push_back(skip_sign(":") ? part() : detail::literal(line, Value::none()));
  return detail::literal(line, Value::none());
}

ASTERISM_INLINE ArgumentList ExpressionParser::arguments() {
  const Level level(*this);
  expect_sign("(");
  ArgumentList out;
  bool first = true;
  while (!now().is_sign(")")) {
    if (!std::exchange(first, false)) {
      expect_sign(",");
      if (now().is_sign(")")) break;
    }
    if (now().is_sign("*") || now().is_sign("**")) unsupported(concat(now().text, "arguments of a call"));
    if (now().kind == Token::Kind::name && ahead().is_sign("=")) {
      out.names.push_back(expect_name());
      next();
      out.named.push_back(expression());
    } else {
      if (!out.named.empty()) fail("an argument without a name behind one with a name");
      out.positional.push_back(expression());
    }
  }
  next();
  return out;
}

ASTERISM_INLINE std::vector<Trailer> ExpressionParser::filters() {
  std::vector<Trailer> out;
  while (skip_sign("|")) out.push_back(filter());
  return out;
}

ASTERISM_INLINE Trailer ExpressionParser::filter() {
  Trailer out{.kind = Trailer::Kind::filter, .line = now().line, .name = expect_name(), .arguments = {}};
  while (skip_sign(".")) out.name += "." + expect_name();
  if (now().is_sign("(")) out.arguments = arguments();
  return out;
}

ASTERISM_INLINE Trailer ExpressionParser::test() {
  Trailer out{.kind = Trailer::Kind::test, .line = now().line, .name = {}, .arguments = {}};
  next();
  if (skip_name("not")) out.kind = Trailer::Kind::not_test;
  out.name = expect_name();
  while (skip_sign(".")) out.name += "." + expect_name();
  const Token& token = now();
  if (token.is_sign("(")) {
    out.arguments = arguments();
  } else if (token.kind == Token::Kind::name || token.kind == Token::Kind::text ||
             token.kind == Token::Kind::integer || token.kind == Token::Kind::number || token.is_sign("[") ||
             token.is_sign("{")) {
    if (token.is_name("else") || token.is_name("or") || token.is_name("and")) return out;
    if (token.is_name("is")) fail("several tests in a row: join them with 'and'");
    const Level level(*this);
    out.arguments.positional.push_back(with_trailers(primary(), false));
  }
  return out;
}

}  // namespace asterism::text::jinja
