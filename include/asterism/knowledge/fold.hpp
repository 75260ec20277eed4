// One form of texts that say the same: by it names are compared and words are counted.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::knowledge {

/// `text`, which must be UTF-8, folded: the case is gone, and what differs in form alone is equal (NFKC, ignorable
/// characters such as soft hyphens left out); each run of white space is one space, none at the ends. Folding twice is
/// folding once. Throws InvalidArgument that names the offset of bytes that are no UTF-8. Time O(n log n).
/// Thread-safe. Source: The Unicode Standard, section 3.13, toNFKC_Casefold, as utf8proc has it.
std::string folded(std::string_view text);

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/fold_impl.hpp"
#endif
