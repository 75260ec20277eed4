// One source of a program whose other source is header-only: see tests/link/CMakeLists.txt.
#include "asterism/core/config.hpp"

int header_only();

int main() { return header_only(); }
