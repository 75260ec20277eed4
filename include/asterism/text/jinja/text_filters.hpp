// Filters and methods that make text of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/strings.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Without `chars` at its ends, white space if it is none.
Value stripped_text(Runtime& run, std::string_view text, const Value& chars, Side side);

/// The first `most` occurrences of `old` replaced, all if `most` is negative.
Value replaced(Runtime& run, std::string_view text, std::string_view old, std::string_view by, std::int64_t most);

/// `value`, which is text, with & < > ' and " as HTML's entities, unless it is markup.
std::string escaped(Runtime& run, const Value& value);

/// "upper", "lower", "title" or "capitalize", as Python's methods. Throws Unsupported for characters whose case is
/// not mapped one by one.
Value in_case(Runtime& run, std::string_view text, std::string_view name);

/// The answer of a filter that Jinja applies to the text of any value, empty if `name` is none of them: capitalize,
/// center, e, escape, float, format, indent, int, lower, replace, safe, string, title, tojson, trim, truncate, upper,
/// wordcount.
std::optional<Value> text_filter(Runtime& run, std::string_view name, const Value& value,
                                 const Arguments& arguments);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/text_filters_impl.hpp"
#endif
