// The version of the toolkit; CMake, Conan and pkg-config read it from this file.
#pragma once

#define ASTERISM_VERSION_MAJOR 0
#define ASTERISM_VERSION_MINOR 1
#define ASTERISM_VERSION_PATCH 0

namespace asterism {

inline constexpr const char* version = "0.1.0";

}  // namespace asterism
