// The fields of a config.json, with the defaults of its architecture's class.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/config_class.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"

namespace asterism::checkpoint::detail {

/// What `model_type` names. Unsupported, listing the supported ones, for another.
inline const model::ArchitectureInfo& named_architecture(const json::Value& document, std::string_view where) {
  json::check_object(document, "the document", where);
  const std::string& type = json::require_string(document, "model_type", where);
  std::string supported;
  for (const model::ArchitectureInfo& known : model::architectures) {
    if (known.model_type == type) return known;
    supported += concat(supported.empty() ? "'" : ", '", known.model_type, "'");
  }
  throw Unsupported(concat(where, ": field 'model_type' is '", printable(type), "'; supported are ", supported));
}

/// A config.json. An absent field has the default of its architecture's class; a null one only if transformers allows
/// null.
struct ConfigFields {
  const json::Value& document;
  std::string_view where;  ///< names the document in messages
  const model::ArchitectureInfo& info;
  const ConfigClass& config_class;
  std::vector<std::string> assumed{};  ///< absent sizes, with the defaults that were taken

  ConfigFields(const json::Value& json, std::string_view name)
      : document(json),
        where(name),
        info(named_architecture(json, name)),
        config_class(class_of(info.architecture)) {}

  FormatError wrong(const std::string& what) const { return FormatError(concat(where, ": ", what)); }
  Unsupported unsupported(const std::string& what) const { return Unsupported(concat(where, ": ", what)); }

  /// The field as it is, null or not; nullptr if absent.
  const json::Value* given(std::string_view key) const {
    const auto field = document.find(key);
    return field == document.end() ? nullptr : &*field;
  }

  std::int32_t size(std::string_view key, std::int32_t when_absent, std::int32_t max, std::int32_t min = 1) {
    const json::Value* field = given(key);
    if (field != nullptr) return static_cast<std::int32_t>(json::to_integer(*field, key, where, min, max));
    assumed.push_back(concat(key, " ", when_absent));
    return when_absent;
  }

  void refuse_set(std::string_view key) const {
    if (json::find_field(document, key, where) == nullptr) return;
    throw unsupported(concat("field '", key, "' is set; supported are ", info.model_type, " models without it"));
  }
};

}  // namespace asterism::checkpoint::detail
