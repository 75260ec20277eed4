// Contract of what holds the weights of a checkpoint: named tensors that are read in pieces.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// The single requirements of WeightStore.
namespace needs {

/// All tensors, at places that stay.
template <class S>
concept tensors = requires(const S& store) {
  { store.tensors() } -> std::convertible_to<View<const TensorInfo>>;
};
/// The tensor of that name, or nullptr.
template <class S>
concept find = requires(const S& store, std::string_view name) {
  { store.find(name) } -> std::same_as<const TensorInfo*>;
};
/// The beginning of a message about a tensor: "FILE: tensor 'NAME'".
template <class S>
concept describe = requires(const S& store, const TensorInfo& tensor) {
  { store.describe(tensor) } -> std::same_as<std::string>;
};
/// The bytes of a tensor as they are in the file.
template <class S>
concept stored = requires(const S& store, const TensorInfo& tensor) {
  { store.stored(tensor) } -> std::same_as<file::StoredBytes>;
};
/// Elements from `first` on as floats, exactly; FormatError for one that is NaN or infinite.
template <class S>
concept read_floats = requires(const S& store, const TensorInfo& tensor, std::uint64_t first, View<float> out) {
  { store.read_floats(tensor, first, out) } -> std::same_as<void>;
};
/// Advice that a tensor is not needed again soon.
template <class S>
concept release = requires(const S& store, const TensorInfo& tensor) {
  { store.release(tensor) } -> std::same_as<void>;
};

}  // namespace needs

/// Holds the weights of a checkpoint. Immutable; const members may be called from several threads. Models: TensorStore
/// (safetensors), GgufStore.
template <class S>
concept WeightStore = needs::tensors<S> && needs::find<S> && needs::describe<S> && needs::stored<S> &&
    needs::read_floats<S> && needs::release<S>;

/// A reference to a WeightStore, which must outlive it: for code that is compiled once for all of them. Models
/// WeightStore.
class WeightStoreRef {
 public:
  template <WeightStore S>
    requires(!std::same_as<S, WeightStoreRef>)
  WeightStoreRef(const S& store)  // NOLINT(google-explicit-constructor): as references convert
      : store_(std::addressof(store)), calls_(&calls_of<S>) {}

  View<const TensorInfo> tensors() const { return calls_->tensors(store_); }
  const TensorInfo* find(std::string_view name) const { return calls_->find(store_, name); }
  std::string describe(const TensorInfo& tensor) const { return calls_->describe(store_, tensor); }
  file::StoredBytes stored(const TensorInfo& tensor) const { return calls_->stored(store_, tensor); }
  void read_floats(const TensorInfo& tensor, std::uint64_t first, View<float> out) const {
    calls_->read_floats(store_, tensor, first, out);
  }
  void release(const TensorInfo& tensor) const { calls_->release(store_, tensor); }

 private:
  struct Calls {
    View<const TensorInfo> (*tensors)(const void* store);
    const TensorInfo* (*find)(const void* store, std::string_view name);
    std::string (*describe)(const void* store, const TensorInfo& tensor);
    file::StoredBytes (*stored)(const void* store, const TensorInfo& tensor);
    void (*read_floats)(const void* store, const TensorInfo& tensor, std::uint64_t first, View<float> out);
    void (*release)(const void* store, const TensorInfo& tensor);
  };

  template <class S>
  static const S& as(const void* store) {
    return *static_cast<const S*>(store);
  }

  template <class S>
  static constexpr Calls calls_of{
      .tensors = [](const void* s) -> View<const TensorInfo> { return as<S>(s).tensors(); },
      .find = [](const void* s, std::string_view name) { return as<S>(s).find(name); },
      .describe = [](const void* s, const TensorInfo& tensor) { return as<S>(s).describe(tensor); },
      .stored = [](const void* s, const TensorInfo& tensor) { return as<S>(s).stored(tensor); },
      .read_floats = [](const void* s, const TensorInfo& tensor, std::uint64_t first,
                        View<float> out) { as<S>(s).read_floats(tensor, first, out); },
      .release = [](const void* s, const TensorInfo& tensor) { as<S>(s).release(tensor); }};

  const void* store_;
  const Calls* calls_;
};

}  // namespace asterism::checkpoint
