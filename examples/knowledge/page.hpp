// A graph as a page that needs nothing else: a picture of its most important things, what is said of each and since
// when, and how it grew.
#pragma once

#include <string>

#include "library.hpp"

namespace example {

/// The last version. Draws the 400 things that PageRank from all nodes puts first, laid out here: the page has no
/// script. Facts are lines of the things that they are about, with what held at any instant.
std::string page_of(const Graph& graph);

}  // namespace example
