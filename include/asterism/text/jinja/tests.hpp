// Jinja's tests: what may stand behind `is`.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// Whether Jinja has a test `name`: all of them are supported.
bool is_test(std::string_view name);

/// `value is name(arguments)`. Throws as Runtime::fail for an unknown test, and where Jinja raises.
/// Source: Jinja 3.1, "List of Builtin Tests".
bool apply_test(Runtime& run, std::string_view name, const Value& value, const Arguments& arguments);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/tests_impl.hpp"
#endif
