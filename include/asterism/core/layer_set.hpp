// Some of a model's layers, as a value.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism {

/// A set of layers, 0 ... 511: alternating layers are one set, not dozens of ranges. Structural, so that it can be a
/// template argument. Members that take a layer throw Unsupported outside 0 ... max_layers - 1.
struct LayerSet {
  static constexpr std::int32_t max_layers = 512;

  std::array<std::uint64_t, max_layers / 64> words{};  ///< layer l is bit l % 64 of word l / 64

  friend constexpr bool operator==(const LayerSet&, const LayerSet&) = default;

  /// Layers [begin, end); empty if begin >= end.
  static constexpr LayerSet range(std::int32_t begin, std::int32_t end) {
    LayerSet set;
    for (std::int32_t layer = begin; layer < end; ++layer) set.insert(layer);
    return set;
  }

  constexpr void insert(std::int32_t layer) {
    check(layer);
    words[static_cast<std::size_t>(layer) / 64] |= bit(layer);
  }

  constexpr bool contains(std::int32_t layer) const {
    return layer >= 0 && layer < max_layers && (words[static_cast<std::size_t>(layer) / 64] & bit(layer)) != 0;
  }

  /// Number of layers.
  constexpr std::int32_t size() const { return size_within(0, max_layers); }
  /// Number of layers in [begin, end), 0 <= begin, end <= max_layers.
  constexpr std::int32_t size_within(std::int32_t begin, std::int32_t end) const {
    std::int32_t count = 0;
    for (std::int32_t first = begin / 64 * 64; first < end; first += 64) {
      std::uint64_t word = words[static_cast<std::size_t>(first) / 64];
      if (first < begin) word &= ~std::uint64_t{0} << static_cast<unsigned>(begin - first);
      if (end - first < 64) word &= ~(~std::uint64_t{0} << static_cast<unsigned>(end - first));
      count += std::popcount(word);
    }
    return count;
  }
  constexpr bool empty() const { return *this == LayerSet{}; }

  /// The layers that are in both.
  friend constexpr LayerSet operator&(LayerSet a, const LayerSet& b) {
    for (std::size_t i = 0; i < a.words.size(); ++i) a.words[i] &= b.words[i];
    return a;
  }
  /// The layers that are in one of both.
  friend constexpr LayerSet operator|(LayerSet a, const LayerSet& b) {
    for (std::size_t i = 0; i < a.words.size(); ++i) a.words[i] |= b.words[i];
    return a;
  }
  /// The layers that are in `a` alone.
  friend constexpr LayerSet operator-(LayerSet a, const LayerSet& b) {
    for (std::size_t i = 0; i < a.words.size(); ++i) a.words[i] &= ~b.words[i];
    return a;
  }

  /// The layers from `first` on, numbered from there: without the layers before it, `first` is layer 0.
  constexpr LayerSet behind(std::int32_t first) const {
    check(first);
    const auto whole = static_cast<std::size_t>(first) / 64;
    const auto part = static_cast<unsigned>(first) % 64U;
    LayerSet set;
    for (std::size_t i = whole; i < words.size(); ++i) {
      set.words[i - whole] = words[i] >> part;
      if (part > 0 && i + 1 < words.size()) set.words[i - whole] |= words[i + 1] << (64U - part);
    }
    return set;
  }

 private:
  static constexpr std::uint64_t bit(std::int32_t layer) {
    return std::uint64_t{1} << (static_cast<unsigned>(layer) % 64U);
  }
  static constexpr void check(std::int32_t layer) {
    if (layer >= 0 && layer < max_layers) return;
    throw Unsupported(concat("layer ", layer, ": models of at most ", max_layers, " layers are supported"));
  }
};

/// For people: "0 to 2, 4"; "none" if empty.
std::string to_string(const LayerSet& set);

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/layer_set_impl.hpp"
#endif
