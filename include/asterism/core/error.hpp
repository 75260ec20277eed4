// Everything that the toolkit throws. A message says what was expected, what was found, where, and what to do.
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

/// A file or folder can't be opened, read, mapped or written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// The content of a file breaks its format, or disagrees with another file of the checkpoint.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// The content is well formed and asks for what this toolkit does not do.
class Unsupported : public Error {
 public:
  using Error::Error;
};

/// An allocation, or a plan, exceeds the budget of a device. The message ends with the table of who holds what.
class BudgetExceeded : public Error {
 public:
  using Error::Error;
};

/// An operation got an operand that lives on another device than the one that runs it.
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
