// States of a sequence: what counts, what is kept, and what can be gone back to.
#include "asterism/attention/recurrent_state.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/serial.hpp"

using namespace asterism;
using attention::RecurrentState;

namespace {

constexpr Shape shape{
    .layers = 4,
    .linear_layers = LayerSet::range(0, 3),
    .delta_net = {.key_heads = 1, .value_heads = 2, .key_width = 3, .value_width = 5, .kernel = 4}};
static_assert(RecurrentState<4>::layer_bytes(shape) == Bytes{4 * (aligned(3 * 16 * 4) + aligned(6 * 5 * 4))});
static_assert(RecurrentState<4>::layer_bytes(Shape{}) == Bytes{});
// 36 layers of Qwen3-Next-80B: 75 497 472 bytes of memory, 3 538 944 of the convolution's last three inputs.
constexpr Shape qwen3_next{
    .linear_layers = LayerSet::range(0, 36),
    .delta_net = {.key_heads = 16, .value_heads = 32, .key_width = 128, .value_width = 128, .kernel = 4}};
static_assert(RecurrentState<4>::layer_bytes(qwen3_next) * 9 == Bytes{75'497'472 + 36 * 3 * 8192 * 4});

using Host = backend::SerialHost;

Host host() { return Host(0, 1_MiB, std::make_shared<parallel::Serial>()); }

/// Marks what a pass writes, and reads marks back: both layers, both matrices, first and last element.
template <int Slots>
void write(const RecurrentState<Slots>& state, float mark) {
  for (const std::int32_t layer : {1, 2}) {
    const auto after = state.after(layer);
    const float value = mark + static_cast<float>(layer) / 4;
    for (const auto& matrix : {after.convolution, after.memory}) {
      for (std::size_t i = 0; i < matrix.rows(); ++i) {
        for (float& element : matrix.view.row(i)) element = value;
      }
    }
  }
}
template <int Slots>
float read(const RecurrentState<Slots>& state) {
  const float mark = state.before(1).memory.view(0, 0);
  for (const std::int32_t layer : {1, 2}) {
    const auto before = state.before(layer);
    const float expected = mark == 0 ? 0 : mark - 0.25F + static_cast<float>(layer) / 4;
    for (const auto& matrix : {before.convolution, before.memory}) {
      for (std::size_t i = 0; i < matrix.rows(); ++i) {
        for (const float element : matrix.view.row(i)) CHECK(element == expected);
      }
    }
  }
  return mark == 0 ? 0 : mark - 0.25F;
}

}  // namespace

TEST_CASE("a state draws its slots once, and begins with zeros") {
  Host on = host();
  const RecurrentState<4> state(on, shape, 1, 2);
  CHECK(state.bytes() == RecurrentState<4>::layer_bytes(shape) * 2);
  CHECK(on.arena().held_by("state") == state.bytes());
  CHECK(on.arena().used() == state.bytes());
  CHECK(state.position() == 0);
  CHECK(read(state) == 0);
  CHECK(state.before(1).convolution.rows() == 3);
  CHECK(state.before(1).convolution.cols() == 16);
  CHECK(state.before(1).memory.rows() == 6);
  CHECK(state.before(1).memory.cols() == 5);
}

TEST_CASE("what was written counts from advance on, and a pass that was broken off leaves no trace") {
  Host on = host();
  RecurrentState<2> state(on, shape, 1, 2);
  write(state, 7);
  CHECK(read(state) == 0);
  write(state, 8);
  state.advance(5);
  CHECK(state.position() == 5);
  CHECK(read(state) == 8);
  write(state, 9);
  CHECK(read(state) == 8);
  state.advance(6);
  CHECK(read(state) == 9);
}

TEST_CASE("without a spare a state goes back to where it is, or to the beginning") {
  Host on = host();
  RecurrentState<2> state(on, shape, 1, 2);
  write(state, 5);
  state.advance(5);
  state.keep();
  write(state, 8);
  state.advance(8);
  CHECK(state.trim(on, 9) == 8);
  CHECK(read(state) == 8);
  CHECK(state.trim(on, 7) == 0);
  CHECK(state.position() == 0);
  CHECK(read(state) == 0);
}

TEST_CASE("a state goes back to the greatest position kept, whatever was passed and gone back to before") {
  Host on = host();
  RecurrentState<4> state(on, shape, 1, 2);
  Random random(5);
  std::vector<std::size_t> kept;  // positions, oldest first; the model of the class
  std::size_t position = 0;
  std::size_t longest = 0;  // of those kept; 0: none
  bool keeps_current = false;
  for (int i = 0; i < 3000; ++i) {
    const auto what = random.below(10);
    if (what < 7) {
      const std::size_t next = position + 1 + random.below(4);
      write(state, static_cast<float>(next));
      if (random.below(3) == 0) write(state, -1);  // broken off, and made again
      write(state, static_cast<float>(next));
      state.advance(next);
      if (keeps_current) kept.push_back(position);
      if (kept.size() > 2) kept.erase(kept.begin() + (kept.front() == longest ? 1 : 0));
      position = next;
      keeps_current = random.below(3) == 0;
      if (keeps_current && random.below(2) == 0) {
        state.keep_longest();
        longest = position;
      } else if (keeps_current) {
        state.keep();
      }
    } else {
      const std::size_t length = random.below(position + 3);
      std::size_t expected = position <= length ? position : 0;
      bool found = position <= length;
      for (const std::size_t one : kept) {
        if (one <= length && (!found || one > expected)) {
          expected = one;
          found = true;
        }
      }
      CHECK(state.trim(on, length) == expected);
      if (expected != position) {
        keeps_current = false;
        std::vector<std::size_t> earlier;
        for (const std::size_t one : kept) {
          if (one < expected) earlier.push_back(one);
          if (one == expected) keeps_current = true;
        }
        kept = earlier;
        if (longest > expected) longest = 0;
      }
      position = expected;
    }
    CHECK(state.position() == position);
    CHECK(read(state) == static_cast<float>(position));
  }
}
