// Products of equal work, y = x W^T on an expert's matrix: Asterism's on stored formats beside Eigen, OpenBLAS and a
// FAISS-style flat search in float32.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/product.hpp"

#include "float_products.hpp"
#include "support/other_load.hpp"

namespace {

using namespace asterism;

constexpr std::size_t outputs = 7168;  // an expert's gate in shape m of model_bench
constexpr std::size_t cols = 2048;

struct Arguments {
  std::size_t threads = parallel::Threads::default_threads();
  std::size_t rounds = 5;
  std::vector<std::size_t> rows = {1, 8, 64, 512};
  double seconds = 0.3;
  double gib = 1.1;
  bool quiet = false;
};

/// Copies of one matrix at places of their own, walked through in turn, so that no weights come from a cache.
class Matrices {
 public:
  Matrices(std::uint64_t each, double gib)
      : each_(aligned(each)),
        count_(static_cast<std::size_t>(gib * static_cast<double>((1_GiB).count) / static_cast<double>(each)) + 1),
        storage_((each_ * count_ + alignment) / sizeof(std::uint64_t)) {}

  std::size_t count() const { return count_; }
  std::byte* matrix(std::size_t i) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    return reinterpret_cast<std::byte*>(storage_.data()) + (aligned(address) - address) + i * each_;
  }
  void repeat_first() {
    for (std::size_t i = 1; i < count_; ++i) std::copy_n(matrix(0), each_, matrix(i));
  }
  View<const std::uint64_t> words() const { return storage_; }

 private:
  std::uint64_t each_;
  std::size_t count_;
  std::vector<std::uint64_t> storage_;
};

struct Contender {
  std::string name;
  std::string what;
  std::uint64_t bytes;  ///< of a matrix
  std::shared_ptr<Matrices> matrices;
  std::function<void(const std::byte* matrix, MatrixView<const float> x, MatrixView<float> y)> product;
  std::size_t next = 0;
  std::vector<std::vector<double>> seconds{};  ///< [rows' index][round], of one product
  double error = 0;  ///< relative RMS against the product of the weights as they were drawn
};

/// Asterism's product of a whole matrix on all threads: everything here that knows the toolkit's kernels.
template <class Q>
void asterism_product(const std::byte* matrix, MatrixView<const float> x, MatrixView<float> y,
                      parallel::Threads& threads) {
  constexpr std::size_t tile = 64;
  threads.for_each_task(outputs / tile, [&](std::size_t i) {
    simd::product(quant::KernelMatrixRef<Q>{matrix, outputs, cols}, x, y, i * tile, tile);
  });
}

/// The same with activations in 8 bits, which are made of x each time.
template <class Q>
void asterism_product8(const std::byte* matrix, MatrixView<const float> x, MatrixView<float> y,
                       parallel::Threads& threads) {
  static std::vector<std::uint64_t> memory;
  memory.resize(simd::Rows8::bytes(x.rows, cols).count / 8 + 8);
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  std::byte* first = reinterpret_cast<std::byte*>(memory.data()) + (aligned(address) - address);
  const simd::Rows8 rows = simd::Rows8::in(first, x.rows, cols, simd::activation_order<Q>);
  threads.for_each_task(x.rows, [&](std::size_t i) { simd::to_activations8(x.row(i).data, rows, i, 0, cols); });
  constexpr std::size_t tile = 448;
  threads.for_each_task(outputs / tile, [&](std::size_t i) {
    simd::product(quant::KernelMatrixRef<Q>{matrix, outputs, cols}, rows, y, i * tile, tile);
  });
}

template <class Q, bool InIntegers = false>
Contender asterism_contender(const std::vector<float>& weights, double gib, parallel::Threads& threads) {
  const std::uint64_t bytes = Q::planes(outputs, cols).bytes().count;
  auto matrices = std::make_shared<Matrices>(bytes, gib);
  const auto source = [&](std::uint64_t first, View<float> out) {
    std::copy_n(weights.data() + first, out.size, out.data);
  };
  Q::encode(source, outputs, cols, matrices->matrix(0));
  quant::to_kernel_order<Q>(matrices->matrix(0), outputs, cols);
  matrices->repeat_first();
  return {concat("asterism ", Q::name(), InIntegers ? ", 8-bit activations" : ""),
          concat(fixed(Q::bits_per_weight, 3), " bits a weight"), bytes, matrices,
          [&threads](const std::byte* matrix, MatrixView<const float> x, MatrixView<float> y) {
            if constexpr (InIntegers) {
              asterism_product8<Q>(matrix, x, y, threads);
            } else {
              asterism_product<Q>(matrix, x, y, threads);
            }
          }};
}

Contender peer_contender(const peers::Peer& peer, std::shared_ptr<Matrices> matrices, parallel::Threads& threads) {
  const peers::ForEach for_each = [&threads](std::size_t count, const std::function<void(std::size_t)>& work) {
    threads.for_each_task(count, work);
  };
  return {
      peer.name, peer.what, outputs * cols * sizeof(float), std::move(matrices),
      [peer, for_each](const std::byte* matrix, MatrixView<const float> x, MatrixView<float> y) {
        peer.product({reinterpret_cast<const float*>(matrix), x.data, y.data, x.rows, outputs, cols}, for_each);
      }};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

/// Seconds of one product, over at least that many seconds.
double measure(Contender& contender, MatrixView<const float> x, MatrixView<float> y, double at_least) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::size_t products = 0;
  double passed = 0;
  while (passed < at_least) {
    contender.product(contender.matrices->matrix(contender.next), x, y);
    contender.next = (contender.next + 1) % contender.matrices->count();
    ++products;
    passed = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return passed / static_cast<double>(products);
}

/// Sets the errors of all contenders, on 8 rows. Throws NumericError where one computes something else.
void check(std::vector<Contender>& contenders, const std::vector<float>& weights, const std::vector<float>& x) {
  constexpr std::size_t rows = 8;
  std::vector<double> expected(rows * outputs);
  double squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float* row = x.data() + i / outputs * cols;
    const float* weight = weights.data() + i % outputs * cols;
    for (std::size_t c = 0; c < cols; ++c) expected[i] += static_cast<double>(row[c]) * weight[c];
    squares += expected[i] * expected[i];
  }
  for (Contender& contender : contenders) {
    std::vector<float> y(rows * outputs);
    contender.product(contender.matrices->matrix(0), {x.data(), rows, cols}, {y.data(), rows, outputs});
    double wrong = 0;
    for (std::size_t i = 0; i < y.size(); ++i) wrong += (y[i] - expected[i]) * (y[i] - expected[i]);
    contender.error = std::sqrt(wrong / squares);
    if (!(contender.error < 0.2)) {
      throw NumericError(concat(contender.name, ": the product's relative error is ", contender.error,
                                "; expected below 0.2 in 4 bits"));
    }
  }
}

/// A table for one number of rows; ratios are the median over the rounds of a peer's seconds by ours.
std::string table(const std::vector<Contender>& contenders, std::size_t at, std::size_t rows, double bandwidth) {
  std::string text = concat("\n", pad_right(concat(rows, rows == 1 ? " row" : " rows"), 40));
  for (const char* column : {"ms", "min", "max", "GFLOP/s", "GB/s", "of read"}) text += pad_left(column, 10);
  std::vector<const Contender*> others;
  for (const Contender& contender : contenders) {
    if (contender.name.starts_with("asterism")) continue;
    others.push_back(&contender);
    text += pad_left("/ " + contender.name, 15);
  }
  text += "\n";
  for (const Contender& contender : contenders) {
    const std::vector<double>& seconds = contender.seconds[at];
    const double middle = median(seconds);
    const double rate = static_cast<double>(contender.bytes) / middle;
    text += "  " + pad_right(contender.name, 38);
    text += pad_left(fixed(1e3 * middle, 3), 10);
    text += pad_left(fixed(1e3 * *std::min_element(seconds.begin(), seconds.end()), 3), 10);
    text += pad_left(fixed(1e3 * *std::max_element(seconds.begin(), seconds.end()), 3), 10);
    text += pad_left(fixed(2e-9 * static_cast<double>(rows * outputs * cols) / middle, 1), 10);
    text += pad_left(fixed(rate / 1e9, 2), 10) + pad_left(fixed(rate / bandwidth, 2), 10);
    for (const Contender* other : others) {
      std::vector<double> ratios;
      for (std::size_t i = 0; i < seconds.size(); ++i) ratios.push_back(other->seconds[at][i] / seconds[i]);
      text += pad_left(other == &contender ? "-" : fixed(median(ratios), 2), 15);
    }
    text += "\n";
  }
  return text;
}

int run(const Arguments& arguments) {
  parallel::Threads threads(arguments.threads);
  ProgressBar bar;
  ProgressSink silence;
  ProgressSink& progress = arguments.quiet ? silence : static_cast<ProgressSink&>(bar);

  Random random(1);
  std::vector<float> weights(outputs * cols);
  for (float& value : weights) value = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(cols)));
  std::vector<float> x(std::max<std::size_t>(8, *std::max_element(arguments.rows.begin(), arguments.rows.end())) *
                       cols);
  for (float& value : x) value = static_cast<float>(random.normal());
  std::vector<float> y(x.size() / cols * outputs);

  std::vector<Contender> contenders;
  contenders.push_back(asterism_contender<quant::Float32>(weights, arguments.gib, threads));
  contenders.push_back(asterism_contender<quant::BFloat16>(weights, arguments.gib, threads));
  contenders.push_back(asterism_contender<quant::Int4<32>>(weights, arguments.gib, threads));
  contenders.push_back(asterism_contender<quant::Int4<32>, true>(weights, arguments.gib, threads));
  contenders.push_back(
      asterism_contender<quant::Nf4<64, quant::DoubleQuantized>, true>(weights, arguments.gib, threads));
  contenders.push_back(
      asterism_contender<quant::Nf4<64, quant::DoubleQuantized>>(weights, arguments.gib, threads));
  const auto floats = std::make_shared<Matrices>(outputs * cols * sizeof(float), arguments.gib);
  std::copy(weights.begin(), weights.end(), reinterpret_cast<float*>(floats->matrix(0)));
  floats->repeat_first();
  contenders.push_back(peer_contender(peers::eigen(arguments.threads), floats, threads));
  for (const peers::Peer& peer : peers::openblas(arguments.threads))
    contenders.push_back(peer_contender(peer, floats, threads));
  check(contenders, weights, x);

  double bandwidth = 0;
  const benchmarks::OtherLoad load;
  progress.begin("measuring", arguments.rounds * arguments.rows.size(), ProgressUnit::items);
  for (Contender& contender : contenders) contender.seconds.resize(arguments.rows.size());
  for (std::size_t round = 0; round < arguments.rounds; ++round) {
    bandwidth = std::max(bandwidth, machines::read_bandwidth(floats->words(), threads));
    for (std::size_t i = 0; i < arguments.rows.size(); ++i) {
      const std::size_t rows = arguments.rows[i];
      for (Contender& contender : contenders) {
        contender.seconds[i].push_back(
            measure(contender, {x.data(), rows, cols}, {y.data(), rows, outputs}, arguments.seconds));
      }
      progress.advance(round * arguments.rows.size() + i + 1, concat("round ", round + 1, ", ", rows, " rows"));
    }
  }
  progress.end();
  const double others = load.cores();

  std::cout << "y = x W^T, W " << outputs << " x " << cols << ", " << arguments.threads << " threads, "
            << arguments.rounds << " rounds; asterism on " << simd::name(simd::level()) << "; read bandwidth "
            << fixed(bandwidth / 1e9, 2) << " GB/s\n\n";
  for (const Contender& contender : contenders) {
    std::cout << "  " << pad_right(contender.name, 38) << pad_left(concat(contender.matrices->count()), 4)
              << " matrices, error " << fixed(100 * contender.error, 5) << " %; " << contender.what << "\n";
  }
  for (std::size_t i = 0; i < arguments.rows.size(); ++i)
    std::cout << table(contenders, i, arguments.rows[i], bandwidth);
  if (others > 0.1)
    std::cout << "\nThe machine was not quiet: others used " << fixed(others, 1) << " cores meanwhile.\n";
  return 0;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "Measures y = x W^T on an expert's matrix (7168 x 2048): Asterism on its stored formats, and in float32 "
      "Eigen,\n"
      "OpenBLAS, and what FAISS's flat search does (from 20 queries on that is OpenBLAS's sgemm). All take turns "
      "in\n"
      "every round and walk through more memory than caches hold. Columns: milliseconds of a product, "
      "floating-point\n"
      "operations and bytes of weights a second, the share of the read bandwidth of this run, and how many times "
      "as\n"
      "fast as each peer, as the median of the rounds' ratios.");
  app.footer(
      "Peers are compiled for the machine that builds them. OpenBLAS chooses its kernels when it starts: the core "
      "that\n"
      "it found is printed, OPENBLAS_CORETYPE=SKYLAKEX is AVX-512's where it finds less. ASTERISM_SIMD chooses\n"
      "Asterism's. Needs 7 times --gib of memory and a quiet machine.");
  app.add_option("--threads", arguments.threads, "Threads; by default one for each core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--rounds", arguments.rounds, "Rounds")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--rows", arguments.rows, "Rows of x, separated by commas")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  app.add_option("--seconds", arguments.seconds, "Time of each contender, for each number of rows in each round")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_option("--gib", arguments.gib, "GiB of weights that each walks through")
      ->check(CLI::Range(0.1, 1024.0))
      ->capture_default_str();
  app.add_flag("-q,--quiet", arguments.quiet, "No progress");
  CLI11_PARSE(app, argc, argv);
  return run(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
