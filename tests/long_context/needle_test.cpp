// A prompt of 262144 tokens: what was said at any depth is found by attention, and carried by the state of linear
// attention; a longer context costs keys and values alone.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/quant/float32.hpp"

#include "model/filled_network.hpp"
#include "support/rows.hpp"

using namespace asterism;
using model::Role;

namespace {

constexpr std::int32_t context = 262144;
constexpr std::int32_t needles = 6;
constexpr double depths[needles] = {0, .2, .4, .6, .8, 1};

// Tokens: 0 says nothing, 1 + i is needle i, 7 + i asks for it, 13 + i is the answer.
constexpr TokenId needle(std::int32_t i) { return 1 + i; }
constexpr TokenId question(std::int32_t i) { return 1 + needles + i; }
constexpr TokenId answer(std::int32_t i) { return 1 + 2 * needles + i; }
constexpr std::int32_t vocabulary = 1 + 3 * needles;

struct Long : Blueprint {
  static constexpr Limits limits{.context = context, .batch = 1, .prefill_chunk = 1024, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
};

/// One layer whose feed-forward block answers nothing.
constexpr Shape one_layer(Architecture architecture, std::int32_t hidden) {
  return {.architecture = architecture,
          .vocabulary = vocabulary,
          .hidden = hidden,
          .layers = 1,
          .heads = 2,
          .kv_heads = 1,
          .head_dim = 16,
          .qk_norm = architecture == Architecture::qwen3_next,
          .dense_layers = LayerSet::range(0, 1),
          .dense_ffn = 16,
          .max_positions = context,
          .rope_theta = 1e7,
          .rms_epsilon = 1e-6};
}

/// A weight: its part in the network, row and column.
using Element = float (*)(Role role, std::int32_t row, std::int32_t col);

/// An engine whose weights are `element`; vectors have row 0, norms are 1.
struct HandMade {
  HandMade(const Shape& shape, Element element)
      : engine(plan<Long>(equal_devices(1, 64_MiB), shape), shape, Long::limits) {
    model::for_each_weight(engine.network(), [&](const model::WeightId& id, const auto& weights) {
      const std::size_t cols = [&] {
        if constexpr (requires { weights.view; })
          return weights.view.cols;
        else
          return static_cast<std::size_t>(weights.cols);
      }();
      const bool is_norm = model::info_of(shape.architecture, id.role).name.ends_with("norm.weight");
      test::fill_weight(weights, [&](std::size_t i) {
        return is_norm
                   ? 1.0F
                   : element(id.role, static_cast<std::int32_t>(i / cols), static_cast<std::int32_t>(i % cols));
      });
    });
  }

  engine::Engine<Long> engine;
};

/// The needle's direction in a plane, of six at equal distances.
float direction(std::int32_t i, bool second) {
  const double angle = i * std::acos(-1.0) / 3;
  return static_cast<float>(second ? std::sin(angle) : std::cos(angle));
}

constexpr Shape attention_shape = one_layer(Architecture::llama, 8);

/// Attention. Hidden: 0 nothing said, 1 and 2 the needle's direction, 3 and 4 that answered, 5 and 6 that asked for.
/// Keys and queries of needles are in the slowest pair of the head, 7 and 15, which turns by 0.2 over the whole prompt;
/// those of other tokens in the fastest.
float attention_weight(Role role, std::int32_t row, std::int32_t col) {
  constexpr std::int32_t last_pair = 7;
  constexpr std::int32_t head_dim = 16;
  const auto plane_at = [&](std::int32_t i, std::int32_t first) {
    return col == first || col == first + 1 ? direction(i, col == first + 1) : 0.0F;
  };
  switch (role) {
    case Role::embedding:
      if (row == 0) return col == 0 ? 1.0F : 0.0F;
      if (row < question(0)) return plane_at(row - needle(0), 1);
      return row < answer(0) ? plane_at(row - question(0), 5) : 0.0F;
    case Role::query:  // a score of 40 for the needle asked for, 20 for its neighbours, none for others
      row %= head_dim;
      if (row == 0) return col == 5 || col == 6 ? 2.0F : 0.0F;
      return (row == last_pair && col == 5) || (row == head_dim - 1 && col == 6) ? 20.0F : 0.0F;
    case Role::key:
      return (row == 0 && col == 0) || (row == last_pair && col == 1) || (row == head_dim - 1 && col == 2) ? 1.0F
                                                                                                           : 0.0F;
    case Role::value:
      return row == col - 1 && row < 2 ? 1.0F : 0.0F;
    case Role::output:
      return (row == 3 || row == 4) && col % head_dim == row - 3 ? 1.0F : 0.0F;
    case Role::head:
      return row >= answer(0) ? plane_at(row - answer(0), 3) : 0.0F;
    default:
      return 0;
  }
}

constexpr Shape linear_shape = [] {
  Shape shape = one_layer(Architecture::qwen3_next, vocabulary + 1);
  shape.linear_layers = LayerSet::range(0, 1);
  shape.delta_net = {.key_heads = 1, .value_heads = 2, .key_width = 8, .value_width = 8, .kernel = 4};
  return shape;
}();

/// Linear attention. Hidden: an element for each token. Key 0 is of tokens that say nothing, which write as well, and
/// which every question asks for too, so that the norm behind shows how much is left of a needle; 1 + i is needle i's.
float linear_weight(Role role, std::int32_t row, std::int32_t col) {
  constexpr std::int32_t width = 8;
  const auto says = [&](std::int32_t i) { return i <= needles && col == i ? 1.0F : 0.0F; };
  switch (role) {
    case Role::embedding:
      return row == col ? 1.0F : 0.0F;
    case Role::linear_qkv:  // queries, keys, values of two heads
      if (row == 0) return col >= question(0) && col < answer(0) ? 1.0F : 0.0F;
      if (row < width) return row <= needles && col == question(row - 1) ? 1.0F : 0.0F;
      return says(row % width);
    case Role::linear_gate:
      return 1;
    case Role::linear_beta_decay:  // needles are written whole, other tokens to the half
      return row < 2 && col >= needle(0) && col < question(0) ? 4.0F : 0.0F;
    case Role::linear_convolution:
      return col == 3 ? 1.0F : 0.0F;
    case Role::linear_decay_rate:
      return -1;
    case Role::linear_decay_bias:  // exp(-softplus(-40)): nothing is forgotten
      return -40;
    case Role::linear_output:
      return row >= answer(0) && row < answer(needles) && col % width == 1 + row - answer(0) ? 1.0F : 0.0F;
    case Role::head:
      return row == col && row >= answer(0) ? 1.0F : 0.0F;
    default:
      return 0;
  }
}

/// A prompt with all needles, before a question.
std::vector<TokenId> prompt_asking(std::int32_t i, std::int32_t length) {
  std::vector<TokenId> prompt(static_cast<std::size_t>(length), 0);
  for (std::int32_t n = 0; n < needles; ++n) {
    prompt[static_cast<std::size_t>(std::lround(depths[n] * (length - 2)))] = needle(n);
  }
  prompt.back() = question(i);
  return prompt;
}

TokenId likeliest(const std::vector<float>& logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// The logits after a prompt; what the sequence knows of it is not computed again.
std::vector<float> logits_after(const engine::Engine<Long>& engine, engine::Sequence<Long>& sequence,
                                const std::vector<TokenId>& prompt) {
  sequence.begin(prompt, prompt.size() - 1);
  engine::Step<Long> step(engine);
  std::vector<float> found;
  while (sequence.pending() > 0) {
    step.clear();
    REQUIRE(step.add(sequence));
    REQUIRE(step.run(
        [&](std::size_t, std::optional<View<float>> logits) {
          if (logits) found.assign(logits->begin(), logits->end());
        },
        [](std::size_t, const NumericError&) {}));
  }
  return found;
}

/// A prompt of one layer of attention whose last token alone attends: what the others would answer nobody reads, and it
/// takes time by the square of their number.
class OnlyTheLastAttends {
 public:
  OnlyTheLastAttends(const engine::Engine<Long>& engine, std::vector<TokenId> prompt)
      : engine_(engine),
        caches_(engine.devices(), engine.plan(), engine.shape(), engine.limits()),
        last_(prompt.size() - 1) {
    const auto lock = engine.lock_workspace();
    const auto& workspace = lock.workspace().layers(0);
    auto& device = *engine.devices()[0];
    const auto& block = engine.network().blocks()[0];
    const auto& slab = std::get<attention::GroupedQuery<quant::Float32>>(block.mixer()).slab();
    const auto& scratch = std::get<attention::GroupedQuery<quant::Float32>::Scratch>(workspace.mixers);
    const auto chunk = static_cast<std::size_t>(engine.limits().prefill_chunk);
    for (std::size_t first = 0; first < last_; first += chunk) {
      const std::size_t rows = std::min(chunk, last_ - first);
      const auto hidden = workspace.hidden.rows_at(0, rows);
      const auto tables = workspace.tables.rows_at(0, rows);
      const auto key = scratch.key.rows_at(0, rows);
      const auto value = scratch.value.rows_at(0, rows);
      device.embed(engine.network().embedding(), View<const TokenId>(prompt).subview(first, rows), hidden);
      device.rms_norm(hidden, block.norms().attention, static_cast<float>(engine.shape().rms_epsilon), hidden);
      device.product(slab.key, hidden, key);
      device.product(slab.value, hidden, value);
      device.rotary_tables(static_cast<std::int32_t>(first), engine.shape().rope(), tables);
      device.rotate(tables, static_cast<std::size_t>(engine.shape().head_dim), key);
      caches_.on(0).append(device, 0, first, key, value);
    }
  }

  /// The logits after a last token.
  std::vector<float> logits(TokenId last) {
    const auto lock = engine_.lock_workspace();
    observe::None nobody;
    const std::vector<model::Assembly<Long>::Segment> segments = {{&caches_, &nobody, last_, 1}};
    REQUIRE(engine_.network().forward(engine_.devices(), lock.workspace(),
                                      View<const model::Assembly<Long>::Segment>(segments), {&last, 1}));
    const auto row = engine_.network().logits(engine_.devices(), lock.workspace(), 0, 1, nobody).view.row(0);
    return {row.begin(), row.end()};
  }

 private:
  const engine::Engine<Long>& engine_;
  model::Assembly<Long>::Caches caches_;
  std::size_t last_;
};

/// The most bytes that a model and one sequence draw, which the plan says.
Bytes peak(const Shape& shape, std::int32_t positions) {
  Limits limits = Long::limits;
  limits.context = positions;
  const engine::Engine<Long> engine(plan<Long>(equal_devices(1, 64_MiB), shape, limits), shape, limits);
  const engine::Sequence<Long> sequence(engine);
  CHECK(engine.devices()[0]->arena().high_water() == engine.plan().peak(0));
  return engine.plan().peak(0);
}

}  // namespace

TEST_CASE("attention finds a token at any depth of 262144") {
  const HandMade model(attention_shape, attention_weight);
  OnlyTheLastAttends prompt(model.engine, prompt_asking(0, context));
  for (std::int32_t i = 0; i < needles; ++i) {
    CAPTURE(depths[i]);
    CHECK(likeliest(prompt.logits(question(i))) == answer(i));
  }
}

TEST_CASE("where all tokens of a prompt attend, the last one's logits have the same bits") {
  constexpr std::int32_t length = 8192;
  const HandMade model(attention_shape, attention_weight);
  engine::Sequence<Long> whole(model.engine);
  const auto expected = logits_after(model.engine, whole, prompt_asking(2, length));
  CHECK(likeliest(expected) == answer(2));
  const HandMade same(attention_shape, attention_weight);
  CHECK(test::same_bits(OnlyTheLastAttends(same.engine, prompt_asking(0, length)).logits(question(2)), expected));
}

TEST_CASE("the state of linear attention carries a token from any depth of 262144, undiminished") {
  const HandMade model(linear_shape, linear_weight);
  engine::Sequence<Long> sequence(model.engine);
  float nearest = 0;
  for (std::int32_t i = needles - 1; i >= 0; --i) {
    CAPTURE(depths[i]);
    const std::vector<float> logits = logits_after(model.engine, sequence, prompt_asking(i, context));
    CHECK(likeliest(logits) == answer(i));
    const float found = logits[static_cast<std::size_t>(answer(i))];
    if (depths[i] == 1) nearest = found;
    CHECK(std::fabs(found - nearest) < 1e-4F * nearest);
  }
}

TEST_CASE("a context of 262144 takes more than one of 1024 by its keys and values alone") {
  constexpr std::uint64_t more = context - 1024;
  constexpr std::uint64_t row = 16 * sizeof(std::uint16_t);  // one key/value head, in float16
  CHECK(peak(attention_shape, context) - peak(attention_shape, 1024) == Bytes{more * 2 * row});
  CHECK(peak(linear_shape, context) == peak(linear_shape, 1024));
}
