// `generation_config.json`: a checkpoint's recommended settings for sampling and stopping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism::checkpoint {

/// `exponential_decay_length_penalty`: [start, factor].
struct LengthDecayConfig {
  std::int64_t start = 0;  ///< >= 0, tokens of the answer
  double factor = 1;       ///< >= 1
};

/// The fields that are set; a field that is absent or null has no value. Defaults for unset fields (top_k is 50 in
/// transformers if `do_sample` is true and nothing else is set) are up to the sampler.
/// Source: transformers, `GenerationConfig`.
struct GenerationConfig {
  std::vector<TokenId> eos;                    ///< any of them ends the text; empty: not set
  std::optional<TokenId> bos;                  ///< prepended to the text
  std::optional<TokenId> pad;                  ///< pads shorter sequences of a batch
  std::optional<bool> do_sample;               ///< false: always the most probable token
  std::optional<double> temperature;           ///< >= 0
  std::optional<std::int64_t> top_k;           ///< >= 0; 0: all
  std::optional<double> top_p;                 ///< in [0, 1]
  std::optional<double> min_p;                 ///< in [0, 1]
  std::optional<double> repetition_penalty;    ///< > 0
  std::optional<std::int64_t> min_new_tokens;  ///< >= 0, tokens of the answer before an end token may come
  std::optional<LengthDecayConfig> exponential_decay_length_penalty;
  std::optional<std::int64_t> max_new_tokens;  ///< >= 1, tokens of the answer
  std::optional<std::int64_t> max_length;      ///< >= 1, tokens of prompt and answer together
};

/// Maximum size of a configuration file in bytes.
inline constexpr std::uint64_t max_config_bytes = std::uint64_t{4} << 20U;

/// Parses a generation_config.json; `where` names it in messages. FormatError for broken JSON, a wrong type or a
/// value out of range, Unsupported for a `length_penalty` other than 1, which belongs to beam search. Unknown fields
/// are ignored.
GenerationConfig parse_generation_config(std::string_view text, std::string_view where);

/// Reads `generation_config.json` of a checkpoint's folder; nothing is set if there is no such file.
GenerationConfig read_generation_config(const std::string& folder);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/generation_config_impl.hpp"
#endif
