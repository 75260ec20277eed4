// Which versions a store can go back to.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/records.hpp"

namespace asterism::store {

/// Where the version stands among those that are kept. InvalidArgument, which lists them, if it is none of them.
inline std::size_t place_of(const std::vector<knowledge::Commit>& versions, knowledge::Version version) {
  std::string all;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (versions[i].version == version) return i;
    all += concat(i == 0 ? "" : ", ", versions[i].version.value);
  }
  throw InvalidArgument(concat("version ", version.value, " is not kept; ",
                               versions.empty() ? std::string("nothing was committed") : "there are " + all));
}

/// The note of a commit that goes back to a version.
inline std::string rollback_note(knowledge::Version version) { return concat("back to version ", version.value); }

}  // namespace asterism::store
