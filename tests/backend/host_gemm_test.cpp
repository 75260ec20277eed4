// Many products at once have the bits of the serial product, for any number of threads and products of any sizes.
#include "asterism/backend/host_gemm.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/levels.hpp"
#include "support/rows.hpp"

using namespace asterism;
using backend::HostGemm;
using simd::Gemm;
using simd::GemmOperand;
using simd::Level;

#if !defined(ASTERISM_SANITIZED)  // the sanitizers have a malloc of their own
namespace {

std::atomic<std::uint64_t> mallocs{0};

}  // namespace

extern "C" void* __libc_malloc(std::size_t);

// Every operator new of the program passes here.
extern "C" void* malloc(std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
#endif

namespace {

constexpr float untouched = -777;

/// The products of a layer's experts, weights (outputs, inputs), each with some rows: forward, gradients of the inputs,
/// gradients of the weights.
class Layer {
 public:
  enum class Form { forward, inputs, weights };

  Layer(Form form, std::size_t outputs, std::size_t inputs, const std::vector<std::size_t>& rows,
        bool adds = false)
      : form_(form), outputs_(outputs), inputs_(inputs), rows_(rows), adds_(adds) {
    std::size_t all = 0;
    for (const std::size_t n : rows) {
      first_.push_back(all);
      all += n;
    }
    x_ = test::random_row(all * inputs, 1);
    g_ = test::random_row(all * outputs, 2);
    w_ = test::random_row(rows.size() * outputs * inputs, 3);
    results_ = form == Form::forward ? all * outputs : form == Form::inputs ? all * inputs : w_.size();
  }

  std::size_t size() const { return rows_.size(); }
  std::vector<float> results() const { return std::vector<float>(results_ + 64, untouched); }

  Gemm operator()(std::size_t e, std::vector<float>& results) const {
    const auto x = GemmOperand::of({x_.data() + first_[e] * inputs_, rows_[e], inputs_});
    const auto g = GemmOperand::of({g_.data() + first_[e] * outputs_, rows_[e], outputs_});
    const auto w = GemmOperand::of({w_.data() + e * outputs_ * inputs_, outputs_, inputs_});
    float* const to = results.data() + 32;
    if (form_ == Form::forward) {
      return {x, w.transposed(), {to + first_[e] * outputs_, rows_[e], outputs_}, adds_};
    }
    if (form_ == Form::inputs) return {g, w, {to + first_[e] * inputs_, rows_[e], inputs_}, adds_};
    return {g.transposed(), x, {to + e * outputs_ * inputs_, outputs_, inputs_}, adds_};
  }

  std::vector<float> serial(Level level) const {
    std::vector<float> scratch(simd::gemm_scratch);
    std::vector<float> out = results();
    for (std::size_t e = 0; e < size(); ++e) simd::gemm((*this)(e, out), scratch, level);
    return out;
  }

 private:
  Form form_;
  std::size_t outputs_, inputs_;
  std::vector<std::size_t> rows_;
  bool adds_;
  std::vector<std::size_t> first_;
  std::vector<float> x_, g_, w_;
  std::size_t results_ = 0;
};

constexpr Layer::Form forms[] = {Layer::Form::forward, Layer::Form::inputs, Layer::Form::weights};

class Device {
 public:
  explicit Device(std::size_t threads, Level level = simd::level())
      : threads_(threads), products_(parallel::ExecutionRef(threads_), level) {
    products_.keep(arena_.allocate(HostGemm::scratch(), "products"));
  }

  std::vector<float> multiply(const Layer& layer) {
    std::vector<float> out = layer.results();
    products_.multiply(layer.size(), [&](std::size_t e) { return layer(e, out); });
    return out;
  }
  HostGemm& products() { return products_; }

 private:
  parallel::Threads threads_;
  backend::Arena arena_{0, HostGemm::scratch()};
  HostGemm products_;
};

void check(const Layer& layer, Level level = simd::level()) {
  const std::vector<float> expected = layer.serial(level);
  for (const std::size_t threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    CHECK(test::same_bits(Device(threads, level).multiply(layer), expected));
  }
}

}  // namespace

TEST_CASE("experts with very different numbers of rows") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (const Layer::Form form : forms) {
      check(Layer(form, 72, 130, {0, 1, 200, 0, 5, 17, 400, 2, 0}), level);
      check(Layer(form, 33, 70, {3, 0, 385, 64}, true), level);
    }
  }
}

TEST_CASE("one expert has all rows") {
  for (const Layer::Form form : forms) check(Layer(form, 160, 520, {0, 0, 1500, 0}));
}

TEST_CASE("a layer of small experts, more than fit into one round") {
  std::vector<std::size_t> rows(1100, 3);
  for (std::size_t e = 0; e < rows.size(); e += 7) rows[e] = e % 30;
  for (const Layer::Form form : forms) check(Layer(form, 17, 65, rows));
}

TEST_CASE("products that are larger than the scratch") {
  for (const Layer::Form form : forms) check(Layer(form, 100, 2100, {30, 2100}));
  check(Layer(Layer::Form::weights, 2100, 2100, {150}, true));
  check(Layer(Layer::Form::forward, 1000, 2600, {400, 390}));
}

TEST_CASE("no products: zeros, or what was there") {
  Device device(2);
  std::vector<float> memory(20, untouched);
  const GemmOperand a{nullptr, 3, 0, 0, 1};
  const GemmOperand b{nullptr, 0, 4, 4, 1};
  const MatrixView<float> c(memory.data() + 1, 3, 4, 6);
  device.products().multiply(1, [&](std::size_t) { return Gemm{a, b, c, true}; });
  CHECK(test::same_bits(memory, std::vector<float>(20, untouched)));
  device.products().multiply(1, [&](std::size_t) { return Gemm{a, b, c, false}; });
  std::size_t zeros = 0;
  for (const float value : memory) zeros += value == 0 ? 1U : 0U;
  CHECK(zeros == 12);
  for (std::size_t i = 0; i < 3; ++i) CHECK(test::same_bits(c.row(i), std::vector<float>(4)));
  device.products().multiply(0, [&](std::size_t) { return Gemm{}; });
  device.products().multiply(1, [&](std::size_t) { return Gemm{}; });
}

TEST_CASE("what does not fit is refused, and the next products are right") {
  const Layer layer(Layer::Form::forward, 40, 50, {20, 30});
  std::vector<float> out = layer.results();
  Device device(2);
  CHECK_THROWS_AS(device.products().multiply(2,
                                             [&](std::size_t e) {
                                               Gemm product = layer(e, out);
                                               if (e == 1) --product.c.cols;
                                               return product;
                                             }),
                  InvalidArgument);
  CHECK(test::same_bits(device.multiply(layer), layer.serial(simd::level())));

  parallel::Serial serial;
  backend::Arena arena(0, HostGemm::scratch());
  HostGemm without{parallel::ExecutionRef(serial)};
  const auto product_of = [&](std::size_t e) { return layer(e, out); };
  CHECK_THROWS_AS(without.multiply(2, product_of), InvalidArgument);
  CHECK_THROWS_AS(without.keep(arena.allocate(HostGemm::scratch() - 64_B, "less")), InvalidArgument);
  without.keep(arena.allocate(HostGemm::scratch(), "products"));
  without.multiply(2, product_of);
  CHECK(test::same_bits(out, layer.serial(simd::level())));
}

#if !defined(ASTERISM_SANITIZED)
TEST_CASE("nothing is allocated") {
  const Layer layer(Layer::Form::inputs, 200, 300, {0, 700, 20, 3});
  std::vector<float> out = layer.results();
  std::vector<float> scratch(simd::gemm_scratch);
  Device device(3);
  const auto product_of = [&](std::size_t e) { return layer(e, out); };
  const std::uint64_t before = mallocs.load();
  device.products().multiply(layer.size(), product_of);
  for (std::size_t e = 0; e < layer.size(); ++e) simd::gemm(product_of(e), scratch);
  CHECK(mallocs.load() == before);
  void* volatile memory = std::malloc(8);  // volatile: or the compiler leaves it out
  std::free(memory);
  CHECK(mallocs.load() == before + 1);
}
#endif
