// Finds the weights of a network in a GGUF file.
#pragma once

#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/weight_names.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// Finds the weights of a network in a GGUF file and accounts for every tensor of it. Reads headers alone.
class GgufFinder {
 public:
  /// Keeps a reference to the store, which must outlive it.
  GgufFinder(const GgufStore& store, const Shape& shape);

  /// Throws FormatError where the tensor is missing or has another shape, Unsupported where its type is none of
  /// readable_ggml_type_names.
  FoundWeight find(const model::WeightId& id);

  /// Throws FormatError naming a tensor that no weight of the network asked for. Passed over are the layers behind the
  /// model's, which `nextn_predict_layers` counts, and `rope_freqs.weight`, which gguf_model_config has read.
  void check_all_used() const;

 private:
  const GgufStore& store_;
  Shape shape_;
  GgufLayout layout_;
  std::vector<bool> used_;  ///< by index of the tensor
};

/// All weights of a network of `shape` in the order of model::for_each_weight_id, every tensor of the file accounted
/// for. Throws as GgufFinder does.
std::vector<FoundWeight> find_weights(const GgufStore& store, const Shape& shape, bool with_head);

/// The tensors of layers behind the model's, of a block that predicts a token more.
PassedOver passed_over(const GgufStore& store, const Shape& shape);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/gguf_finder_impl.hpp"
#endif
