// Bodies of generation_config.hpp.
#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/generation_config.hpp"
#include "asterism/checkpoint/huggingface/token_ids.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

namespace detail {

ASTERISM_INLINE std::optional<double> number_between(const json::Value& object, std::string_view key,
                                                     std::string_view where, double min, double max) {
  const auto value = json::optional_number(object, key, where);
  if (value && !(*value >= min && *value <= max)) {
    throw FormatError(
        concat(where, ": field '", key, "' is ", *value, ", expected a number from ", min, " to ", max));
  }
  return value;
}

ASTERISM_INLINE std::optional<LengthDecayConfig> length_decay(const json::Value& object, std::string_view where) {
  constexpr std::string_view key = "exponential_decay_length_penalty";
  const json::Value* const pair = json::optional_array(object, key, where);
  if (pair == nullptr) return std::nullopt;
  if (pair->size() != 2) {
    throw FormatError(
        concat(where, ": field '", key, "' has ", pair->size(), " values, expected start and factor"));
  }
  const LengthDecayConfig decay{
      .start = json::to_integer((*pair)[0], key, where, 0, std::numeric_limits<std::int32_t>::max()),
      .factor = json::to_number((*pair)[1], key, where)};
  if (decay.factor >= 1 && decay.factor <= 1e6) return decay;
  throw FormatError(concat(where, ": field '", key, "' has the factor ", decay.factor, ", expected 1 to 1e6"));
}

}  // namespace detail

ASTERISM_INLINE GenerationConfig parse_generation_config(std::string_view text, std::string_view where) {
  constexpr std::int64_t many = std::numeric_limits<std::int32_t>::max();
  constexpr double huge = 1e6;
  constexpr std::string_view keys[] = {"eos_token_id",
                                       "bos_token_id",
                                       "pad_token_id",
                                       "do_sample",
                                       "temperature",
                                       "top_k",
                                       "top_p",
                                       "min_p",
                                       "repetition_penalty",
                                       "max_new_tokens",
                                       "max_length",
                                       "min_new_tokens",
                                       "length_penalty",
                                       "exponential_decay_length_penalty"};
  const json::Document document(json::parse(
      text, where,
      {.max_values = json::values_of_named_text(text.size()), .keys = {std::data(keys), std::size(keys)}}));
  const json::Value& json = *document;
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
  config.min_new_tokens = json::optional_integer(json, "min_new_tokens", where, 0, many);
  config.exponential_decay_length_penalty = detail::length_decay(json, where);
  if (json::optional_number(json, "length_penalty", where).value_or(1) != 1) {
    throw Unsupported(concat(where, ": field 'length_penalty' belongs to beam search, which is not implemented; ",
                             "leave it out, or say exponential_decay_length_penalty"));
  }
  config.max_new_tokens = json::optional_integer(json, "max_new_tokens", where, 1, many);
  config.max_length = json::optional_integer(json, "max_length", where, 1, many);
  return config;
}

ASTERISM_INLINE GenerationConfig read_generation_config(const std::string& folder) {
  const std::string path = folder + "/generation_config.json";
  if (file::path_kind(path) == file::PathKind::missing) return {};
  return parse_generation_config(file::read_file(path, max_config_bytes), path);
}

}  // namespace asterism::checkpoint
