// Bodies of bert_network.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/bert_network.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/linalg/gelu.hpp"
#include "asterism/linalg/layer_norm.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/simd/product.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::encode {

namespace detail {

/// Reads the tensors of a store by name, each once, and hashes them.
class BertTensors {
 public:
  BertTensors(const checkpoint::TensorStore& store, std::uint64_t hash) : store_(&store), hash_(hash) {}

  /// A tensor (rows, cols), or (cols) where `rows` is 0, to consecutive floats.
  void read(const std::string& name, std::uint64_t rows, std::uint64_t cols, float* to) {
    const checkpoint::TensorInfo& tensor = store_->at(name);
    const std::vector<std::uint64_t> shape = rows == 0 ? std::vector{cols} : std::vector{rows, cols};
    if (tensor.shape != shape) {
      throw FormatError(concat(store_->describe(tensor), " has another shape than config.json says: expected (",
                               rows == 0 ? concat(cols) : concat(rows, ", ", cols), ")"));
    }
    const std::size_t size = static_cast<std::size_t>(std::max<std::uint64_t>(rows, 1) * cols);
    store_->read_floats(tensor, 0, View<float>(to, size));
    store_->release(tensor);
    hash_ = hash_of(std::string_view(reinterpret_cast<const char*>(to), size * sizeof(float)), hash_);
    read_.insert(name);
  }
  /// Throws Unsupported for a tensor that was not read, the pooler's and position_ids apart.
  void check_all_read() const {
    for (const checkpoint::TensorInfo& tensor : store_->tensors()) {
      if (read_.contains(tensor.name) || tensor.name.starts_with("pooler.")) continue;
      if (tensor.name == "embeddings.position_ids") continue;
      throw Unsupported(concat(store_->describe(tensor), " is none of a BERT's"));
    }
  }
  std::uint64_t hash() const { return hash_; }

 private:
  const checkpoint::TensorStore* store_;
  std::uint64_t hash_;
  std::set<std::string> read_;
};

/// Queries that a kernel meets with the same keys at a time.
inline constexpr std::size_t queries_together = 4;
/// Rows whose product with a weight matrix is computed at a time: they stay in a cache.
inline constexpr std::size_t rows_together = 128;

/// Columns [first, first + width) of all rows, one after the other.
ASTERISM_INLINE void gather(MatrixView<const float> rows, std::size_t first, std::size_t width, float* to) {
  for (std::size_t i = 0; i < rows.rows; ++i)
    std::memcpy(to + i * width, rows.row(i).data + first, width * sizeof(float));
}

}  // namespace detail

ASTERISM_INLINE BertNetwork::Parts BertNetwork::cut(backend::Layout& layout, const BertConfig& config) {
  const auto matrix = [&](std::size_t rows, std::size_t cols) { return layout.matrix<float>(rows, cols).view; };
  const auto vector = [&](std::size_t size) { return View<float>(matrix(1, size).data, size); };
  const auto linear = [&](std::size_t outputs, std::size_t inputs) {
    const MatrixView<float> weight = matrix(outputs, inputs);
    return Linear{weight, vector(outputs)};
  };
  const auto norm = [&] {
    const View<float> weight = vector(config.hidden);
    return Norm{weight, vector(config.hidden)};
  };
  Parts parts;
  parts.words = matrix(config.vocabulary, config.hidden);
  parts.positions = matrix(config.positions, config.hidden);
  parts.types = matrix(config.types, config.hidden);
  parts.norm = norm();
  for (std::size_t l = 0; l < config.layers; ++l) {
    Layer layer;
    layer.query_key_value = linear(3 * config.hidden, config.hidden);
    layer.attended = linear(config.hidden, config.hidden);
    layer.attention_norm = norm();
    layer.widened = linear(config.ffn, config.hidden);
    layer.narrowed = linear(config.hidden, config.ffn);
    layer.norm = norm();
    parts.layers.push_back(layer);
  }
  return parts;
}

ASTERISM_INLINE Bytes BertNetwork::bytes(const BertConfig& config) {
  backend::Layout layout;
  cut(layout, config);
  return layout.used();
}

ASTERISM_INLINE BertNetwork::BertNetwork(const checkpoint::TensorStore& store, const BertConfig& config,
                                         backend::Arena& arena)
    : config_(config), buffer_(arena.allocate(bytes(config), "text encoder")) {
  backend::Layout layout(buffer_);
  parts_ = cut(layout, config);
  read(store);
}

ASTERISM_INLINE void BertNetwork::read(const checkpoint::TensorStore& store) {
  const std::size_t hidden = config_.hidden;
  detail::BertTensors tensors(store, hash_of(concat("BERT 1 ", config_.heads, ' ', config_.epsilon)));
  const auto read_norm = [&](const std::string& name, const Norm& norm) {
    tensors.read(name + ".weight", 0, hidden, norm.weight.data);
    tensors.read(name + ".bias", 0, hidden, norm.bias.data);
  };
  const auto read_linear = [&](const std::string& name, const Linear& linear) {
    tensors.read(name + ".weight", linear.weight.rows, linear.weight.cols, linear.weight.data);
    tensors.read(name + ".bias", 0, linear.weight.rows, linear.bias.data);
  };
  tensors.read("embeddings.word_embeddings.weight", config_.vocabulary, hidden, parts_.words.data);
  tensors.read("embeddings.position_embeddings.weight", config_.positions, hidden, parts_.positions.data);
  tensors.read("embeddings.token_type_embeddings.weight", config_.types, hidden, parts_.types.data);
  read_norm("embeddings.LayerNorm", parts_.norm);
  for (std::size_t l = 0; l < config_.layers; ++l) {
    const Layer& layer = parts_.layers[l];
    const std::string name = concat("encoder.layer.", l, ".");
    std::size_t row = 0;
    for (const char* part : {"query", "key", "value"}) {
      const Linear& all = layer.query_key_value;
      read_linear(concat(name, "attention.self.", part),
                  Linear{all.weight.rows_at(row, hidden), all.bias.subview(row, hidden)});
      row += hidden;
    }
    read_linear(name + "attention.output.dense", layer.attended);
    read_norm(name + "attention.output.LayerNorm", layer.attention_norm);
    read_linear(name + "intermediate.dense", layer.widened);
    read_linear(name + "output.dense", layer.narrowed);
    read_norm(name + "output.LayerNorm", layer.norm);
  }
  tensors.check_all_read();
  fingerprint_ = tensors.hash();
}

ASTERISM_INLINE void BertNetwork::Linear::operator()(MatrixView<const float> x, MatrixView<float> y) const {
  const quant::KernelMatrixRef<quant::Float32> weights{reinterpret_cast<const std::byte*>(weight.data),
                                                       weight.rows, weight.cols};
  const simd::Level use = simd::level();
  for (std::size_t row = 0; row < x.rows; row += detail::rows_together) {
    const std::size_t count = std::min(detail::rows_together, x.rows - row);
    simd::product(weights, x.rows_at(row, count), y.rows_at(row, count), 0, weight.rows, use);
  }
  for (std::size_t row = 0; row < y.rows; ++row) simd::add_scaled(y.row(row).data, 1, bias.data, bias.size, use);
}

ASTERISM_INLINE void BertNetwork::normalize(const Norm& norm, MatrixView<float> rows) const {
  for (std::size_t i = 0; i < rows.rows; ++i) {
    linalg::layer_norm(rows.row(i), norm.weight, norm.bias, config_.epsilon, rows.row(i));
  }
}

ASTERISM_INLINE void BertNetwork::embed(View<const TokenId> tokens, View<const std::size_t> ends,
                                        MatrixView<float> hidden) const {
  std::size_t row = 0;
  for (const std::size_t end : ends) {
    for (std::size_t position = 0; row < end; ++row, ++position) {
      const float* word = parts_.words.row(static_cast<std::size_t>(tokens[row])).data;
      const float* place = parts_.positions.row(position).data;
      for (std::size_t c = 0; c < hidden.cols; ++c) hidden(row, c) = word[c] + parts_.types(0, c) + place[c];
    }
  }
  normalize(parts_.norm, hidden);
}

ASTERISM_INLINE void BertNetwork::attend(MatrixView<const float> qkv, MatrixView<float> out) const {
  using Rows = simd::StoredRows<simd::WidenedRow>;
  const std::size_t n = qkv.rows;
  const std::size_t hidden = config_.hidden;
  const std::size_t width = hidden / config_.heads;
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  const simd::Level use = simd::level();
  std::vector<float> keys(n * width);
  std::vector<float> values(n * width);
  std::vector<float> scores(detail::queries_together * n);
  const Rows key_rows{reinterpret_cast<const std::byte*>(keys.data()), n, width};
  const Rows value_rows{reinterpret_cast<const std::byte*>(values.data()), n, width};
  for (std::size_t column = 0; column < hidden; column += width) {
    detail::gather(qkv, hidden + column, width, keys.data());
    detail::gather(qkv, 2 * hidden + column, width, values.data());
    for (std::size_t first = 0; first < n; first += detail::queries_together) {
      const std::size_t count = std::min(detail::queries_together, n - first);
      const float* queries[detail::queries_together] = {};
      float* sums[detail::queries_together] = {};
      for (std::size_t q = 0; q < count; ++q) {
        queries[q] = qkv.row(first + q).data + column;
        sums[q] = out.row(first + q).data + column;
        std::fill_n(sums[q], width, 0.0F);
      }
      const MatrixView<float> weights(scores.data(), count, n);
      simd::dots<>(View<const float* const>(queries, count), key_rows, weights, use);
      for (std::size_t q = 0; q < count; ++q) {
        const View<float> row = weights.row(q);
        const float total = simd::exponentials(row, scale, simd::maximum(row, use), use);
        for (float& weight : row) weight /= total;
      }
      simd::add_weighted(MatrixView<const float>(weights), value_rows, View<float* const>(sums, count), use);
    }
  }
}

ASTERISM_INLINE void BertNetwork::forward(View<const TokenId> tokens, View<const std::size_t> ends,
                                          MatrixView<float> hidden) const {
  const std::size_t n = tokens.size;
  std::vector<float> memory(n * (std::max(3 * config_.hidden, config_.ffn) + config_.hidden));
  float* const second = memory.data() + n * config_.hidden;
  const MatrixView<float> taken(memory.data(), n, config_.hidden);
  const MatrixView<float> qkv(second, n, 3 * config_.hidden);
  const MatrixView<float> wide(second, n, config_.ffn);
  const simd::Level use = simd::level();
  const auto add_to_hidden = [&](MatrixView<const float> rows, const Norm& norm) {
    simd::add_scaled(hidden.data, 1, rows.data, n * config_.hidden, use);
    normalize(norm, hidden);
  };
  embed(tokens, ends, hidden);
  for (const Layer& layer : parts_.layers) {
    layer.query_key_value(hidden, qkv);
    std::size_t first = 0;
    for (const std::size_t end : ends) {
      attend(qkv.rows_at(first, end - first), taken.rows_at(first, end - first));
      first = end;
    }
    // The attended values lie in `taken`; their product goes where queries were.
    const MatrixView<float> product(second, n, config_.hidden);
    layer.attended(taken, product);
    add_to_hidden(product, layer.attention_norm);
    layer.widened(hidden, wide);
    linalg::gelu(View<float>(wide.data, n * config_.ffn));
    layer.narrowed(wide, taken);
    add_to_hidden(taken, layer.norm);
  }
}

}  // namespace asterism::encode
