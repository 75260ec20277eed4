// The weights of a checkpoint, whatever its format: a folder of Hugging Face, or a GGUF file with all its parts.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_finder.hpp"
#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/config.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// Whether a path names a GGUF file: any file, or one that is missing and called so.
bool is_gguf(const std::string& path);

/// The store that a path asks for. Immutable once opened; const members may be called from several threads. What it
/// gives out borrows from it and stays where it is.
class WeightFiles {
 public:
  /// Opens a GgufStore if `path` is a file, otherwise a TensorStore; throws as they do.
  explicit WeightFiles(const std::string& path);
  WeightFiles(const WeightFiles&) = delete;
  WeightFiles& operator=(const WeightFiles&) = delete;
  ~WeightFiles() = default;

  WeightStoreRef store() const;

  /// All weights of a network of `shape`; see find_weights.
  std::vector<FoundWeight> find(const Shape& shape, bool with_head) const;
  /// The tensors that a model of `shape` does not use.
  PassedOver passed_over(const Shape& shape) const;
  /// Advises that the files will be read from the first tensor to the last.
  void advise_sequential() const;

 private:
  std::variant<TensorStore, GgufStore> store_;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/weight_files_impl.hpp"
#endif
