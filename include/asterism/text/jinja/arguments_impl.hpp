// Bodies of arguments.hpp.
#pragma once

#include "asterism/core/format.hpp"
#include "asterism/text/jinja/arguments.hpp"
#include "asterism/text/jinja/operators.hpp"

namespace asterism::text::jinja {

ASTERISM_INLINE Bound::Bound(Runtime& run, std::string_view callee, const Arguments& arguments,
                             std::initializer_list<std::string_view> parameters, std::size_t required)
    : run_(run), callee_(callee) {
  std::size_t count = 0;
  for (const std::string_view name : parameters) names_[count++] = name;
  if (arguments.positional.size() > count) {
    run.fail(concat("'", callee, "' takes at most ", count, " arguments, but gets ", arguments.positional.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    std::size_t i = 0;
    while (i < count && names_[i] != name) ++i;
    if (i == count) run.fail(concat("'", callee, "' has no argument '", printable(name), "'"));
    if (values_[i] != nullptr) run.fail(concat("'", callee, "' gets its argument '", name, "' twice"));
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) run.fail(concat("'", callee, "' lacks its argument '", names_[i], "'"));
  }
}

ASTERISM_INLINE std::int64_t Bound::integer(std::size_t i, std::int64_t otherwise) const {
  if (!has(i) || values_[i]->is(Kind::none)) return otherwise;
  return require_integer(run_, *values_[i], concat("argument '", names_[i], "' of '", callee_, "'"));
}

ASTERISM_INLINE std::string_view Bound::text(std::size_t i, std::string_view otherwise) const {
  if (!has(i) || values_[i]->is(Kind::none)) return otherwise;
  return require_text(run_, *values_[i], concat("argument '", names_[i], "' of '", callee_, "'"));
}

}  // namespace asterism::text::jinja
