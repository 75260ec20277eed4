// One line of JSON as one training example.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"

namespace asterism::train {

struct ReadOptions;

namespace detail {

/// Tokens and counts of one row; memory is kept from row to row.
struct Row {
  std::vector<TokenId> ids;
  std::vector<std::uint8_t> counts;
};

/// Reads `line` into `row`. Throws FormatError with the reason alone if it can't be trained on; `where` names the row
/// in other errors, those of read_examples.
void read_row(std::string_view line, std::string_view where, const ReadOptions& options, Row& row);

}  // namespace detail

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/data/read_row_impl.hpp"
#endif
