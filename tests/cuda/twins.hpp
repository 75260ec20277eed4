// The same operands on the CPU and on a GPU, for tests that hold one backend against the other.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/cuda/backend.hpp"
#include "asterism/parallel/serial.hpp"

#include "support/device_memory.hpp"

namespace asterism::test {

/// One operand twice.
template <class Operand>
struct Twin {
  Operand host;
  Operand gpu;
};
template <class T>
using TwinMatrix = Twin<backend::DeviceMatrix<T>>;

class Twins {
 public:
  static constexpr Bytes budget = 64_MiB;

  backend::SerialHost host{0, budget, std::make_shared<parallel::Serial>()};
  cuda::Backend gpu{0, budget, std::make_shared<cuda::Peers>()};

  explicit Twins(std::uint64_t seed = 1) : memory_(host, seed) {}

  /// The same values for both.
  template <class T>
  TwinMatrix<T> of(backend::DeviceMatrix<T> on_host) {
    const auto on_gpu = backend::matrix_in<T>(draw(on_host.rows() * on_host.cols() * sizeof(T)), 0, on_host.rows(),
                                              on_host.cols());
    gpu.write(on_gpu, [&](backend::DeviceMatrix<T> to) {
      for (std::size_t i = 0; i < to.rows(); ++i) std::ranges::copy(on_host.view.row(i), to.view.row(i).begin());
    });
    return {on_host, on_gpu};
  }
  TwinMatrix<float> normal(std::size_t rows, std::size_t cols, float scale = 1) {
    return of(memory_.normal(rows, cols, scale));
  }
  /// To be overwritten.
  TwinMatrix<float> result(std::size_t rows, std::size_t cols) { return of(memory_.result(rows, cols)); }
  template <class T>
  TwinMatrix<T> filled(std::size_t rows, std::size_t cols, T value) {
    return of(memory_.matrix(rows, cols, value));
  }

  template <class Format>
  Twin<backend::DeviceWeights<Format>> weights(std::size_t rows, std::size_t cols, float scale = 1) {
    const auto on_host = memory_.template weights<Format>(rows, cols, scale);
    const Bytes bytes = Format::planes(rows, cols).bytes();
    const auto on_gpu = backend::weights_in<Format>(draw(bytes.count), 0, rows, cols);
    gpu.write(on_gpu, [&](const auto& to) {
      std::memcpy(to.data, on_host.data, bytes.count);
      quant::to_standard<Format>(to.data, rows, cols);
    });
    return {on_host, on_gpu};
  }

  /// Empty.
  template <class Format>
  Twin<backend::KvView<Format>> kv(std::size_t heads, std::size_t slots, std::size_t head_dim,
                                   std::size_t sinks = 0, std::size_t window = 0) {
    auto on_host = memory_.template kv<Format>(heads, slots, head_dim);
    on_host.sinks = sinks;
    on_host.window = window;
    const std::size_t block = kv_block(on_host);
    auto on_gpu = on_host;
    on_gpu.device = gpu.device();
    const auto both = backend::matrix_in<std::byte>(draw(2 * block), 0, 1, 2 * block);
    gpu.write(both, [&](const auto& to) { std::memcpy(to.view.data, on_host.keys, 2 * block); });
    on_gpu.keys = both.view.data;
    on_gpu.values = both.view.data + block;
    return {on_host, on_gpu};
  }
  template <class Format>
  static std::size_t kv_block(const backend::KvView<Format>& kv) {
    return kv.kv_heads * kv.slots * backend::KvView<Format>::row_bytes(kv.head_dim);
  }
  /// Every byte, stored or not, is the same.
  template <class Format>
  void check_same(const Twin<backend::KvView<Format>>& kv) {
    const std::size_t bytes = 2 * kv_block(kv.host);
    const auto [found] =
        gpu.read(backend::DeviceMatrix<std::byte>{MatrixView<std::byte>(kv.gpu.keys, 1, bytes), gpu.device()});
    CHECK(std::memcmp(found.data, kv.host.keys, bytes) == 0);
  }

  Twin<backend::ExpertGroups> groups(std::size_t experts, std::size_t slots) {
    const auto offsets = filled<std::int32_t>(1, experts + 1, -1);
    const auto rows = filled<std::int32_t>(1, slots, -1);
    const auto where = filled<std::int32_t>(1, slots, -1);
    const auto of = [](const auto& o, const auto& r, const auto& s) {
      return backend::ExpertGroups{.offsets = o.view.row(0),
                                   .source_row = r.view.row(0),
                                   .slot_of_choice = s.view.row(0),
                                   .device = o.device};
    };
    return {of(offsets.host, rows.host, where.host), of(offsets.gpu, rows.gpu, where.gpu)};
  }

  /// The same bits.
  template <class T>
  void check_same(const TwinMatrix<T>& twin) {
    const auto [found] = gpu.read(twin.gpu);
    for (std::size_t i = 0; i < found.rows; ++i) {
      CHECK(std::memcmp(found.row(i).data, twin.host.view.row(i).data, found.cols * sizeof(T)) == 0);
    }
  }
  void check_same(const Twin<View<std::int32_t>>& twin) {
    const std::size_t n = twin.host.size;
    check_same(TwinMatrix<std::int32_t>{{MatrixView<std::int32_t>(twin.host.data, 1, n), host.device()},
                                        {MatrixView<std::int32_t>(twin.gpu.data, 1, n), gpu.device()}});
  }

  /// Each value within `bound` times the largest of its row on the host.
  void check_near(const TwinMatrix<float>& twin, double bound) {
    const auto [found] = gpu.read(twin.gpu);
    for (std::size_t i = 0; i < found.rows; ++i) {
      double largest = 0;
      double furthest = 0;
      for (std::size_t c = 0; c < found.cols; ++c) {
        const double expected = twin.host.view(i, c);
        REQUIRE(std::isfinite(expected));
        REQUIRE(std::isfinite(found(i, c)));
        largest = std::max(largest, std::fabs(expected));
        furthest = std::max(furthest, std::fabs(double{found(i, c)} - expected));
      }
      CHECK(furthest <= bound * largest);
    }
  }

  std::vector<float> on_gpu(const backend::DeviceMatrix<float>& matrix) {
    const auto [found] = gpu.read(matrix);
    return {found.data, found.data + found.rows * found.cols};
  }

 private:
  const backend::Buffer& draw(std::size_t bytes) {
    buffers_.push_back(gpu.allocate({bytes}, "test"));
    return buffers_.back();
  }

  DeviceMemory<backend::SerialHost> memory_;
  std::vector<backend::Buffer> buffers_;
};

}  // namespace asterism::test
