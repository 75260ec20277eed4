// Bodies of load_weights.hpp.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::checkpoint::detail {

ASTERISM_INLINE void refuse_to_quantize_again(const BnbTensor& source, const std::string& format) {
  throw Unsupported(
      concat(source.where, " is quantized as ", source.kind == FourBitKind::nf4 ? "nf4" : "fp4", " block ",
             source.blocksize, source.nested ? " with double-quantized scales" : " with plain scales",
             ", the Blueprint asks for ", format,
             "; quantizing 4 bits again would lose quality unseen: use the checkpoint's format in the ",
             "Blueprint, or load a 16-bit checkpoint"));
}

ASTERISM_INLINE bool has_layout(const BnbTensor& source, const FourBitTarget& target) {
  return source.kind == FourBitKind::nf4 && source.blocksize == target.block && source.nested == target.nested;
}

ASTERISM_INLINE void copy_as_is(const BnbTensor& source, std::uint64_t first, const FourBitTarget& target) {
  const std::uint64_t count = target.elements;
  const std::uint64_t group = target.nested ? target.block * BnbTensor::nested_blocksize : target.block;
  const bool to_end = first + count == source.elements;
  if (first % group != 0 || (!to_end && count % group != 0)) {
    throw Unsupported(concat(source.where, ": the slice of ", count, " elements at ", first,
                             " does not begin and end with a group of ", group,
                             " scales' elements, so it can't be cut out; save the experts as separate tensors"));
  }
  quant::clear_padding(target.planes, target.data);  // as `encode` does
  const auto copy = [&](const char* plane, const file::StoredBytes& from, std::uint64_t offset) {
    const quant::Plane& to = *target.planes.find(plane);
    from.read(offset, {target.data + to.offset, static_cast<std::size_t>(to.bytes)});
  };
  copy("codes", source.codes, first / 2);
  if (target.nested) {
    copy("absmax", source.absmax, first / target.block);
    copy("nested_absmax", source.nested_absmax, first / group * sizeof(float));
    std::memcpy(target.data + target.planes.find("offset")->offset, &source.nested_offset, sizeof(float));
  } else {
    copy("absmax", source.absmax, first / target.block * sizeof(float));
  }
}

ASTERISM_INLINE void refuse_weight(const TensorStore& store, const FoundWeight& found, const NumericError& error) {
  throw FormatError(concat(store.describe(*found.tensor), ": ", error.what()));
}

}  // namespace asterism::checkpoint::detail
