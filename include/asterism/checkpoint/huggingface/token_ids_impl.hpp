// Bodies of token_ids.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/huggingface/token_ids.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::vector<TokenId> token_id_list(const json::Value& object, std::string_view key,
                                                   std::string_view where, std::int64_t max) {
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

ASTERISM_INLINE std::optional<TokenId> optional_token_id(const json::Value& object, std::string_view key,
                                                         std::string_view where, std::int64_t max) {
  const auto id = json::optional_integer(object, key, where, 0, max);
  if (!id) return std::nullopt;
  return static_cast<TokenId>(*id);
}

}  // namespace asterism::checkpoint
