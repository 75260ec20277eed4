// Filters that compare items: their order, what is the least of them, which are alike.
#pragma once

#include <optional>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// `value` by a path as "function.name", or by an index; `otherwise` stands for what is undefined on the way, if any.
Value by_path(Runtime& run, Value value, const Value& path, const Value* otherwise = nullptr);

/// The answer of a filter that compares items, empty if `name` is none of them: dictsort, groupby, max, min, sort,
/// unique.
std::optional<Value> order_filter(Runtime& run, std::string_view name, const Value& value,
                                  const Arguments& arguments);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/order_filters_impl.hpp"
#endif
