// `generation_config.json`: what the authors of a checkpoint advise for sampling and stopping.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/token_ids.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/mapped_file.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

/// The fields that are set; a field that is absent or null has no value here. What follows from an unset one
/// (top_k is 50 in transformers where `do_sample` is true and nothing else set) is for the sampler to decide.
/// Source: transformers, `GenerationConfig`.
struct GenerationConfig {
  std::vector<TokenId> eos;                    ///< any of them ends the text; empty: not set
  std::optional<TokenId> bos;                  ///< put before the text
  std::optional<TokenId> pad;                  ///< fills shorter sequences of a batch
  std::optional<bool> do_sample;               ///< false: always the most probable token
  std::optional<double> temperature;           ///< >= 0
  std::optional<std::int64_t> top_k;           ///< >= 0; 0: all
  std::optional<double> top_p;                 ///< in [0, 1]
  std::optional<double> min_p;                 ///< in [0, 1]
  std::optional<double> repetition_penalty;    ///< > 0
  std::optional<std::int64_t> max_new_tokens;  ///< >= 1, tokens of the answer
  std::optional<std::int64_t> max_length;      ///< >= 1, tokens of prompt and answer together
};

namespace detail {

inline std::optional<double> number_between(const json::Value& object, std::string_view key,
                                            std::string_view where, double min, double max) {
  const auto value = json::optional_number(object, key, where);
  if (value && !(*value >= min && *value <= max)) {
    throw FormatError(
        concat(where, ": field '", key, "' is ", *value, ", expected a number from ", min, " to ", max));
  }
  return value;
}

}  // namespace detail

/// Largest configuration file that is read.
inline constexpr std::uint64_t max_config_bytes = std::uint64_t{4} << 20U;

/// Reads the text of a generation_config.json; `where` names it in messages. FormatError for broken JSON, a wrong
/// type or a value outside its range. Unknown fields are ignored.
inline GenerationConfig parse_generation_config(std::string_view text, std::string_view where) {
  constexpr std::int64_t many = std::numeric_limits<std::int32_t>::max();
  constexpr double huge = 1e6;
  const json::Value json = json::parse(text, where);
  json::check_object(json, "the document", where);
  GenerationConfig config;
  config.eos = token_id_list(json, "eos_token_id", where);
  config.bos = optional_token_id(json, "bos_token_id", where);
  config.pad = optional_token_id(json, "pad_token_id", where);
  config.do_sample = json::optional_bool(json, "do_sample", where);
  config.temperature = detail::number_between(json, "temperature", where, 0, huge);
  config.top_k = json::optional_integer(json, "top_k", where, 0, many);
  config.top_p = detail::number_between(json, "top_p", where, 0, 1);
  config.min_p = detail::number_between(json, "min_p", where, 0, 1);
  config.repetition_penalty = detail::number_between(json, "repetition_penalty", where, 1 / huge, huge);
  config.max_new_tokens = json::optional_integer(json, "max_new_tokens", where, 1, many);
  config.max_length = json::optional_integer(json, "max_length", where, 1, many);
  return config;
}

/// Reads `generation_config.json` of a checkpoint's folder; nothing is set where there is no such file.
inline GenerationConfig read_generation_config(const std::string& folder) {
  const std::string path = folder + "/generation_config.json";
  if (file::path_kind(path) == file::PathKind::missing) return {};
  return parse_generation_config(file::read_text_file(path, max_config_bytes), path);
}

}  // namespace asterism::checkpoint
