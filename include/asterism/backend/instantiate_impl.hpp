// Compiles attention over the shipped formats of keys and values once.
#pragma once

#define ASTERISM_TEMPLATE template
#include "asterism/backend/shipped_kernels.hpp"
