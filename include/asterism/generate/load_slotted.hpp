// Loads models whose experts take turns in memory: whose Cache is not cache::All.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/generate/encode_experts.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/spill_header.hpp"
#include "asterism/model/slotted_experts.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/residency/spill_file.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// Reads slabs of a spill file, which are in kernel order.
template <class B>
class SlabReader {
  using Expert = typename model::Assembly<B>::Expert;

 public:
  SlabReader(const Shape& shape, const residency::SpillFile& file)
      : file_(&file),
        host_(0, {file.header().stride() + 2 * residency::slab_alignment}, std::make_shared<parallel::Serial>()),
        buffer_(host_.allocate({file.header().stride() + residency::slab_alignment}, "experts")),
        memory_(residency::aligned_to_page(buffer_.data()), static_cast<std::size_t>(file.header().stride())) {
    backend::Layout cursor(buffer_, static_cast<std::uint64_t>(memory_.data - buffer_.data()));
    slab_ = Expert(shape).lay_out(cursor);
  }

  /// `slot`: stride() bytes, aligned as slabs are. Throws as SpillFile::read.
  template <SlabOrder order>
  void read(PartId part, View<std::byte> slot) {
    if constexpr (order == SlabOrder::kernel) return file_->read(part, slot);
    file_->read(part, memory_);
    const auto to_standard = [](const auto& weights) {
      using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
      quant::to_standard<Format>(weights.data, weights.rows, weights.cols);
    };
    if constexpr (expert::Gated<Expert>) to_standard(slab_.gate);
    to_standard(slab_.up);
    to_standard(slab_.down);
    std::memcpy(slot.data, memory_.data, slot.size);
  }

 private:
  const residency::SpillFile* file_;
  backend::SerialHost host_;
  backend::Buffer buffer_;
  View<std::byte> memory_;
  typename Expert::Slab slab_;
};

template <class B>
struct HomesOf {
  /// InvalidArgument where experts wait on the disk and LoadOptions::experts names no file; as residency::SpillFile,
  /// and FormatError for another model's.
  static std::shared_ptr<residency::ExpertHomes> open(const checkpoint::WeightStoreRef& store,
                                                      const std::string& path, const Shape& shape,
                                                      const placement::Plan& plan, const LoadOptions& options) {
    residency::SpillHeader header = spill_header<B>(store, shape);
    if (!options.experts.empty()) {
      auto file = std::make_shared<const residency::SpillFile>(options.experts, options.verify);
      residency::check_same(file->header(), header, options.experts);
      return std::make_shared<residency::ExpertHomes>(std::move(header), std::move(file));
    }
    if (plan.homes_on_disk() > Bytes{0}) {
      throw InvalidArgument(concat(path, ": the Blueprint's Cache keeps experts in a file: name it in ",
                                   "LoadOptions::experts; quantize --experts writes one"));
    }
    return std::make_shared<residency::ExpertHomes>(std::move(header));
  }

  /// Fills the homes in memory: from the file if there is one, else from the checkpoint, whose weights are `weights`.
  /// Throws as either.
  static void fill(const checkpoint::WeightStoreRef& store, const std::vector<checkpoint::FoundWeight>& weights,
                   const Shape& shape, const residency::ExpertHomes& homes, ProgressSink& progress) {
    const residency::SpillHeader& header = homes.header();
    std::int32_t layers = 0;
    for (std::int32_t group = 0; group < header.layers; ++group) layers += homes.in_memory(group) ? 1 : 0;
    if (layers == 0) return;
    const auto experts = static_cast<std::uint64_t>(layers) * static_cast<std::uint64_t>(header.experts);
    progress.begin("reading experts", experts * header.slab_bytes, ProgressUnit::bytes);
    std::uint64_t done = 0;
    const auto told = [&](PartId part) {
      progress.advance(done += header.slab_bytes, concat("layer ", part.group, ", expert ", part.member));
    };
    constexpr SlabOrder order = slab_order<typename B::Backend>;
    if (homes.file() != nullptr) {
      SlabReader<B> reader(shape, *homes.file());
      for (std::int32_t group = 0; group < header.layers; ++group) {
        for (std::int32_t e = 0; homes.in_memory(group) && e < header.experts; ++e) {
          reader.template read<order>({group, e}, homes.slab({group, e}));
          told({group, e});
        }
      }
    } else {
      encode_experts<B, order>(store, weights, shape, [&](PartId part, View<const std::byte> slab) {
        std::memcpy(homes.slab(part).data, slab.data, slab.size);
        told(part);
      });
    }
    progress.end();
  }
};

}  // namespace asterism::generate
