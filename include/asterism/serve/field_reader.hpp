// Reads the fields of a request, and refuses those that nobody reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/serve/error.hpp"

namespace asterism::serve::detail {

/// Fields that OpenAI has and this library has not: a reason is given with each.
struct Refused {
  std::string_view name;
  std::string_view why;
};
inline constexpr Refused refused[] = {
    {"tools", "calls of tools are not supported"},
    {"tool_choice", "calls of tools are not supported"},
    {"parallel_tool_calls", "calls of tools are not supported"},
    {"functions", "calls of functions are not supported"},
    {"function_call", "calls of functions are not supported"},
    {"modalities", "only text is supported"},
    {"audio", "only text is supported"},
    {"prediction", "predicted outputs are not supported"},
    {"reasoning_effort", "levels of reasoning are not supported"},
    {"verbosity", "levels of verbosity are not supported"},
    {"web_search_options", "a search of the web is not supported"},
    {"suffix", "text after the answer is not supported"},
    {"best_of", "the best of several answers is not supported; ask for n of them"},
    {"length_penalty", "it belongs to beam search, which is not implemented; exponential_decay_length_penalty is"},
    {"num_beams", "beam search is not implemented"},
    {"use_beam_search", "beam search is not implemented"},
};

inline constexpr std::string_view request_name = "the request";

/// Reads the fields of one object, each once, and tells which is at fault.
class FieldReader {
 public:
  explicit FieldReader(const json::Value& object) : object_(&object) {}

  /// Calls read(value) if the field is there and not null.
  template <class Read>
  void field(std::string_view key, Read&& read) {
    known_.push_back(key);
    const auto place = object_->find(key);
    if (place == object_->end() || place->is_null()) return;
    try {
      read(*place);
    } catch (const FormatError& error) {
      throw invalid_request(key, error.what());
    }
  }
  template <class T>
  void number(std::string_view key, T& out, double min, double max) {
    field(key, [&](const json::Value& value) {
      const double found = json::to_number(value, key, request_name);
      if (!(found >= min && found <= max)) {
        throw invalid_request(
            key, concat(request_name, ": field '", key, "' is ", found, ", expected ", min, " to ", max));
      }
      out = static_cast<T>(found);
    });
  }
  template <class T>
  void integer(std::string_view key, T& out, std::int64_t min, std::int64_t max) {
    field(key, [&](const json::Value& value) {
      out = static_cast<std::int32_t>(json::to_integer(value, key, request_name, min, max));
    });
  }
  void flag(std::string_view key, bool& out) {
    field(key, [&](const json::Value& value) { out = json::to_bool(value, key, request_name); });
  }
  void skip(std::string_view key) { known_.push_back(key); }

  /// Throws where there is a field that nobody has read.
  void finish() const {
    for (const auto& [key, value] : object_->items()) {
      if (value.is_null() || std::ranges::find(known_, std::string_view(key)) != known_.end()) continue;
      const std::string name = printable(key, 60);
      for (const Refused& one : refused) {
        if (one.name == key) throw unsupported(name, concat(request_name, ": field '", name, "': ", one.why));
      }
      throw ApiError(400, name, "unknown_parameter", concat(request_name, ": field '", name, "' is unknown"));
    }
  }

 private:
  const json::Value* object_;
  std::vector<std::string_view> known_;
};

}  // namespace asterism::serve::detail
