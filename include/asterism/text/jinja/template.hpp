// A Jinja template as transformers runs it: parsed once, rendered often.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/text/jinja/value.hpp"

namespace asterism::text::jinja {

/// A parsed template. Rendering equals Jinja 3.1 as transformers 5 sets it up (a sandbox whose lists and dicts can't be
/// changed; trim_blocks, lstrip_blocks, loop controls, {% generation %}, raise_exception, strftime_now, its own
/// tojson), but for what is refused by name: include, import, extends, block, autoescape, recursive loops, *arguments,
/// cycler, joiner, some filters (pprint, random, urlize ...), integers of more than 64 bits. Immutable; copies share
/// the tree. Thread-safe.
class Template {
 public:
  /// Throws FormatError and Unsupported, with `where` and the line, as jinja::parse.
  static Template parse(std::string_view source, std::string_view where);

  /// The text for `variables`, a dict. Names in `required` may not be written while they are undefined. Throws
  /// InvalidArgument with the message of `raise_exception`, Unsupported for what is refused by name, FormatError where
  /// Jinja raises and beyond the bounds of runtime.hpp, which keep every rendering below a second and 100 MB.
  std::string render(const Value& variables, View<const std::string_view> required = {}) const;

 private:
  struct Parsed;
  explicit Template(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}

  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/template_impl.hpp"
#endif
