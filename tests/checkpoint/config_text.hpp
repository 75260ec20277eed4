// Texts of config.json for tests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/huggingface/model_config.hpp"

#include "support/files.hpp"

namespace asterism::test {

/// A valid config.json, field by field, to change one field at a time.
class ConfigText {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  ConfigText(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The text in which `key` is `value`, or absent where `value` is empty.
  std::string with(std::string_view key, std::string_view value) const {
    std::string text = "{";
    const auto add = [&](std::string_view name, std::string_view what) {
      text += (text.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::string(what);
    };
    bool found = false;
    for (const Field& field : fields_) {
      const bool wanted = field.first == key;
      found = found || wanted;
      if (!wanted || !value.empty()) add(field.first, wanted ? value : field.second);
    }
    if (!found && !value.empty()) add(key, value);
    return text + "}";
  }

  checkpoint::ModelConfig parse_with(std::string_view key, std::string_view value) const {
    return checkpoint::parse_model_config(with(key, value), "dir/config.json");
  }

  /// Checks that each value is refused by an E that names the file, the field, and `says`.
  template <class E>
  void refuse(std::string_view key, std::initializer_list<std::string_view> values,
              std::string_view says = "") const {
    for (const std::string_view value : values) {
      CAPTURE(key);
      CAPTURE(value);
      check_error<E>([&] { parse_with(key, value); }, {"dir/config.json: ", key, says});
    }
  }

 private:
  std::vector<Field> fields_;
};

}  // namespace asterism::test
