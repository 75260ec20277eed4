// Loads models whose experts take turns in memory: whose Cache is not cache::All.
#pragma once

#include <memory>

#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/spill_header.hpp"
#include "asterism/model/slotted_experts.hpp"
#include "asterism/residency/spill_file.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

template <class B>
struct OpenHomes {
  /// InvalidArgument without LoadOptions::experts; as residency::SpillFile, and FormatError for another model's.
  static std::shared_ptr<const residency::SpillFile> open(const checkpoint::TensorStore& store, const Shape& shape,
                                                          const LoadOptions& options) {
    if (options.experts.empty()) {
      throw InvalidArgument(concat(store.folder(), ": the Blueprint's Cache keeps experts in a file: name it in ",
                                   "LoadOptions::experts; quantize --experts writes one"));
    }
    auto homes = std::make_shared<const residency::SpillFile>(options.experts, options.verify);
    residency::check_same(homes->header(), spill_header<B>(store, shape), options.experts);
    return homes;
  }
};

}  // namespace asterism::generate
