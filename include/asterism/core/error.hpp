// All exceptions of the toolkit. A message says what was expected, what was found, where, and what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace asterism {

/// Base of all exceptions of the toolkit.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument of a call is outside what the call accepts.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A file or folder can't be opened, read or written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// The content of a file breaks its format, or disagrees with another file of the checkpoint.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// The content is well formed but asks for something this toolkit does not implement.
class Unsupported : public Error {
 public:
  using Error::Error;
};

/// An allocation or a plan exceeds the budget of a device. The message ends with a table of what each holder uses.
class BudgetExceeded : public Error {
 public:
  using Error::Error;
};

/// An operand lives on a different device from the one that runs the operation.
class WrongDevice : public Error {
 public:
  using Error::Error;
};

/// A computation met NaN or infinity where the result would be meaningless.
class NumericError : public Error {
 public:
  using Error::Error;
};

}  // namespace asterism
