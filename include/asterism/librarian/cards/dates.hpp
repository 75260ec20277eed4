// Instants as people write them: `2026-03-01`, `2026-03-01T12:30:00Z`.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::librarian::cards {

/// A day, at 00:00 UTC, or a second of it in UTC, of the years 1 to 9999. FormatError, which begins with `where`, for
/// what is neither, and for days that there are not. Source: RFC 3339, without fractions and offsets.
knowledge::Time parse_instant(std::string_view text, std::string_view where);

/// The same the other way: the day alone at 00:00; `always` and `forever` for the ends of time. Fractions of a second
/// are left out.
std::string instant_text(knowledge::Time time);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/dates_impl.hpp"
#endif
