// What the CPU backend refuses: operands of another device, for every operation and every operand, and shapes that
// do not agree; nothing is computed then.
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "support/device_memory.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;
using gating::Route;

namespace {

using Weights = DeviceWeights<quant::Float32>;
constexpr std::size_t rows = 3;
constexpr std::size_t width = 8;
constexpr std::size_t experts = 4;
constexpr std::size_t top_k = 2;
constexpr std::size_t slots = rows * top_k;

// One of everything, on one device.
struct Operands {
  SerialHost host;
  test::DeviceMemory<SerialHost> memory;
  DeviceMatrix<float> a, b, c;                 // (rows, width)
  DeviceMatrix<float> norm;                    // (1, width)
  DeviceMatrix<float> logits;                  // (rows, experts)
  DeviceMatrix<float> wide_a, wide_b, wide_c;  // (slots, width)
  DeviceMatrix<float> tables;                  // (rows, width / 2)
  DeviceMatrix<Route> routes;                  // (rows, top_k)
  Weights weights;                             // (width, width)
  std::vector<Weights> many;                   // (experts) of (width, width)
  ExpertGroups groups;
  KvView<quant::Float32> kv;  // 2 heads of width / 2
  KvView<quant::Float16> half_kv;
  KvView<quant::Int8<32>> byte_kv;

  explicit Operands(std::int32_t device)
      : host(device, 1_MiB, std::make_shared<parallel::Serial>()),
        memory(host),
        a(memory.normal(rows, width)),
        b(memory.normal(rows, width)),
        c(memory.normal(rows, width)),
        norm(memory.normal(1, width)),
        logits(memory.normal(rows, experts)),
        wide_a(memory.normal(slots, width)),
        wide_b(memory.normal(slots, width)),
        wide_c(memory.normal(slots, width)),
        tables(memory.normal(rows, width / 2)),
        routes(memory.matrix(rows, top_k, Route{})),
        weights(memory.weights<quant::Float32>(width, width)),
        groups(memory.groups(experts, slots)),
        kv(memory.kv<quant::Float32>(2, rows, width / 2)),
        half_kv(memory.kv<quant::Float16>(2, rows, width / 2)),
        byte_kv(memory.kv<quant::Int8<32>>(2, rows, width / 2)) {
    for (std::size_t e = 0; e < experts; ++e) many.push_back(memory.weights<quant::Float32>(width, width));
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < top_k; ++j) {
        routes.view(i, j) = {.expert = static_cast<std::int32_t>((i + j) % experts), .weight = 0.5F};
      }
    }
    host.group(routes, groups);
    host.append_kv(a, b, 0, kv);
    host.append_kv(a, b, 0, half_kv);
    host.append_kv(a, b, 0, byte_kv);
  }

  // Everything that an operation could have changed.
  std::string bytes() const {
    std::string out;
    const auto add = [&](const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); };
    for (const DeviceMatrix<float>* m : {&a, &b, &c, &norm, &logits, &wide_a, &wide_b, &wide_c, &tables}) {
      add(m->view.data, m->rows() * m->cols() * sizeof(float));
    }
    add(routes.view.data, slots * sizeof(Route));
    for (const View<std::int32_t>& table : {groups.offsets, groups.source_row, groups.slot_of_choice}) {
      add(table.data, table.size * sizeof(std::int32_t));
    }
    add(kv.keys, 2 * 2 * rows * kv.row_bytes(width / 2));
    add(half_kv.keys, 2 * 2 * rows * half_kv.row_bytes(width / 2));
    add(byte_kv.keys, 2 * 2 * rows * byte_kv.row_bytes(width / 2));
    return out;
  }
};

// call(at): takes its i-th operand from at(i). With one operand of the other device it throws and computes
// nothing, for every operand; with none it runs.
template <class Call>
void refuses_each_operand_of_another_device(const std::string& name, std::size_t operands, const Call& call) {
  Operands here(0);
  Operands there(1);
  const std::string before[] = {here.bytes(), there.bytes()};
  for (std::size_t foreign = 0; foreign < operands; ++foreign) {
    CAPTURE(foreign);
    std::string message;
    try {
      call(here.host, [&](std::size_t i) -> Operands& { return i == foreign ? there : here; });
    } catch (const WrongDevice& error) {
      message = error.what();
    }
    CHECK(message ==
          concat(name, " runs on device 0 but an operand lives on device 1: hand it over with copy_from() first"));
    CHECK((here.bytes() == before[0]));
    CHECK((there.bytes() == before[1]));
  }
  CHECK_NOTHROW(call(here.host, [&](std::size_t) -> Operands& { return here; }));
}

// Runs call(host, operands) and expects the refusal of its shapes, nothing computed.
template <class Call>
void refuses_shapes(const std::string& name, const Call& call) {
  Operands operands(0);
  const std::string before = operands.bytes();
  std::string message;
  try {
    call(operands.host, operands);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  CHECK(message == concat(name, ": the shapes of the operands do not agree"));
  CHECK((operands.bytes() == before));
}

template <class T>
DeviceMatrix<T> narrower(DeviceMatrix<T> matrix) {
  --matrix.view.cols;
  return matrix;
}
template <class T>
DeviceMatrix<T> shorter(DeviceMatrix<T> matrix) {
  --matrix.view.rows;
  return matrix;
}

const std::vector<TokenId> ids{0, 7, 3};
const gating::SoftmaxTopK policy(experts, top_k);

}  // namespace

TEST_CASE("every operation refuses every operand of another device") {
  const auto check = [](const char* name, std::size_t operands, const auto& call) {
    refuses_each_operand_of_another_device(name, operands, call);
  };
  check("upload", 1, [](auto& host, auto at) {
    const std::vector<float> from(rows * width);
    host.upload(MatrixView<const float>(from.data(), rows, width), at(0).a);
  });
  check("download", 1, [](auto& host, auto at) {
    std::vector<float> to(rows * width);
    host.download(at(0).a, MatrixView<float>(to.data(), rows, width));
  });
  check("copy_from", 1, [](auto& host, auto at) { host.copy_from(Operands(2).a, at(0).b); });
  check("embed", 2, [](auto& host, auto at) { host.embed(at(0).weights, View<const TokenId>(ids), at(1).a); });
  check("rms_norm", 3, [](auto& host, auto at) { host.rms_norm(at(0).a, at(1).norm, 1e-5F, at(2).b); });
  check("product", 3, [](auto& host, auto at) { host.product(at(0).weights, at(1).a, at(2).b); });
  check("products", 5, [](auto& host, auto at) {
    const std::vector<Product<quant::Float32>> several = {{at(0).weights, at(1).b}, {at(2).many[1], at(3).c}};
    host.template products<quant::Float32>(several, at(4).a);
  });
  check("grouped_product", 4, [](auto& host, auto at) {
    host.template grouped_product<quant::Float32>(at(0).many, at(1).groups, at(2).wide_a, at(3).wide_b);
  });
  check("grouped_swiglu", 8, [](auto& host, auto at) {
    const Experts<quant::Float32> all{at(0).many, at(1).many, at(2).many};
    host.grouped_swiglu(all, at(3).groups, at(4).wide_a, at(5).wide_b, at(6).wide_c, at(7).wide_a);
  });
  check("add", 2, [](auto& host, auto at) { host.add(at(0).a, at(1).b); });
  check("sigmoid_multiply", 2, [](auto& host, auto at) { host.sigmoid_multiply(at(0).a, at(1).b); });
  check("split", 3, [](auto& host, auto at) { host.split(at(0).a, 1, at(1).tables, at(2).tables); });
  check("silu_multiply", 3, [](auto& host, auto at) { host.silu_multiply(at(0).a, at(1).b, at(2).c); });
  check("relu", 2, [](auto& host, auto at) { host.relu(at(0).a, at(1).b); });
  check("rotary_tables", 1, [](auto& host, auto at) { host.rotary_tables(0, {1e4}, at(0).tables); });
  check("rotate", 2, [](auto& host, auto at) { host.rotate(at(0).tables, width / 2, at(1).a); });
  check("append_kv", 3, [](auto& host, auto at) { host.append_kv(at(0).b, at(1).c, 0, at(2).kv); });
  check("append_kv", 3, [](auto& host, auto at) { host.append_kv(at(0).b, at(1).c, 0, at(2).half_kv); });
  check("append_kv", 3, [](auto& host, auto at) { host.append_kv(at(0).b, at(1).c, 0, at(2).byte_kv); });
  check("attend", 3, [](auto& host, auto at) { host.attend(at(0).a, at(1).kv, 0, 0, at(2).b); });
  check("attend", 3, [](auto& host, auto at) { host.attend(at(0).a, at(1).half_kv, 0, 0, at(2).b); });
  check("attend", 3, [](auto& host, auto at) { host.attend(at(0).a, at(1).byte_kv, 0, 0, at(2).b); });
  check("route", 2, [](auto& host, auto at) { host.route(policy, at(0).logits, at(1).routes); });
  check("group", 2, [](auto& host, auto at) { host.group(at(0).routes, at(1).groups); });
  check("gather", 3, [](auto& host, auto at) { host.gather(at(0).groups, at(1).a, at(2).wide_a); });
  check("combine", 4,
        [](auto& host, auto at) { host.combine(at(0).groups, at(1).routes, at(2).wide_a, at(3).a); });
}

TEST_CASE("one expert of another device among many is found") {
  Operands here(0);
  Operands there(1);
  for (std::size_t e = 0; e < experts; ++e) {
    std::vector<Weights> many = here.many;
    many[e] = there.many[e];
    CHECK_THROWS_AS(here.host.grouped_product<quant::Float32>(many, here.groups, here.wide_a, here.wide_b),
                    WrongDevice);
    const Experts<quant::Float32> gate{many, here.many, here.many};
    const Experts<quant::Float32> up{here.many, many, here.many};
    const Experts<quant::Float32> down{here.many, here.many, many};
    for (const auto& experts_of_two : {gate, up, down}) {
      CHECK_THROWS_AS(here.host.grouped_swiglu(experts_of_two, here.groups, here.wide_a, here.wide_b, here.wide_c,
                                               here.wide_a),
                      WrongDevice);
    }
  }
}

TEST_CASE("operands that belong to no device are refused") {
  Operands here(0);
  CHECK_THROWS_AS(here.host.add(DeviceMatrix<float>{}, here.a), WrongDevice);
  CHECK_THROWS_AS(here.host.attend(here.a, KvView<quant::Float32>{}, 0, 0, here.b), WrongDevice);
  CHECK_THROWS_AS(here.host.group(here.routes, ExpertGroups{}), WrongDevice);
}

TEST_CASE("moves refuse shapes that do not agree") {
  std::vector<float> memory(100);
  refuses_shapes("upload", [&](auto& host, const Operands& o) {
    host.upload(MatrixView<const float>(memory.data(), rows, width - 1), o.a);
  });
  refuses_shapes("upload", [&](auto& host, const Operands& o) {
    host.upload(MatrixView<const float>(memory.data(), rows + 1, width), o.a);
  });
  refuses_shapes("download", [&](auto& host, const Operands& o) {
    host.download(o.a, MatrixView<float>(memory.data(), rows, width + 1));
  });
  refuses_shapes("download", [&](auto& host, const Operands& o) {
    host.download(o.a, MatrixView<float>(memory.data(), rows - 1, width));
  });
  refuses_shapes("copy_from", [](auto& host, const Operands& o) { host.copy_from(narrower(o.a), o.b); });
  refuses_shapes("copy_from", [](auto& host, const Operands& o) { host.copy_from(o.a, shorter(o.b)); });
}

TEST_CASE("row operations refuse shapes that do not agree") {
  refuses_shapes("embed", [](auto& host, const Operands& o) {
    host.embed(o.weights, View<const TokenId>(ids), shorter(o.a));
  });
  refuses_shapes("embed", [](auto& host, const Operands& o) {
    host.embed(o.weights, View<const TokenId>(ids), narrower(o.a));
  });
  refuses_shapes("rms_norm",
                 [](auto& host, const Operands& o) { host.rms_norm(o.a, o.norm, 1e-5F, shorter(o.b)); });
  refuses_shapes("rms_norm",
                 [](auto& host, const Operands& o) { host.rms_norm(o.a, o.norm, 1e-5F, narrower(o.b)); });
  refuses_shapes("rms_norm",
                 [](auto& host, const Operands& o) { host.rms_norm(o.a, narrower(o.norm), 1e-5F, o.b); });
  refuses_shapes("rms_norm",
                 [](auto& host, const Operands& o) { host.rms_norm(o.a, shorter(o.norm), 1e-5F, o.b); });
  refuses_shapes("add", [](auto& host, const Operands& o) { host.add(shorter(o.a), o.b); });
  refuses_shapes("add", [](auto& host, const Operands& o) { host.add(narrower(o.a), o.b); });
  refuses_shapes("sigmoid_multiply",
                 [](auto& host, const Operands& o) { host.sigmoid_multiply(shorter(o.a), o.b); });
  refuses_shapes("sigmoid_multiply",
                 [](auto& host, const Operands& o) { host.sigmoid_multiply(narrower(o.a), o.b); });
  refuses_shapes("split", [](auto& host, const Operands& o) { host.split(o.a, 1, o.b, o.c); });
  refuses_shapes("split", [](auto& host, const Operands& o) { host.split(o.a, 0, o.tables, o.tables); });
  refuses_shapes("split", [](auto& host, const Operands& o) { host.split(o.a, width, o.tables, o.tables); });
  refuses_shapes("split", [](auto& host, const Operands& o) { host.split(shorter(o.a), 1, o.tables, o.tables); });
  refuses_shapes("relu", [](auto& host, const Operands& o) { host.relu(shorter(o.a), o.b); });
  refuses_shapes("relu", [](auto& host, const Operands& o) { host.relu(o.a, narrower(o.b)); });
  refuses_shapes("silu_multiply",
                 [](auto& host, const Operands& o) { host.silu_multiply(shorter(o.a), o.b, o.c); });
  refuses_shapes("silu_multiply",
                 [](auto& host, const Operands& o) { host.silu_multiply(o.a, narrower(o.b), o.c); });
  refuses_shapes("silu_multiply",
                 [](auto& host, const Operands& o) { host.silu_multiply(o.a, o.b, narrower(o.c)); });
  refuses_shapes("silu_multiply",
                 [](auto& host, const Operands& o) { host.silu_multiply(o.a, shorter(o.b), o.c); });
}

TEST_CASE("products refuse shapes that do not agree") {
  refuses_shapes("product", [](auto& host, const Operands& o) { host.product(o.weights, shorter(o.a), o.b); });
  refuses_shapes("product", [](auto& host, const Operands& o) { host.product(o.weights, narrower(o.a), o.b); });
  refuses_shapes("product", [](auto& host, const Operands& o) { host.product(o.weights, o.a, narrower(o.b)); });
  const auto grouped = [](auto& host, const std::vector<Weights>& many, const ExpertGroups& groups,
                          DeviceMatrix<float> x, DeviceMatrix<float> y) {
    host.template grouped_product<quant::Float32>(many, groups, x, y);
  };
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    grouped(host, {o.many.begin(), o.many.end() - 1}, o.groups, o.wide_a, o.wide_b);
  });
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    grouped(host, o.many, o.groups, shorter(o.wide_a), o.wide_b);
  });
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    grouped(host, o.many, o.groups, shorter(o.wide_a), shorter(o.wide_b));  // fewer rows than slots
  });
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    grouped(host, o.many, o.groups, narrower(o.wide_a), o.wide_b);
  });
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    grouped(host, o.many, o.groups, o.wide_a, narrower(o.wide_b));
  });
  refuses_shapes("grouped_product", [&](auto& host, const Operands& o) {
    std::vector<Weights> many = o.many;
    many[2].cols = width / 2;
    grouped(host, many, o.groups, o.wide_a, o.wide_b);
  });
}

TEST_CASE("several products, and whole experts, refuse shapes that do not agree") {
  const auto several = [](auto& host, const Operands& o, DeviceMatrix<float> x, DeviceMatrix<float> first,
                          DeviceMatrix<float> second) {
    const std::vector<Product<quant::Float32>> all = {{o.weights, first}, {o.many[1], second}};
    host.template products<quant::Float32>(all, x);
  };
  refuses_shapes("products", [&](auto& host, const Operands& o) { several(host, o, shorter(o.a), o.b, o.c); });
  refuses_shapes("products", [&](auto& host, const Operands& o) { several(host, o, narrower(o.a), o.b, o.c); });
  refuses_shapes("products", [&](auto& host, const Operands& o) { several(host, o, o.a, narrower(o.b), o.c); });
  refuses_shapes("products", [&](auto& host, const Operands& o) { several(host, o, o.a, o.b, shorter(o.c)); });
  const auto swiglu = [](auto& host, const Operands& o, const Experts<quant::Float32>& all, DeviceMatrix<float> x,
                         DeviceMatrix<float> gate, DeviceMatrix<float> up,
                         DeviceMatrix<float> y) { host.grouped_swiglu(all, o.groups, x, gate, up, y); };
  const auto whole = [](const Operands& o) { return Experts<quant::Float32>{o.many, o.many, o.many}; };
  refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
    swiglu(host, o, whole(o), shorter(o.wide_a), o.wide_b, o.wide_c, o.wide_a);
  });
  refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
    swiglu(host, o, whole(o), o.wide_a, narrower(o.wide_b), o.wide_c, o.wide_a);
  });
  refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
    swiglu(host, o, whole(o), o.wide_a, o.wide_b, shorter(o.wide_c), o.wide_a);
  });
  refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
    swiglu(host, o, whole(o), o.wide_a, o.wide_b, o.wide_c, narrower(o.wide_a));
  });
  refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {  // up agrees with itself, not with gate
    std::vector<Weights> many = o.many;
    for (Weights& one : many) one.rows = width - 1;
    Experts<quant::Float32> all = whole(o);
    all.up = many;
    swiglu(host, o, all, o.wide_a, o.wide_b, narrower(o.wide_c), o.wide_a);
  });
  for (const std::size_t matrix : {0U, 1U, 2U}) {
    refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
      const std::vector<Weights> fewer(o.many.begin(), o.many.end() - 1);
      Experts<quant::Float32> all = whole(o);
      (matrix == 0 ? all.gate : matrix == 1 ? all.up : all.down) = fewer;
      swiglu(host, o, all, o.wide_a, o.wide_b, o.wide_c, o.wide_a);
    });
    for (const bool rows_differ : {false, true}) {
      refuses_shapes("grouped_swiglu", [&](auto& host, const Operands& o) {
        std::vector<Weights> many = o.many;
        (rows_differ ? many[2].rows : many[2].cols) = width / 2;
        Experts<quant::Float32> all = whole(o);
        (matrix == 0 ? all.gate : matrix == 1 ? all.up : all.down) = many;
        swiglu(host, o, all, o.wide_a, o.wide_b, o.wide_c, o.wide_a);
      });
    }
  }
}

TEST_CASE("attention refuses shapes that do not agree") {
  refuses_shapes("rotary_tables",
                 [](auto& host, const Operands& o) { host.rotary_tables(0, {1e4}, narrower(o.tables)); });
  refuses_shapes("rotate", [](auto& host, const Operands& o) { host.rotate(shorter(o.tables), width / 2, o.a); });
  refuses_shapes("rotate", [](auto& host, const Operands& o) { host.rotate(o.tables, width / 2, narrower(o.a)); });
  refuses_shapes("rotate", [](auto& host, const Operands& o) {
    DeviceMatrix<float> tables = o.tables;
    tables.view.cols = 0;
    host.rotate(tables, width / 2, o.a);
  });
  refuses_shapes("rotate", [](auto& host, const Operands& o) {
    DeviceMatrix<float> tables = o.tables;
    tables.view.cols = 1;  // odd
    host.rotate(tables, width / 2, o.a);
  });
  refuses_shapes("rotate", [](auto& host, const Operands& o) { host.rotate(o.tables, width / 2 - 1, o.a); });
  refuses_shapes("rotate", [](auto& host, const Operands& o) { host.rotate(o.tables, 0, o.a); });
  refuses_shapes("append_kv", [](auto& host, const Operands& o) { host.append_kv(shorter(o.a), o.b, 0, o.kv); });
  refuses_shapes("append_kv", [](auto& host, const Operands& o) { host.append_kv(narrower(o.a), o.b, 0, o.kv); });
  refuses_shapes("append_kv", [](auto& host, const Operands& o) { host.append_kv(o.a, narrower(o.b), 0, o.kv); });
  refuses_shapes("append_kv", [](auto& host, const Operands& o) { host.append_kv(o.a, o.b, 1, o.kv); });
  refuses_shapes("append_kv",
                 [](auto& host, const Operands& o) { host.append_kv(o.a, o.b, ~std::size_t{0}, o.kv); });
  refuses_shapes("append_kv", [](auto& host, const Operands& o) {  // what the first row sees would be replaced
    KvView<quant::Float32> kv = o.kv;
    kv.window = 2;
    host.append_kv(o.a, o.b, 1, kv);
  });
  refuses_shapes("attend", [](auto& host, const Operands& o) { host.attend(shorter(o.a), o.kv, 0, 0, o.b); });
  refuses_shapes("attend", [](auto& host, const Operands& o) { host.attend(o.a, o.kv, 0, 0, narrower(o.b)); });
  refuses_shapes("attend",
                 [](auto& host, const Operands& o) { host.attend(narrower(o.a), o.kv, 0, 0, narrower(o.b)); });
  refuses_shapes("attend", [](auto& host, const Operands& o) { host.attend(o.a, o.kv, 1, 0, o.b); });
  refuses_shapes("attend", [](auto& host, const Operands& o) { host.attend(o.a, o.kv, ~std::size_t{0}, 0, o.b); });
  refuses_shapes("attend", [](auto& host, const Operands& o) {
    KvView<quant::Float32> kv = o.kv;
    kv.kv_heads = 0;
    host.attend(o.a, kv, 0, 0, o.b);
  });
  refuses_shapes("attend", [](auto& host, const Operands& o) {
    KvView<quant::Float32> kv = o.kv;
    kv.head_dim = 0;
    host.attend(o.a, kv, 0, 0, o.b);
  });
}

TEST_CASE("dispatch refuses shapes that do not agree") {
  refuses_shapes("route", [](auto& host, const Operands& o) { host.route(policy, shorter(o.logits), o.routes); });
  refuses_shapes("route", [](auto& host, const Operands& o) { host.route(policy, o.logits, narrower(o.routes)); });
  refuses_shapes("route", [](auto& host, const Operands& o) {
    DeviceMatrix<float> logits = o.logits;
    logits.view.cols = top_k - 1;  // fewer experts than choices
    host.route(policy, logits, o.routes);
  });
  refuses_shapes("group", [](auto& host, const Operands& o) { host.group(shorter(o.routes), o.groups); });
  refuses_shapes("group", [](auto& host, const Operands& o) { host.group(narrower(o.routes), o.groups); });
  refuses_shapes("group", [](auto& host, const Operands& o) {
    ExpertGroups groups = o.groups;
    --groups.slot_of_choice.size;
    host.group(o.routes, groups);
  });
  refuses_shapes("group", [](auto& host, const Operands& o) {
    ExpertGroups groups = o.groups;
    groups.offsets.size = 0;
    host.group(o.routes, groups);
  });
  refuses_shapes("gather", [](auto& host, const Operands& o) { host.gather(o.groups, o.a, shorter(o.wide_a)); });
  refuses_shapes("gather", [](auto& host, const Operands& o) { host.gather(o.groups, narrower(o.a), o.wide_a); });
  refuses_shapes("combine",
                 [](auto& host, const Operands& o) { host.combine(o.groups, o.routes, o.wide_a, shorter(o.a)); });
  refuses_shapes("combine",
                 [](auto& host, const Operands& o) { host.combine(o.groups, o.routes, o.wide_a, narrower(o.a)); });
  refuses_shapes("combine",
                 [](auto& host, const Operands& o) { host.combine(o.groups, o.routes, shorter(o.wide_a), o.a); });
  refuses_shapes("combine", [](auto& host, const Operands& o) {
    ExpertGroups groups = o.groups;
    --groups.slot_of_choice.size;
    host.combine(groups, o.routes, o.wide_a, o.a);
  });
}

TEST_CASE("tokens outside the vocabulary are refused by name, before anything is computed") {
  for (const TokenId bad : {-1, 8, 1'000'000}) {
    Operands o(0);
    const std::string before = o.bytes();
    const std::vector<TokenId> some{0, bad, 1};
    std::string message;
    try {
      o.host.embed(o.weights, View<const TokenId>(some), o.a);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message == concat("token id ", bad, " is outside the vocabulary of 8 entries"));
    CHECK((o.bytes() == before));
  }
}

TEST_CASE("routes to experts that do not exist are refused by name, before anything is computed") {
  for (const std::int32_t bad : {-1, 4, 1'000'000}) {
    Operands o(0);
    o.routes.view(1, 1).expert = bad;
    const std::string before = o.bytes();
    std::string message;
    try {
      o.host.group(o.routes, o.groups);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message == concat("group: a row is routed to expert ", bad, " of 4"));
    CHECK((o.bytes() == before));
  }
}
