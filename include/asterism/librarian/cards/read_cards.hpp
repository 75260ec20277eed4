// Cards out of MTGJSON's files: all printings, one set, or atomic cards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/librarian/cards/data.hpp"

namespace asterism::librarian::cards {

/// Cards' files may be so large.
inline constexpr std::uint64_t max_card_file = std::uint64_t{256} << 20U;

/// Reads `{"data": {SET: {"cards": [...]}}}`, `{"data": {"cards": [...]}}`, or `{"data": {NAME: [...]}}`. Of a card
/// `uuid`, `name`, `faceName`, `side`, `manaValue`, `power`, `toughness`, `types`, `keywords` and `text` are read, and
/// `ability`, `{"verb", "amount"}`, all of which may be absent. FormatError names `where` and the card: for what is no
/// such file, for fields of another type, and for texts that hold a NUL character. Source:
/// https://mtgjson.com/data-models
std::vector<Card> parse_cards(std::string_view text, std::string_view where);

/// The same of a file; FileError if it is larger than `max_card_file`, or can't be read.
Listed<Card> read_cards(const std::string& path);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/read_cards_impl.hpp"
#endif
