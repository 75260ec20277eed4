// Bodies of load_weights.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/checkpoint/bitsandbytes/bnb_tensor.hpp"
#include "asterism/checkpoint/gguf/sound_blocks.hpp"
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
             "Blueprint, load a 16-bit checkpoint, or allow it with LoadOptions::quantize_again or the parameter "
             "quantize_again"));
}

ASTERISM_INLINE void refuse_to_quantize_again(const WeightStoreRef& store, const FoundWeight& found,
                                              const std::string& format) {
  throw Unsupported(concat(
      store.describe(*found.tensor), " is quantized as ", found.blocks->name, ", the Blueprint asks for ", format,
      "; quantizing again would lose quality unseen: use the file's format in the Blueprint, load a ",
      "file in 16 bits, or allow it with LoadOptions::quantize_again or the parameter quantize_again"));
}

ASTERISM_INLINE void copy_blocks(const WeightStoreRef& store, const FoundWeight& found, std::uint64_t elements,
                                 std::byte* out) {
  const quant::BlockCodec& codec = *found.blocks;
  const file::StoredBytes source = store.stored(*found.tensor);
  const auto bytes_of = [&](std::uint64_t count) { return count / codec.elements * codec.bytes; };
  constexpr std::uint64_t at_a_time = std::uint64_t{1}
                                      << 16U;  // weights that are checked while they are in a cache
  for_each_run(found.location.rows, found.location.first, elements,
               [&](std::uint64_t at, std::uint64_t done, std::uint64_t n) {
                 for (std::uint64_t i = 0; i < n; i += at_a_time) {
                   const std::uint64_t count = std::min(at_a_time, n - i);
                   const View<std::byte> to(out + bytes_of(done + i), static_cast<std::size_t>(bytes_of(count)));
                   source.read(bytes_of(at + i), to);
                   check_sound(codec, to, (at + i) / codec.elements,
                               [&] { return store.describe(*found.tensor); });
                 }
               });
}

ASTERISM_INLINE bool has_layout(const BnbTensor& source, const FourBitTarget& target) {
  return source.kind == FourBitKind::nf4 && source.blocksize == target.block && source.nested == target.nested;
}

/// Elements whose scales can't be separated.
inline std::uint64_t group_of_scales(std::uint64_t block, bool nested) {
  return nested ? block * BnbTensor::nested_blocksize : block;
}

ASTERISM_INLINE bool keeps_groups(const WeightLocation& location, std::uint64_t elements, std::uint64_t block,
                                  bool nested) {
  std::uint64_t in_tensor = 1;
  for (const std::uint64_t size : location.shape) in_tensor *= size;
  return checkpoint::keeps_groups(location.rows, location.first, elements, group_of_scales(block, nested),
                                  in_tensor);
}

ASTERISM_INLINE void copy_as_is(const BnbTensor& source, const WeightLocation& location,
                                const FourBitTarget& target) {
  const std::uint64_t count = target.elements;
  const std::uint64_t group = group_of_scales(target.block, target.nested);
  if (!keeps_groups(location, count, target.block, target.nested)) {
    throw Unsupported(
        location.rows.in_order()
            ? concat(source.where, ": the slice of ", count, " elements at ", location.first,
                     " does not begin and end with a group of ", group,
                     " scales' elements, so it can't be cut out; save the experts as separate tensors")
            : concat(source.where, ": its rows are gathered in pieces that do not begin and end with a group of ",
                     group,
                     " scales' elements, so they can't be cut out; load a checkpoint that has it in 16 bits"));
  }
  quant::clear_padding(target.planes, target.data);  // as `encode` does
  for_each_run(location.rows, location.first, count, [&](std::uint64_t at, std::uint64_t done, std::uint64_t n) {
    // Elements [at, at + n), of which a unit takes `bytes`.
    const auto copy = [&](const char* plane, const file::StoredBytes& from, std::uint64_t unit,
                          std::uint64_t bytes) {
      std::byte* to = target.data + target.planes.find(plane)->offset + done / unit * bytes;
      from.read(at / unit * bytes, {to, static_cast<std::size_t>((n - 1) / unit * bytes + bytes)});
    };
    copy("codes", source.codes, 2, 1);
    copy("absmax", source.absmax, target.block, target.nested ? 1 : sizeof(float));
    if (target.nested) copy("nested_absmax", source.nested_absmax, group, sizeof(float));
  });
  if (target.nested) {
    std::memcpy(target.data + target.planes.find("offset")->offset, &source.nested_offset, sizeof(float));
  }
}

ASTERISM_INLINE void copy_encoded(const std::byte* data, const quant::Planes& planes,
                                  const WeightLocation& location, const FourBitTarget& target) {
  const auto plane = [&](const char* name) {
    const quant::Plane& one = *planes.find(name);
    return file::StoredBytes(View<const std::byte>(data + one.offset, static_cast<std::size_t>(one.bytes)));
  };
  BnbTensor source;
  source.codes = plane("codes");
  source.absmax = plane("absmax");
  if (target.nested) {
    source.nested_absmax = plane("nested_absmax");
    std::memcpy(&source.nested_offset, data + planes.find("offset")->offset, sizeof(float));
  }
  copy_as_is(source, location, target);
}

ASTERISM_INLINE void refuse_weight(const WeightStoreRef& store, const FoundWeight& found,
                                   const NumericError& error) {
  throw FormatError(concat(store.describe(*found.tensor), ": ", error.what()));
}

}  // namespace asterism::checkpoint::detail
