// The laws of attention::State, one function template for each, for the states of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my states obey the laws", S, MyState) { laws::state<S>(); }
//
// Needs doctest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>

#include "asterism/attention/state.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/shape/shape.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

inline constexpr Shape state_shape{
    .layers = 4,
    .linear_layers = LayerSet::range(0, 3),
    .delta_net = {.key_heads = 1, .value_heads = 2, .key_width = 3, .value_width = 5, .kernel = 4}};

/// A state of layers 1 and 2 on a host, whose every element is the position that it is of.
template <class S>
  requires attention::StateOn<S, backend::SerialHost>
struct StateOnHost {
  backend::SerialHost host{0, 1_MiB, std::make_shared<parallel::Serial>()};
  S state{host, state_shape, 1, 2};

  static float mark(std::size_t position, std::int32_t layer) {
    return position == 0 ? 0 : static_cast<float>(position) + static_cast<float>(layer) / 4;
  }
  void write(std::size_t position) {
    for (const std::int32_t layer : {1, 2}) {
      const auto after = state.after(layer);
      for (const auto& matrix : {after.convolution, after.memory}) {
        for (std::size_t i = 0; i < matrix.rows(); ++i) {
          for (float& element : matrix.view.row(i)) element = mark(position, layer);
        }
      }
    }
  }
  void check(const Law& law, std::size_t position) {
    for (const std::int32_t layer : {1, 2}) {
      const auto before = state.before(layer);
      law.holds(before.convolution.rows() == 3 && before.convolution.cols() == 16 && before.memory.rows() == 6 &&
                    before.memory.cols() == 5,
                "layer ", layer, ": the matrices have other sizes than the shape asks for");
      for (const auto& matrix : {before.convolution, before.memory}) {
        for (std::size_t i = 0; i < matrix.rows(); ++i) {
          for (const float element : matrix.view.row(i)) {
            law.holds(element == mark(position, layer), "at position ", position, ", layer ", layer,
                      ": an element is ", element, ", written was ", mark(position, layer));
          }
        }
      }
    }
  }
};

/// Its layers are what is drawn, and it begins with zeros.
template <class S>
void state_draws_its_layers() {
  const Law law("a state draws layer_bytes for each layer, and begins with zeros", model_name<S>());
  StateOnHost<S> on;
  law.holds(on.host.arena().held_by("state") == S::layer_bytes(state_shape) * 2, "drawn are ",
            on.host.arena().held_by("state").count, " bytes, layer_bytes says twice ",
            S::layer_bytes(state_shape).count);
  law.holds(S::layer_bytes(Shape{}) == Bytes{}, "a shape without linear attention has bytes of state");
  on.check(law, 0);
}

/// What was written counts from advance on.
template <class S>
void passes_count_from_advance_on() {
  const Law law("what a pass writes counts from advance on; one that was broken off leaves no trace",
                model_name<S>());
  StateOnHost<S> on;
  on.write(99);
  on.check(law, 0);
  std::size_t position = 0;
  for (const std::size_t next : {3U, 4U, 9U}) {
    on.write(77);  // broken off
    on.check(law, position);
    on.write(next);
    on.check(law, position);
    on.state.advance(next);
    position = next;
    on.check(law, position);
  }
}

/// trim goes back to a position that was kept, or is the present one, or 0, and what was written there is there.
template <class S>
void trim_goes_back_to_what_was_kept() {
  const Law law("trim goes back to a position that was kept, is the present one, or is 0, with its content",
                model_name<S>());
  StateOnHost<S> on;
  const std::uint64_t allocations = on.host.arena().allocations();
  Random random(5);
  std::set<std::size_t> kept;
  std::size_t position = 0;
  for (int i = 0; i < 2000; ++i) {
    if (random.below(10) < 7) {
      position += 1 + random.below(4);
      on.write(position);
      on.state.advance(position);
      if (random.below(3) == 0) {
        random.below(2) == 0 ? on.state.keep() : on.state.keep_longest();
        kept.insert(position);
      }
    } else {
      const std::size_t length = random.below(position + 3);
      const std::size_t found = on.state.trim(on.host, length);
      law.holds(found <= length, "trim(", length, ") is ", found);
      law.holds(found == 0 || found == position || kept.contains(found), "trim(", length, ") is ", found,
                ", which was not kept");
      law.holds(position > length || found == position, "trim(", length, ") from ", position, " is ", found);
      kept.erase(kept.upper_bound(found), kept.end());
      position = found;
    }
    on.check(law, position);
  }
  law.holds(on.host.arena().allocations() == allocations, "memory was drawn after construction");
}

/// All laws.
template <class S>
  requires attention::StateOn<S, backend::SerialHost>
void state() {
  state_draws_its_layers<S>();
  passes_count_from_advance_on<S>();
  trim_goes_back_to_what_was_kept<S>();
}

}  // namespace asterism::laws
