// Streams a checkpoint into the places that a network has for its weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "asterism/backend/concept.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/checkpoint/fwd.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/in_turn.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/ggml_blocks.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Which layout of bitsandbytes a format is; the primary template: none.
template <class Format>
struct FourBitFormat {
  static constexpr bool is_four_bit = false;
};
template <int Block, class Scales, class ScaleRule>
struct FourBitFormat<quant::Nf4<Block, Scales, ScaleRule>> {
  static constexpr bool is_four_bit = true;
  static constexpr std::uint64_t block = Block;
  static constexpr bool nested = std::is_same_v<Scales, quant::DoubleQuantized>;
};

/// Where a 4-bit weight goes: (rows, cols) in planes at `data`, in the layout of bitsandbytes.
struct FourBitTarget {
  std::byte* data = nullptr;
  std::uint64_t elements = 0;
  quant::Planes planes;
  std::uint64_t block = 0;
  bool nested = false;
};

[[noreturn]] void refuse_to_quantize_again(const BnbTensor& source, const std::string& format);
[[noreturn]] void refuse_to_quantize_again(const WeightStoreRef& store, const FoundWeight& found,
                                           const std::string& format);
/// Copies a weight of whole rows that is in blocks of ggml to `out`. FormatError for scales that are not finite.
void copy_blocks(const WeightStoreRef& store, const FoundWeight& found, std::uint64_t elements, std::byte* out);
/// Whether the target has the source's layout.
bool has_layout(const BnbTensor& source, const FourBitTarget& target);
/// Copies what of a quantized tensor is at `location` as it is. Unsupported where that cuts groups of scales.
void copy_as_is(const BnbTensor& source, const WeightLocation& location, const FourBitTarget& target);
/// The same for a tensor that has been encoded in memory, in `planes` at `data`.
void copy_encoded(const std::byte* data, const quant::Planes& planes, const WeightLocation& location,
                  const FourBitTarget& target);
/// Whether a weight of `elements` can be copied out of a tensor in 4 bits.
bool keeps_groups(const WeightLocation& location, std::uint64_t elements, std::uint64_t block, bool nested);
/// What went wrong in `found`.
[[noreturn]] void refuse_weight(const WeightStoreRef& store, const FoundWeight& found, const NumericError& error);

}  // namespace detail

/// Fills one matrix. 16-bit and 32-bit sources are encoded piece by piece; a source that is quantized already, in 4
/// bits of bitsandbytes or in blocks of ggml, is copied as it is if the target has its layout, decoded if the target is
/// a 16-bit or 32-bit format or found.quantize_again allows it, and refused otherwise. A weight whose rows are gathered
/// from a tensor has the 4 bits that it would have if the tensor had been quantized as a whole, as bitsandbytes does;
/// where a group of scales would be cut, it is gathered first. With double-quantized scales, which have an offset in
/// common, this takes memory for the tensor in 4 bits.
template <class Format>
void load_weight(const WeightStoreRef& store, const FoundWeight& found,
                 const backend::DeviceWeights<Format>& target) {
  using Layout = detail::FourBitFormat<Format>;
  if constexpr (Layout::is_four_bit) {
    const detail::FourBitTarget place{.data = target.data,
                                      .elements = target.rows * target.cols,
                                      .planes = Format::planes(target.rows, target.cols),
                                      .block = Layout::block,
                                      .nested = Layout::nested};
    if (found.four_bit) {
      if (detail::has_layout(*found.four_bit, place)) {
        return detail::copy_as_is(*found.four_bit, found.location, place);
      }
      if (!found.quantize_again) detail::refuse_to_quantize_again(*found.four_bit, Format::name());
    }
    if (Layout::nested && !found.location.rows.in_order() &&
        detail::keeps_groups(found.location, place.elements, place.block, place.nested)) {
      FoundWeight whole = found;
      whole.location = as_stored(found.location);
      const std::uint64_t rows = whole.location.shape[0];
      const quant::Planes planes = Format::planes(rows, target.cols);
      std::vector<std::byte> encoded(static_cast<std::size_t>(planes.bytes().count));
      load_weight(store, whole, backend::DeviceWeights<Format>{encoded.data(), rows, target.cols, target.device});
      return detail::copy_encoded(encoded.data(), planes, found.location, place);
    }
  } else if constexpr (quant::GgmlFormat<Format>) {
    const bool same = found.blocks != nullptr && found.blocks->type == Format::codec().type;
    if (same && found.location.transform == model::Transform::none) {
      quant::clear_padding(Format::planes(target.rows, target.cols), target.data);
      return detail::copy_blocks(store, found, target.rows * target.cols, target.data);
    }
  }
  if constexpr (Format::code_bits != 0) {
    const bool coded = found.blocks != nullptr || (found.four_bit && !Layout::is_four_bit);
    if (coded && !found.quantize_again) {
      if (found.four_bit) detail::refuse_to_quantize_again(*found.four_bit, Format::name());
      detail::refuse_to_quantize_again(store, found, Format::name());
    }
  }
  const auto source = [&](std::uint64_t first, View<float> out) { read_floats(store, found, first, out); };
  try {
    Format::encode(source, target.rows, target.cols, target.data);
  } catch (const NumericError& error) {
    detail::refuse_weight(store, found, error);
  }
}

/// Fills one matrix in float32: a vector (1, n), or a matrix that stays exact.
inline void load_weight(const WeightStoreRef& store, const FoundWeight& found,
                        const backend::DeviceMatrix<float>& target) {
  const MatrixView<float>& all = target.view;
  if (all.stride == all.cols) return read_floats(store, found, 0, {all.data, all.rows * all.cols});
  for (std::size_t row = 0; row < all.rows; ++row) read_floats(store, found, row * all.cols, all.row(row));
}

/// Fills the weights of a network on `devices` from `all` that `find_weights` found for it, in their order: on all
/// threads of the first device if they compute in the memory of the host, otherwise on this one. After each tensor its
/// pages are released, so that besides the network at most one tensor and 1 MiB of scratch a thread are in memory (and
/// one encoded matrix if devices have memory of their own; see Backend::write; and one encoded tensor a thread where
/// rows are gathered with double-quantized scales). Weights that share a tensor are neighbours. Progress counts bytes
/// of the checkpoint; an exception from the sink cancels. Of several bad weights the first one is named. The network's
/// content is unspecified after an exception.
template <class Device, class Network>
void load_weights(const WeightStoreRef& store, const std::vector<FoundWeight>& all,
                  const std::vector<std::unique_ptr<Device>>& devices, const Network& network,
                  ProgressSink& progress) {
  const Shape& shape = network.shape();
  // Experts that take turns in memory are read when they are needed.
  const auto is_loaded = [](const FoundWeight& found) {
    return Network::Block::Constellation::holds_experts || found.id.expert < 0;
  };
  std::uint64_t total = 0;
  std::vector<const FoundWeight*> wanted;
  std::map<const TensorInfo*, std::size_t> uses;  // of a tensor that are to come
  for (const FoundWeight& found : all) {
    if (!is_loaded(found)) continue;
    wanted.push_back(&found);
    total += stored_bytes(found, shape);
    ++uses[found.tensor];
  }
  progress.begin("loading", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  bool cancelled = false;
  std::mutex mutex;  // of all these, `uses` and the sink
  const auto load = [&](std::size_t i) {
    const FoundWeight& found = *wanted[i];
    model::visit_weight(network, found.id, [&](const auto& weights) {
      devices[static_cast<std::size_t>(weights.device)]->write(
          weights, [&](const auto& on_host) { load_weight(store, found, on_host); });
    });
    const std::lock_guard lock(mutex);
    if (--uses[found.tensor] == 0) release(store, found);
    done += stored_bytes(found, shape);
    if (cancelled) return;
    cancelled = true;  // unless the sink returns
    progress.advance(done, found.location.name);
    cancelled = false;
  };
  if constexpr (backend::InHostMemory<Device>) {
    parallel::for_each_in_turn(devices.front()->execution(), wanted.size(), load);
  } else {
    for (std::size_t i = 0; i < wanted.size(); ++i) load(i);
  }
  progress.end();
}

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/load_weights_impl.hpp"
#endif
