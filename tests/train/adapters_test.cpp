// Which matrices have adapters, and their memory.
#include "asterism/train/adapters.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/training_host.hpp"
#include "asterism/parallel/threads.hpp"

#include "trained.hpp"

using namespace asterism;
using model::Role;
using train::Adapters;

namespace {

Shape shape_of(const char* name) { return generate::read_config(test::checkpoint_folder(name)).shape; }

}  // namespace

TEST_CASE("the scale is alpha by rank, or by its root") {
  CHECK(Adapters{.alpha = 16}.scale(8) == 2);
  CHECK(Adapters{.alpha = 16, .rank_stabilised = true}.scale(16) == 4);
  CHECK(Adapters{.alpha = 1, .rank_stabilised = true}.scale(2) == doctest::Approx(1 / std::sqrt(2.0)));
  CHECK(!Adapters{.router = true}.any());
  CHECK(Adapters{.attention = 1}.any());
  CHECK(Adapters{.attention = 3, .experts = 5}.widest() == 5);
  CHECK(Adapters{.attention = 3, .router = true}.without_router() == Adapters{.attention = 3});
}

TEST_CASE("matrices of attention in all layers, of experts and routers where there are experts") {
  const Shape shape = shape_of("qwen3_moe_dense_list");
  REQUIRE(shape.layers == 4);
  REQUIRE(shape.is_dense(0));
  std::map<Role, int> count;
  std::uint64_t elements = 0;
  const Adapters adapters{.attention = 2, .experts = 3, .router = true};
  train::for_each_adapter(shape, adapters, [&](const train::AdapterPlace& at) {
    ++count[at.weight.role];
    CHECK(at.rank == (at.weight.expert < 0 ? 2 : 3));
    CHECK((at.weight.expert < 0 || !shape.is_dense(at.weight.layer)));
    elements += at.rank * (at.rows + at.cols);
  });
  CHECK(count.size() == 7);
  for (const Role role : {Role::query, Role::key, Role::value, Role::output}) CHECK(count[role] == 4);
  for (const Role role : {Role::gate, Role::up, Role::down}) CHECK(count[role] == 2 * shape.experts);
  std::vector<std::int32_t> routers;
  train::for_each_router(shape, adapters, [&](const model::WeightId& id, std::uint64_t rows, std::uint64_t cols) {
    routers.push_back(id.layer);
    CHECK(rows == static_cast<std::uint64_t>(shape.experts));
    CHECK(cols == static_cast<std::uint64_t>(shape.hidden));
  });
  CHECK(routers == std::vector<std::int32_t>{1, 3});
  CHECK(train::AdapterSet::bytes(shape, adapters.without_router()).count >= elements * 4);
  CHECK(train::AdapterSet::bytes(shape, adapters) > train::AdapterSet::bytes(shape, adapters.without_router()));
}

TEST_CASE("matrices of a set lie apart, in the bytes that were counted") {
  const Shape shape = shape_of("qwen3_moe_dense_list");
  const Adapters adapters{.attention = 2, .experts = 3, .alpha = 6, .router = true};
  backend::TrainingHost host(0, 64_MiB, std::make_shared<parallel::Threads>(1));
  const Bytes before = host.arena().high_water();
  const train::AdapterSet set(host, shape, adapters);
  CHECK(host.arena().high_water() == before + train::AdapterSet::bytes(shape, adapters));
  std::map<const std::byte*, std::uint64_t> pieces;
  const auto add = [&](const backend::DeviceWeights<quant::Float32>& matrix) {
    REQUIRE(matrix.data != nullptr);
    pieces[reinterpret_cast<const std::byte*>(matrix.data)] = matrix.rows * matrix.cols * sizeof(float);
  };
  train::for_each_adapter(shape, adapters, [&](const train::AdapterPlace& at) {
    const expert::LowRank& one = set.at(at.weight);
    CHECK(one.a.rows == at.rank);
    CHECK(one.b.cols == at.rank);
    CHECK(one.scale == (at.rank == 2 ? 3.0F : 2.0F));
    add(one.a);
    add(one.b);
  });
  for (std::int32_t l = 0; l < shape.layers; ++l) {
    CHECK((set.layer(l).router.data == nullptr) == shape.is_dense(l));
    if (!shape.is_dense(l)) add(set.layer(l).router);
  }
  CHECK(pieces.size() == 2 * (4 * 4 + 2 * 3 * static_cast<std::size_t>(shape.experts)) + 2);
  const std::byte* end = nullptr;
  for (const auto& [begin, bytes] : pieces) {
    CHECK(begin >= end);
    end = begin + bytes;
  }
}

TEST_CASE("models that have not what is asked for are refused") {
  const auto refused = [](const char* name, const Adapters& adapters, const char* words) {
    CHECK_THROWS_WITH_AS(train::check_adapters(shape_of(name), adapters), doctest::Contains(words), Unsupported);
  };
  refused("llama_plain", {.experts = 2}, "the model has none");
  refused("llama_plain", {.attention = 2, .router = true}, "the model has none");
  refused("switch_plain", {.experts = 2}, "the model's have no gate");
  refused("plain", {.router = true}, "a router that learns needs adapters beside it");
  train::check_adapters(shape_of("llama_plain"), {.attention = 2});
  train::check_adapters(shape_of("switch_plain"), {.attention = 2, .router = true});
  train::check_adapters(shape_of("plain"), {});
}
