// How a checkpoint stores the weights of a Blueprint in several formats, and which weights are not kept as they are
// quantized: a word for the memory report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/config.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/model/weight_info.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// A format that a Blueprint asks for.
struct WantedFormat {
  std::string name;
  int code_bits = 0;                 ///< 0: plain numbers
  std::string ggml{};                ///< its name in GGUF files, where it is a format of ggml's blocks
  std::uint64_t four_bit_block = 0;  ///< weights that share a scale, where it is NF4 in the layout of bitsandbytes
  bool four_bit_nested = false;      ///< their scales are quantized, too
  std::optional<checkpoint::DType> dtype{};  ///< of a checkpoint's tensors, where it is plain numbers

  template <class Format>
  static WantedFormat of() {
    using FourBit = checkpoint::detail::FourBitFormat<Format>;
    WantedFormat out{.name = Format::name(), .code_bits = Format::code_bits};
    if constexpr (requires { Format::codec(); }) out.ggml = std::string(Format::codec().name);
    if constexpr (FourBit::is_four_bit) {
      out.four_bit_block = FourBit::block;
      out.four_bit_nested = FourBit::nested;
    }
    if constexpr (std::is_same_v<Format, quant::Float32>) out.dtype = checkpoint::DType::f32;
    if constexpr (std::is_same_v<Format, quant::Float16>) out.dtype = checkpoint::DType::f16;
    if constexpr (std::is_same_v<Format, quant::BFloat16>) out.dtype = checkpoint::DType::bf16;
    return out;
  }

  /// By tag those that quant::OneOf lists, or the only one of a single format.
  template <class Format>
  static std::vector<WantedFormat> list_of() {
    if constexpr (quant::Tagged<Format>) {
      return [&]<class... Listed>(const std::tuple<Listed...>*) {
        return std::vector<WantedFormat>{of<Listed>()...};
      }(static_cast<const typename Format::Listed*>(nullptr));
    } else {
      return {of<Format>()};
    }
  }

  /// Whether a weight of a checkpoint is in this format, so that it is not changed.
  bool is_of(const checkpoint::FoundWeight& found) const;
};

/// The formats of a Blueprint, by tag.
struct WantedFormats {
  std::vector<WantedFormat> weights;
  std::vector<WantedFormat> embedding;
  std::vector<WantedFormat> head;

  template <class B>
  static WantedFormats of() {
    return {WantedFormat::list_of<typename B::Quantization>(), WantedFormat::list_of<typename B::Embedding>(),
            WantedFormat::list_of<typename B::Head>()};
  }

  const std::vector<WantedFormat>& of_role(model::Role role) const {
    return role == model::Role::embedding ? embedding : role == model::Role::head ? head : weights;
  }

  /// That of a weight; tags are heeded where there are several.
  const WantedFormat& of_weight(const model::WeightId& id, const model::Formats& formats) const {
    const std::vector<WantedFormat>& list = of_role(id.role);
    return list.size() == 1 ? list.front() : list.at(formats.of(id.role, id.layer));
  }
};

/// A line for each pair of formats of which tensors in blocks of ggml or in 4 bits of bitsandbytes were decoded, and
/// for coded ones encoded again. Vectors and routers, which are float32, are left out. `formats`: of matrices that are
/// in quant::OneOf several.
std::string format_changes(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                           const WantedFormats& wanted, const model::Formats& formats);

/// How a checkpoint stores the matrices that are in quant::OneOf several formats, where these are a list of more than
/// one; those of the others, and roles that the shape has not, get tag 0. Unsupported naming the tensor and what the
/// list has where it is in none of the list, or where an expert's matrix is stored otherwise than those of the layer's
/// other experts. `weights`: as found, head included.
model::Formats stored_formats(const checkpoint::WeightStoreRef& store,
                              const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                              const WantedFormats& wanted);

/// Of the matrices that are in quant::OneOf several formats, lines that count tensors by format: those that are kept as
/// they are stored, and those of plain numbers that are brought into it.
std::string format_counts(const std::vector<checkpoint::FoundWeight>& weights, const Shape& shape,
                         const WantedFormats& wanted, const model::Formats& formats);

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/format_changes_impl.hpp"
#endif
