// Reads expressions out of a template's tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/expression.hpp"
#include "asterism/text/jinja/lexer.hpp"

namespace asterism::text::jinja {

/// A place in the tokens of a template, and the grammar of expressions from there on. Each function reads what it is
/// named after and goes behind it. Precedence, from the loosest: if else, or, and, not, comparisons and in, + -, ~,
/// * / // %, **, signs, calls and lookups, filters and tests. Throws FormatError and Unsupported as `parse`.
class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, std::string_view where)
      : tokens_(std::move(tokens)), where_(where) {}

  Expression expression();
  /// Without `a if b else c`.
  Expression condition();
  /// An expression, or several between commas, which are a tuple; ends at the end of a tag, at `)` and at `until`.
  Expression tuple(bool with_conditional, std::string_view until = {});
  /// |filter|filter: as many as there are.
  std::vector<Trailer> filters();
  /// name or name(arguments), behind a | that was read.
  Trailer filter();

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  void next() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool skip_sign(std::string_view sign);
  bool skip_name(std::string_view name);
  void expect_sign(std::string_view sign);
  std::string expect_name();
  void expect(Token::Kind kind, std::string_view what);
  [[noreturn]] void fail(std::string_view what) const;
  [[noreturn]] void unsupported(std::string_view what) const;
  /// "expected WHAT, found ..."
  [[noreturn]] void unexpected(std::string_view what) const;

  /// Counts a level of nesting while it lives.
  class Level {
   public:
    explicit Level(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > most()) parser_.too_deep();
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --parser_.depth_; }

   private:
    static std::size_t most();
    ExpressionParser& parser_;
  };

  // Whether a name was read since they were cleared: what a macro's body asks for.
  bool saw_varargs = false;
  bool saw_kwargs = false;
  bool saw_caller = false;

 private:
  [[noreturn]] void too_deep() const;
  Expression logic(bool is_and);
  Expression negation();
  Expression comparison();
  Expression sum();
  Expression concatenation();
  Expression product();
  Expression power();
  Expression signed_value();
  Expression unary(bool with_filters);
  Expression primary();
  Expression parenthesis();
  Expression list();
  Expression dict();
  Expression with_trailers(Expression base, bool with_filters);
  Trailer lookup();
  Expression subscript(bool& is_slice, std::vector<Expression>& parts);
  ArgumentList arguments();
  Trailer test();
  /// Operands that `operand` reads, between signs of `signs`.
  Expression chain(Expression (ExpressionParser::*operand)(),
                   std::initializer_list<std::pair<std::string_view, Operator>> signs);

  std::vector<Token> tokens_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/expression_parser_impl.hpp"
#include "asterism/text/jinja/trailer_parser_impl.hpp"
#endif
