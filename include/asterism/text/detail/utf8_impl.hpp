// Bodies of utf8.hpp.
#pragma once

#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE Utf8Unit utf8_unit(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  if (lead < 0x80U) return {Utf8Unit::Kind::character, 1};
  if (lead < 0xC2U || lead > 0xF4U) return {Utf8Unit::Kind::invalid, 1};
  const std::size_t length = lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i == text.size()) return {Utf8Unit::Kind::incomplete, i};
    unsigned low = 0x80U;
    unsigned high = 0xBFU;
    if (i == 1) {
      if (lead == 0xE0U) low = 0xA0U;
      if (lead == 0xED) high = 0x9FU;
      if (lead == 0xF0U) low = 0x90U;
      if (lead == 0xF4U) high = 0x8FU;
    }
    if (byte(at + i) < low || byte(at + i) > high) return {Utf8Unit::Kind::invalid, i};
  }
  return {Utf8Unit::Kind::character, length};
}

ASTERISM_INLINE bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = utf8_unit(text, at);
    if (unit.kind != Utf8Unit::Kind::character) return false;
    at += unit.size;
  }
  return true;
}

ASTERISM_INLINE std::string replace_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = utf8_unit(text, at);
    out += unit.kind == Utf8Unit::Kind::character ? text.substr(at, unit.size) : replacement_character;
    at += unit.size;
  }
  return out;
}

ASTERISM_INLINE CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80U) return {lead, 1};
  if (lead < 0xE0U) return {((lead & 0x1FU) << 6U) | (byte(1) & 0x3FU), 2};
  if (lead < 0xF0U) return {((lead & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU), 3};
  return {((lead & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU), 4};
}

ASTERISM_INLINE CodePoint code_point_before(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while ((static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
  return code_point_at(text, begin);
}

ASTERISM_INLINE void append_code_point(std::string& out, char32_t value) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80U) {
    put(value);
  } else if (value < 0x800U) {
    put(0xC0U | (value >> 6U));
    put(0x80U | (value & 0x3FU));
  } else if (value < 0x10000U) {
    put(0xE0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  } else {
    put(0xF0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3FU));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  }
}

}  // namespace asterism::text
