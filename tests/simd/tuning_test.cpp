// The choice of a tuning, and that no result depends on it.
#include "asterism/simd/tuning.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer_product.hpp"

#include "support/files.hpp"
#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using namespace asterism::simd;

namespace {

/// Puts the tuning in use back.
struct Restored {
  std::uint32_t ahead = simd::detail::codes_ahead;
  std::uint32_t rows = simd::detail::many_rows;
  Restored() = default;
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  ~Restored() {
    simd::detail::codes_ahead = ahead;
    simd::detail::many_rows = rows;
  }
};

}  // namespace

TEST_CASE("a tuning reads what it wrote, and parts of it") {
  const Tuning some{.ahead = 2048, .many_rows = 40};
  CHECK(to_string(some) == "ahead=2048,many_rows=40");
  CHECK(tuning_from(to_string(some)) == some);
  CHECK(tuning_from("") == Tuning{});
  CHECK(tuning_from("many_rows=5", some) == Tuning{.ahead = 2048, .many_rows = 5});
}

TEST_CASE("what is no tuning is refused with what was expected") {
  CHECK_THROWS_WITH_AS(tuning_from("ahead"),
                       "tuning: 'ahead' is none of its members: expected such as ahead=8192,many_rows=16",
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(tuning_from("ahead=1,streams=4"),
                       "tuning: 'streams=4' is none of its members: expected such as ahead=8192,many_rows=16",
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(tuning_from("ahead=far"), "tuning: ahead is 'far': expected a number from 0 to 1048576",
                       InvalidArgument);
  CHECK_THROWS_AS(tuning_from("ahead=1048577"), InvalidArgument);
  CHECK_THROWS_AS(tuning_from("many_rows=3"), InvalidArgument);
  CHECK_THROWS_AS(tuning_from("ahead=-1"), InvalidArgument);
}

TEST_CASE("the table first, then what was asked for, and a measurement where the family is unknown") {
  CHECK(choose_tuning(nullptr, "AuthenticAMD 25").source == "table");
  CHECK(choose_tuning("", "GenuineIntel 6").source == "table");
  const TuningChoice forced = choose_tuning("ahead=512", "AuthenticAMD 25");
  CHECK(forced.source == "ASTERISM_TUNING");
  CHECK(forced.tuning.ahead == 512);
  const Restored restored;
  CHECK(choose_tuning(nullptr, "Unheard Of 1").source == "measured");
  CHECK(choose_tuning("measure", "AuthenticAMD 25").source == "measured");
  CHECK(simd::detail::codes_ahead == restored.ahead);
  CHECK_FALSE(processor_family().empty());
}

TEST_CASE("a file keeps what was measured") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/tuning";
  const TuningChoice measured = choose_tuning(("file=" + path).c_str(), "AuthenticAMD 25");
  CHECK(measured.source == path);
  std::ofstream(path) << "ahead=4096,many_rows=20\n";
  CHECK(choose_tuning(("file=" + path).c_str(), "AuthenticAMD 25").tuning == Tuning{4096, 20});
  std::ofstream(path) << "half a line";
  CHECK_THROWS_WITH_AS(choose_tuning(("file=" + path).c_str(), ""),
                       (path + ": tuning: 'half a line' is none of its members: expected such as "
                               "ahead=8192,many_rows=16; remove the file to have it measured again")
                           .c_str(),
                       InvalidArgument);
  std::ofstream(path, std::ios::trunc).close();
  CHECK_THROWS_AS(choose_tuning(("file=" + path).c_str(), ""), InvalidArgument);
  CHECK_THROWS_WITH_AS(choose_tuning("file=/no/such/folder/tuning", ""),
                       "ASTERISM_TUNING: /no/such/folder/tuning could not be written", FileError);
}

TEST_CASE("no bit of a result depends on the tuning") {
  using Q = quant::Nf4<64, quant::DoubleQuantized>;
  constexpr std::size_t rows = 37;
  constexpr std::size_t outputs = 64;
  constexpr std::size_t cols = 256;
  const test::PackedMatrix<Q> weights(outputs, cols, test::uneven_values(outputs * cols, 1));
  const test::StoredRows8 x(rows, cols, activation_order<Q>);
  for (std::size_t r = 0; r < rows; ++r) {
    to_activations8(test::uneven_values(cols, 2 + r).data(), x.view(), r, 0, cols);
  }
  const Restored restored;
  for (const Level level : test::levels()) {
    std::vector<std::vector<float>> results;
    for (const Tuning& one : {Tuning{0, 4}, Tuning{8192, 16}, Tuning{1U << 20U, 65536}}) {
      simd::detail::codes_ahead = one.ahead;
      simd::detail::many_rows = one.many_rows;
      std::vector<float> y(rows * outputs);
      product(weights.kernel_matrix(), x.view(), MatrixView<float>(y.data(), rows, outputs), 0, outputs, level);
      results.push_back(y);
    }
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);
  }
}

TEST_CASE("one tuning a process") {
  CHECK(&tuning() == &tuning());
  CHECK(tuning_from(to_string(tuning().tuning)) == tuning().tuning);
}
