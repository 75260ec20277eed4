// xxHash.
#pragma once

#include <bit>
#include <cstring>
#include <string>

#include "asterism/knowledge/store/checked_row.hpp"
#include "asterism/knowledge/xxhash.hpp"

namespace asterism::store {

ASTERISM_INLINE RowDigest& RowDigest::add(std::int64_t value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  bytes_.append(bytes, sizeof(value));
  return *this;
}
ASTERISM_INLINE RowDigest& RowDigest::add(double value) { return add(std::bit_cast<std::int64_t>(value)); }
ASTERISM_INLINE RowDigest& RowDigest::add(std::string_view value) {
  add(static_cast<std::int64_t>(value.size()));
  bytes_.append(value);
  return *this;
}
ASTERISM_INLINE RowDigest& RowDigest::add(const std::vector<float>& value) {
  return add(std::string_view(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(float)));
}
ASTERISM_INLINE RowDigest& RowDigest::add(knowledge::Lifetime lifetime) {
  add(static_cast<std::int64_t>(lifetime.created.value));
  return add(static_cast<std::int64_t>(lifetime.expired.value));
}
ASTERISM_INLINE std::int64_t RowDigest::value() const {
  return static_cast<std::int64_t>(XXH3_64bits(bytes_.data(), bytes_.size()));
}

ASTERISM_INLINE std::int64_t digest(const knowledge::Node& node, knowledge::Lifetime lifetime) {
  return RowDigest("node")
      .add(std::int64_t{node.id.value})
      .add(lifetime)
      .add(std::int64_t{node.kind})
      .add(std::string_view(node.name))
      .add(std::string_view(node.text))
      .add(std::string_view(node.source))
      .add(node.confidence)
      .add(node.weight)
      .add(std::int64_t{node.pinned ? 1 : 0})
      .add(std::int64_t{node.merged_into.value})
      .add(node.vector)
      .value();
}

ASTERISM_INLINE std::int64_t digest(const knowledge::Edge& edge, knowledge::Lifetime lifetime) {
  return RowDigest("edge")
      .add(std::int64_t{edge.id.value})
      .add(lifetime)
      .add(std::int64_t{edge.from.value})
      .add(std::int64_t{edge.kind})
      .add(std::int64_t{edge.to.value})
      .add(edge.valid_from.microseconds)
      .add(edge.valid_to.microseconds)
      .add(edge.weight)
      .add(edge.confidence)
      .add(std::string_view(edge.source))
      .value();
}

ASTERISM_INLINE std::int64_t alias_digest(std::string_view folded, knowledge::NodeId node,
                                          knowledge::Lifetime lifetime) {
  return RowDigest("alias").add(folded).add(std::int64_t{node.value}).add(lifetime).value();
}

ASTERISM_INLINE std::int64_t digest(const knowledge::Use& use) {
  return RowDigest("used")
      .add(std::int64_t{use.node.value})
      .add(static_cast<std::int64_t>(use.count))
      .add(use.last.microseconds)
      .value();
}

ASTERISM_INLINE std::int64_t property_digest(std::string_view key, std::string_view value) {
  return RowDigest("meta").add(key).add(value).value();
}

ASTERISM_INLINE std::string text_of(Chain chain) {
  std::string text;
  for (const std::uint64_t half : {chain.high, chain.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[half >> shift & 15U];
  }
  return text;
}

ASTERISM_INLINE Chain chain_of(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  Chain chain;
  if (text.size() != 32) return chain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = digits.find(text[i]);
    if (digit == std::string_view::npos) return {};
    std::uint64_t& half = i < 16 ? chain.high : chain.low;
    half = half << 4U | digit;
  }
  return chain;
}

struct ChainDigest::State {
  XXH3_state_t hash;
};

ASTERISM_INLINE ChainDigest::ChainDigest() : state_(new State) { XXH3_128bits_reset(&state_->hash); }
ASTERISM_INLINE ChainDigest::ChainDigest(ChainDigest&&) noexcept = default;
ASTERISM_INLINE ChainDigest& ChainDigest::operator=(ChainDigest&&) noexcept = default;
ASTERISM_INLINE ChainDigest::~ChainDigest() = default;

ASTERISM_INLINE void ChainDigest::add(std::int64_t row_digest) {
  XXH3_128bits_update(&state_->hash, &row_digest, sizeof(row_digest));
}

ASTERISM_INLINE Chain ChainDigest::value(Chain parent, const knowledge::Commit& commit) const {
  State all = *state_;
  const std::int64_t words[] = {static_cast<std::int64_t>(parent.high),
                                static_cast<std::int64_t>(parent.low),
                                static_cast<std::int64_t>(commit.version.value),
                                static_cast<std::int64_t>(commit.parent.value),
                                commit.at.microseconds,
                                static_cast<std::int64_t>(commit.rows)};
  XXH3_128bits_update(&all.hash, words, sizeof(words));
  XXH3_128bits_update(&all.hash, commit.note.data(), commit.note.size());
  const XXH128_hash_t hash = XXH3_128bits_digest(&all.hash);
  return {hash.high64, hash.low64};
}

ASTERISM_INLINE std::int64_t digest(const knowledge::Commit& commit, Chain chain) {
  return RowDigest("version")
      .add(static_cast<std::int64_t>(commit.version.value))
      .add(static_cast<std::int64_t>(commit.parent.value))
      .add(commit.at.microseconds)
      .add(std::string_view(commit.note))
      .add(static_cast<std::int64_t>(commit.rows))
      .add(static_cast<std::int64_t>(chain.high))
      .add(static_cast<std::int64_t>(chain.low))
      .value();
}

}  // namespace asterism::store
