// Jinja's filters.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Whether Jinja, as transformers sets it up, has a filter `name`, supported or not.
bool is_filter(std::string_view name);

/// `value|name(arguments)`. Supported: abs, attr, batch, count, d, default, dictsort, first, groupby, items, join,
/// last, length, list, map, max, min, reject, rejectattr, reverse, round, select, selectattr, slice, sort, sum, unique,
/// and those of text_filters.hpp. Throws as Runtime::unsupported for Jinja's other ones, as Runtime::fail for an
/// unknown one and where Jinja raises. Source: Jinja 3.1, "List of Builtin Filters".
Value apply_filter(Runtime& run, std::string_view name, const Value& value, const Arguments& arguments);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/filters_impl.hpp"
#endif
