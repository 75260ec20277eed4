// One layer against a naive one in double precision.
#include "asterism/model/decoder_block.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "generate/variants.hpp"
#include "model/filled_network.hpp"

using namespace asterism;
using model::Role;
using model::WeightId;
using test::Exact;
using test::FilledNetwork;
using test::small_shape;

namespace {

using Block = model::Assembly<Exact>::Block;
using Row = std::vector<double>;
using Rows = std::vector<Row>;

/// Notes every route, with the probabilities that were told before it.
struct Notes {
  struct Entry {
    std::int32_t layer;
    std::int32_t position;
    std::int32_t expert;
    float weight;
    std::vector<float> probabilities;
  };
  std::vector<Entry> entries;
  std::int32_t scored_layer = -1;
  std::int32_t scored_position = -1;
  View<const float> scores;

  void begin(std::int32_t /*layers*/, std::int32_t /*experts*/, std::int32_t /*top_k*/) {}
  void scored(std::int32_t layer, std::int32_t position, View<const float> probabilities) {
    scored_layer = layer;
    scored_position = position;
    scores = probabilities;
  }
  void routed(std::int32_t layer, std::int32_t position, std::int32_t expert, float weight) {
    REQUIRE(scored_layer == layer);
    REQUIRE(scored_position == position);
    entries.push_back({layer, position, expert, weight, {scores.begin(), scores.end()}});
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}
};

using Segment = model::Segment<Exact::KvCache, Exact::State, Notes>;

/// The layer as it stands in the papers, row by row.
class Naive {
 public:
  Naive(const model::Assembly<Exact>::Network& network, std::int32_t layer, const Shape& shape)
      : network_(network), layer_(layer), shape_(shape) {}

  Rows forward(const Rows& hidden) const {
    Rows out = hidden;
    const Row attention_norm = weight({Role::attention_norm, layer_});
    Rows queries;
    Rows keys;
    Rows values;
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      const Row x = normed(hidden[i], attention_norm);
      queries.push_back(rotated(heads_normed(projected(Role::query, Role::query_bias, x), Role::query_norm), i));
      keys.push_back(rotated(heads_normed(projected(Role::key, Role::key_bias, x), Role::key_norm), i));
      values.push_back(projected(Role::value, Role::value_bias, x));
    }
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      add(projected(Role::output, Role::output_bias, attended(queries[i], keys, values, i)), 1, out[i]);
      const Row x = normed(out[i], weight({Role::feed_forward_norm, layer_}));
      if (shape_.is_dense(layer_)) {
        add(swiglu({Role::dense_gate, layer_}, {Role::dense_up, layer_}, {Role::dense_down, layer_}, x), 1,
            out[i]);
        continue;
      }
      for (const auto& [expert, share] : routes(x)) {
        add(swiglu({Role::gate, layer_, expert}, {Role::up, layer_, expert}, {Role::down, layer_, expert}, x),
            share, out[i]);
      }
    }
    return out;
  }

  /// The best experts and their shares.
  std::vector<std::pair<std::int32_t, double>> routes(const Row& x) const {
    const Row logits = product(weight({Role::router, layer_}), x);
    std::vector<std::pair<std::int32_t, double>> all;
    for (std::size_t e = 0; e < logits.size(); ++e)
      all.emplace_back(static_cast<std::int32_t>(e), std::exp(logits[e]));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    double sum = 0;
    for (const auto& [expert, share] : all) sum += shape_.normalised_top_k ? 0 : share;
    all.resize(static_cast<std::size_t>(shape_.top_k));
    for (const auto& [expert, share] : all) sum += shape_.normalised_top_k ? share : 0;
    for (auto& [expert, share] : all) share /= sum;
    return all;
  }

 private:
  Row projected(Role matrix, Role bias, const Row& x) const {
    Row out = product(weight({matrix, layer_}), x);
    if (shape_.attention_bias) add(weight({bias, layer_}), 1, out);
    return out;
  }

  Row heads_normed(Row x, Role norm) const {
    if (!shape_.qk_norm) return x;
    const Row weights = weight({norm, layer_});
    const auto width = static_cast<std::ptrdiff_t>(weights.size());
    for (auto head = x.begin(); head != x.end(); head += width) {
      const Row one = normed(Row(head, head + width), weights);
      std::copy(one.begin(), one.end(), head);
    }
    return x;
  }

  Row swiglu(const WeightId& gate, const WeightId& up, const WeightId& down, const Row& x) const {
    Row inner = product(weight(gate), x);
    const Row factors = product(weight(up), x);
    for (std::size_t j = 0; j < inner.size(); ++j) inner[j] = inner[j] / (1 + std::exp(-inner[j])) * factors[j];
    return product(weight(down), inner);
  }

  Row weight(const WeightId& id) const {
    Row out;
    model::visit_weight(network_, id, [&](const auto& weights) {
      if constexpr (requires { weights.view; }) {
        out.assign(weights.view.row(0).begin(), weights.view.row(0).end());
      } else {
        const auto* values = reinterpret_cast<const float*>(weights.data);
        out.assign(values, values + weights.rows * weights.cols);
      }
    });
    return out;
  }

  static Row product(const Row& matrix, const Row& x) {
    Row out(matrix.size() / x.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::size_t j = 0; j < x.size(); ++j) out[i] += matrix[i * x.size() + j] * x[j];
    }
    return out;
  }

  static void add(const Row& y, double factor, Row& x) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * y[i];
  }

  Row normed(const Row& x, const Row& weight) const {
    double mean = 0;
    for (const double value : x) mean += value * value / static_cast<double>(x.size());
    Row out;
    for (std::size_t i = 0; i < x.size(); ++i)
      out.push_back(x[i] * weight[i] / std::sqrt(mean + shape_.rms_epsilon));
    return out;
  }

  Row rotated(const Row& x, std::size_t position) const {
    const auto width = static_cast<std::size_t>(shape_.head_dim);
    Row out = x;
    for (std::size_t head = 0; head < x.size(); head += width) {
      for (std::size_t i = 0; i < width / 2; ++i) {
        const double angle = static_cast<double>(position) * frequency(i, width);
        const double a = x[head + i];
        const double b = x[head + width / 2 + i];
        out[head + i] = a * std::cos(angle) - b * std::sin(angle);
        out[head + width / 2 + i] = b * std::cos(angle) + a * std::sin(angle);
      }
    }
    return out;
  }

  /// Source: transformers, `_compute_llama3_parameters`.
  double frequency(std::size_t i, std::size_t width) const {
    const double plain = std::pow(shape_.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(width));
    const linalg::RopeScaling& scaling = shape_.rope_scaling;
    if (scaling.factor == 0) return plain;
    const double wavelength = 2 * 3.14159265358979323846 / plain;
    if (wavelength > scaling.original_positions / scaling.low_freq_factor) return plain / scaling.factor;
    if (wavelength < scaling.original_positions / scaling.high_freq_factor) return plain;
    const double smooth = (scaling.original_positions / wavelength - scaling.low_freq_factor) /
                          (scaling.high_freq_factor - scaling.low_freq_factor);
    return (1 - smooth) * plain / scaling.factor + smooth * plain;
  }

  Row attended(const Row& query, const Rows& keys, const Rows& values, std::size_t position) const {
    const auto width = static_cast<std::size_t>(shape_.head_dim);
    const auto heads = static_cast<std::size_t>(shape_.heads);
    const auto group = heads / static_cast<std::size_t>(shape_.kv_heads);
    const auto window = static_cast<std::size_t>(shape_.sliding_window);
    Row out(query.size());
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t q = head * width;
      const std::size_t kv = head / group * width;
      const std::size_t first = window == 0 || position < window ? 0 : position + 1 - window;
      double sum = 0;
      for (std::size_t p = first; p <= position; ++p) {
        double score = 0;
        for (std::size_t i = 0; i < width; ++i) score += query[q + i] * keys[p][kv + i];
        const double share = std::exp(score / std::sqrt(static_cast<double>(width)));
        sum += share;
        for (std::size_t i = 0; i < width; ++i) out[q + i] += share * values[p][kv + i];
      }
      for (std::size_t i = 0; i < width; ++i) out[q + i] /= sum;
    }
    return out;
  }

  const model::Assembly<Exact>::Network& network_;
  std::int32_t layer_;
  Shape shape_;
};

Rows random_rows(std::size_t count, std::size_t cols) {
  Random random(11);
  Rows rows(count, Row(cols));
  for (Row& row : rows) {
    for (double& value : row) value = double{static_cast<float>(random.normal())};
  }
  return rows;
}

/// What the block makes of `rows`, in chunks of at most `chunk`.
Rows forward(FilledNetwork<Exact>& on, std::int32_t layer, const Shape& shape, const Rows& rows, std::size_t chunk,
             Notes& notes) {
  const auto all = test::workspace_on<Exact>(on);
  test::Conversation<Exact> conversation(on);
  const auto& workspace = all.layers(0);
  Rows out;
  for (std::size_t first = 0; first < rows.size(); first += chunk) {
    const std::size_t count = std::min(chunk, rows.size() - first);
    const auto hidden = workspace.hidden.rows_at(0, count);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = 0; c < hidden.cols(); ++c) hidden.view(i, c) = static_cast<float>(rows[first + i][c]);
    }
    on.devices[0]->rotary_tables(static_cast<std::int32_t>(first), shape.rope(),
                                 workspace.tables.rows_at(0, count));
    const std::vector<Segment> segments = {{&conversation.caches, &notes, first, count}};
    on.network.blocks()[static_cast<std::size_t>(layer)].forward(*on.devices[0], segments, hidden, workspace);
    conversation.caches.advance(first + count);
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(hidden.view.row(i).begin(), hidden.view.row(i).end());
  }
  return out;
}

}  // namespace

TEST_CASE("a layer equals the naive one, with and without a window, whatever the chunks") {
  for (const auto& one : {std::pair(small_shape, 0),
                          {small_shape, 3},
                          {test::mixed_shape, 0},
                          {test::mixed_shape, 3},
                          {test::dense_shape, 0}}) {
    const auto& of = one.first;
    const auto& window = one.second;
    CAPTURE(window);
    Shape shape = of;
    shape.sliding_window = window;
    FilledNetwork<Exact> on(shape, equal_devices(1, 1_MiB));
    const Rows rows = random_rows(13, 24);
    for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
      CAPTURE(layer);
      const Rows expected = Naive(on.network, layer, shape).forward(rows);
      Notes whole;
      const Rows found = forward(on, layer, shape, rows, 16, whole);
      double largest = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t c = 0; c < 24; ++c) largest = std::max(largest, std::fabs(found[i][c] - expected[i][c]));
      }
      CHECK(largest < 2e-5);
      Notes parts;
      CHECK(forward(on, layer, shape, rows, 5, parts) == found);  // to the bit
      CHECK(parts.entries.size() == whole.entries.size());
    }
  }
}

TEST_CASE("routes are told by layer and absolute position, best first") {
  FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  Notes notes;
  forward(on, 1, small_shape, random_rows(12, 24), 5, notes);
  REQUIRE(notes.entries.size() == 24);
  for (std::size_t i = 0; i < notes.entries.size(); i += 2) {
    const Notes::Entry& best = notes.entries[i];
    const Notes::Entry& second = notes.entries[i + 1];
    CHECK(best.layer == 1);
    CHECK(best.position == static_cast<std::int32_t>(i / 2));
    CHECK(second.position == best.position);
    CHECK(best.expert != second.expert);
    CHECK(best.weight >= second.weight);
    CHECK(best.weight + second.weight == doctest::Approx(1));
  }
}

TEST_CASE("the router's probabilities of all experts are told before a token's routes") {
  FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  Notes notes;
  forward(on, 0, small_shape, random_rows(12, 24), 5, notes);
  REQUIRE(notes.entries.size() == 24);
  for (std::size_t i = 0; i < notes.entries.size(); i += 2) {
    const Notes::Entry& best = notes.entries[i];
    const Notes::Entry& second = notes.entries[i + 1];
    REQUIRE(best.probabilities.size() == 5);
    CHECK(second.probabilities == best.probabilities);
    double sum = 0;
    for (const float probability : best.probabilities) sum += probability;
    CHECK(sum == doctest::Approx(1));
    const float first = best.probabilities[static_cast<std::size_t>(best.expert)];
    const float next = best.probabilities[static_cast<std::size_t>(second.expert)];
    CHECK(*std::max_element(best.probabilities.begin(), best.probabilities.end()) == first);
    CHECK(best.weight == doctest::Approx(first / (first + next)));
  }
}

TEST_CASE("each segment's observer hears of its rows, by their positions") {
  FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  const Rows rows = random_rows(8, 24);
  Notes alone;
  forward(on, 1, small_shape, rows, 16, alone);  // rows 0 to 4 here: the first sequence of the two below
  const auto workspace = test::workspace_on<Exact>(on);
  test::Conversation<Exact> first(on);
  test::Conversation<Exact> second(on);
  Notes notes[2];
  const std::vector<Segment> segments = {{&first.caches, &notes[0], 0, 5}, {&second.caches, &notes[1], 0, 3}};
  const auto& layer = workspace.layers(0);
  const auto hidden = layer.hidden.rows_at(0, 8);
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t c = 0; c < 24; ++c) hidden.view(i, c) = static_cast<float>(rows[i][c]);
  }
  on.devices[0]->rotary_tables(0, small_shape.rope(), layer.tables.rows_at(0, 5));
  on.devices[0]->rotary_tables(0, small_shape.rope(), layer.tables.rows_at(5, 3));
  on.network.blocks()[1].forward(*on.devices[0], segments, hidden, layer);
  REQUIRE(notes[0].entries.size() == 10);
  REQUIRE(notes[1].entries.size() == 6);
  for (std::size_t i = 0; i < 10; ++i) {
    CHECK(notes[0].entries[i].position == static_cast<std::int32_t>(i / 2));
    CHECK(notes[0].entries[i].expert == alone.entries[i].expert);
    CHECK(notes[0].entries[i].weight == alone.entries[i].weight);
    CHECK(notes[0].entries[i].probabilities == alone.entries[i].probabilities);
  }
  for (std::size_t i = 0; i < 6; ++i) CHECK(notes[1].entries[i].position == static_cast<std::int32_t>(i / 2));
}

TEST_CASE("attention and experts stand beside residuals") {
  FilledNetwork<Exact> on(small_shape, equal_devices(1, 1_MiB));
  const auto silence = [&](Role role) {
    model::for_each_weight(on.network, [&](const WeightId& id, const auto& weights) {
      if (id.role == role) test::fill_weight(weights, [](std::size_t) { return 0.0F; });
    });
  };
  silence(Role::output);
  silence(Role::down);
  const Rows rows = random_rows(4, 24);
  Notes notes;
  CHECK(forward(on, 0, small_shape, rows, 16, notes) == rows);
}

TEST_CASE("norms take two rows of float32") {
  CHECK(Block::norm_bytes(small_shape) == Bytes{2 * aligned(24 * 4)});
  static_assert(Block::norm_bytes(small_shape) == Bytes{256});
}
