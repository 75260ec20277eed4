#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "support/repository.hpp"

int main(int argc, char** argv) {
  asterism::test::enter_repository();
  return doctest::Context(argc, argv).run();
}
