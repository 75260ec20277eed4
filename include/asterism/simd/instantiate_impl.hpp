// Compiles the kernels of the shipped formats once.
#pragma once

#define ASTERISM_TEMPLATE template
#include "asterism/simd/shipped_kernels.hpp"
