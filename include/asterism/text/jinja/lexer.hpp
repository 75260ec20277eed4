// Cuts a template into tokens, as Jinja does with trim_blocks and lstrip_blocks on, as transformers sets it up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::text::jinja {

/// A piece of a template.
struct Token {
  enum class Kind : std::uint8_t {
    data,         ///< text between tags, as it is to be written
    print_begin,  ///< {{
    print_end,    ///< }}
    block_begin,  ///< {%
    block_end,    ///< %}
    name,
    text,     ///< a string, its escapes replaced
    integer,  ///< decimal digits
    number,   ///< a floating point number
    sign,     ///< an operator or a bracket
    end,
  };
  Kind kind = Kind::end;
  std::uint32_t line = 1;
  std::string text;

  bool is_sign(std::string_view sign) const { return kind == Kind::sign && text == sign; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

/// The tokens of a template, the last one of kind `end`. Throws FormatError, which names `where` and the line: a tag
/// that is not closed, brackets that do not match, a character or an escape that Jinja does not know.
/// Source: jinja2/lexer.py of Jinja 3.1.
std::vector<Token> cut_into_tokens(std::string_view source, std::string_view where);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/lexer_impl.hpp"
#endif
