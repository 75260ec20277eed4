// Combinations of distributions, and how far they lie apart.
#include "asterism/assistant/combination.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "laws/assistant_laws.hpp"

using namespace asterism;
using namespace asterism::assistant;

namespace {

struct Two {
  std::vector<float> log_p;
  explicit Two(const std::vector<double>& p) {
    for (const double value : p) log_p.push_back(static_cast<float>(std::log(value)));
  }
  MatrixView<const float> view() const { return {log_p.data(), 2, log_p.size() / 2}; }
};

const std::vector<double> halves{0.5, 0.5};

}  // namespace

TEST_CASE("combinations obey the laws") {
  laws::combination<Product>();
  laws::combination<Mixture>();
}

TEST_CASE("a product is geometric, a mixture arithmetic") {
  const Two said({0.9, 0.1 - 1e-9, 1e-9, 0.4, 0.6 - 1e-9, 1e-9});
  std::vector<float> out(3);
  Product::combine(said.view(), halves, out);
  CHECK(double{out[0] - out[1]} == doctest::Approx(0.5 * std::log(0.36 / 0.06)).epsilon(1e-5));
  Mixture::combine(said.view(), halves, out);
  CHECK(double{out[0]} == doctest::Approx(std::log(0.65)).epsilon(1e-5));
  CHECK(double{out[1]} == doctest::Approx(std::log(0.35)).epsilon(1e-5));
}

TEST_CASE("distributions that share nothing are one bit apart") {
  const Two apart({1 - 1e-30, 1e-30, 1e-30, 1 - 1e-30});
  CHECK(divergence_bits(apart.view(), halves) == doctest::Approx(1));
  CHECK(least_cosine(apart.view()) == doctest::Approx(0));
  const Two same({0.3, 0.7, 0.3, 0.7});
  CHECK(divergence_bits(same.view(), halves) == doctest::Approx(0));
  CHECK(least_cosine(same.view()) == doctest::Approx(1));
  const Two known({0.5, 0.5, 0.25, 0.75});
  // H(0.375, 0.625) - (1 + H(0.25, 0.75)) / 2
  CHECK(divergence_bits(known.view(), halves) == doctest::Approx(0.04879).epsilon(1e-3));
  CHECK(least_cosine(known.view()) == doctest::Approx(0.5 / std::sqrt(0.5 * 0.625)).epsilon(1e-6));
}

TEST_CASE("entropy in nats") {
  const Two known({0.5, 0.5, 1 - 1e-30, 1e-30});
  CHECK(entropy_nats(known.view().row(0)) == doctest::Approx(std::log(2.0)));
  CHECK(entropy_nats(known.view().row(1)) == doctest::Approx(0));
}
