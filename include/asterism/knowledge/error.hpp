// What an index refuses, by name.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/knowledge/fwd.hpp"

namespace asterism::knowledge {

/// A vector has another width than the index, a value that is NaN or infinite, or no direction (all zeros).
class BadVector : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// More ids than the rows that the index was made for.
class IndexFull : public BudgetExceeded {
 public:
  using BudgetExceeded::BudgetExceeded;
};

}  // namespace asterism::knowledge
