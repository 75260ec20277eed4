// What adapters add to products on the host: all formats, sizes and numbers of threads.
#include "asterism/backend/low_rank.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/adapter_laws.hpp"
#include "support/counting_source.hpp"
#include "support/rows.hpp"

using namespace asterism;

TEST_CASE_TEMPLATE("the hosts obey the adapters' laws", B, backend::Host, backend::HostA8,
                   backend::BasicHost<parallel::Serial>) {
  laws::adapters<B>();
}

namespace {

/// y + scale B inner of (rows, outputs) with `threads`, from the same random values each time.
template <class Format>
std::vector<float> computed(std::size_t rows, std::size_t rank, std::size_t outputs, std::size_t threads) {
  backend::Host device(0, 8_MiB, std::make_shared<parallel::Threads>(threads));
  const auto values = test::random_row(rank * outputs, 1);
  const backend::Buffer b = device.allocate(Format::planes(rank, outputs).bytes(), "B");
  const auto columns = backend::weights_in<Format>(b, 0, rank, outputs);
  device.write(columns, [&](const auto& host) {
    Format::encode(quant::FloatWeights{values}, rank, outputs, host.data);
  });
  auto inner = test::random_row(rows * rank, 2);
  auto y = test::random_row(rows * outputs, 3);
  const backend::LowRankSum<Format> sum{
      {columns, 0.75F}, {{inner.data(), rows, rank}, 0}, {{y.data(), rows, outputs}, 0}};
  device.add_low_rank(View<const backend::LowRankSum<Format>>(&sum, 1));
  return y;
}

/// The same in double, from values rounded to the format.
template <class Format>
std::vector<double> naive(std::size_t rows, std::size_t rank, std::size_t outputs) {
  const auto values = test::random_row(rank * outputs, 1);
  std::vector<std::byte> stored(static_cast<std::size_t>(Format::planes(rank, outputs).bytes().count));
  Format::encode(quant::FloatWeights{values}, rank, outputs, stored.data());
  std::vector<float> rounded(values.size());
  quant::decode(quant::KernelMatrixRef<Format>{stored.data(), rank, outputs}, 0, View<float>(rounded));
  const auto inner = test::random_row(rows * rank, 2);
  const auto y = test::random_row(rows * outputs, 3);
  std::vector<double> out(y.begin(), y.end());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t r = 0; r < rank; ++r) {
      for (std::size_t c = 0; c < outputs; ++c)
        out[i * outputs + c] += 0.75 * double{inner[i * rank + r]} * double{rounded[r * outputs + c]};
    }
  }
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("the naive loop in every format, the same bits for any number of threads", Format, quant::Float32,
                   quant::BFloat16, quant::Float16) {
  for (const auto& [rows, rank, outputs] : {std::tuple{1, 1, 1}, {1, 16, 2048}, {7, 3, 1025}, {33, 8, 40}}) {
    const auto n = static_cast<std::size_t>(rows);
    CAPTURE(n);
    const auto r = static_cast<std::size_t>(rank);
    const auto c = static_cast<std::size_t>(outputs);
    const auto found = computed<Format>(n, r, c, 1);
    const auto expected = naive<Format>(n, r, c);
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::abs(found[i] - expected[i]));
    CHECK(worst < 1e-5);
    CHECK(computed<Format>(n, r, c, 3) == found);
  }
}
