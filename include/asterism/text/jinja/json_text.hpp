// Values out of JSON, and the filter `tojson`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/runtime.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// The document as Python's json.loads gives it; members keep their order. `where` names the source in messages.
/// Throws FormatError as json::scan, and for repeated keys, more than json::max_depth levels, and integers of more
/// than 64 bits.
Value from_json(std::string_view text, std::string_view where);

/// What Python's json.dumps takes besides the value; the defaults are those of transformers.
struct JsonStyle {
  bool ascii = false;                   ///< escape what is not ASCII
  std::optional<std::string> indent{};  ///< begin a line for each item, with so much for each level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

/// Appends `value` as json.dumps writes it. Throws as Runtime::fail for what JSON has no form for.
void append_json(TextBuilder& out, Runtime& run, const Value& value, const JsonStyle& style);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/json_text_impl.hpp"
#endif
