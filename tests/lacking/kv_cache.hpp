// A model of attention::KvCache, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/concept.hpp"

namespace asterism::lacking::kv_caches {

struct Complete {
  Complete() = default;
  template <class Device>
  Complete(Device&, const Shape&, const Limits&, std::int32_t, std::int32_t) {}
  static Bytes layer_bytes(const Shape&, const Limits&) { return {}; }
  std::size_t capacity() const { return 0; }
  template <class Device>
  void append(Device&, std::int32_t, std::size_t, backend::DeviceMatrix<const float>,
              backend::DeviceMatrix<const float>) {}
  Bytes bytes() const { return {}; }
  void view(std::int32_t) const {}
  std::size_t trim(std::size_t) { return 0; }
};
// Each hides one member.
struct NoConstruct : Complete {};
struct NoLayerBytes : Complete {
  static void layer_bytes() {}
};
struct NoCapacity : Complete {
  void capacity() const {}
};
struct NoAppend : Complete {
  using Complete::Complete;
  void append() {}
};
struct NoBytes : Complete {
  std::size_t bytes() const { return 0; }
};
struct NoView : Complete {
  void view() const {}
};
struct NoTrim : Complete {
  void trim(std::size_t) {}
};

/// One that prunes itself.
struct Pruning : Complete {
  using Complete::Complete;
  static std::size_t pass_end(std::size_t position) { return position + 1; }
  static std::size_t slot(std::size_t position) { return position; }
  template <class Device>
  void attended(Device&, std::int32_t, std::size_t, backend::DeviceMatrix<const float>) {}
};
struct NoPassEnd : Pruning {
  using Pruning::Pruning;
  void pass_end() {}
};
struct NoSlot : Pruning {
  using Pruning::Pruning;
  void slot() {}
};
struct NoAttended : Pruning {
  using Pruning::Pruning;
  void attended() {}
};

}  // namespace asterism::lacking::kv_caches
