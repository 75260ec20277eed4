// A rule book: numbered entries that are parts of each other, refer to each other, and govern things.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/librarian/cards/data.hpp"

namespace asterism::librarian::cards {

/// True of `100.`, `100.1`, `100.1a` and their like: at most six digits a part, at most two letters.
bool is_rule_number(std::string_view number);

/// The number of the entry that an entry is part of: of `100.1a` `100.1`, of `100.1` `100.`; empty of a section.
std::string parent_number(std::string_view number);

/// Reads an array of `{"number", "title", "text", "parent", "refers_to", "governs"}` and `id`, by default
/// `rule:NUMBER`; without `parent` an entry is part of the one that its number names. FormatError names `where` and the
/// row: for fields of another type, and for numbers that are none.
std::vector<Rule> parse_rules(std::string_view text, std::string_view where);

/// The same of a file; FileError if it is larger than `max_row_file`, or can't be read.
Listed<Rule> read_rules(const std::string& path);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/read_rules_impl.hpp"
#endif
