// `generation_config.json`: what the authors of a checkpoint advise for sampling and stopping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

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

/// Largest configuration file that is read.
inline constexpr std::uint64_t max_config_bytes = std::uint64_t{4} << 20U;

/// Reads the text of a generation_config.json; `where` names it in messages. FormatError for broken JSON, a wrong
/// type or a value outside its range. Unknown fields are ignored.
GenerationConfig parse_generation_config(std::string_view text, std::string_view where);

/// Reads `generation_config.json` of a checkpoint's folder; nothing is set where there is no such file.
GenerationConfig read_generation_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/generation_config_impl.hpp"
#endif
