// Checksums of rows, and the chain of commits that they make.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/records.hpp"

namespace asterism::store {

/// Collects a row's columns, each with its length. Source of the hash: xxHash, XXH3 with 64 bits, seed 0.
class RowDigest {
 public:
  explicit RowDigest(std::string_view table) { add(table); }
  RowDigest& add(std::int64_t value);
  RowDigest& add(double value);
  RowDigest& add(std::string_view value);
  RowDigest& add(const std::vector<float>& value);
  RowDigest& add(knowledge::Lifetime lifetime);
  /// As SQLite keeps it: with a sign.
  std::int64_t value() const;

 private:
  std::string bytes_;
};

/// Of a row of the table `node` without its aliases, of `edge`, of `alias`, of `used`, of `meta`.
std::int64_t digest(const knowledge::Node& node, knowledge::Lifetime lifetime);
std::int64_t digest(const knowledge::Edge& edge, knowledge::Lifetime lifetime);
std::int64_t alias_digest(std::string_view folded, knowledge::NodeId node, knowledge::Lifetime lifetime);
std::int64_t digest(const knowledge::Use& use);
std::int64_t property_digest(std::string_view key, std::string_view value);

/// What a version holds, as a number: made of its parent's chain, of what its commit says, and of the checksums of
/// the rows that it created and expired, as they were then. By id, nodes before edges; of an id what expired before
/// what was created, and a node before its aliases. XXH3 with 128 bits.
struct Chain {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr bool operator==(Chain, Chain) = default;
};

/// As 32 hexadecimal digits, and back; zeros for another text.
std::string text_of(Chain chain);
Chain chain_of(std::string_view text);

class ChainDigest {
 public:
  ChainDigest();
  ChainDigest(ChainDigest&&) noexcept;
  ChainDigest& operator=(ChainDigest&&) noexcept;
  ~ChainDigest();

  void add(std::int64_t row_digest);
  Chain value(Chain parent, const knowledge::Commit& commit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of a row of the table `version`.
std::int64_t digest(const knowledge::Commit& commit, Chain chain);

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/checked_row_impl.hpp"
#endif
