// Bodies of rope_config.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "asterism/checkpoint/huggingface/rope_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE double rope_theta(const json::Value& config, std::string_view where) {
  const auto unsupported = [&](const std::string& what) { return Unsupported(concat(where, ": ", what)); };
  std::optional<double> theta = json::optional_number(config, "rope_theta", where);
  if (json::optional_number(config, "partial_rotary_factor", where).value_or(1) != 1) {
    throw unsupported("field 'partial_rotary_factor' is not 1; supported is 1");
  }
  for (const std::string_view key : {"rope_scaling", "rope_parameters"}) {
    const json::Value* rope = json::optional_object(config, key, where);
    if (rope == nullptr) continue;
    const std::string inside = concat(where, ": ", key);
    for (const auto& [name, value] : rope->get_ref<const json::Value::object_t&>()) {
      if (name == "rope_theta") {
        const double inner = json::to_number(value, "rope_theta", inside);
        if (theta && *theta != inner) {
          throw FormatError(
              concat(where, ": field 'rope_theta' is ", *theta, " in one place and ", inner, " in ", key));
        }
        theta = inner;
      } else if (name == "rope_type" || name == "type") {
        const std::string& type = json::to_text(value, name, inside);
        if (type != "default") {
          throw unsupported(concat("field '", key, ".", name, "' is '", printable(type),
                                   "'; supported is 'default' (no scaling)"));
        }
      } else if (name == "partial_rotary_factor") {
        if (json::to_number(value, name, inside) != 1) {
          throw unsupported(concat("field '", key, ".partial_rotary_factor' is not 1; supported is 1"));
        }
      } else {
        throw unsupported(concat("field '", key, ".", printable(name),
                                 "' is set; supported are rope_theta and rope_type 'default'"));
      }
    }
  }
  if (theta && !(*theta > 0 && *theta <= 1e18)) {
    throw FormatError(
        concat(where, ": field 'rope_theta' is ", *theta, ", expected a number above 0, at most 1e18"));
  }
  return theta.value_or(1e6);
}

}  // namespace asterism::checkpoint
