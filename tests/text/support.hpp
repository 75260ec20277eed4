// What the tests of the room text share: the golden files as JSON.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "asterism/core/fwd.hpp"
#include "asterism/file/path.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism::test {

using Json = nlohmann::json;

inline std::string golden_path(const std::string& name) {
  return std::string(ASTERISM_GOLDEN_DIR) + "/text/" + name + ".json";
}

inline std::string golden_text(const std::string& name) { return file::read_file(golden_path(name), 64U << 20U); }

inline Json golden_json(const std::string& name) { return Json::parse(golden_text(name)); }

inline std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(static_cast<unsigned char>(16 * digit(hex[i]) + digit(hex[i + 1])));
  }
  return out;
}

/// CRC-32 as zlib has it.
inline std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

/// The bytes of one entry of strings.json.
inline std::string string_of(const std::string& group, const Json& entry) {
  if (group == "bytes") return from_hex(entry.get<std::string>());
  if (group != "long") return entry.get<std::string>();
  std::string out;
  for (int i = 0; i < entry[1].get<int>(); ++i) out += entry[0].get<std::string>();
  return out;
}

/// Whether `ids` are the golden ones, which may be a count and a checksum.
inline bool same_ids(const std::vector<TokenId>& ids, const Json& golden) {
  if (golden.is_array()) return ids == golden.get<std::vector<TokenId>>();
  std::string bytes;
  for (const TokenId id : ids) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>(static_cast<unsigned char>(static_cast<std::uint32_t>(id) >> shift));
    }
  }
  return ids.size() == golden["count"].get<std::size_t>() && crc32(bytes) == golden["crc"].get<std::uint32_t>();
}

inline bool same_text(std::string_view text, const Json& golden) {
  if (golden.is_string()) return text == golden.get<std::string>();
  return text.size() == golden["count"].get<std::size_t>() && crc32(text) == golden["crc"].get<std::uint32_t>();
}

inline text::Tokenizer golden_tokenizer(const std::string& name) {
  return text::Tokenizer::from_file(golden_path(name));
}

inline constexpr std::array<const char*, 5> tokenizer_names = {"mixtral", "metaspace", "qwen", "gpt2", "llama3"};

}  // namespace asterism::test
