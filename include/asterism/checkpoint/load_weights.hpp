// Streams a checkpoint into the places that a network has for its weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/checkpoint/bitsandbytes.hpp"
#include "asterism/checkpoint/tensor_store.hpp"
#include "asterism/checkpoint/weight_location.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::checkpoint {

/// A weight that has been found and whose shape and dtype agree with the network's.
struct FoundWeight {
  WeightLocation location;
  const TensorInfo* tensor = nullptr;
  std::shared_ptr<const BnbTensor> four_bit;  ///< where bitsandbytes quantized it, else null
};

/// Finds the weights of a network in a checkpoint and accounts for every tensor of it. Reads headers, and of 4-bit
/// tensors the scales.
class WeightFinder {
 public:
  /// Keeps a reference to the store, which must outlive it.
  WeightFinder(const TensorStore& store, const Shape& shape)
      : store_(store),
        shape_(shape),
        layout_(expert_layout(store)),
        used_(store.tensors().size()),
        four_bits_(store.tensors().size()) {}

  /// Throws FormatError where the tensor is missing or has another shape, Unsupported where its dtype holds no
  /// weights.
  FoundWeight find(const model::WeightId& id) {
    FoundWeight found;
    found.location = locate(id, shape_, layout_);
    found.tensor = &store_.at(found.location.name);
    used_[number(*found.tensor)] = true;
    found.four_bit = four_bit(*found.tensor);
    if (found.four_bit) {
      for (const std::string& sibling : sibling_names(found.location.name)) {
        if (const TensorInfo* part = store_.find(sibling)) used_[number(*part)] = true;
      }
    } else if (found.tensor->dtype != DType::f32 && found.tensor->dtype != DType::f16 &&
               found.tensor->dtype != DType::bf16) {
      throw Unsupported(concat(store_.describe(*found.tensor), " is ", dtype_name(found.tensor->dtype),
                               ", expected F32, F16, BF16, or 4-bit codes with their quant_state"));
    }
    const auto& shape = found.four_bit ? found.four_bit->shape : found.tensor->shape;
    if (shape != found.location.shape) {
      throw FormatError(concat(store_.describe(*found.tensor), " has the shape ", shape_text(shape), ", expected ",
                               shape_text(found.location.shape), " by config.json"));
    }
    return found;
  }

  /// Throws FormatError naming a tensor that no weight of the network asked for. Tables of rotary frequencies,
  /// which old releases of transformers saved, follow from config.json and are passed over.
  void check_all_used() const {
    for (const TensorInfo& tensor : store_.tensors()) {
      if (used_[number(tensor)]) continue;
      if (tensor.name.ends_with(".self_attn.rotary_emb.inv_freq")) continue;
      throw FormatError(concat(
          store_.describe(tensor), " has no place in the model that config.json describes",
          tensor.name == "lm_head.weight" ? ": tie_word_embeddings says that the head is the embedding" : ""));
    }
  }

 private:
  /// The index of one of the store's tensors.
  std::size_t number(const TensorInfo& tensor) const {
    return static_cast<std::size_t>(&tensor - store_.tensors().data());
  }

  /// Once for each tensor: those of fused experts hold the weights of many.
  std::shared_ptr<const BnbTensor> four_bit(const TensorInfo& tensor) {
    std::shared_ptr<const BnbTensor>& known = four_bits_[number(tensor)];
    if (known) return known;
    std::optional<BnbTensor> found = find_four_bit(store_, tensor.name);
    if (found) known = std::make_shared<const BnbTensor>(std::move(*found));
    return known;
  }

  const TensorStore& store_;
  Shape shape_;
  ExpertLayout layout_;
  std::vector<bool> used_;                                   ///< by number of the tensor
  std::vector<std::shared_ptr<const BnbTensor>> four_bits_;  ///< likewise
};

/// All weights of a network of `shape` in the order of model::for_each_weight_id, every tensor of the checkpoint
/// accounted for: before anything is allocated for them. Throws as WeightFinder does.
inline std::vector<FoundWeight> find_weights(const TensorStore& store, const Shape& shape, bool with_head) {
  WeightFinder finder(store, shape);
  std::vector<FoundWeight> all;
  model::for_each_weight_id(shape, with_head, [&](const model::WeightId& id) { all.push_back(finder.find(id)); });
  finder.check_all_used();
  return all;
}

namespace detail {

/// Which layout of bitsandbytes a format is; the primary template: none.
template <class Format>
struct FourBitFormat {
  static constexpr bool is_four_bit = false;
};
template <int Block, class Scales, class Choice>
struct FourBitFormat<quant::Nf4<Block, Scales, Choice>> {
  static constexpr bool is_four_bit = true;
  static constexpr std::uint64_t block = Block;
  static constexpr bool nested = std::is_same_v<Scales, quant::DoubleQuantized>;
};

[[noreturn]] inline void refuse_to_quantize_again(const BnbTensor& source, const std::string& format) {
  throw Unsupported(
      concat(source.where, " is quantized as ", source.kind == FourBitKind::nf4 ? "nf4" : "fp4", " block ",
             source.blocksize, source.nested ? " with double-quantized scales" : " with plain scales",
             ", the Blueprint asks for ", format,
             "; quantizing 4 bits again would lose quality unseen: use the checkpoint's format in the ",
             "Blueprint, or load a 16-bit checkpoint"));
}

/// Copies a slice of a quantized tensor as it is.
template <class Format>
void copy_as_is(const BnbTensor& source, std::uint64_t first, const backend::DeviceWeights<Format>& target) {
  using Layout = FourBitFormat<Format>;
  const std::uint64_t count = target.rows * target.cols;
  if (source.kind != FourBitKind::nf4 || source.blocksize != Layout::block || source.nested != Layout::nested) {
    refuse_to_quantize_again(source, Format::name());
  }
  const std::uint64_t group = Layout::nested ? Layout::block * BnbTensor::nested_blocksize : Layout::block;
  const bool to_end = first + count == source.elements;
  if (first % group != 0 || (!to_end && count % group != 0)) {
    throw Unsupported(concat(source.where, ": the slice of ", count, " elements at ", first,
                             " does not begin and end with a group of ", group,
                             " scales' elements, so it can't be cut out; save the experts as separate tensors"));
  }
  const quant::Planes planes = Format::planes(target.rows, target.cols);
  quant::clear_padding(planes, target.data);  // as `encode` does
  const auto copy = [&](const char* plane, View<const std::byte> from, std::uint64_t offset) {
    const quant::Plane& to = *planes.find(plane);
    std::memcpy(target.data + to.offset, from.data + offset, to.bytes);
  };
  copy("codes", source.codes, first / 2);
  if constexpr (Layout::nested) {
    copy("absmax", source.absmax, first / Layout::block);
    copy("nested_absmax", source.nested_absmax, first / group * sizeof(float));
    std::memcpy(target.data + planes.find("offset")->offset, &source.nested_offset, sizeof(float));
  } else {
    copy("absmax", source.absmax, first / Layout::block * sizeof(float));
  }
}

}  // namespace detail

/// Fills one matrix. 16-bit and 32-bit sources are encoded piece by piece; a source that is 4-bit already is
/// adopted where the target has its layout, decoded where the target is a 16-bit or 32-bit format, and refused
/// otherwise.
template <class Format>
void load_weight(const TensorStore& store, const FoundWeight& found,
                 const backend::DeviceWeights<Format>& target) {
  if constexpr (detail::FourBitFormat<Format>::is_four_bit) {
    if (found.four_bit) return detail::copy_as_is(*found.four_bit, found.location.first, target);
  } else if constexpr (Format::bits_per_weight < 16) {
    if (found.four_bit) detail::refuse_to_quantize_again(*found.four_bit, Format::name());
  }
  const auto source = [&](std::uint64_t first, View<float> out) {
    if (found.four_bit) {
      read_floats(*found.four_bit, found.location.first + first, out);
    } else {
      store.read_floats(*found.tensor, found.location.first + first, out);
    }
  };
  try {
    Format::encode(source, target.rows, target.cols, target.data);
  } catch (const NumericError& error) {
    throw FormatError(concat(store.describe(*found.tensor), ": ", error.what()));
  }
}

/// Fills one norm (1, hidden); a 4-bit tensor is none, its shape has two sizes at least.
inline void load_weight(const TensorStore& store, const FoundWeight& found,
                        const backend::DeviceMatrix<float>& target) {
  store.read_floats(*found.tensor, 0, target.view.row(0));
}

/// Gives the memory of a weight's pages back to the system.
inline void release(const TensorStore& store, const FoundWeight& found) {
  if (found.four_bit) {
    release_four_bit(store, found.location.name);
  } else {
    store.release(*found.tensor);
  }
}

/// Fills all weights of a network on `devices` from what `find_weights` found for it. Tensor by tensor is read, its
/// pages dropped behind it, so that beside the network never more than one tensor and 1 MiB of scratch are in memory
/// (and one encoded matrix, where devices have memory of their own; see Backend::write). Progress counts bytes of the checkpoint; an exception from the sink cancels. The network's content is
/// unspecified after an exception.
template <class Device, class Network>
void load_weights(const TensorStore& store, const std::vector<FoundWeight>& all,
                  const std::vector<std::unique_ptr<Device>>& devices, const Network& network,
                  ProgressSink& progress) {
  const auto bytes_of = [](const FoundWeight& found, std::uint64_t elements) {
    const std::uint64_t in_tensor = found.four_bit ? found.four_bit->elements : found.tensor->elements;
    return static_cast<std::uint64_t>(static_cast<double>(found.tensor->bytes) * static_cast<double>(elements) /
                                      static_cast<double>(in_tensor));
  };
  const auto size_of = []<class Weights>(const Weights& weights) {
    if constexpr (requires { weights.view; }) {
      return static_cast<std::uint64_t>(weights.view.cols);
    } else {
      return weights.rows * weights.cols;
    }
  };
  std::uint64_t total = 0;
  std::size_t next = 0;
  model::for_each_weight(network, [&](const model::WeightId&, const auto& weights) {
    total += bytes_of(all[next++], size_of(weights));
  });
  progress.begin("loading", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  next = 0;
  model::for_each_weight(network, [&](const model::WeightId&, const auto& weights) {
    const FoundWeight& found = all[next++];
    devices[static_cast<std::size_t>(weights.device)]->write(
        weights, [&](const auto& on_host) { load_weight(store, found, on_host); });
    const bool last_use = next == all.size() || all[next].tensor != found.tensor;
    if (last_use) release(store, found);
    done += bytes_of(found, size_of(weights));
    progress.advance(done, found.location.name);
  });
  progress.end();
}

}  // namespace asterism::checkpoint
