// Reads an adapter of PEFT's, matrix by matrix, in the form in which passes use it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "asterism/checkpoint/peft.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// The adapter of one matrix (rows, cols): W + scale B A.
struct ReadAdapter {
  float scale = 0;
  std::vector<float> a;        ///< (rank, cols), zeros beyond the adapter's own rank
  std::vector<float> columns;  ///< (rank, rows): those of B, zeros likewise
};

/// The files of one adapter, asked for each matrix that may have one, in any order, then for `finish`. Not thread-safe.
class AdapterReader {
 public:
  /// `rank`: the largest that there is memory for. FileError, FormatError, Unsupported as checkpoint::PeftFile;
  /// Unsupported for routers saved whole.
  AdapterReader(const std::string& folder, const Shape& shape, std::int32_t rank);

  /// The adapter of a matrix of the base: zeros where the adapter has none for matrices of this role. FormatError
  /// naming what is missing where it has some, or of another shape, or no number; Unsupported where its rank is above
  /// the largest, or the base's matrix is not stored as it is computed.
  const ReadAdapter& read(const model::WeightId& weight);

  /// FormatError naming a tensor that belongs to no matrix that was asked for, or a target of adapter_config.json of
  /// which no tensor is there.
  /// Returns a checksum of all that was read.
  std::uint32_t finish() const;

 private:
  checkpoint::PeftFile file_;
  Shape shape_;
  std::int32_t rank_;
  ReadAdapter now_;
  std::map<model::Role, bool> has_;  ///< whether the first matrix of a role had an adapter
  std::uint32_t sum_ = 0;
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/adapter_reader_impl.hpp"
#endif
