// Bodies of rope_config.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/checkpoint/huggingface/rope_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

namespace detail {

inline constexpr std::string_view llama3_fields[] = {"factor", "low_freq_factor", "high_freq_factor",
                                                     "original_max_position_embeddings"};

/// The largest base or factor.
inline constexpr double max_rope_number = 1e18;

/// Reads the rotary embedding's fields of a config.json.
class RopeReader {
 public:
  RopeReader(const json::Value& config, std::string_view where, const RopeClass& rope_class)
      : config_(config), where_(where), class_(rope_class) {
    const json::Value* parameters = json::optional_object(config_, "rope_parameters", where_);
    const json::Value* scaling = json::optional_object(config_, "rope_scaling", where_);
    const bool both = parameters != nullptr && scaling != nullptr && !parameters->empty() && !scaling->empty();
    if (both && *parameters != *scaling) {
      throw wrong("fields 'rope_parameters' and 'rope_scaling' are both set and differ, expected one of them");
    }
    const bool old = parameters == nullptr || parameters->empty();
    fields_ = old ? scaling : parameters;
    name_ = old ? "rope_scaling" : "rope_parameters";
    inside_ = concat(where_, ": ", name_);
  }

  RopeConfig read() const {
    const double part = rotary_part();
    const bool scaled = fields_ != nullptr && is_scaled();
    if (fields_ != nullptr) check_fields(scaled);
    linalg::Rope rope{.theta = theta().value_or(class_.theta)};
    if (!(rope.theta > 0 && rope.theta <= max_rope_number)) {
      throw wrong(concat("field 'rope_theta' is ", rope.theta, ", expected a number above 0, at most 1e18"));
    }
    if (scaled) rope.scaling = llama3();
    return {rope, part};
  }

 private:
  static constexpr std::string_view part_key = "partial_rotary_factor";

  FormatError wrong(const std::string& what) const { return FormatError(concat(where_, ": ", what)); }
  Unsupported unsupported(const std::string& what) const { return Unsupported(concat(where_, ": ", what)); }

  /// True for "llama3", false for "default"; `type` is the older spelling of `rope_type`.
  bool is_scaled() const {
    std::optional<std::string> type;
    for (const std::string_view key : {"rope_type", "type"}) {
      const auto field = fields_->find(key);
      if (field == fields_->end()) continue;
      const std::string& here = json::to_text(*field, key, inside_);
      if (here != "default" && !(class_.llama3 && here == "llama3")) {
        throw unsupported(concat("field '", name_, ".", key, "' is '", printable(here),
                                 class_.llama3 ? "'; supported are 'default' (no scaling) and 'llama3'"
                                              : "'; supported is 'default' (no scaling)"));
      }
      if (type && *type != here) {
        throw wrong(concat("field '", name_, ".rope_type' is '", *type, "' and '", name_, ".type' is '", here,
                           "', expected the same"));
      }
      type = here;
    }
    return type == "llama3";
  }

  /// Refuses fields that would have an influence if they were read.
  void check_fields(bool scaled) const {
    for (const auto& field : fields_->get_ref<const json::Value::object_t&>()) {
      const std::string& key = field.first;
      if (key == "rope_theta" || key == "rope_type" || key == "type" || key == part_key) continue;
      if (scaled && std::count(std::begin(llama3_fields), std::end(llama3_fields), key) > 0) continue;
      throw unsupported(concat("field '", name_, ".", printable(key), "' is set; supported are rope_theta and ",
                               scaled ? "the parameters of rope_type 'llama3'" : "rope_type 'default'"));
    }
  }

  std::optional<double> theta() const {
    const std::optional<double> outer = json::optional_number(config_, "rope_theta", where_);
    if (fields_ == nullptr || fields_->find("rope_theta") == fields_->end()) return outer;
    const double inner = json::to_number(*fields_->find("rope_theta"), "rope_theta", inside_);
    if (outer && *outer != inner) {
      throw wrong(concat("field 'rope_theta' is ", *outer, " in one place and ", inner, " in ", name_));
    }
    return inner;
  }

  /// Of each head. In transformers null next to the fields is all, null among them an error.
  double rotary_part() const {
    const std::optional<double> outer = json::optional_number(config_, part_key, where_);
    const bool absent = config_.find(part_key) == config_.end();
    if (fields_ == nullptr || fields_->find(part_key) == fields_->end()) {
      return checked_part(outer.value_or(absent ? class_.rotary_part : 1), part_key);
    }
    const double inner = json::to_number(*fields_->find(part_key), part_key, inside_);
    if (class_.rotary_part != 1 && outer && *outer != inner) {
      throw wrong(concat("field '", part_key, "' is ", *outer, " in one place and ", inner, " in ", name_));
    }
    if (outer) checked_part(*outer, part_key);
    return checked_part(inner, concat(name_, ".", part_key));
  }

  double checked_part(double part, std::string_view name) const {
    if (class_.rotary_part == 1 && part != 1) {
      throw unsupported(concat("field '", name, "' is not 1; supported is 1"));
    }
    if (part > 0 && part <= 1) return part;
    throw wrong(concat("field '", name, "' is ", part, ", expected a number above 0, at most 1"));
  }

  linalg::RopeScaling llama3() const {
    constexpr std::string_view positions = "original_max_position_embeddings";
    constexpr std::int64_t max_positions = 1 << 30;
    linalg::RopeScaling scaling;
    scaling.factor = number("factor", 1);
    scaling.low_freq_factor = number("low_freq_factor", 1 / max_rope_number);
    scaling.high_freq_factor = number("high_freq_factor", 1 / max_rope_number);
    if (!(scaling.high_freq_factor > scaling.low_freq_factor)) {
      throw wrong(concat("field '", name_, ".high_freq_factor' is ", scaling.high_freq_factor,
                         ", expected more than low_freq_factor ", scaling.low_freq_factor));
    }
    const std::int64_t original = json::require_integer(*fields_, positions, inside_, 1, max_positions);
    // transformers would prefer the outer one.
    const std::int64_t outer =
        json::optional_integer(config_, positions, where_, 1, max_positions).value_or(original);
    if (outer != original) {
      throw wrong(concat("field '", positions, "' is ", outer, " in one place and ", original, " in ", name_));
    }
    scaling.original_positions = static_cast<std::int32_t>(original);
    return scaling;
  }

  double number(std::string_view key, double least) const {
    const double value = json::require_number(*fields_, key, inside_);
    if (value >= least && value <= max_rope_number) return value;
    throw wrong(concat("field '", name_, ".", key, "' is ", value, ", expected a number from ", least, " to ",
                       max_rope_number));
  }

  const json::Value& config_;
  std::string_view where_;
  RopeClass class_;
  const json::Value* fields_ = nullptr;  // of rope_parameters or rope_scaling
  std::string_view name_;                // of these two the one that fields_ is
  std::string inside_;                   // where_ and name_
};

}  // namespace detail

ASTERISM_INLINE RopeConfig parse_rope_config(const json::Value& config, std::string_view where,
                                             const RopeClass& rope_class) {
  return detail::RopeReader(config, where, rope_class).read();
}

ASTERISM_INLINE std::int32_t rotary_dim(std::int32_t head_dim, double rotary_part, std::string_view where) {
  const auto dim = static_cast<std::int32_t>(head_dim * rotary_part);
  if (dim == head_dim) return 0;
  if (dim >= 2 && dim % 2 == 0) return dim;
  throw FormatError(concat(where, ": field 'partial_rotary_factor' is ", rotary_part, ": it rotates ", dim, " of the ",
                           head_dim, " elements of a head, expected an even number, at least 2"));
}

}  // namespace asterism::checkpoint
