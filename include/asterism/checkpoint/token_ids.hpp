// Token ids as config.json and generation_config.json write them: one integer, or a list.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/json/fields.hpp"

namespace asterism::checkpoint {

/// The largest id that a TokenId can hold.
inline constexpr std::int64_t max_token_id = std::numeric_limits<TokenId>::max();

/// The ids of field `key`, each in [0, max]: none where the field is absent or null. FormatError otherwise.
inline std::vector<TokenId> token_id_list(const json::Value& object, std::string_view key, std::string_view where,
                                          std::int64_t max = max_token_id) {
  std::vector<TokenId> ids;
  const json::Value* field = json::find_field(object, key, where);
  if (field == nullptr) return ids;
  if (!field->is_array()) {
    ids.push_back(static_cast<TokenId>(json::to_integer(*field, key, where, 0, max)));
    return ids;
  }
  for (const json::Value& item : *field)
    ids.push_back(static_cast<TokenId>(json::to_integer(item, key, where, 0, max)));
  return ids;
}

/// The one id of field `key`, in [0, max]; none where it is absent or null. FormatError otherwise.
inline std::optional<TokenId> optional_token_id(const json::Value& object, std::string_view key,
                                                std::string_view where, std::int64_t max = max_token_id) {
  const auto id = json::optional_integer(object, key, where, 0, max);
  if (!id) return std::nullopt;
  return static_cast<TokenId>(*id);
}

}  // namespace asterism::checkpoint
