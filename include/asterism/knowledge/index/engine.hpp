// What index::Approximate asks of the engine that it watches.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/saved.hpp"

namespace asterism::index {

/// An engine finds rows of greatest product with a query among those that it was given, most of the time. It is made
/// from (width of the rows, nodes at most, options). Only `search` is called by several threads at once.
///
/// 1. `Options`: with `tombstones`, `probes`, `recall` (see Approximate) and `effort()`, the candidates of a search
///    unless it says another number. `check(options)` throws InvalidArgument for those that are out of range;
///    `settings(options)` names the engine, its library's version and all options that shape what it builds.
/// 2. `size()`: nodes. `bytes()`: memory of the system that they take.
/// 3. `least_rows()`: what it has to be trained with, 0 if it need not be; `train(units)`, before anything is added.
/// 4. `add(units)`: unit rows (n, width), dense, as nodes size(), size() + 1 ...
/// 5. `search(unit, candidates, use)`: calls use(node, score) for about as many nodes, each once, in no order. Where
///    `exact_scores` is true, scores have the bits of simd::product.
/// 6. `save(file)`, and `restore(file, nodes)` on an empty one: false if that is not what `save` wrote for so many.
template <class E>
concept IndexEngine = std::constructible_from<E, std::size_t, std::size_t, const typename E::Options&> &&
    requires(E& engine, const E& built, const typename E::Options& options, MatrixView<const float> units,
             View<const float> unit, void (*use)(std::size_t node, float score), detail::SavedWriter& out,
             detail::SavedReader& in) {
  { E::exact_scores } -> std::convertible_to<bool>;
  { options.effort() } -> std::same_as<std::size_t>;
  { options.tombstones } -> std::convertible_to<double>;
  { options.probes } -> std::convertible_to<std::size_t>;
  { options.recall } -> std::convertible_to<double>;
  E::check(options);
  { E::settings(options) } -> std::same_as<std::string>;
  { built.size() } -> std::same_as<std::size_t>;
  { built.bytes() } -> std::same_as<Bytes>;
  { built.least_rows() } -> std::same_as<std::size_t>;
  engine.train(units);
  engine.add(units);
  built.search(unit, std::size_t{1}, use);
  built.save(out);
  { engine.restore(in, std::size_t{1}) } -> std::same_as<bool>;
};

}  // namespace asterism::index
