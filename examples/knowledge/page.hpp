// A graph as a page that needs nothing else: things by kind, with what is said of each and since when.
#pragma once

#include <string>

#include "library.hpp"

namespace example {

/// The version of the snapshot, with what held at any instant. Facts are lines of the things that they are about.
std::string page_of(const Snapshot& snapshot);

}  // namespace example
