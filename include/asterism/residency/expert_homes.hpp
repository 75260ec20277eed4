// Where experts that take turns wait: some layers in memory of the host, the others on a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/residency/fwd.hpp"
#include "asterism/residency/spill_file.hpp"
#include "asterism/residency/spill_header.hpp"

namespace asterism::residency {

/// The homes of a model's experts: for each layer memory that was set aside for it, or else a spill file. Whoever owns
/// the memory fills it before anybody reads; after that const members may be called from several threads.
class ExpertHomes {
 public:
  /// `header` says what experts there are. `file` may be null where every layer gets memory.
  explicit ExpertHomes(SpillHeader header, std::shared_ptr<const SpillFile> file = nullptr)
      : header_(std::move(header)), file_(std::move(file)), memory_(static_cast<std::size_t>(header_.layers)) {}
  /// All in a file.
  explicit ExpertHomes(std::shared_ptr<const SpillFile> file) : ExpertHomes(file->header(), file) {}

  const SpillHeader& header() const { return header_; }
  /// Null where all experts are in memory.
  const SpillFile* file() const { return file_.get(); }

  /// The bytes of a layer in memory.
  std::uint64_t layer_bytes() const { return header_.stride() * static_cast<std::uint64_t>(header_.experts); }
  /// Sets memory of layer_bytes(), aligned to 4096, aside for layer `group`, 0 to layers - 1. It outlives this.
  void keep_in(std::byte* memory, std::int32_t group) { memory_[static_cast<std::size_t>(group)] = memory; }

  bool in_memory(std::int32_t group) const { return memory_[static_cast<std::size_t>(group)] != nullptr; }
  /// The slab of an expert in memory, stride() bytes.
  View<std::byte> slab(PartId part) const {
    const auto bytes = static_cast<std::size_t>(header_.stride());
    return {memory_[static_cast<std::size_t>(part.group)] + static_cast<std::size_t>(part.member) * bytes, bytes};
  }

 private:
  SpillHeader header_;
  std::shared_ptr<const SpillFile> file_;
  std::vector<std::byte*> memory_;  ///< (layers): null: in the file
};

}  // namespace asterism::residency
