// The family of exceptions.
#include "asterism/core/error.hpp"

#include <stdexcept>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

using namespace asterism;

static_assert(std::is_base_of_v<std::runtime_error, Error>);

TEST_CASE_TEMPLATE("every exception is an Error and keeps its message", E, InvalidArgument, FileError, FormatError,
                   Unsupported, BudgetExceeded, WrongDevice, NumericError) {
  static_assert(std::is_base_of_v<Error, E>);
  std::string message;
  try {
    throw E("layer 3: expected 4096, found 4095");
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message == "layer 3: expected 4096, found 4095");
}
