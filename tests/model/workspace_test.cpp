// Activations: measured without a buffer and laid out in one, the same bytes, on every device that needs them.
#include "asterism/model/workspace.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/quant/group_int.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"

using namespace asterism;
using model::HeadWorkspace;
using test::Exact;
using test::small_shape;

namespace {

using LayerWorkspace = model::LayerWorkspace<model::Assembly<Exact>::Block>;

static_assert(LayerWorkspace::bytes(small_shape, Exact::limits) > Bytes{0});  // a constant expression

/// Everything that products read lies in tiles of integers.
struct InIntegers : Exact {
  using Quantization = quant::Int8<32>;
  using Embedding = quant::Int8<32>;
  using Head = quant::Int8<32>;
  using Backend = backend::BasicHost<parallel::Serial, quant::Int8Activations>;
};

/// Collects where matrices lie.
struct Ranges {
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> all;

  template <class T>
  void add(const backend::DeviceMatrix<T>& matrix, std::size_t rows, std::size_t cols) {
    CHECK(matrix.rows() == rows);
    CHECK(matrix.cols() == cols);
    const auto begin = reinterpret_cast<std::uintptr_t>(matrix.view.data);
    CHECK(begin % alignment == 0);
    all.emplace_back(begin, begin + rows * cols * sizeof(T));
  }

  /// They overlap nowhere and fill the buffer but for what alignment leaves between them.
  void check(const backend::Buffer& buffer) {
    std::sort(all.begin(), all.end());
    std::uintptr_t end = reinterpret_cast<std::uintptr_t>(buffer.data());
    for (const auto& [from, to] : all) {
      CHECK(from == aligned(end));
      end = to;
    }
    CHECK(aligned(end) == reinterpret_cast<std::uintptr_t>(buffer.data()) + buffer.size().count);
  }
};

}  // namespace

TEST_CASE("a layer's workspace fills exactly the bytes that the plan counts") {
  backend::Arena arena(3, 16_MiB);
  for (const std::int32_t chunk : {1, 7, 16, 100}) {
    CAPTURE(chunk);
    Limits limits = Exact::limits;
    limits.prefill_chunk = chunk;
    const backend::Buffer buffer = arena.allocate(LayerWorkspace::bytes(small_shape, limits), "workspace");
    backend::Layout cursor(buffer);
    const LayerWorkspace workspace = LayerWorkspace::lay_out(cursor, small_shape, limits);
    CHECK(cursor.used() == LayerWorkspace::bytes(small_shape, limits));
    CHECK(workspace.hidden.device == 3);
    const auto rows = static_cast<std::size_t>(chunk);
    Ranges ranges;
    ranges.add(workspace.hidden, rows, 24);
    ranges.add(workspace.normed, rows, 24);
    ranges.add(workspace.tables, rows, 8);
    const auto& attention = std::get<0>(workspace.mixers);
    ranges.add(attention.query, rows, 48);
    ranges.add(attention.key, rows, 16);
    ranges.add(attention.value, rows, 16);
    ranges.add(attention.mixed, rows, 48);
    ranges.add(workspace.constellation.logits, rows, 5);
    ranges.add(workspace.constellation.routes, rows, 2);
    ranges.add(workspace.constellation.offsets, 1, 6);
    ranges.add(workspace.constellation.sources, 1, 2 * rows);
    ranges.add(workspace.constellation.slots, 1, 2 * rows);
    ranges.add(workspace.constellation.gathered, 2 * rows, 24);
    ranges.add(workspace.constellation.inner.gate, 2 * rows, 40);
    ranges.add(workspace.constellation.inner.up, 2 * rows, 40);
    ranges.check(buffer);
  }
}

TEST_CASE("the head's workspace holds a few rows, no more than a chunk") {
  backend::Arena arena(0, 1_MiB);
  for (const std::int32_t chunk : {1, 16, 512}) {
    Limits limits = Exact::limits;
    limits.prefill_chunk = chunk;
    const backend::Buffer buffer = arena.allocate(HeadWorkspace::bytes(small_shape, limits), "workspace");
    backend::Layout cursor(buffer);
    const HeadWorkspace workspace = HeadWorkspace::lay_out(cursor, small_shape, limits);
    const std::size_t rows = chunk == 1 ? 1 : 16;
    Ranges ranges;
    ranges.add(workspace.hidden, rows, 24);
    ranges.add(workspace.logits, rows, 53);
    ranges.check(buffer);
  }
}

TEST_CASE("the largest products are as wide as the widest row, with a row for every expert that a token goes to") {
  Shape shape = small_shape;
  Limits limits = Exact::limits;
  limits.prefill_chunk = 7;
  const auto layers = [&] {
    return model::LargestProduct::of_layers<expert::SwiGlu<quant::Float32>>(shape, limits);
  };
  CHECK(layers().rows == 14);
  CHECK(layers().cols == 48);  // 6 heads of 8
  shape.ffn = 49;
  CHECK(layers().cols == 49);
  shape.hidden = 50;
  CHECK(layers().cols == 50);
  CHECK(model::LargestProduct::of_head(shape, limits).rows == 7);
  CHECK(model::LargestProduct::of_head(shape, limits).cols == 50);
  limits.prefill_chunk = 100;
  CHECK(layers().rows == 200);
  CHECK(model::LargestProduct::of_head(shape, limits).rows == HeadWorkspace::rows);
}

TEST_CASE("what devices reserve serves every product of the largest pass") {
  struct Width {
    std::int32_t hidden, heads, ffn, top_k;
  };
  for (const Width width : {Width{32, 4, 64, 1}, {96, 2, 32, 2}, {32, 1, 160, 3}, {64, 2, 64, 5}}) {
    Shape shape = small_shape;
    shape.hidden = width.hidden;
    shape.heads = width.heads;
    shape.kv_heads = 1;
    shape.head_dim = 32;
    shape.ffn = width.ffn;
    shape.top_k = width.top_k;
    for (const std::int32_t chunk : {1, 7, 40}) {
      CAPTURE(shape.hidden);
      CAPTURE(chunk);
      Limits limits = InIntegers::limits;
      limits.prefill_chunk = chunk;
      const test::FilledNetwork<InIntegers> filled(shape, equal_devices(2, 4_MiB), limits);
      const auto workspace = test::workspace_on<InIntegers>(filled, limits);
      test::Conversation<InIntegers> one(filled, limits);
      const std::vector<TokenId> tokens(static_cast<std::size_t>(chunk), 3);
      CHECK(test::pass<InIntegers>(filled, workspace, std::vector<test::Turn<InIntegers>>{{&one, tokens}}));
      const std::size_t rows = HeadWorkspace::rows_of(limits);
      const std::vector<float> logits = test::logits_of<InIntegers>(filled, workspace, 0, rows, one.observer);
      CHECK(std::all_of(logits.begin(), logits.end(), [](float value) { return std::isfinite(value); }));
    }
  }
}

TEST_CASE("every device that runs layers has a workspace, the head's device the head's; no more is drawn") {
  for (const bool tied : {false, true}) {
    CAPTURE(tied);
    Shape shape = small_shape;
    shape.layers = 3;
    shape.tied_head = tied;
    const test::EmptyNetwork<Exact> empty(shape, equal_devices(4, 1_MiB));  // one device more than layers
    std::vector<Bytes> before;
    for (const auto& device : empty.devices) before.push_back(device->arena().used());
    {
      const auto workspace = test::workspace_on<Exact>(empty);
      for (std::size_t d = 0; d < 4; ++d) {
        const auto device = static_cast<std::int32_t>(d);
        const bool runs_layers = empty.plan.cuts[d + 1] > empty.plan.cuts[d];
        if (runs_layers) {
          CHECK(workspace.layers(d).hidden.device == device);
          CHECK(workspace.layers(d).hidden.rows() == 16);
        }
        const Bytes layers = runs_layers ? LayerWorkspace::bytes(shape, Exact::limits) : Bytes{0};
        const Bytes head =
            device == empty.plan.head_device() ? HeadWorkspace::bytes(shape, Exact::limits) : Bytes{0};
        CHECK(empty.devices[d]->arena().used() - before[d] == layers + head);
        CHECK(empty.plan.bytes(d, placement::PartKind::workspace) == layers + head);
      }
      CHECK(workspace.head().logits.device == empty.plan.head_device());
      CHECK(workspace.head().logits.cols() == 53);
    }
    for (std::size_t d = 0; d < 4; ++d) CHECK(empty.devices[d]->arena().used() == before[d]);
  }
}

namespace {

/// Three times as wide inside as the shape says.
template <class Q>
struct WideExpert : expert::SwiGlu<Q> {
  static constexpr Shape widened(Shape shape) {
    shape.ffn *= 3;
    return shape;
  }
  constexpr explicit WideExpert(const Shape& shape) : expert::SwiGlu<Q>(widened(shape)) {}
};

struct WideInside : InIntegers {
  template <class Q>
  using Expert = WideExpert<Q>;
};

}  // namespace

TEST_CASE("an expert that is wider than the shape's ffn is planned for, and runs") {
  Shape shape = small_shape;
  shape.hidden = 32;
  shape.ffn = 32;
  Limits limits = WideInside::limits;
  limits.prefill_chunk = 4;
  const test::FilledNetwork<WideInside> on(shape, equal_devices(1, 64_MiB), limits);
  const auto workspace = test::workspace_on<WideInside>(on, limits);
  CHECK(on.plan.peak(0) == on.devices[0]->arena().used() + on.plan.bytes(0, placement::PartKind::kv_cache));
  test::Conversation<WideInside> conversation(on, limits);
  const std::vector<test::Turn<WideInside>> turns{{&conversation, {1, 2, 3, 4}}};
  CHECK(test::pass(on, workspace, turns));
}
