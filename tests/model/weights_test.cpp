// Every weight of a network is visited once, in memory of its own, and together they are what the plan counts.
#include "asterism/model/weights.hpp"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"

using namespace asterism;
using model::Role;
using model::WeightId;
using placement::PartKind;
using test::Defaults;
using test::EmptyNetwork;
using test::Exact;
using test::small_shape;

namespace {

template <class B>
void check_network(const Shape& shape, std::size_t devices) {
  const EmptyNetwork<B> empty(shape, equal_devices(devices, 1_MiB));
  std::vector<std::pair<const std::byte*, const std::byte*>> ranges;
  std::map<PartKind, std::uint64_t> bytes;
  model::for_each_weight(empty.network, [&](const WeightId& id, const auto& weights) {
    const std::byte* data = nullptr;
    std::uint64_t size = 0;
    if constexpr (requires { weights.view; }) {
      data = reinterpret_cast<const std::byte*>(weights.view.data);
      size = aligned(weights.view.rows * weights.view.cols * sizeof(float));
    } else {
      data = weights.data;
      size = std::remove_cvref_t<decltype(weights)>::Format::planes(weights.rows, weights.cols).bytes().count;
    }
    ranges.emplace_back(data, data + size);
    bytes[model::info_of(shape.architecture, id.role).part] += size;
    const std::int32_t device = id.role == Role::embedding ? empty.plan.embedding_device()
                                : id.layer >= 0            ? empty.plan.device_of_layer(id.layer)
                                                           : empty.plan.last_layer_device();
    CHECK(weights.device == device);
  });
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) CHECK(ranges[i - 1].second <= ranges[i].first);
  for (const PartKind kind : {PartKind::embedding, PartKind::attention, PartKind::linear_attention,
                              PartKind::shared_expert, PartKind::norms, PartKind::router, PartKind::experts,
                              PartKind::feed_forward, PartKind::final_norm, PartKind::head}) {
    CAPTURE(placement::name_of(kind));
    Bytes planned{};
    for (std::size_t d = 0; d < devices; ++d) planned += empty.plan.bytes(d, kind);
    CHECK(Bytes{bytes[kind]} == planned);
  }
}

}  // namespace

TEST_CASE("ids: every role of every layer and expert, once") {
  std::vector<WeightId> ids;
  model::for_each_weight_id(small_shape, true, [&](const WeightId& id) { ids.push_back(id); });
  CHECK(ids.size() == 1 + 2 * (7 + 3 * 5) + 2);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CHECK(std::count(ids.begin(), ids.end(), ids[i]) == 1);
    const bool of_expert = ids[i].role == Role::gate || ids[i].role == Role::up || ids[i].role == Role::down;
    CHECK((ids[i].expert >= 0) == of_expert);
    const bool of_layer =
        ids[i].role != Role::embedding && ids[i].role != Role::final_norm && ids[i].role != Role::head;
    CHECK((ids[i].layer >= 0) == of_layer);
  }
  CHECK(ids.front() == WeightId{Role::embedding});
  CHECK(ids.back() == WeightId{Role::head});
  std::size_t without = 0;
  model::for_each_weight_id(small_shape, false, [&](const WeightId& id) {
    CHECK(id.role != Role::head);
    ++without;
  });
  CHECK(without == ids.size() - 1);
}

TEST_CASE("ids of unlike layers: what a layer does not have is left out") {
  std::map<Role, std::vector<std::int32_t>> layers;
  std::size_t experts = 0;
  model::for_each_weight_id(test::mixed_shape, true, [&](const WeightId& id) {
    if (id.expert < 0) {
      layers[id.role].push_back(id.layer);
    } else {
      CHECK(id.layer != 1);
      ++experts;
    }
  });
  using Layers = std::vector<std::int32_t>;
  CHECK(experts == 2 * 3 * 5);
  for (const Role role : {Role::query, Role::query_bias, Role::output_bias, Role::key_norm}) {
    CHECK(layers[role] == Layers{0, 1, 2});
  }
  CHECK(layers[Role::router] == Layers{0, 2});
  CHECK(layers[Role::dense_gate] == Layers{1});
  CHECK(layers[Role::dense_down] == Layers{1});
  Shape plain = test::mixed_shape;
  plain.attention_bias = false;
  plain.qk_norm = false;
  model::for_each_weight_id(plain, true, [&](const WeightId& id) {
    const auto where = model::info_of(plain.architecture, id.role).where;
    CHECK(where != model::Where::with_attention_bias);
    CHECK(where != model::Where::with_qk_norm);
  });
  model::for_each_weight_id(test::dense_shape, true, [&](const WeightId& id) {
    CHECK(id.expert < 0);
    CHECK(id.role != Role::router);
  });
}

TEST_CASE("weights have memory of their own, on the device of their layer, and sum to the plan") {
  check_network<Defaults>(small_shape, 1);
  check_network<Defaults>(small_shape, 2);
  check_network<Exact>(small_shape, 2);
  check_network<Exact>(test::mixed_shape, 2);
  check_network<Exact>(test::hybrid_shape, 2);
  check_network<Defaults>(test::hybrid_shape, 1);
  check_network<Defaults>(test::dense_shape, 2);
  Shape tied = small_shape;
  tied.tied_head = true;
  check_network<Defaults>(tied, 1);  // shared: the head is left out
  check_network<Defaults>(tied, 2);
}

TEST_CASE("weights have the shapes of their roles, and the table says the same") {
  const EmptyNetwork<Defaults> empty(small_shape, equal_devices(1, 1_MiB));
  const auto check = [&](const WeightId& id, std::uint64_t rows, std::uint64_t cols) {
    const model::WeightInfo& info = model::info_of(small_shape.architecture, id.role);
    CHECK(model::size_of(info.rows, small_shape) == rows);
    CHECK(model::size_of(info.cols, small_shape) == cols);
    model::visit_weight(empty.network, id, [&](const auto& weights) {
      if constexpr (requires { weights.view; }) {
        CHECK(weights.view.rows == rows);
        CHECK(weights.view.cols == cols);
      } else {
        CHECK(weights.rows == rows);
        CHECK(weights.cols == cols);
      }
    });
  };
  check({Role::embedding}, 53, 24);
  check({Role::head}, 53, 24);
  check({Role::final_norm}, 1, 24);
  check({Role::attention_norm, 1}, 1, 24);
  check({Role::feed_forward_norm, 0}, 1, 24);
  check({Role::query, 1}, 48, 24);
  check({Role::key, 1}, 16, 24);
  check({Role::value, 0}, 16, 24);
  check({Role::output, 0}, 24, 48);
  check({Role::router, 1}, 5, 24);
  check({Role::gate, 1, 4}, 40, 24);
  check({Role::up, 1, 4}, 40, 24);
  check({Role::down, 1, 4}, 24, 40);
}
