// What index::Approximate asks of the engine that it watches.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"

namespace asterism::index {

namespace detail {
class SavedWriter;  // of saved.hpp
class SavedReader;
}  // namespace detail

namespace needs {

template <class E>
concept options = requires(const typename E::Options& options) {
  { options.effort() } -> std::same_as<std::size_t>;
  { options.tombstones } -> std::convertible_to<double>;
  { options.probes } -> std::convertible_to<std::size_t>;
  { options.recall } -> std::convertible_to<double>;
  E::check(options);
  { E::settings(options) } -> std::same_as<std::string>;
};

template <class E>
concept made_of_options = std::constructible_from<E, std::size_t, std::size_t, const typename E::Options&>;

template <class E>
concept size = requires(const E& engine) {
  { engine.size() } -> std::same_as<std::size_t>;
};

template <class E>
concept bytes = requires(const E& engine) {
  { engine.bytes() } -> std::same_as<Bytes>;
};

template <class E>
concept least_rows = requires(const E& engine) {
  { engine.least_rows() } -> std::same_as<std::size_t>;
};

template <class E>
concept train = requires(E& engine, MatrixView<const float> units) {
  engine.train(units);
};

template <class E>
concept add = requires(E& engine, MatrixView<const float> units) {
  engine.add(units);
};

template <class E>
concept search = requires(const E& engine, View<const float> unit, std::size_t candidates,
                          void (*use)(std::size_t node, float score)) {
  engine.search(unit, candidates, use);
};

template <class E>
concept save = requires(const E& engine, detail::SavedWriter& file) {
  engine.save(file);
};

template <class E>
concept restore = requires(E& engine, detail::SavedReader& file, std::size_t nodes) {
  { engine.restore(file, nodes) } -> std::same_as<bool>;
};

}  // namespace needs

/// An engine finds rows of greatest product with a query among those that it was given, most of the time. Only `search`
/// is called by several threads at once.
///
/// 1. `Options`: with `tombstones`, `probes`, `recall` (see Approximate) and `effort()`, the candidates of a search
///    unless it says another number. `check(options)` throws InvalidArgument for those that are out of range;
///    `settings(options)` names the engine, its library's version and all options that shape what it builds.
/// 2. It is made of (width of the rows, nodes at most, options).
/// 3. `size()`: nodes. `bytes()`: memory of the system that they take.
/// 4. `least_rows()`: what it has to be trained with, 0 if it need not be; `train(units)`, before anything is added.
/// 5. `add(units)`: unit rows (n, width), dense, as nodes size(), size() + 1 ...
/// 6. `search(unit, candidates, use)`: calls use(node, score) for about as many nodes, each once, in no order; scores
///    may be rough, since nodes are compared again.
/// 7. `save(file)`, and `restore(file, nodes)` on an empty one: false if that is not what `save` wrote for so many.
///
/// Models: HnswGraph, FaissEngine.
template <class E>
concept IndexEngine =
    needs::options<E> && needs::made_of_options<E> && needs::size<E> && needs::bytes<E> && needs::least_rows<E> &&
    needs::train<E> && needs::add<E> && needs::search<E> && needs::save<E> && needs::restore<E>;

}  // namespace asterism::index
