// Matrices, weights and caches on a logical device, for tests: drawn from its arena, alive as long as this object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"

namespace asterism::test {

template <class Host>
class DeviceMemory {
 public:
  explicit DeviceMemory(Host& host, std::uint64_t seed = 1) : host_(host), random_(seed) {}

  template <class T>
  backend::DeviceMatrix<T> matrix(std::size_t rows, std::size_t cols, T fill) {
    const auto out = backend::matrix_in<T>(draw(rows * cols * sizeof(T)), 0, rows, cols);
    for (std::size_t i = 0; i < rows * cols; ++i) out.view.data[i] = fill;
    return out;
  }

  /// To be overwritten: NaN shows where it was not.
  backend::DeviceMatrix<float> result(std::size_t rows, std::size_t cols) {
    return matrix(rows, cols, std::numeric_limits<float>::quiet_NaN());
  }

  backend::DeviceMatrix<float> normal(std::size_t rows, std::size_t cols, float scale = 1) {
    const auto out = matrix(rows, cols, 0.0F);
    fill(out, scale);
    return out;
  }

  template <class Format>
  backend::DeviceWeights<Format> weights(std::size_t rows, std::size_t cols, float scale = 1) {
    const auto out = backend::weights_in<Format>(draw(Format::planes(rows, cols).bytes().count), 0, rows, cols);
    encode(out, scale);
    return out;
  }

  /// Random values into weights that somebody else drew.
  template <class Format>
  void encode(const backend::DeviceWeights<Format>& to, float scale = 1) {
    std::vector<float> values(static_cast<std::size_t>(to.rows * to.cols));
    for (float& value : values) value = scale * static_cast<float>(random_.normal());
    const quant::FloatWeights source{values};
    host_.write(to, [&](const auto& on_host) { Format::encode(source, to.rows, to.cols, on_host.data); });
  }

  void fill(const backend::DeviceMatrix<float>& to, float scale = 1) {
    for (std::size_t i = 0; i < to.rows(); ++i) {
      for (float& value : to.view.row(i)) value = scale * static_cast<float>(random_.normal());
    }
  }

  /// To be filled by append_kv: what was not stored is NaN in every format.
  template <class Format>
  backend::KvView<Format> kv(std::size_t kv_heads, std::size_t slots, std::size_t head_dim) {
    const std::size_t block = kv_heads * slots * backend::KvView<Format>::row_bytes(head_dim);
    std::byte* data = draw(2 * block).data();
    std::memset(data, 0xFF, 2 * block);
    return {.keys = data,
            .values = data + block,
            .kv_heads = kv_heads,
            .slots = slots,
            .head_dim = head_dim,
            .device = host_.device()};
  }

  backend::ExpertGroups groups(std::size_t experts, std::size_t slots) {
    return {matrix<std::int32_t>(1, experts + 1, -1).view.row(0), matrix<std::int32_t>(1, slots, -1).view.row(0),
            matrix<std::int32_t>(1, slots, -1).view.row(0), host_.device()};
  }

 private:
  const backend::Buffer& draw(std::size_t bytes) {
    buffers_.push_back(host_.allocate({bytes}, "test"));
    return buffers_.back();
  }

  Host& host_;
  Random random_;
  std::vector<backend::Buffer> buffers_;
};

/// All elements of a matrix, row by row.
template <class T>
std::vector<T> values(const backend::DeviceMatrix<T>& matrix) {
  std::vector<T> out;
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (const T& value : matrix.view.row(i)) out.push_back(value);
  }
  return out;
}

/// All weights of a host device as float32, row by row.
template <class Format>
std::vector<float> decoded(const backend::DeviceWeights<Format>& weights) {
  std::vector<float> out(static_cast<std::size_t>(weights.rows * weights.cols));
  quant::decode(weights.kernel_matrix(), 0, View<float>(out));
  return out;
}

}  // namespace asterism::test
