// Every operation of the CPU backend against a naive loop, and the same bits with one thread and with three.
#include "asterism/backend/host.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/kernels.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/device_memory.hpp"
#include "support/naive.hpp"
#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
using gating::Route;
using test::DeviceMemory;
namespace naive = test::naive;

namespace {

using Nf4 = quant::Nf4<64, quant::DoubleQuantized>;

// Runs a scenario, which returns its results, with one thread and with three, and compares the bits.
template <class Scenario>
void on_both(const Scenario& scenario) {
  SerialHost serial(0, 64_MiB, std::make_shared<parallel::Serial>());
  Host threads(0, 64_MiB, std::make_shared<parallel::Threads>(3));
  const std::vector<float> expected = scenario(serial);
  const std::vector<float> found = scenario(threads);
  CHECK(!expected.empty());
  CHECK(test::same_bits(found, expected));
}

template <class Host>
DeviceMemory<Host> memory_on(Host& host, std::uint64_t seed = 1) {
  return DeviceMemory<Host>(host, seed);
}

template <class T>
std::vector<std::remove_const_t<T>> row(const DeviceMatrix<T>& matrix, std::size_t i) {
  return {matrix.view.row(i).begin(), matrix.view.row(i).end()};
}

// The same matrix with rows that lie 3 elements further apart, filled from it.
template <class Host>
DeviceMatrix<float> strided(DeviceMemory<Host>& memory, const DeviceMatrix<float>& from) {
  DeviceMatrix<float> wide = memory.result(from.rows(), from.cols() + 3);
  wide.view.cols = from.cols();
  for (std::size_t i = 0; i < from.rows(); ++i) {
    for (std::size_t c = 0; c < from.cols(); ++c) wide.view(i, c) = from.view(i, c);
  }
  return wide;
}

// |found - expected| within `relative` of the sum of the magnitudes that were added.
void check_product(const DeviceMatrix<float>& y, std::size_t i, const std::vector<float>& weights,
                   const std::vector<float>& x) {
  const std::vector<double> expected = naive::product(weights, y.cols(), x);
  int wrong = 0;
  for (std::size_t o = 0; o < y.cols(); ++o) {
    double magnitude = 0;
    for (std::size_t c = 0; c < x.size(); ++c) magnitude += std::fabs(double{weights[o * x.size() + c]} * x[c]);
    wrong += std::fabs(y.view(i, o) - expected[o]) <= 1e-5 * magnitude ? 0 : 1;
  }
  CHECK(wrong == 0);
}

// Distinct random experts in every row, best first in no particular order.
template <class Host>
DeviceMatrix<Route> random_routes(DeviceMemory<Host>& memory, std::size_t rows, std::size_t experts,
                                  std::size_t top_k, std::uint64_t seed) {
  Random random(seed);
  const auto routes = memory.template matrix<Route>(rows, top_k, Route{});
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < top_k; ++j) {
      const auto taken = [&](std::int32_t expert) {
        return std::any_of(routes.view.row(i).begin(), routes.view.row(i).begin() + j,
                           [&](const Route& route) { return route.expert == expert; });
      };
      auto expert = static_cast<std::int32_t>(random.below(experts));
      while (taken(expert)) expert = static_cast<std::int32_t>(random.below(experts));
      routes.view(i, j) = {.expert = expert, .weight = static_cast<float>(random.uniform())};
    }
  }
  return routes;
}

}  // namespace

TEST_CASE("a host is its arena") {
  SerialHost host(7, 1_KiB, std::make_shared<parallel::Serial>());
  CHECK(host.device() == 7);
  CHECK(host.arena().budget() == 1_KiB);
  {
    const Buffer buffer = host.allocate(100_B, "norms");
    CHECK(host.arena().used() == 128_B);
    CHECK(buffer.device() == 7);
  }
  CHECK_THROWS_AS(host.allocate(1025_B, "norms"), BudgetExceeded);
  host.synchronize();
}

TEST_CASE("upload, receive and download move rows of any stride") {
  SerialHost first(0, 1_MiB, std::make_shared<parallel::Serial>());
  SerialHost second(1, 1_MiB, std::make_shared<parallel::Serial>());
  auto on_first = memory_on(first);
  auto on_second = memory_on(second);
  const std::vector<float> values = test::random_row(15, 1);
  const auto a = strided(on_first, on_first.result(3, 5));
  first.upload(MatrixView<const float>(values.data(), 3, 5), a);
  CHECK(test::same_bits(test::values(a), values));
  CHECK(std::isnan(a.view.data[5]));  // between the rows
  const auto b = on_second.result(3, 5);
  const DeviceMatrix<float> received = second.copy_from(a, b);
  CHECK(received.device == 1);
  CHECK(received.view.data == b.view.data);
  CHECK(test::same_bits(test::values(b), values));
  std::vector<float> back(3 * 7, -1.0F);
  second.download(b, MatrixView<float>(back.data(), 3, 5, 7));
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(test::same_bits(View<const float>(back.data() + i * 7, 5), View<const float>(values.data() + i * 5, 5)));
    CHECK(back[i * 7 + 5] == -1.0F);
  }
}

TEST_CASE_TEMPLATE("embed decodes rows of the table", Format, quant::Float32, quant::BFloat16, Nf4) {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto table = memory.template weights<Format>(11, 37);
    const std::vector<float> all = test::decoded(table);
    const std::vector<TokenId> ids{10, 0, 3, 3, 7};
    const auto out = memory.result(ids.size(), 37);
    host.embed(table, View<const TokenId>(ids), out);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(test::same_bits(out.view.row(i),
                            View<const float>(all.data() + static_cast<std::size_t>(ids[i]) * 37, 37)));
    }
    return test::values(out);
  });
}

TEST_CASE_TEMPLATE("weights are written in the standard order, lie in kernel order, and come back byte by byte",
                   Format, quant::Float32, quant::Int8<32>, quant::Int4<64>, quant::Nf4<64>, Nf4) {
  for (const std::size_t rows : {1U, 15U, 16U, 53U}) {
    for (const std::size_t cols : {40U, 64U, 192U}) {
      CAPTURE(rows);
      CAPTURE(cols);
      test::PackedMatrix<Format> file(rows, cols, test::random_row(rows * cols, rows + cols));
      const std::vector<std::byte> standard(file.bytes(), file.bytes() + file.size_bytes());
      const std::vector<float> decoded = file.decoded();
      on_both([&](auto& host) {
        auto memory = memory_on(host);
        const auto weights = memory.template weights<Format>(rows, cols);
        host.write(weights, [&](const auto& to) { std::memcpy(to.data, standard.data(), standard.size()); });
        std::vector<std::byte> slab(weights.data, weights.data + standard.size());
        CHECK((slab == standard) == !(weights.kernel_matrix().in_tiles() && rows >= 16));
        quant::to_standard<Format>(slab.data(), rows, cols);
        CHECK(slab == standard);

        std::vector<TokenId> ids;
        for (std::size_t i = 0; i < rows; ++i) ids.push_back(static_cast<TokenId>(i));
        const auto all = memory.result(rows, cols);
        host.embed(weights, View<const TokenId>(ids), all);
        CHECK(test::same_bits(test::values(all), decoded));
        const auto x = memory.normal(2, cols);
        const auto y = memory.result(2, rows);
        host.product(weights, x, y);
        for (std::size_t i = 0; i < 2; ++i) check_product(y, i, decoded, row(x, i));
        return test::values(y);
      });
    }
  }
}

TEST_CASE("rms_norm normalises every row, and in place") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto x = strided(memory, memory.normal(9, 37, 3));
    const auto weight = memory.normal(1, 37);
    const auto y = memory.result(9, 37);
    host.rms_norm(x, weight, 1e-5F, y);
    for (std::size_t i = 0; i < 9; ++i) {
      const std::vector<double> expected = naive::rms_norm(row(x, i), row(weight, 0), 1e-5);
      for (std::size_t c = 0; c < 37; ++c) {
        CHECK(std::fabs(y.view(i, c) - expected[c]) <= 2e-6 * std::fabs(expected[c]));
      }
    }
    host.rms_norm(x, weight, 1e-5F, x);
    CHECK(test::same_bits(test::values(x), test::values(y)));
    return test::values(y);
  });
}

TEST_CASE_TEMPLATE("product is x times the transpose of W", Format, quant::Float32, quant::BFloat16, Nf4) {
  for (const std::size_t rows : {1U, 5U, 17U}) {
    for (const std::size_t outputs : {1U, 63U, 64U, 65U, 200U}) {
      on_both([&](auto& host) {
        auto memory = memory_on(host, rows + outputs);
        const auto weights = memory.template weights<Format>(outputs, 72);
        const std::vector<float> all = test::decoded(weights);
        const auto x = memory.normal(rows, 72);
        const auto y = memory.result(rows, outputs);
        host.product(weights, x, y);
        for (std::size_t i = 0; i < rows; ++i) {
          check_product(y, i, all, row(x, i));
          const auto alone = memory.result(1, outputs);  // a row does not depend on those beside it
          host.product(weights, x.rows_at(i, 1), alone);
          CHECK(test::same_bits(alone.view.row(0), y.view.row(i)));
        }
        return test::values(y);
      });
    }
  }
}

TEST_CASE_TEMPLATE("grouped_product gives every slot the weights of its expert", Format, quant::Float32, Nf4) {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    constexpr std::size_t experts = 6;
    std::vector<DeviceWeights<Format>> weights;
    for (std::size_t e = 0; e < experts; ++e) weights.push_back(memory.template weights<Format>(70, 40));
    const auto routes = random_routes(memory, 11, experts - 1, 2, 5);  // nobody asks the last expert
    const ExpertGroups groups = memory.groups(experts, 22);
    host.group(routes, groups);
    const auto x = memory.normal(22, 40);
    const auto y = memory.result(22, 70);
    host.template grouped_product<Format>(weights, groups, x, y);
    for (std::size_t e = 0; e < experts; ++e) {
      const std::vector<float> all = test::decoded(weights[e]);
      for (auto s = groups.offsets[e]; s < groups.offsets[e + 1]; ++s) {
        const auto slot = static_cast<std::size_t>(s);
        check_product(y, slot, all, row(x, slot));
        const auto alone = memory.result(1, 70);
        host.product(weights[e], x.rows_at(slot, 1), alone);
        CHECK(test::same_bits(alone.view.row(0), y.view.row(slot)));
      }
    }
    return test::values(y);
  });
}

TEST_CASE("add adds element by element") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto x = strided(memory, memory.normal(7, 13));
    const auto y = memory.normal(7, 13);
    const std::vector<float> before = test::values(x);
    host.add(y, x);
    const std::vector<float> added = test::values(y);
    const std::vector<float> after = test::values(x);
    for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i] == before[i] + added[i]);
    return after;
  });
}

TEST_CASE("silu_multiply gates every row, and in place") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto gate = memory.normal(7, 29, 3);
    const auto up = strided(memory, memory.normal(7, 29));
    const auto out = memory.result(7, 29);
    host.silu_multiply(gate, up, out);
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t c = 0; c < 29; ++c) {
        const double expected = naive::silu(gate.view(i, c)) * up.view(i, c);
        CHECK(std::fabs(out.view(i, c) - expected) <= 1e-6 * std::fabs(expected));
      }
    }
    host.silu_multiply(gate, up, gate);
    CHECK(test::same_bits(test::values(gate), test::values(out)));
    return test::values(out);
  });
}

TEST_CASE("relu keeps what is positive and what is no number, and in place") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto x = strided(memory, memory.normal(7, 29));
    x.view(3, 4) = std::numeric_limits<float>::quiet_NaN();
    x.view(3, 5) = -std::numeric_limits<float>::infinity();
    const auto y = memory.result(7, 29);
    host.relu(x, y);
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t c = 0; c < 29; ++c) {
        if (i == 3 && c == 4) continue;
        CHECK(y.view(i, c) == (x.view(i, c) > 0 ? x.view(i, c) : 0));
      }
    }
    CHECK(std::isnan(y.view(3, 4)));
    host.relu(x, x);
    CHECK(test::same_bits(test::values(x), test::values(y)));
    return test::values(y);
  });
}

TEST_CASE("rotate leaves what is beyond the tables' width in every head") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto tables = memory.result(5, 4);
    host.rotary_tables(1000, {1e4}, tables);
    const auto x = strided(memory, memory.normal(5, 3 * 10));
    const std::vector<float> before = test::values(x);
    std::vector<std::vector<double>> expected;
    for (std::size_t i = 0; i < 5; ++i) {
      expected.emplace_back();
      for (std::size_t head = 0; head < 3; ++head) {
        const float* const from = before.data() + i * 30 + head * 10;
        std::vector<double> part(from, from + 4);
        naive::rotate(part, 4, 1000 + static_cast<std::int32_t>(i), 1e4);
        expected[i].insert(expected[i].end(), part.begin(), part.end());
        expected[i].insert(expected[i].end(), from + 4, from + 10);
      }
    }
    host.rotate(tables, 10, x);
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t c = 0; c < 30; ++c) CHECK(std::fabs(x.view(i, c) - expected[i][c]) < 5e-4);
    }
    return test::values(x);
  });
}

TEST_CASE("sigmoid_multiply and split, on rows apart") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto gate = strided(memory, memory.normal(7, 29, 3));
    const auto of_rows = memory.normal(7, 1, 3);
    const auto x = strided(memory, memory.normal(7, 29));
    const std::vector<float> before = test::values(x);
    const auto sigmoid = [](float z) { return 1 / (1 + std::exp(-double{z})); };
    host.sigmoid_multiply(gate, x);
    host.sigmoid_multiply(of_rows, x);
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t c = 0; c < 29; ++c) {
        const double expected = sigmoid(gate.view(i, c)) * sigmoid(of_rows.view(i, 0)) * before[i * 29 + c];
        CHECK(std::fabs(x.view(i, c) - expected) <= 2e-6 * std::fabs(expected));
      }
    }
    const auto both = strided(memory, memory.normal(7, 36));
    const auto first = strided(memory, memory.result(7, 18));
    const auto second = memory.result(7, 18);
    host.split(both, 6, first, second);
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t c = 0; c < 18; ++c) {
        CHECK(first.view(i, c) == both.view(i, c / 6 * 12 + c % 6));
        CHECK(second.view(i, c) == both.view(i, c / 6 * 12 + 6 + c % 6));
      }
    }
    return test::values(x);
  });
}

TEST_CASE("rotary_tables and rotate turn every head to its row's position") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    constexpr std::size_t dim = 10;
    const auto tables = memory.result(5, dim);
    host.rotary_tables(1000, {1e4}, tables);
    const auto x = strided(memory, memory.normal(5, 3 * dim));
    std::vector<std::vector<double>> expected;
    for (std::size_t i = 0; i < 5; ++i) {
      expected.emplace_back();
      for (const float value : x.view.row(i)) expected[i].push_back(value);
      naive::rotate(expected[i], dim, 1000 + static_cast<std::int32_t>(i), 1e4);
    }
    host.rotate(tables, dim, x);
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t c = 0; c < 3 * dim; ++c) CHECK(std::fabs(x.view(i, c) - expected[i][c]) < 5e-4);
    }
    std::vector<float> all = test::values(x);
    const std::vector<float> table = test::values(tables);
    all.insert(all.end(), table.begin(), table.end());
    return all;
  });
}

TEST_CASE_TEMPLATE("append_kv stores at absolute positions, and attend is causal softmax over them", Format,
                   quant::Float32, quant::Float16, quant::Int8<32>) {
  constexpr std::size_t dim = 6;
  constexpr std::size_t capacity = 150;
  for (const std::size_t kv_heads : {1U, 2U}) {
    for (const std::size_t group : {1U, 4U}) {
      for (const std::size_t window : {0U, 1U, 7U, 64U, 65U, 200U}) {
        on_both([&](auto& host) {
          auto memory = memory_on(host, 10 * kv_heads + group);
          const auto kv = memory.template kv<Format>(kv_heads, capacity, dim);
          const auto keys = memory.normal(capacity, kv_heads * dim);
          const auto values = memory.normal(capacity, kv_heads * dim);
          host.append_kv(keys.rows_at(0, 100), values.rows_at(0, 100), 0, kv);
          host.append_kv(keys.rows_at(100, 50), values.rows_at(100, 50), 100, kv);
          std::vector<std::byte> row(kv.row_bytes(dim));
          const auto stored = [&](View<const float> from, const std::byte* block, std::size_t head,
                                  std::size_t p) {
            KvFormat<Format>::store(from.subview(head * dim, dim), row.data());
            return std::memcmp(row.data(), block + (head * capacity + p) * row.size(), row.size()) == 0;
          };
          for (std::size_t p = 0; p < capacity; ++p) {
            for (std::size_t head = 0; head < kv_heads; ++head) {
              REQUIRE(stored(keys.view.row(p), kv.keys, head, p));
              REQUIRE(stored(values.view.row(p), kv.values, head, p));
            }
          }
          const auto queries = strided(memory, memory.normal(capacity, kv_heads * group * dim));
          const auto out = memory.result(capacity, kv_heads * group * dim);
          host.attend(queries, kv, 0, window, out);
          int wrong = 0;
          for (std::size_t p = 0; p < capacity; ++p) {
            for (std::size_t head = 0; head < kv_heads; ++head) {
              const std::vector<double> expected = naive::attend_group(
                  queries.view.row(p).subview(head * group * dim, group * dim), kv, head, p, window);
              for (std::size_t i = 0; i < group * dim; ++i) {
                wrong += std::fabs(out.view(p, head * group * dim + i) - expected[i]) <= 5e-6 ? 0 : 1;
              }
            }
          }
          CHECK(wrong == 0);
          const auto later = memory.result(13, kv_heads * group * dim);  // other rows beside it, same bits
          host.attend(queries.rows_at(120, 13), kv, 120, window, later);
          CHECK(test::same_bits(test::values(later), test::values(out.rows_at(120, 13))));
          return test::values(out);
        });
      }
    }
  }
}

TEST_CASE_TEMPLATE("a ring with sinks gives every piece of a long text what it sees", Format, quant::Float32,
                   quant::Float16, quant::Int8<32>) {
  constexpr std::size_t dim = 6;
  constexpr std::size_t most = 5;
  constexpr std::size_t length = 100;
  for (const std::size_t sinks : {0U, 3U}) {
    for (const std::size_t window : {1U, 8U, 65U}) {
      on_both([&](auto& host) {
        auto memory = memory_on(host);
        auto kv = memory.template kv<Format>(2, sinks + window + most - 1, dim);
        kv.sinks = sinks;
        kv.window = window;
        auto all = memory.template kv<Format>(2, length, dim);  // the same policy without a ring
        all.sinks = sinks;
        all.window = window;
        const auto keys = memory.normal(length, 2 * dim);
        const auto values = memory.normal(length, 2 * dim);
        const auto queries = memory.normal(length, 4 * dim);
        const auto out = memory.result(length, 4 * dim);
        host.append_kv(keys, values, 0, all);
        for (std::size_t first = 0, count = 1; first < length; first += count, count = 1 + (count + 2) % most) {
          count = std::min(count, length - first);
          host.append_kv(keys.rows_at(first, count), values.rows_at(first, count), first, kv);
          host.attend(queries.rows_at(first, count), kv, first, 0, out.rows_at(first, count));
        }
        const auto expected = memory.result(length, 4 * dim);
        host.attend(queries, all, 0, 0, expected);
        CHECK(test::same_bits(test::values(out), test::values(expected)));
        const std::vector<double> last =
            naive::attend_group(queries.view.row(length - 1).subview(2 * dim, 2 * dim), all, 1, length - 1, 0);
        for (std::size_t i = 0; i < last.size(); ++i) {
          CHECK(std::fabs(out.view(length - 1, 2 * dim + i) - last[i]) <= 5e-6);
        }
        return test::values(out);
      });
    }
  }
}

TEST_CASE("a value that the format can't hold is a NumericError") {
  SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  auto memory = memory_on(host);
  const auto kv = memory.kv<quant::Float16>(1, 4, 2);
  const auto small = memory.normal(1, 2);
  const auto large = memory.matrix(1, 2, 65520.0F);
  CHECK_THROWS_AS(host.append_kv(large, small, 0, kv), NumericError);
  CHECK_THROWS_AS(host.append_kv(small, large, 0, kv), NumericError);
  const auto largest = memory.matrix(1, 2, 65504.0F);
  host.append_kv(largest, largest, 0, kv);
  host.append_kv(large, large, 0, memory.kv<quant::Float32>(1, 4, 2));
  const auto bytes = memory.kv<quant::Int8<32>>(1, 4, 2);
  host.append_kv(large, large, 0, bytes);
  CHECK_THROWS_AS(host.append_kv(small, memory.matrix(1, 2, 9e6F), 0, bytes), NumericError);
}

TEST_CASE("route asks the gating about every row") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const gating::SoftmaxTopK policy(9, 3);
    const auto logits = strided(memory, memory.normal(6, 9));
    const auto routes = memory.matrix(6, 3, Route{.expert = -1, .weight = -1});
    std::vector<std::vector<float>> scores;
    for (std::size_t i = 0; i < 6; ++i) scores.push_back(row(logits, i));
    host.route(policy, logits, routes);
    std::vector<float> weights;
    for (std::size_t i = 0; i < 6; ++i) {
      std::vector<Route> expected(3);
      policy.route(scores[i], expected);
      CHECK(row(routes, i) == expected);
      for (const Route& one : expected) weights.push_back(one.weight);
    }
    return weights;
  });
}

TEST_CASE("group sorts slots by expert, gather copies rows there") {
  for (const std::size_t rows : {0U, 1U, 13U, 100U}) {
    for (const std::size_t top_k : {1U, 2U, 5U}) {
      SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
      auto memory = memory_on(host);
      constexpr std::size_t experts = 9;
      const auto routes = random_routes(memory, rows, experts, top_k, rows + top_k);
      const std::size_t slots = rows * top_k;
      const ExpertGroups groups = memory.groups(experts, slots);
      host.group(routes, groups);
      CHECK(groups.offsets[0] == 0);
      CHECK(groups.offsets[experts] == static_cast<std::int32_t>(slots));
      for (std::size_t e = 0; e < experts; ++e) {
        REQUIRE(groups.offsets[e] <= groups.offsets[e + 1]);
        for (std::int32_t s = groups.offsets[e] + 1; s < groups.offsets[e + 1]; ++s) {
          CHECK(groups.source_row[static_cast<std::size_t>(s) - 1] <
                groups.source_row[static_cast<std::size_t>(s)]);
        }
      }
      std::vector<int> used(slots);
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < top_k; ++j) {
          const std::int32_t slot = groups.slot_of_choice[i * top_k + j];
          const auto expert = static_cast<std::size_t>(routes.view(i, j).expert);
          REQUIRE(slot >= groups.offsets[expert]);
          REQUIRE(slot < groups.offsets[expert + 1]);
          CHECK(groups.source_row[static_cast<std::size_t>(slot)] == static_cast<std::int32_t>(i));
          ++used[static_cast<std::size_t>(slot)];
        }
      }
      CHECK(used == std::vector<int>(slots, 1));
      const auto x = memory.normal(rows, 21);
      const auto out = strided(memory, memory.result(slots, 21));
      host.gather(groups, x, out);
      for (std::size_t s = 0; s < slots; ++s) {
        CHECK(test::same_bits(out.view.row(s), x.view.row(static_cast<std::size_t>(groups.source_row[s]))));
      }
    }
  }
}

TEST_CASE("combine adds the weighted answers of a row's experts") {
  on_both([](auto& host) {
    auto memory = memory_on(host);
    const auto routes = random_routes(memory, 12, 7, 3, 4);
    const ExpertGroups groups = memory.groups(7, 36);
    host.group(routes, groups);
    const auto y = memory.normal(36, 21);
    const auto x = memory.normal(12, 21);
    const std::vector<float> before = test::values(x);
    host.combine(groups, routes, y, x);
    for (std::size_t i = 0; i < 12; ++i) {
      for (std::size_t c = 0; c < 21; ++c) {
        double expected = before[i * 21 + c];
        double magnitude = std::fabs(expected);
        for (std::size_t j = 0; j < 3; ++j) {
          const double term = double{routes.view(i, j).weight} *
                              y.view(static_cast<std::size_t>(groups.slot_of_choice[i * 3 + j]), c);
          expected += term;
          magnitude += std::fabs(term);
        }
        CHECK(std::fabs(x.view(i, c) - expected) <= 4e-7 * magnitude);
      }
    }
    return test::values(x);
  });
}

TEST_CASE("combine adds in order of expert, not of choice") {
  // 1e8 swallows a 1 that it meets alone: the sum tells the order.
  SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  auto memory = memory_on(host);
  std::vector<std::int32_t> order{0, 1, 2};
  do {
    const auto routes = memory.matrix(1, 3, Route{.expert = 0, .weight = 1});
    for (std::size_t j = 0; j < 3; ++j) routes.view(0, j).expert = order[j];
    const ExpertGroups groups = memory.groups(3, 3);
    host.group(routes, groups);
    const auto y = memory.matrix(3, 1, 0.0F);
    y.view(0, 0) = 1e8F;  // slots are sorted by expert
    y.view(1, 0) = -1e8F;
    y.view(2, 0) = 1.0F;
    const auto x = memory.matrix(1, 1, 0.0F);
    host.combine(groups, routes, y, x);
    CHECK(x.view(0, 0) == 1.0F);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("operations on no rows do nothing") {
  SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  auto memory = memory_on(host);
  const auto none = memory.result(0, 8);
  const auto weights = memory.weights<quant::Float32>(8, 8);
  host.embed(weights, View<const TokenId>(), none);
  host.rms_norm(none, memory.normal(1, 8), 1e-5F, none);
  host.product(weights, none, memory.result(0, 8));
  host.add(none, none);
  host.silu_multiply(none, none, none);
  host.rotate(none, 8, none);
  host.sigmoid_multiply(none, none);
  const auto kv = memory.kv<quant::Float32>(1, 4, 8);
  host.append_kv(none, none, 4, kv);
  host.attend(none, kv, 4, 0, none);
}

TEST_CASE("operations draw nothing from the arena") {
  SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  auto memory = memory_on(host);
  const auto x = memory.normal(4, 8);
  const auto y = memory.result(4, 8);
  const auto weights = memory.weights<quant::Float32>(8, 8);
  const std::uint64_t before = host.arena().allocations();
  host.product(weights, x, y);
  host.add(x, y);
  CHECK(host.arena().allocations() == before);
}

TEST_CASE("fill and read give the device's own memory, without a copy") {
  SerialHost host(0, 1_MiB, std::make_shared<parallel::Serial>());
  auto memory = memory_on(host);
  const auto matrix = memory.normal(3, 5);
  const auto weights = memory.weights<Nf4>(4, 64);
  const std::uint64_t before = host.arena().allocations();
  host.write(matrix, [&](const auto& to) { CHECK(to.view.data == matrix.view.data); });
  host.write(weights, [&](const auto& to) { CHECK(to.data == weights.data); });
  const auto [first, second] = host.read(matrix, DeviceMatrix<const float>(matrix.rows_at(1, 2)));
  CHECK(first.data == matrix.view.data);
  CHECK(second.data == matrix.view.row(1).data);
  CHECK(second.rows == 2);
  CHECK(host.arena().allocations() == before);
}
