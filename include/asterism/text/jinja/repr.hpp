// Python's `str` and `repr`: values as a template writes them.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Python's repr of a text: in quotes, with escapes.
std::string quoted(std::string_view text);

/// Python's repr of a floating point number: the shortest that reads back.
std::string number_text(double value);

/// Python's `str` of a value; an undefined one is empty. Throws as Runtime::check_printed, and as Runtime::unsupported
/// for values without a text of their own: objects, ranges, views and generators.
std::string to_string(Runtime& run, const Value& value);
void append_string(TextBuilder& out, Runtime& run, const Value& value);
/// Python's `repr`, which lists and dicts have of their items.
void append_repr(TextBuilder& out, Runtime& run, const Value& value);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/repr_impl.hpp"
#endif
