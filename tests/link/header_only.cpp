#include "asterism/core/config.hpp"

int header_only() { return 0; }
