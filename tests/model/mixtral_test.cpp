// The whole network: chunks, devices and rows of logits change no bit; tied heads.
#include "asterism/model/mixtral.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/model/plan.hpp"

#include "checkpoint/checkpoint_files.hpp"
#include "generate/variants.hpp"
#include "model/filled_network.hpp"

using namespace asterism;
using test::check_error;
using test::FilledNetwork;
using test::small_shape;

namespace {

/// Cuts in the middle; what becomes of a tied head is the test's choice.
template <bool copy>
struct Halves {
  static constexpr placement::Plan plan(const placement::Parts& parts, const Machine& machine) {
    placement::Cuts cuts{};
    for (std::size_t d = 1; d < cuts.size(); ++d) cuts[d] = parts.layers;
    if (machine.devices == 2) cuts[1] = parts.layers / 2;
    return placement::assemble(parts, machine, cuts, copy);
  }
};

struct Exact : test::Exact {
  using Placement = Halves<false>;
};
struct Copied : test::Exact {
  using Placement = Halves<true>;
};
struct OtherHead : test::Exact {
  using Head = quant::Float16;
};

const std::vector<TokenId> tokens = {3, 52, 0, 17, 17, 9, 41, 30, 2, 5, 8};

/// Logits of all tokens, the prompt in chunks of `chunk`, `count` rows of logits at a time.
template <class B>
std::vector<float> logits(const FilledNetwork<B>& on, const Shape& shape, std::size_t chunk, std::size_t count) {
  typename model::Assembly<B>::State state(on.devices, on.plan, shape, B::limits);
  typename B::Observer observer;
  std::vector<float> out;
  for (std::size_t first = 0; first < tokens.size(); first += chunk) {
    const std::size_t rows = std::min(chunk, tokens.size() - first);
    on.network.forward(on.devices, state, View<const TokenId>(tokens).part(first, rows), first, observer);
    for (std::size_t row = 0; row < rows; row += count) {
      const std::size_t some = std::min(count, rows - row);
      const auto values = [&] {
        const auto found = on.network.logits(on.devices, state, row, some, observer);
        CHECK(found.device == on.plan.head_device());
        CHECK(found.rows() == some);
        CHECK(found.cols() == 53);
        std::vector<float> all;
        for (std::size_t i = 0; i < some; ++i)
          all.insert(all.end(), found.view.row(i).begin(), found.view.row(i).end());
        return all;
      };
      const std::vector<float> once = values();
      CHECK(values() == once);  // the hidden states stay as they are
      out.insert(out.end(), once.begin(), once.end());
    }
  }
  return out;
}

/// The same weights in both networks.
template <class A, class B>
void copy_weights(const FilledNetwork<A>& from, const FilledNetwork<B>& to) {
  model::for_each_weight(to.network, [&](const model::WeightId& id, const auto& target) {
    model::visit_weight(from.network, id, [&](const auto& source) {
      if constexpr (requires {
                      source.view;
                      target.view;
                    }) {
        test::fill_weight(target, [&](std::size_t i) { return source.view(0, i); });
      } else if constexpr (requires {
                             source.data;
                             target.data;
                           }) {
        const auto* values = reinterpret_cast<const float*>(source.data);
        test::fill_weight(target, [&](std::size_t i) { return values[i]; });
      }
    });
  });
}

}  // namespace

TEST_CASE("chunks and rows of logits change no bit") {
  const FilledNetwork<Exact> one(small_shape, equal_devices(1, 1_MiB));
  const std::vector<float> expected = logits(one, small_shape, 16, 16);
  CHECK(expected.size() == tokens.size() * 53);
  for (const std::size_t chunk : {1, 4, 10}) {
    for (const std::size_t count : {1, 3, 16}) CHECK(logits(one, small_shape, chunk, count) == expected);
  }
}

TEST_CASE("two devices give the bits of one; a tied head is shared, handed over or copied") {
  for (const bool tied : {false, true}) {
    CAPTURE(tied);
    Shape shape = small_shape;
    shape.tied_head = tied;
    const FilledNetwork<Exact> one(shape, equal_devices(1, 1_MiB));
    const FilledNetwork<Exact> two(shape, equal_devices(2, 1_MiB));
    const FilledNetwork<Copied> copied(shape, equal_devices(2, 1_MiB));
    copy_weights(one, two);
    copy_weights(one, copied);
    const std::vector<float> expected = logits(one, shape, 16, 16);
    CHECK(logits(two, shape, 4, 3) == expected);
    CHECK(logits(copied, shape, 4, 3) == expected);
    CHECK(one.network.has_own_head() == !tied);
    CHECK(two.network.has_own_head() == !tied);
    CHECK(copied.network.has_own_head());
    CHECK((one.network.head().data == one.network.embedding().data) == tied);
    CHECK((two.network.head().data == two.network.embedding().data) == tied);
    CHECK(two.network.head().device == (tied ? 0 : 1));
    CHECK(two.network.embedding().device == 0);
    CHECK(two.network.final_norm().device == 1);
    CHECK(copied.network.head().device == 1);
    CHECK(copied.network.head().data != copied.network.embedding().data);
  }
  Shape tied = small_shape;
  tied.tied_head = true;
  const FilledNetwork<OtherHead> other(tied, equal_devices(1, 1_MiB));  // two formats, two matrices
  CHECK(other.network.has_own_head());
  CHECK(other.plan.tied_head == placement::TiedHead::untied);
  CHECK(logits(other, tied, 16, 16).size() == tokens.size() * 53);
}

TEST_CASE("token ids outside the vocabulary are refused, and positions beyond the cache") {
  const FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  model::Assembly<Exact>::State state(on.devices, on.plan, small_shape, Exact::limits);
  test::Watch observer;
  for (const TokenId bad : {-1, 53}) {
    const std::vector<TokenId> wrong = {1, bad};
    check_error<InvalidArgument>([&] { on.network.forward(on.devices, state, wrong, 0, observer); },
                                 {concat("token id ", bad), "53"});
  }
  const std::vector<TokenId> two = {1, 2};
  check_error<InvalidArgument>([&] { on.network.forward(on.devices, state, two, 159, observer); },
                               {"160 positions", "Limits::context"});
  CHECK_NOTHROW(on.network.forward(on.devices, state, two, 158, observer));
}

TEST_CASE("the observer hears every route and every hand-over") {
  struct Notes {
    std::size_t routes = 0;
    std::size_t scores = 0;
    std::vector<std::string> moves;
    void scored(std::int32_t, std::int32_t, View<const float>) { ++scores; }
    void routed(std::int32_t, std::int32_t, std::int32_t, float) { ++routes; }
    void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
      moves.push_back(concat(from, " to ", to, ": ", bytes.count));
    }
  };
  Shape shape = small_shape;
  shape.tied_head = true;
  const FilledNetwork<Exact> on(shape, equal_devices(2, 1_MiB));
  model::Assembly<Exact>::State state(on.devices, on.plan, shape, Exact::limits);
  Notes notes;
  on.network.forward(on.devices, state, tokens, 0, notes);
  on.network.logits(on.devices, state, 10, 1, notes);
  CHECK(notes.scores == tokens.size() * 2);
  CHECK(notes.routes == tokens.size() * 2 * 2);
  CHECK(notes.moves == std::vector<std::string>{concat("0 to 1: ", tokens.size() * 24 * 4), "1 to 0: 96"});
}
