// The laws of attention::Mixer, for the mixers of the toolkit and for your own:
//
//   TEST_CASE("my mixer obeys the laws") { laws::mixer<MyMixer<quant::Float32>>(shape); }
//
// Needs doctest, and a shape with layers of its kind. Weights are random, on host devices.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/mixer.hpp"
#include "asterism/attention/recurrent_state.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/law.hpp"
#include "support/device_memory.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

inline constexpr std::size_t mixer_rows = 19;

/// A mixer of one layer on a host, with random weights, and sequences that pass through it.
template <class M, class Host>
struct MixerOnHost {
  using Cache = attention::StaticKvCache<quant::Float32>;
  using State = attention::RecurrentState<3>;
  using Segment = attention::MixerSegment<Cache, State>;

  struct Sequence {
    Cache cache;
    State state;
    std::size_t position = 0;

    Sequence(Host& host, const Shape& shape, const Limits& limits)
        : cache(host, shape, limits, 0, 1), state(host, with_state(shape), 0, 1) {}

    /// A shape for which a state has some bytes, whatever the mixer.
    static Shape with_state(Shape shape) {
      if (shape.delta_net.kernel < 2) {
        shape.delta_net = {.key_heads = 1, .value_heads = 1, .key_width = 2, .value_width = 2, .kernel = 2};
      }
      shape.linear_layers = LayerSet::range(0, 1);
      return shape;
    }
  };

  MixerOnHost(Host& on, const Shape& of) : host(on), shape(of), memory(on), mixer(on, of) {
    for (auto role = model::Role::query; role <= model::Role::linear_output;
         role = static_cast<model::Role>(static_cast<std::uint8_t>(role) + 1)) {
      fill(role);
    }
    backend::Layout measure;
    M::Scratch::lay_out(measure, shape, mixer_rows);
    buffer = host.allocate(measure.used() + Bytes{64}, "workspace");
    backend::Layout cursor(buffer);
    scratch = M::Scratch::lay_out(cursor, shape, mixer_rows);
    x = memory.normal(mixer_rows, static_cast<std::size_t>(shape.hidden));
    tables = memory.result(mixer_rows, static_cast<std::size_t>(shape.rotary_width()));
    host.rotary_tables(0, shape.rope(), tables);
  }

  void fill(model::Role role) {
    model::detail::visit_mixer_weight(mixer.slab(), role, [&](const auto& weights) {
      if constexpr (requires { weights.view; }) {
        memory.fill(weights, 0.5F);
        if (role != model::Role::linear_decay_rate) return;
        for (float& rate : weights.view.row(0)) rate = -std::fabs(rate);
      } else {
        memory.encode(weights, 0.3F);
      }
    });
  }

  Sequence sequence() { return Sequence(host, shape, limits); }

  /// Rows [first, first + count) of x as the next of a sequence. Nothing counts until `count_pass`.
  std::vector<float> pass(Sequence& of, std::size_t first, std::size_t count, backend::DeviceMatrix<float> out) {
    const std::vector<Segment> segments = {{&of.cache, &of.state, of.position, count}};
    mixer.forward(host, 0, segments, x.rows_at(first, count), tables.rows_at(of.position, count), scratch, out);
    return test::values(out);
  }
  std::vector<float> pass(Sequence& of, std::size_t first, std::size_t count) {
    return pass(of, first, count, memory.result(count, x.cols()));
  }
  void count_pass(Sequence& of, std::size_t count) {
    of.position += count;
    of.state.advance(of.position);
  }

  Host& host;
  Shape shape;
  Limits limits{.context = 64};
  test::DeviceMemory<Host> memory;
  M mixer;
  backend::Buffer buffer;
  typename M::Scratch scratch;
  backend::DeviceMatrix<float> x;
  backend::DeviceMatrix<float> tables;
};

/// All laws of a mixer on a shape that has layers of its kind.
template <attention::Mixer M>
void mixer(const Shape& shape) {
  using Host = backend::SerialHost;
  const std::string name = model_name<M>();
  const auto host_of = [] { return Host(0, 64_MiB, std::make_shared<parallel::Serial>()); };
  {
    const Law law("layers(shape) are layers of the shape", name);
    const LayerSet layers = M::layers(shape);
    law.holds(!layers.empty(), "none; give a shape that has some");
    law.holds((layers - LayerSet::range(0, shape.layers)).empty(), to_string(layers), " of ", shape.layers);
    Shape none = shape;
    none.layers = 0;
    none.linear_layers = {};
    law.holds(M::layers(none).empty(), "a shape without layers has ", to_string(M::layers(none)));
  }
  {
    Host host = host_of();
    const M drawn(host, shape);
    const Bytes footprint = M::footprint(shape);
    Law("the footprint is what is drawn, for its kind of attention", name)
        .holds(host.arena().used() == footprint &&
                   host.arena().held_by(M::is_recurrent ? "linear attention" : "attention") == footprint,
               host.arena().used().count, " bytes were drawn, the footprint is ", footprint.count);
  }
  Host host = host_of();
  MixerOnHost<M, Host> on(host, shape);
  auto whole = on.sequence();
  const std::vector<float> expected = on.pass(whole, 0, mixer_rows);
  {
    const Law law("a pass that is repeated before it counts gives the same bits", name);
    law.same_bits(View<const float>(on.pass(whole, 0, mixer_rows)), View<const float>(expected), "at once");
    on.pass(whole, 0, 3);  // broken off after some rows
    law.same_bits(View<const float>(on.pass(whole, 0, mixer_rows)), View<const float>(expected), "broken off");
  }
  for (const std::size_t chunk : {1U, 2U, 5U, 18U}) {
    auto in_parts = on.sequence();
    std::vector<float> found;
    for (std::size_t first = 0; first < mixer_rows; first += chunk) {
      const std::size_t count = mixer_rows - first < chunk ? mixer_rows - first : chunk;
      const std::vector<float> part = on.pass(in_parts, first, count);
      found.insert(found.end(), part.begin(), part.end());
      on.count_pass(in_parts, count);
    }
    Law("any cut into passes gives the bits of one", name)
        .same_bits(View<const float>(found), View<const float>(expected), "passes of ", chunk, " rows");
  }
  {
    auto first = on.sequence();
    auto second = on.sequence();
    std::vector<float> alone = on.pass(first, 0, 8);
    const std::vector<float> rest = on.pass(second, 8, 11);
    alone.insert(alone.end(), rest.begin(), rest.end());
    const auto out = on.memory.result(mixer_rows, on.x.cols());
    const auto tables = on.memory.result(mixer_rows, on.tables.cols());
    host.rotary_tables(0, shape.rope(), tables.rows_at(0, 8));
    host.rotary_tables(0, shape.rope(), tables.rows_at(8, 11));
    using Segment = typename MixerOnHost<M, Host>::Segment;
    const std::vector<Segment> segments = {{&first.cache, &first.state, 0, 8},
                                           {&second.cache, &second.state, 0, 11}};
    on.mixer.forward(host, 0, segments, on.x, tables, on.scratch, out);
    Law("rows of several sequences in one pass have the bits of each alone", name)
        .same_bits(View<const float>(test::values(out)), View<const float>(alone), "8 and 11 rows");
  }
  {
    backend::Host three(0, 64_MiB, std::make_shared<parallel::Threads>(3));
    MixerOnHost<M, backend::Host> threaded(three, shape);  // the same seed, the same weights
    auto sequence = threaded.sequence();
    Law("threads change no bit", name)
        .same_bits(View<const float>(threaded.pass(sequence, 0, mixer_rows)), View<const float>(expected),
                   "3 threads");
  }
  {
    const auto out = on.memory.result(mixer_rows, on.x.cols());
    const std::uint64_t before = host.arena().allocations();
    on.pass(whole, 0, mixer_rows, out);
    Law("a pass allocates nothing", name)
        .holds(host.arena().allocations() == before, "there were ", host.arena().allocations() - before);
    on.pass(whole, 0, mixer_rows, on.x);
    Law("out may be x", name)
        .same_bits(View<const float>(test::values(on.x)), View<const float>(expected), "in place");
  }
}

}  // namespace asterism::laws
