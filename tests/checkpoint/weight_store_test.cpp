#include "asterism/checkpoint/weight_store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/checkpoint/fingerprint.hpp"
#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/view.hpp"

#include "lacking/weight_store.hpp"

using namespace asterism;
using namespace asterism::checkpoint;
using namespace asterism::lacking::weight_stores;

static_assert(WeightStore<TensorStore> && WeightStore<GgufStore> && WeightStore<WeightStoreRef>);
static_assert(WeightStore<Complete>);
static_assert(!WeightStore<NoTensors> && !WeightStore<NoFind> && !WeightStore<NoDescribe> &&
              !WeightStore<NoStored>);
static_assert(!WeightStore<NoReadFloats> && !WeightStore<NoRelease> && !WeightStore<int>);

namespace {

/// One tensor in memory, whose elements are their indices.
struct Counting {
  std::vector<TensorInfo> all{{.name = "w", .shape = {2, 3}, .elements = 6, .bytes = 24}};
  std::vector<std::byte> content = std::vector<std::byte>(24);
  mutable int released = 0;

  const std::vector<TensorInfo>& tensors() const { return all; }
  const TensorInfo* find(std::string_view name) const { return name == "w" ? all.data() : nullptr; }
  std::string describe(const TensorInfo& tensor) const { return "memory: " + tensor.name; }
  file::StoredBytes stored(const TensorInfo&) const { return View<const std::byte>(content); }
  void read_floats(const TensorInfo&, std::uint64_t first, View<float> out) const {
    for (float& value : out) value = static_cast<float>(first++);
  }
  void release(const TensorInfo&) const { ++released; }
};

}  // namespace

TEST_CASE("a reference does what its store does") {
  const Counting store;
  const WeightStoreRef ref(store);
  CHECK(ref.tensors().size == 1);
  CHECK(ref.find("w") == store.all.data());
  CHECK(ref.find("v") == nullptr);
  CHECK(ref.describe(store.all[0]) == "memory: w");
  CHECK(ref.stored(store.all[0]).size() == 24);
  std::vector<float> values(4);
  ref.read_floats(store.all[0], 2, values);
  CHECK(values == std::vector<float>{2, 3, 4, 5});
  ref.release(store.all[0]);
  CHECK(store.released == 1);
}

TEST_CASE("weights are read and told apart through any store") {
  const Counting store;
  const FoundWeight found{
      .id = {}, .location = {.name = "w", .shape = {2, 3}, .first = 1}, .tensor = store.all.data()};
  std::vector<float> values(3);
  read_floats(store, found, 1, values);
  CHECK(values == std::vector<float>{2, 3, 4});
  release(store, found);
  CHECK(store.released == 1);
  Counting other;
  CHECK(fingerprint(store) == fingerprint(other));
  other.content[12] = std::byte{1};
  CHECK(fingerprint(store) != fingerprint(other));
}
