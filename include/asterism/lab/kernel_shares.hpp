// Which shares of what a processor can do kernels reach, as measured: what turns peaks into a speed foretold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "asterism/quant/fwd.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::lab {

/// The least and the most of a share that was measured, 0 to 1, or of seconds.
struct Share {
  double least = 0;
  double most = 0;

  friend constexpr bool operator==(const Share&, const Share&) = default;
};

/// Products on the weights of a format.
struct KernelShares {
  bool integers = false;  ///< peaks are those of 8-bit integers, else of float32
  Share one_row{};        ///< of the peak, in decode where memory is fast enough
  Share many_rows{};      ///< of the peak, in prefill
};

// Each source is a section of docs/performance.md; "foretelling" is What speeds are foretold from.

/// Of what memory gives, read by a whole model that decodes and is bound by it. Source: Products on stored weights (the
/// least: Float32), Whole models (the most: NF4, AVX-512).
inline constexpr Share read_share{.least = 0.69, .most = 0.93};
/// Of the float32 peak, reached by attention of many rows. Source: Batches and caches.
inline constexpr Share attention_share{.least = 0.56, .most = 0.68};
/// The same by the delta rule. Source: Linear attention.
inline constexpr Share delta_rule_share{.least = 0.5, .most = 0.59};
/// Seconds of a layer in decode that are neither weights nor cache: norms, routing, threads that meet. Source:
/// foretelling (the least: one thread); the most is assumed, for threads that meet several times in a layer.
inline constexpr Share layer_seconds{.least = 14e-6, .most = 60e-6};

/// Of products on `Format` with activations of the policy `Activation`; of the float32 peak where nothing else is
/// known. Source: foretelling (the least: AVX2, Zen 3), Products on stored weights (the most: AVX-512).
template <class Format, class Activation>
struct KernelSharesOf {
  static constexpr KernelShares shares{
      .integers = false, .one_row = {.least = 0.14, .most = 0.46}, .many_rows = {.least = 0.6, .most = 0.88}};
};

/// Source: foretelling (the least), Products on stored weights and Whole models (the most: AVX-512).
template <int Block, class Scales, class Rule, std::size_t Group>
struct KernelSharesOf<quant::Nf4<Block, Scales, Rule>, quant::GroupedInt8Activations<Group>> {
  static constexpr KernelShares shares{
      .integers = true, .one_row = {.least = 0.22, .most = 0.34}, .many_rows = {.least = 0.41, .most = 0.56}};
};

/// Source: foretelling (the least), Whole models (the most: AVX2, Zen 5, and AVX-512).
template <int Block, class Rule, std::size_t Group>
struct KernelSharesOf<quant::GroupInt<4, Block, Rule>, quant::GroupedInt8Activations<Group>> {
  static constexpr KernelShares shares{
      .integers = true, .one_row = {.least = 0.32, .most = 0.44}, .many_rows = {.least = 0.54, .most = 0.63}};
};

/// Source: foretelling (the least), Products on stored weights (the most: AVX-512).
template <int Block, class Rule, std::size_t Group>
struct KernelSharesOf<quant::GroupInt<8, Block, Rule>, quant::GroupedInt8Activations<Group>> {
  static constexpr KernelShares shares{
      .integers = true, .one_row = {.least = 0.14, .most = 0.37}, .many_rows = {.least = 0.45, .most = 0.65}};
};

namespace detail {

/// What holds of all of a list: the least and the most of its members.
template <class Activation, class... Formats>
consteval KernelShares shares_over(const std::tuple<Formats...>* /*listed*/) {
  static_assert(((KernelSharesOf<Formats, Activation>::shares.integers ==
                  KernelSharesOf<std::tuple_element_t<0, std::tuple<Formats...>>, Activation>::shares.integers) &&
                 ...),
                "quant::OneOf lists formats whose products are bound by the integer peak and others by that of "
                "float32: no share of one peak foretells both; list formats of one kind");
  const KernelShares all[] = {KernelSharesOf<Formats, Activation>::shares...};
  KernelShares out = all[0];
  for (const KernelShares& one : all) {
    out.one_row = {std::min(out.one_row.least, one.one_row.least), std::max(out.one_row.most, one.one_row.most)};
    out.many_rows = {std::min(out.many_rows.least, one.many_rows.least),
                     std::max(out.many_rows.most, one.many_rows.most)};
  }
  return out;
}

}  // namespace detail

/// Of matrices in several formats: from the least to the most of those listed.
template <quant::Tagged Listed, class Activation>
struct KernelSharesOf<Listed, Activation> {
  static constexpr KernelShares shares =
      detail::shares_over<Activation>(static_cast<const typename Listed::Listed*>(nullptr));
};

}  // namespace asterism::lab
