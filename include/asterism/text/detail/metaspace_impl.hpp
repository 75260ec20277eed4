// Bodies of metaspace.hpp.
#pragma once

#include "asterism/json/fields.hpp"
#include "asterism/text/detail/metaspace.hpp"

namespace asterism::text {

ASTERISM_INLINE Metaspace Metaspace::from_json(const Component& component) {
  component.settings({"replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
  Metaspace metaspace{require_character(component, "replacement")};
  const auto scheme = json::optional_string(component.object, "prepend_scheme", component.where);
  if (scheme == "first") {
    metaspace.scheme = PrependScheme::first;
  } else if (scheme == "never") {
    metaspace.scheme = PrependScheme::never;
  } else if (scheme && scheme != "always") {
    component.refuse("prepend_scheme must be first, never or always");
  }
  const auto prefix = json::optional_bool(component.object, "add_prefix_space", component.where);
  if (prefix == false) {  // the form before prepend_scheme existed
    if (scheme && scheme != "never") component.refuse("add_prefix_space false contradicts prepend_scheme");
    metaspace.scheme = PrependScheme::never;
  }
  metaspace.split = json::optional_bool(component.object, "split", component.where).value_or(true);
  return metaspace;
}

}  // namespace asterism::text
