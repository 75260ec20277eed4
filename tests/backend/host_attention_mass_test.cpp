// The attention that stored positions draw against a softmax in double, in caches of all formats and on all levels.
// It stands alone: some formats of keys and values are none of weights, whose headers refuse them.
#include "asterism/backend/host_attention_mass.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host_attention_mass_templates.hpp"
#include "asterism/backend/kv_format_templates.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/simd/vector_templates.hpp"

#include "support/levels.hpp"
#include "support/naive.hpp"
#include "support/rows.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

template <class Format>
struct Case {
  std::size_t slots, head_dim, heads, rows;
  float scale;
  std::vector<std::byte> keys = std::vector<std::byte>(2 * slots * KvFormat<Format>::bytes(head_dim));
  std::vector<float> queries = test::random_row(rows * heads * head_dim, 2, scale);
  KvView<Format> kv{.keys = keys.data(), .kv_heads = 2, .slots = slots, .head_dim = head_dim, .device = 0};

  void store() {
    for (std::size_t p = 0; p < slots; ++p) {
      const std::vector<float> key = test::random_row(head_dim, 10 + p);
      KvFormat<Format>::store(key, keys.data() + kv.offset(1, p));
    }
  }
  std::vector<float> mass(simd::Level level) {
    std::vector<float> scratch(slots);
    std::vector<float> out(slots, 0.25F);
    add_attention_mass(MatrixView<const float>(queries.data(), rows, heads * head_dim), kv, 1, slots - rows,
                       {scratch.data(), slots}, {out.data(), slots}, level);
    return out;
  }
  std::vector<double> naive() const {
    std::vector<double> out(slots, 0.25);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t head = 0; head < heads; ++head) {
        std::vector<double> weights;
        double most = -1e300;
        for (std::size_t p = 0; p <= slots - rows + row; ++p) {
          const auto key = test::naive::row_values<Format>(keys.data() + kv.offset(1, p), head_dim);
          double score = 0;
          for (std::size_t i = 0; i < head_dim; ++i) {
            score += double{queries[(row * heads + head) * head_dim + i]} * key[i];
          }
          weights.push_back(score / std::sqrt(static_cast<double>(head_dim)));
          most = std::fmax(most, weights.back());
        }
        double total = 0;
        for (double& weight : weights) total += weight = std::exp(weight - most);
        for (std::size_t p = 0; p < weights.size(); ++p) out[p] += weights[p] / total;
      }
    }
    return out;
  }
};

}  // namespace

TEST_CASE_TEMPLATE("add_attention_mass adds softmax probabilities", Format, quant::Float32, quant::Float16,
                   quant::Int8<32>, quant::Int8<6>) {
  for (const std::size_t head_dim : {2U, 16U, 34U, 128U}) {
    for (const std::size_t slots : {5U, 64U, 131U}) {
      for (const float scale : {1.0F, 8.0F}) {
        Case<Format> one{slots, head_dim, 3, 4, scale};
        one.store();
        const std::vector<double> expected = one.naive();
        for (const simd::Level level : test::levels()) {
          const std::vector<float> found = one.mass(level);
          int wrong = 0;
          for (std::size_t p = 0; p < slots; ++p) wrong += std::fabs(found[p] - expected[p]) <= 2e-5 ? 0 : 1;
          CAPTURE(head_dim);
          CAPTURE(slots);
          CHECK(wrong == 0);
        }
      }
    }
  }
}
