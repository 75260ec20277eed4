// The configuration macros outside nvcc.
#include "asterism/core/config.hpp"

#include <string_view>

#include <doctest/doctest.h>

#define ASTERISM_TEST_TEXT_OF(x) ASTERISM_TEST_TEXT(x)
#define ASTERISM_TEST_TEXT(x) #x

TEST_CASE("host compilers see no marks on functions") {
  CHECK(std::string_view(ASTERISM_TEST_TEXT_OF(ASTERISM_HD)).empty());
}
