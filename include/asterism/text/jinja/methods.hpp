// The methods of Python's str, list, tuple and dict that a template may call. Those that would change their object are
// refused, as transformers' sandbox refuses them.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Whether Python's type of `value` has a method `name`, supported or not.
bool has_method(const Value& value, std::string_view name);

/// The method, bound to `value`. Calling it throws Unsupported if it is not supported.
Value method(const Value& value, std::string_view name);

/// Calls a method. Throws as Runtime::fail for wrong arguments, as Runtime::unsupported for a method that is not there.
Value call_method(Runtime& run, const Value& self, std::string_view name, const Arguments& arguments);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/methods_impl.hpp"
#endif
