// What indexes, stores and graphs refuse, by name.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/knowledge/fwd.hpp"

namespace asterism::knowledge {

/// A vector has another width than the index, a value that is NaN or infinite, or no direction (all zeros).
class BadVector : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// More ids than the rows that the index was made for.
class IndexFull : public BudgetExceeded {
 public:
  using BudgetExceeded::BudgetExceeded;
};

/// A store's file is damaged: a row is not as it was written, rows are missing, or SQLite can't read a page. The
/// message names file, table, row and version.
class CorruptStore : public FormatError {
 public:
  using FormatError::FormatError;
};

/// A store's file ends before the version that its writer was told is safe, or goes on otherwise.
class BehindHead : public CorruptStore {
 public:
  using CorruptStore::CorruptStore;
};

/// Another process, or another part of this one, writes to the store's file. The message says which and since when.
class StoreBusy : public FileError {
 public:
  using FileError::FileError;
};

/// A store's file has a schema of a later version of the toolkit.
class NewerSchema : public Unsupported {
 public:
  using Unsupported::Unsupported;
};

/// A graph has no room for what is to be committed.
class KnowledgeFull : public BudgetExceeded {
 public:
  using BudgetExceeded::BudgetExceeded;
};

/// A kind of node or edge that the schema does not have, or a file whose kinds are others than the schema's.
class UnknownKind : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// An edge of a node that is not there.
class DanglingEdge : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

/// The vectors of a graph were made by another encoder than the one that is to be used with it.
class EncoderMismatch : public InvalidArgument {
 public:
  using InvalidArgument::InvalidArgument;
};

}  // namespace asterism::knowledge
