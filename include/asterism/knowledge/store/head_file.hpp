// The last version that a store's writer was told is safe, in a file of its own.
#pragma once

#include <optional>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/store/checked_row.hpp"

namespace asterism::store {

/// NAME.head: two records of 64 bytes, written in turn, of which one is whole whatever happens: the magic "ASTRHEAD",
/// the version, the chain's two halves and the XXH3 of these, little-endian; the rest zeros.
struct Head {
  knowledge::Version version{};
  Chain chain{};
  friend constexpr bool operator==(const Head&, const Head&) = default;
};

/// The later of the whole records; none if there is no such file, or an empty one. CorruptStore if none is whole,
/// FileError if it can't be read.
std::optional<Head> read_head(const std::string& path);

/// Writes the record whose turn it is, and waits until the disk has it. FileError.
void write_head(const std::string& path, const Head& head);

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/head_file_impl.hpp"
#endif
