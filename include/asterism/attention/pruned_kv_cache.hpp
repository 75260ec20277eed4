// A key/value cache that drops the positions that drew least attention.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/attention/fwd.hpp"
#include "asterism/attention/kv_storage.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Holds at most `Keep` positions. When it is full, each key/value head drops `Recent` of them, those that drew least
/// attention: the sum of the softmax probabilities that queries of its group gave them, of all queries from position
/// Keep - Recent on. The first `Sinks` positions and the latest `Recent` stay. It is full at the positions Keep, Keep +
/// Recent, Keep + 2 Recent, ..., however a prompt is cut: passes end there. Up to Keep positions, and in a context no
/// longer than that, it is a StaticKvCache to the bit. Approximate beyond. Positions stay absolute: keys are not
/// rotated again. Not for models with a sliding window of their own. Models KvCache and Prunes; needs
/// backend::PruningOps.
///
/// Sources: Zhang et al., H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large Language Models, NeurIPS
/// 2023, arXiv 2306.14048, which drops one position a token and counts all queries; Xiao et al., StreamingLLM, arXiv
/// 2309.17453, for the sinks.
///
/// @tparam Format  as in StaticKvCache
/// @tparam Keep    positions held at most
/// @tparam Recent  positions that stay, and that go at a time; >= 1, and Sinks + 2 Recent <= Keep
/// @tparam Sinks   positions; >= 0
template <class Format, int Keep, int Recent, int Sinks>
class PrunedKvCache {
  static_assert(
      Recent >= 1 && Sinks >= 0 && Keep - Sinks >= 2 * Recent,
      "a pruned cache holds its sinks, the recent positions, and as many that it may drop: Keep >= Sinks + 2 "
      "* Recent");

 public:
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return KvStorage<Format>::layer_bytes(shape, slots(limits)) + masses_bytes(shape, limits);
  }

  /// For layers [first_layer, first_layer + layers) of `device`.
  template <class Device>
  PrunedKvCache(Device& device, const Shape& shape, const Limits& limits, std::int32_t first_layer,
                std::int32_t layers)
      : capacity_(static_cast<std::size_t>(limits.context)),
        first_layer_(first_layer),
        blocks_(device, shape, slots(limits), first_layer, layers),
        masses_(device.allocate(masses_bytes(shape, limits) * static_cast<std::uint64_t>(layers), "KV cache")),
        layers_(static_cast<std::size_t>(layers)) {}

  /// Maximum number of positions; not all of them are kept.
  std::size_t capacity() const { return capacity_; }
  Bytes bytes() const { return blocks_.bytes() + masses_.size(); }

  /// Where a pass from `position` on has to end at the latest: the cache is full there.
  static constexpr std::size_t pass_end(std::size_t position) {
    return position < keep ? keep : watched + (drops_before(position) + 1) * recent;
  }
  /// Where a pass stores a position.
  static constexpr std::size_t slot(std::size_t position) { return position - drops_before(position) * recent; }

  /// Throws InvalidArgument if positions exceed the capacity, or the end of a pass.
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    const std::size_t rows = keys.rows();
    if (first > capacity_ || rows > capacity_ - first) {
      throw InvalidArgument(concat("the key/value cache takes ", capacity_, " positions; ", rows,
                                   " from position ", first, " on were to be stored: raise Limits::context"));
    }
    if (rows > pass_end(first) - first) {
      throw InvalidArgument(concat("the key/value cache drops positions at position ", pass_end(first), "; ", rows,
                                   " from position ", first, " on were to be stored: end the pass there"));
    }
    Layer& now = of(layer);
    if (first != now.begin) now.count();
    if (drops_before(first) > now.drops) {
      device.drop_least(view(layer), std::size_t{Sinks}, watched, recent, scratch(layer),
                        mass(layer, now.counted));
      now.dropped();
    }
    now.begin = first;
    now.end = first + rows;
    if (prunes() && first <= watched && watched < now.end) clear(device, mass(layer, now.counted));
    device.append_kv(keys, values, slot(first), view(layer));
  }

  /// The slots of a layer; position p is in `slot(p)`.
  backend::KvView<Format> view(std::int32_t layer) const { return blocks_.layer(layer); }

  /// Counts the attention of the rows stored last.
  template <class Device>
  void attended(Device& device, std::int32_t layer, std::size_t first,
                backend::DeviceMatrix<const float> queries) {
    const std::size_t before = first < watched ? watched - first : 0;
    if (!prunes() || before >= queries.rows()) return;
    const Layer& now = of(layer);
    device.attention_mass(queries.rows_at(before, queries.rows() - before), view(layer), slot(first) + before,
                          scratch(layer), mass(layer, now.counted), mass(layer, now.written));
  }

  /// Returns `length` if the next position is the one after those stored, or the first one of the last pass, or if
  /// nothing has been dropped or counted before it; else the position from which on attention was counted since it was
  /// last full, at most Recent before; 0 where that is beyond `length`.
  std::size_t trim(std::size_t length) {
    for (std::size_t agreed = length + 1; agreed != length;) {
      agreed = length;
      for (const Layer& layer : layers_) length = layer.reach(length, prunes());
    }
    for (Layer& layer : layers_) layer.go_back(length);
    return length;
  }

 private:
  static constexpr std::size_t keep = Keep;
  static constexpr std::size_t recent = Recent;
  static constexpr std::size_t watched = keep - recent;  ///< the first position whose attention counts
  static constexpr std::size_t masses = 4;               ///< of a layer: three of Layer, and scratch

  /// What is known of a layer. Layers differ where a pass was broken off.
  struct Layer {
    std::size_t begin =
        0;  ///< positions of the last pass: it counts when another one follows, and may be repeated
    std::size_t end = 0;
    std::size_t drops = 0;
    // Attention drawn, as numbers of masses:
    std::size_t kept = 0;     ///< when it last dropped positions
    std::size_t counted = 0;  ///< before the last pass
    std::size_t written = 1;  ///< after it

    /// Attention counts from here on since it dropped positions; nothing goes back beyond, if it did.
    std::size_t start() const { return watched + drops * recent; }

    void count() {
      counted = written;
      written = free();
    }
    void dropped() {
      ++drops;
      kept = counted;
      written = free();
    }
    std::size_t reach(std::size_t length, bool prunes) const {
      if (!prunes || length == end || length == begin) return length;
      if (length >= start()) return start();
      return drops == 0 ? length : 0;
    }
    /// To a length that it reaches.
    void go_back(std::size_t length) {
      if (length == end) return;
      if (length != begin) {
        if (length < start()) drops = 0;
        counted = kept;
        written = free();
      }
      begin = end = length;
    }

   private:
    std::size_t free() const {
      std::size_t number = 0;
      while (number == kept || number == counted) ++number;
      return number;
    }
  };

  static constexpr std::size_t slots(const Limits& limits) {
    const auto most = static_cast<std::size_t>(limits.context);
    return keep < most ? keep : most;
  }
  static constexpr std::size_t drops_before(std::size_t position) {
    return position < keep ? 0 : (position - watched) / recent;
  }

  static constexpr std::uint64_t mass_bytes(const Shape& shape) {
    return aligned(
        checked_product(static_cast<std::uint64_t>(shape.kv_heads) * sizeof(float), std::uint64_t{keep}));
  }
  static constexpr Bytes masses_bytes(const Shape& shape, const Limits& limits) {
    return {static_cast<std::size_t>(limits.context) > keep ? masses * mass_bytes(shape) : 0};
  }

  /// Whether the context is long enough for it ever to be full.
  bool prunes() const { return capacity_ > keep; }

  Layer& of(std::int32_t layer) { return layers_[static_cast<std::size_t>(layer - first_layer_)]; }

  /// (kv_heads, Keep)
  backend::DeviceMatrix<float> mass(std::int32_t layer, std::size_t number) const {
    const std::size_t heads = view(layer).kv_heads;
    const std::uint64_t each = aligned(heads * keep * sizeof(float));
    const auto at = static_cast<std::uint64_t>(layer - first_layer_) * masses + number;
    return backend::matrix_in<float>(masses_, at * each, heads, keep);
  }
  backend::DeviceMatrix<float> scratch(std::int32_t layer) const { return mass(layer, masses - 1); }

  template <class Device>
  static void clear(Device& device, const backend::DeviceMatrix<float>& mass) {
    device.write(mass, [](const backend::DeviceMatrix<float>& host) {
      for (std::size_t i = 0; i < host.rows(); ++i) {
        for (float& value : host.view.row(i)) value = 0;
      }
    });
  }

  std::size_t capacity_;
  std::int32_t first_layer_;
  KvStorage<Format> blocks_;
  backend::Buffer masses_;
  std::vector<Layer> layers_;
};

}  // namespace asterism::attention
