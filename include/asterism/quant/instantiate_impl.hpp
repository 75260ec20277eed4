// Compiles the members and the kernel order of the shipped formats once.
#pragma once

#define ASTERISM_TEMPLATE template
#include "asterism/quant/shipped_kernels.hpp"
