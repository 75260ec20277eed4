// By which rows the labels of a saved engine are told apart, whatever ids they have now.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/labels.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"

namespace asterism::index {

/// A hash of each label's row, 0 of a tombstone; never 0 of a row. Source: xxHash, XXH3 with 64 bits.
std::vector<std::uint64_t> label_hashes(const VectorRows& rows, const Labels& labels);

/// The labels of such hashes for rows with the same vectors in any order; nothing unless each row has one of them, and
/// each of them a row. Of equal vectors any may get the label.
std::optional<Labels> labels_of(const VectorRows& rows, View<const std::uint64_t> hashes);

}  // namespace asterism::index

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/row_hashes_impl.hpp"
#endif
