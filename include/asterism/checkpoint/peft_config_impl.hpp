// Bodies of peft_config.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "asterism/checkpoint/peft_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

namespace detail {

/// One character of a pattern, or a class of them, and how often it stands there.
struct PatternToken {
  char literal = 0;
  bool any = false;
  bool digit = false;
  bool may_lack = false;  ///< '*'
  bool may_repeat = false;

  bool matches(char c) const { return any || (digit ? c >= '0' && c <= '9' : c == literal); }
};

/// Whether `^(.*\.)?(pattern)$` matches `module`. Time: the product of their lengths.
inline bool peft_pattern_matches(std::string_view pattern, std::string_view module) {
  const auto refuse = [&] {
    throw Unsupported(
        concat("the pattern '", printable(pattern),
               "' of adapter_config.json: read are letters, escaped signs, '.', '\\d', '*', '+' and '^'"));
  };
  const bool from_begin = pattern.starts_with('^');
  std::vector<PatternToken> tokens;
  for (std::size_t i = from_begin ? 1 : 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*' || c == '+') {
      if (tokens.empty() || tokens.back().may_repeat) refuse();
      tokens.back().may_repeat = true;
      tokens.back().may_lack = c == '*';
    } else if (c == '\\') {
      if (++i == pattern.size()) refuse();
      const bool letter = (pattern[i] | 32) >= 'a' && (pattern[i] | 32) <= 'z';
      const bool number = pattern[i] >= '0' && pattern[i] <= '9';
      if (number || (letter && pattern[i] != 'd')) refuse();
      tokens.push_back({.literal = pattern[i], .digit = letter});
    } else if (std::string_view("[](){}|?$^").find(c) != std::string_view::npos) {
      refuse();
    } else {
      tokens.push_back({.literal = c, .any = c == '.'});
    }
  }
  // Places in `module` up to which the tokens so far match.
  std::vector<char> now(module.size() + 1, 0);
  now[0] = 1;
  for (std::size_t i = 0; i < module.size() && !from_begin; ++i) now[i + 1] = module[i] == '.' ? 1 : 0;
  for (const PatternToken& token : tokens) {
    std::vector<char> next(module.size() + 1, 0);
    if (token.may_lack) next = now;
    for (std::size_t i = 0; i < module.size(); ++i) {
      const bool goes_on = now[i] != 0 || (token.may_repeat && next[i] != 0);
      if (goes_on && token.matches(module[i])) next[i + 1] = 1;
    }
    now = std::move(next);
  }
  return now[module.size()] != 0;
}

/// The value of the patterns that match, or `otherwise`.
template <class T>
T matched(const std::map<std::string, T>& patterns, std::string_view module, T otherwise, std::string_view what) {
  const std::pair<const std::string, T>* found = nullptr;
  for (const auto& one : patterns) {
    if (!peft_pattern_matches(one.first, module)) continue;
    if (found != nullptr && found->second != one.second) {
      throw Unsupported(concat(what, ": '", printable(found->first), "' and '", printable(one.first),
                               "' both match ", module, ", with ", found->second, " and ", one.second));
    }
    found = &one;
  }
  return found == nullptr ? otherwise : found->second;
}

inline std::string_view last_name(std::string_view module) { return module.substr(module.rfind('.') + 1); }

inline std::vector<std::string> texts(const json::Value& config, const char* field, const std::string& path) {
  std::vector<std::string> out;
  const json::Value* value = json::find_field(config, field, path);
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_array()) return {json::to_text(*value, field, path)};
  for (const json::Value& one : *value) out.push_back(json::to_text(one, field, path));
  return out;
}

}  // namespace detail

ASTERISM_INLINE std::int32_t PeftConfig::rank_of(std::string_view module) const {
  return detail::matched(ranks, module, rank, "rank_pattern");
}

ASTERISM_INLINE float PeftConfig::alpha_of(std::string_view module) const {
  return detail::matched(alphas, module, alpha, "alpha_pattern");
}

ASTERISM_INLINE float PeftConfig::scale(std::int32_t of_rank, float of_alpha) const {
  const auto width = static_cast<double>(of_rank);
  return static_cast<float>(static_cast<double>(of_alpha) / (rank_stabilised ? std::sqrt(width) : width));
}

ASTERISM_INLINE PeftConfig read_peft_config(const std::string& folder) {
  const std::string path = folder + "/adapter_config.json";
  const json::Value config = json::parse(file::read_file(path, 1U << 24U), path);
  json::check_object(config, "the document", path);
  const auto refuse = [&](std::string_view what) {
    throw Unsupported(concat(path, ": ", what, ": the toolkit computes plain LoRA alone"));
  };
  if (const std::string& type = json::require_string(config, "peft_type", path); type != "LORA") {
    refuse(concat("peft_type is ", printable(type)));
  }
  for (const char* flag : {"use_dora", "lora_bias", "fan_in_fan_out", "use_qalora"}) {
    if (json::optional_bool(config, flag, path).value_or(false)) refuse(concat(flag, " is true"));
  }
  if (const auto bias = json::optional_string(config, "bias", path); bias && *bias != "none") {
    refuse(concat("bias is ", printable(*bias)));
  }
  for (const char* field : {"layers_to_transform", "trainable_token_indices", "layer_replication"}) {
    const json::Value* value = json::find_field(config, field, path);
    if (value != nullptr && !value->empty()) refuse(concat(field, " is set"));
  }
  for (const char* field : {"alora_invocation_tokens", "use_bdlora", "arrow_config", "eva_config", "corda_config",
                            "loftq_config", "megatron_config"}) {
    const json::Value* value = json::find_field(config, field, path);
    if (value != nullptr && !value->empty() && *value != false) refuse(concat(field, " is set"));
  }
  // Some ways to begin change the base, which the adapter alone does not tell.
  if (const json::Value* begin = json::find_field(config, "init_lora_weights", path);
      begin != nullptr && !begin->is_boolean() && *begin != "gaussian" && *begin != "orthogonal") {
    refuse(concat("init_lora_weights is ", begin->dump()));
  }
  for (const std::string& name : detail::texts(config, "target_parameters", path)) {
    const std::string_view last = detail::last_name(name);
    if (last != "gate_up_proj" && last != "down_proj") refuse(concat("target_parameters has ", printable(name)));
  }
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  PeftConfig out;
  out.rank = static_cast<std::int32_t>(json::require_integer(config, "r", path, 1, most));
  out.alpha = static_cast<float>(json::require_number(config, "lora_alpha", path));
  out.rank_stabilised = json::optional_bool(config, "use_rslora", path).value_or(false);
  out.base = json::optional_string(config, "base_model_name_or_path", path).value_or("");
  out.targets = detail::texts(config, "target_modules", path);
  out.whole = detail::texts(config, "modules_to_save", path);
  for (const std::string& name : out.whole) {
    const std::string_view last = detail::last_name(name);
    if (last != "gate" && last != "classifier") refuse(concat("modules_to_save has ", printable(name)));
  }
  if (const json::Value* ranks = json::optional_object(config, "rank_pattern", path)) {
    for (const auto& [key, value] : ranks->items())
      out.ranks[key] = static_cast<std::int32_t>(json::to_integer(value, key, path, 1, most));
  }
  if (const json::Value* alphas = json::optional_object(config, "alpha_pattern", path)) {
    for (const auto& [key, value] : alphas->items())
      out.alphas[key] = static_cast<float>(json::to_number(value, key, path));
  }
  return out;
}

}  // namespace asterism::checkpoint
