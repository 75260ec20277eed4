// The rotary embedding's fields of config.json, in the forms of transformers 4 and 5.
#pragma once

#include <cstdint>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/fwd.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// What an architecture decides of its rotary embedding.
struct RopeClass {
  double theta = 1e4;      ///< the base where none is set
  bool llama3 = true;      ///< scaling of type "llama3" is read
  double rotary_part = 1;  ///< the part of each head that is rotated where none is set; 1: no other can be set
};

/// A rotary embedding, and the part of each head that it rotates, above 0, at most 1.
struct RopeConfig {
  linalg::Rope rope;
  double rotary_part = 1;
};

/// The rotary embedding of the document `config`: from `rope_parameters` (transformers 5), or from `rope_scaling` and
/// what stands next to it (transformers 4): `rope_theta` and `partial_rotary_factor`. Unsupported for scaling or a part
/// that the architecture does not have; FormatError naming the field for a wrong type, a base outside (0, 1e18], a part
/// outside (0, 1], a parameter of the scaling that is missing or out of range, or places that contradict each other.
/// Thread-safe.
/// Source: transformers 4.36 to 5.23, `modeling_rope_utils`.
RopeConfig parse_rope_config(const json::Value& config, std::string_view where, const RopeClass& rope_class);

/// Elements of a head that are rotated, as Shape::rotary_dim has them: the whole part of head_dim times the part, 0 if
/// it is all. FormatError naming `where` for an odd number, and for none.
std::int32_t rotary_dim(std::int32_t head_dim, double rotary_part, std::string_view where);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/rope_config_impl.hpp"
#endif
