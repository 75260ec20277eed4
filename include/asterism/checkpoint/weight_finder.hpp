// Finds the weights of a network in a checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "asterism/checkpoint/fwd.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/block_codec.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// A weight that has been found and whose shape and dtype agree with the network's.
struct FoundWeight {
  model::WeightId id;
  WeightLocation location;
  const TensorInfo* tensor = nullptr;
  std::shared_ptr<const BnbTensor> four_bit{};  ///< where bitsandbytes quantized it, else null
  const quant::BlockCodec* blocks = nullptr;    ///< where it is in blocks of ggml, else null
  bool quantize_again = false;  ///< whether what is quantized may be decoded and quantized in another format
};

/// Finds the weights of a network in a checkpoint of safetensors and accounts for every tensor of it. Reads headers,
/// and of 4-bit tensors the scales.
class WeightFinder {
 public:
  /// Keeps a reference to the store, which must outlive it.
  WeightFinder(const TensorStore& store, const Shape& shape);

  /// Throws FormatError where the tensor is missing or has another shape, Unsupported where its dtype holds no
  /// weights.
  FoundWeight find(const model::WeightId& id);

  /// Throws FormatError naming a tensor that no weight of the network asked for. Passed over are those that
  /// `passed_over` counts, and tables of rotary frequencies, which old releases of transformers saved and which follow
  /// from config.json.
  void check_all_used() const;

 private:
  /// The index of one of the store's tensors.
  std::size_t number(const TensorInfo& tensor) const;
  /// Once for each tensor: those of fused experts hold the weights of many.
  std::shared_ptr<const BnbTensor> four_bit(const TensorInfo& tensor);

  const TensorStore& store_;
  Shape shape_;
  ExpertLayout layout_;
  std::vector<bool> used_;                                   ///< by number of the tensor
  std::vector<std::shared_ptr<const BnbTensor>> four_bits_;  ///< likewise
};

/// Tensors that a checkpoint may have and the model does not use, see model::ArchitectureInfo.
struct PassedOver {
  std::string prefix;  ///< of their names
  std::uint64_t tensors = 0;
  Bytes bytes{};
};
PassedOver passed_over(const TensorStore& store, Architecture architecture);

/// All weights of a network of `shape` in the order of model::for_each_weight_id, every tensor of the checkpoint
/// accounted for: before anything is allocated for them. Throws as WeightFinder does.
std::vector<FoundWeight> find_weights(const TensorStore& store, const Shape& shape, bool with_head);

/// Elements [first, first + out.size) of a weight as the network has it: of 16 and 32 bits exactly, quantized ones
/// decoded, gathered and changed as its location says. Throws as the store's read_floats does; FormatError naming the
/// tensor where a change leaves float32.
void read_floats(const WeightStoreRef& store, const FoundWeight& found, std::uint64_t first, View<float> out);

/// Bytes of the checkpoint that hold a weight, of a tensor with several weights its share.
std::uint64_t stored_bytes(const FoundWeight& found, const Shape& shape);

/// Gives the memory of a weight's pages back to the system.
void release(const WeightStoreRef& store, const FoundWeight& found);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/weight_finder_impl.hpp"
#endif
