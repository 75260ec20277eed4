// Token ids in config.json and generation_config.json: one integer, or a list.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/fwd.hpp"

namespace asterism::checkpoint {

/// The largest id that a TokenId can hold.
inline constexpr std::int64_t max_token_id = std::numeric_limits<TokenId>::max();

/// The ids of field `key`, each in [0, max]: none if the field is absent or null. FormatError otherwise.
std::vector<TokenId> token_id_list(const json::Value& object, std::string_view key, std::string_view where,
                                   std::int64_t max = max_token_id);

/// The single id of field `key`, in [0, max]; none if it is absent or null. FormatError otherwise.
std::optional<TokenId> optional_token_id(const json::Value& object, std::string_view key, std::string_view where,
                                         std::int64_t max = max_token_id);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/huggingface/token_ids_impl.hpp"
#endif
