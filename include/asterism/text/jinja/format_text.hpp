// Python's `%` of a text: '%s has %d' % (name, count).
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// `form` with %s, %r, %d, %i, %f, %x, %X, %o and %% replaced by `values`, a tuple or one value, or, as %(name)s, by
/// the members of a dict; with flags -, 0, +, blank, width and precision. Others are not supported.
/// Markup, if `form` is: then the values are escaped.
Value format_text(Runtime& run, const Value& form, const Value& values);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/format_text_impl.hpp"
#endif
