// A model of checkpoint::WeightStore, and structs that each lack one member of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/weight_store.hpp"

namespace asterism::lacking::weight_stores {

using checkpoint::TensorInfo;

struct Complete {
  const std::vector<TensorInfo>& tensors() const { return all; }
  const TensorInfo* find(std::string_view) const { return nullptr; }
  std::string describe(const TensorInfo&) const { return {}; }
  file::StoredBytes stored(const TensorInfo&) const { return {}; }
  void read_floats(const TensorInfo&, std::uint64_t, View<float>) const {}
  void release(const TensorInfo&) const {}

  std::vector<TensorInfo> all;
};
// Each hides one member.
struct NoTensors : Complete {
  int tensors() const { return 0; }
};
struct NoFind : Complete {
  bool find(std::string_view) const { return false; }
};
struct NoDescribe : Complete {
  void describe(const TensorInfo&) const {}
};
struct NoStored : Complete {
  std::vector<std::byte> stored(const TensorInfo&) const { return {}; }
};
struct NoReadFloats : Complete {
  void read_floats(const TensorInfo&, View<float>) const {}
};
struct NoRelease : Complete {
  void release() const {}
};

}  // namespace asterism::lacking::weight_stores
