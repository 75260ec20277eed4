// Python's arithmetic: of numbers, and of text and lists that are joined or repeated.
#pragma once

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/operators.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// `op` is one of add to power. Integers have 64 bits: larger ones are not supported. Throws as Runtime::fail where
/// Python raises; for undefined operands with their reason.
Value arithmetic(Runtime& run, Operator op, const Value& left, const Value& right);
Value negative(Runtime& run, const Value& value);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/arithmetic_impl.hpp"
#endif
