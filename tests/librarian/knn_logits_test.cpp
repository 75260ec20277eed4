// Remembered tokens against a plain loop in double; what is refused, and what keeps its bits.
#include "asterism/librarian/knn_logits.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/logits_hook_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian;
using test::check_error;

namespace {

using Index = index::Flat<quant::Float32>;
using Values = std::vector<float>;

constexpr std::size_t hidden = 12;
constexpr std::int32_t vocabulary = 20;

static_assert(generate::LogitsHook<KnnLogits<>> && generate::LogitsHook<KnnLogits<Index>>);

/// States around each other, with few different tokens.
struct Stored {
  std::size_t count;
  Values states;
  std::vector<TokenId> next;

  explicit Stored(std::size_t n, std::uint64_t seed = 5) : count(n) {
    Random random(seed);
    for (std::size_t i = 0; i < n * hidden; ++i) {
      states.push_back(3 + static_cast<float>(random.normal()) * static_cast<float>(1 + i / hidden % 3));
    }
    for (std::size_t i = 0; i < n; ++i) next.push_back(static_cast<TokenId>(random.below(6)));
  }
  MatrixView<const float> view() const { return {states.data(), count, hidden}; }
};

KnnLogits<Index> made(backend::Arena& arena, KnnOptions options = {}, std::uint32_t rows = 50) {
  return {Index(arena, {.dim = hidden, .rows = rows}), vocabulary, options};
}

Values random_row(Random& random, std::size_t count) {
  Values row(count);
  for (float& x : row) x = static_cast<float>(random.normal());
  return row;
}

Values adjusted(const KnnLogits<Index>& hook, const Values& state, Values logits) {
  hook.adjust(state, logits);
  return logits;
}

bool same_bits(const Values& a, const Values& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The mixture of the paper, over unit vectors.
std::vector<double> expected(const Stored& stored, const Values& state, const Values& logits,
                             const KnnOptions& options) {
  const auto unit = [](const float* x) {
    std::vector<double> out(x, x + hidden);
    const double length = std::sqrt(std::inner_product(out.begin(), out.end(), out.begin(), 0.0));
    for (double& value : out) value /= length;
    return out;
  };
  const std::vector<double> query = unit(state.data());
  std::vector<std::pair<double, TokenId>> neighbours;
  for (std::size_t i = 0; i < stored.count; ++i) {
    const std::vector<double> key = unit(stored.states.data() + i * hidden);
    double distance = 0;
    for (std::size_t c = 0; c < hidden; ++c) distance += (key[c] - query[c]) * (key[c] - query[c]);
    neighbours.emplace_back(distance, stored.next[i]);
  }
  std::sort(neighbours.begin(), neighbours.end());
  neighbours.resize(std::min(neighbours.size(), options.neighbours));
  std::vector<double> p(logits.size());
  double total = 0;
  double votes = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (const auto& [distance, token] : neighbours) votes += std::exp(-distance / options.temperature);
  for (std::size_t i = 0; i < logits.size(); ++i) p[i] = (1 - options.share) * std::exp(double{logits[i]}) / total;
  for (const auto& [distance, token] : neighbours) {
    p[static_cast<std::size_t>(token)] += options.share * std::exp(-distance / options.temperature) / votes;
  }
  return p;
}

}  // namespace

TEST_CASE("the neighbours' tokens are mixed in as the paper has it") {
  backend::Arena arena(0, 1_MiB);
  const Stored stored(40);
  Random random(1);
  for (const KnnOptions& options :
       {KnnOptions{}, KnnOptions{.share = 0.9, .neighbours = 1}, KnnOptions{.neighbours = 5, .temperature = 3},
        KnnOptions{.share = 0.5, .neighbours = 100, .temperature = 0.02}}) {
    KnnLogits<Index> hook = made(arena, options);
    hook.remember(stored.view(), stored.next);
    CHECK(hook.size() == 40);
    CAPTURE(options.share);
    CAPTURE(options.neighbours);
    for (int round = 0; round < 5; ++round) {
      Values state = random_row(random, hidden);
      for (float& x : state) x += 3;
      const Values logits = random_row(random, vocabulary);
      const Values found = adjusted(hook, state, logits);
      const std::vector<double> p = expected(stored, state, logits, options);
      for (std::size_t i = 0; i < p.size(); ++i) {
        CHECK(std::exp(double{found[i]}) == doctest::Approx(p[i]).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("what is remembered in pieces is what is remembered at once") {
  backend::Arena arena(0, 1_MiB);
  const Stored stored(30);
  KnnLogits<Index> whole = made(arena);
  whole.remember(stored.view(), stored.next);
  KnnLogits<Index> pieces = made(arena);
  for (std::size_t i = 0; i < 30; i += 10) {
    pieces.remember(stored.view().rows_at(i, 10), View<const TokenId>(stored.next).subview(i, 10));
  }
  Random random(2);
  const Values state = random_row(random, hidden);
  const Values logits = random_row(random, vocabulary);
  KnnLogits<Index> moved = std::move(pieces);
  CHECK(same_bits(adjusted(moved, state, logits), adjusted(whole, state, logits)));
}

TEST_CASE("an empty store, no share, and logits that can't be sampled keep their bits") {
  backend::Arena arena(0, 1_MiB);
  Random random(3);
  const Values state = random_row(random, hidden);
  Values logits = random_row(random, vocabulary);
  CHECK(same_bits(adjusted(made(arena), state, logits), logits));
  const Stored stored(10);
  KnnLogits<Index> none = made(arena, {.share = 0});
  none.remember(stored.view(), stored.next);
  CHECK(same_bits(adjusted(none, state, logits), logits));

  KnnLogits<Index> some = made(arena);
  some.remember(stored.view(), stored.next);
  CHECK_FALSE(same_bits(adjusted(some, state, logits), logits));
  CHECK(same_bits(adjusted(some, Values(hidden, 0), logits), logits));
  logits[3] = std::numeric_limits<float>::quiet_NaN();
  CHECK(same_bits(adjusted(some, state, logits), logits));
  CHECK(same_bits(adjusted(some, Values(hidden, logits[3]), logits), logits));
}

TEST_CASE("it obeys the laws of logits hooks") {
  backend::Arena arena(0, 1_MiB);
  KnnLogits<Index> hook = made(arena);
  const Stored stored(25);
  hook.remember(stored.view(), stored.next);
  laws::logits_hook(hook, hidden, vocabulary);
}

TEST_CASE("what does not fit is refused, and changes nothing") {
  backend::Arena arena(0, 1_MiB);
  KnnLogits<Index> hook = made(arena, {}, 12);
  const Stored stored(10);
  hook.remember(stored.view(), stored.next);
  Random random(4);
  const Values state = random_row(random, hidden);
  const Values logits = random_row(random, vocabulary);
  const Values before = adjusted(hook, state, logits);

  check_error<knowledge::IndexFull>([&] { hook.remember(stored.view(), stored.next); }, {"12 rows"});
  check_error<InvalidArgument>(
      [&] { hook.remember(stored.view(), View<const TokenId>(stored.next).subview(0, 9)); },
      {"10 states", "9 next tokens"});
  for (const TokenId token : {-1, vocabulary}) {
    check_error<InvalidArgument>(
        [&] { hook.remember(stored.view().rows_at(0, 1), View<const TokenId>(&token, 1)); },
        {"outside the vocabulary of 20"});
  }
  const Values nothing(hidden, 0);
  const TokenId token = 1;
  check_error<knowledge::BadVector>(
      [&] {
        hook.remember({nothing.data(), 1, hidden}, View<const TokenId>(&token, 1));
      },
      {"zeros"});
  CHECK(hook.size() == 10);
  CHECK(same_bits(adjusted(hook, state, logits), before));
  hook.remember(stored.view().rows_at(0, 2), View<const TokenId>(stored.next).subview(0, 2));  // there is room
  CHECK(hook.size() == 12);

  Values few(vocabulary - 1);
  check_error<InvalidArgument>([&] { hook.adjust(state, few); }, {"19 logits", "12 and 20"});
  check_error<InvalidArgument>([&] { adjusted(hook, Values(hidden + 1, 1), logits); }, {"state of 13"});
  for (const KnnOptions& options : {KnnOptions{.share = 1}, KnnOptions{.share = -0.1}, KnnOptions{.neighbours = 0},
                                    KnnOptions{.temperature = 0}}) {
    check_error<InvalidArgument>([&] { made(arena, options); }, {"expected 0 <= share < 1"});
  }
}
