// Bodies of template.hpp.
#pragma once

#include <utility>

#include "asterism/text/jinja/interpreter.hpp"
#include "asterism/text/jinja/parser.hpp"
#include "asterism/text/jinja/template.hpp"

namespace asterism::text::jinja {

struct Template::Parsed {
  std::string where;
  std::vector<Statement> statements;
};

ASTERISM_INLINE Template Template::parse(std::string_view source, std::string_view where) {
  return Template(std::make_shared<const Parsed>(Parsed{std::string(where), jinja::parse(source, where)}));
}

ASTERISM_INLINE std::string Template::render(const Value& variables, View<const std::string_view> required) const {
  Runtime run(parsed_->where, required);
  return Interpreter(run, variables).render(parsed_->statements);
}

}  // namespace asterism::text::jinja
