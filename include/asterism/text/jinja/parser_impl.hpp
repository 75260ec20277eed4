// Bodies of parser.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/jinja/expression_parser.hpp"
#include "asterism/text/jinja/lexer.hpp"
#include "asterism/text/jinja/parser.hpp"

namespace asterism::text::jinja {

namespace detail {

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::string_view where) : in_(std::move(tokens), where) {}

  Block run() {
    Block out = block({});
    return out;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  /// Statements up to a tag that begins with one of `ends`, whose name is then next; up to the end if there are none.
  Block block(Names ends) {
    const ExpressionParser::Level level(in_);
    Block out;
    for (;;) {
      const Token& token = in_.now();
      const std::uint32_t line = token.line;
      if (token.kind == Token::Kind::data) {
        out.push_back({line, Data{token.text}});
        in_.next();
      } else if (token.kind == Token::Kind::print_begin) {
        in_.next();
        out.push_back({line, Print{in_.tuple(true)}});
        in_.expect(Token::Kind::print_end, "'}}'");
      } else if (token.kind == Token::Kind::block_begin) {
        in_.next();
        const std::string& tag = in_.now().text;
        if (in_.now().kind == Token::Kind::name && std::find(ends.begin(), ends.end(), tag) != ends.end())
          return out;
        statement(out);
        in_.expect(Token::Kind::block_end, "'%}'");
      } else {
        if (ends.size() > 0) in_.unexpected(concat("{% ", *(ends.end() - 1), " %}"));
        return out;
      }
    }
  }

  /// The body of a tag that was read but for its end; then the name of the tag that ends the body is next.
  Block body(Names ends) {
    in_.skip_sign(":");
    in_.expect(Token::Kind::block_end, "'%}'");
    return block(ends);
  }

  /// `body` with one end, which is skipped.
  Block whole_body(std::string_view end) {
    Block out = body({end});
    in_.next();
    return out;
  }

  void statement(Block& out) {
    const std::uint32_t line = in_.now().line;
    if (in_.now().kind != Token::Kind::name) in_.unexpected("the name of a tag");
    const std::string tag = in_.now().text;
    for (const std::string_view known :
         {"include", "import", "from", "extends", "block", "autoescape", "trans", "debug"}) {
      if (tag == known) in_.unsupported(concat("{% ", tag, " %}"));
    }
    in_.next();
    if (tag == "if") {
      out.push_back({line, if_statement()});
    } else if (tag == "for") {
      out.push_back({line, for_statement()});
    } else if (tag == "set") {
      set_statement(line, out);
    } else if (tag == "macro") {
      out.push_back({line, macro_statement()});
    } else if (tag == "call") {
      out.push_back({line, call_statement()});
    } else if (tag == "filter") {
      FilterBlock filter;
      filter.filters.push_back(in_.filter());
      for (Trailer& more : in_.filters()) filter.filters.push_back(std::move(more));
      filter.body = whole_body("endfilter");
      out.push_back({line, std::move(filter)});
    } else if (tag == "with") {
      out.push_back({line, with_statement()});
    } else if (tag == "generation") {
      out.push_back({line, Generation{whole_body("endgeneration")}});
    } else if (tag == "print") {
      while (in_.now().kind != Token::Kind::block_end) {
        out.push_back({line, Print{in_.expression()}});
        if (in_.now().kind != Token::Kind::block_end) in_.expect_sign(",");
      }
    } else if (tag == "break" || tag == "continue") {
      if (loops_ == 0) in_.fail(concat("{% ", tag, " %} outside of a loop"));
      if (tag == "break") {
        out.push_back({line, Break{}});
      } else {
        out.push_back({line, Continue{}});
      }
    } else {
      in_.fail(concat("unknown tag '", printable(tag, 40), "'"));
    }
  }

  If if_statement() {
    If out;
    for (;;) {
      out.conditions.push_back(in_.tuple(false));
      out.bodies.push_back(body({"elif", "else", "endif"}));
      if (in_.skip_name("elif")) continue;
      if (in_.skip_name("else")) out.bodies.push_back(body({"endif"}));
      in_.next();
      return out;
    }
  }

  For for_statement() {
    For out;
    out.target = target("in", false);
    if (names_loop(out.target)) in_.fail("can't assign to 'loop' in a loop");
    if (!in_.skip_name("in")) in_.unexpected("'in'");
    out.iterable = in_.tuple(false, "recursive");
    if (in_.skip_name("if")) out.condition = in_.expression();
    if (in_.now().is_name("recursive")) in_.unsupported("a recursive loop");
    ++loops_;
    out.body = body({"endfor", "else"});
    --loops_;
    if (in_.skip_name("else")) out.otherwise = body({"endfor"});
    in_.next();
    return out;
  }

  void set_statement(std::uint32_t line, Block& out) {
    Target to = target({}, true);
    if (in_.skip_sign("=")) {
      out.push_back({line, Set{std::move(to), in_.tuple(true)}});
      return;
    }
    SetBlock block{.target = std::move(to), .filters = in_.filters(), .body = {}};
    block.body = whole_body("endset");
    out.push_back({line, std::move(block)});
  }

  void signature(Macro& macro) {
    in_.expect_sign("(");
    while (!in_.now().is_sign(")")) {
      if (!macro.parameters.empty()) in_.expect_sign(",");
      macro.parameters.push_back(name_to_assign());
      if (in_.skip_sign("=")) {
        macro.defaults.push_back(in_.expression());
      } else if (!macro.defaults.empty()) {
        in_.fail("a parameter without a default behind one with a default");
      }
    }
    in_.next();
  }

  void macro_body(Macro& macro, std::string_view end) {
    const bool varargs = std::exchange(in_.saw_varargs, false);
    const bool kwargs = std::exchange(in_.saw_kwargs, false);
    const bool caller = std::exchange(in_.saw_caller, false);
    const std::size_t loops = std::exchange(loops_, 0);
    macro.body = whole_body(end);
    loops_ = loops;
    macro.uses_varargs = std::exchange(in_.saw_varargs, varargs);
    macro.uses_kwargs = std::exchange(in_.saw_kwargs, kwargs);
    macro.uses_caller = std::exchange(in_.saw_caller, caller);
  }

  Macro macro_statement() {
    Macro out;
    out.name = name_to_assign();
    signature(out);
    macro_body(out, "endmacro");
    return out;
  }

  CallBlock call_statement() {
    CallBlock out;
    out.caller.name = "caller";
    if (in_.now().is_sign("(")) signature(out.caller);
    out.call = in_.expression();
    const auto* call = std::get_if<Postfix>(&out.call.node);
    if (call == nullptr || call->trailers.back().kind != Trailer::Kind::call) in_.fail("{% call %} needs a call");
    macro_body(out.caller, "endcall");
    return out;
  }

  With with_statement() {
    With out;
    while (in_.now().kind != Token::Kind::block_end) {
      if (!out.targets.empty()) in_.expect_sign(",");
      out.targets.push_back(target("=", false));
      in_.expect_sign("=");
      out.values.push_back(in_.expression());
    }
    out.body = whole_body("endwith");
    return out;
  }

  static bool names_loop(const Target& target) {
    return target.name == "loop" || std::any_of(target.parts.begin(), target.parts.end(), names_loop);
  }

  std::string name_to_assign() {
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (in_.now().is_name(constant)) in_.fail(concat("can't assign to ", constant));
    }
    return in_.expect_name();
  }

  /// a, or a.b where namespaces are allowed, or (a, b)
  Target one_target(bool with_namespace) {
    const ExpressionParser::Level level(in_);
    if (in_.skip_sign("(")) {
      Target out = target({}, with_namespace);
      in_.expect_sign(")");
      return out;
    }
    Target out;
    out.name = name_to_assign();
    if (with_namespace && in_.skip_sign(".")) out.attribute = in_.expect_name();
    return out;
  }

  Target target(std::string_view until, bool with_namespace) {
    Target first = one_target(with_namespace);
    if (!in_.now().is_sign(",")) return first;
    Target out;
    out.parts.push_back(std::move(first));
    while (in_.skip_sign(",")) {
      const Token& token = in_.now();
      if (token.is_sign(")") || token.is_sign("=") || token.kind == Token::Kind::block_end ||
          (!until.empty() && token.is_name(until))) {
        break;
      }
      out.parts.push_back(one_target(with_namespace));
    }
    return out;
  }

  ExpressionParser in_;
  std::size_t loops_ = 0;
};

}  // namespace detail

ASTERISM_INLINE std::vector<Statement> parse(std::string_view source, std::string_view where) {
  if (source.size() > max_source_bytes) {
    throw FormatError(concat(where, ": the chat template has ", source.size(), " bytes, at most ",
                             max_source_bytes, " are read"));
  }
  return detail::Parser(cut_into_tokens(source, where), where).run();
}

}  // namespace asterism::text::jinja
