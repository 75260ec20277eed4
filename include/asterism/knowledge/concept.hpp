// The contract of a vector index, which finds the stored vectors that are most like a query.
#pragma once

#include <concepts>
#include <cstddef>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge {

namespace needs {

template <class I>
concept dim = requires(const I& index) {
  { index.dim() } -> std::same_as<std::size_t>;
};

template <class I>
concept size = requires(const I& index) {
  { index.size() } -> std::same_as<std::size_t>;
};

template <class I>
concept bytes = requires(const I& index) {
  { index.bytes() } -> std::same_as<Bytes>;
};

template <class I>
concept insert = requires(I& index, View<const NodeId> ids, MatrixView<const float> vectors) {
  { index.insert(ids, vectors) } -> std::same_as<void>;
};

template <class I>
concept erase = requires(I& index, View<const NodeId> ids) {
  { index.erase(ids) } -> std::same_as<std::size_t>;
};

template <class I>
concept search = requires(const I& index, MatrixView<const float> queries, std::size_t k, const Filter& filter,
                          Effort effort, MatrixView<Hit> out) {
  { index.search(queries, k, filter, effort, out) } -> std::same_as<Searched>;
};

}  // namespace needs

/// A vector index keeps one vector for each id, and finds those of the greatest cosine with a query. It is derived:
/// all that it holds can be built again from a store.
///
/// 1. `dim()`: the width of all vectors and queries, 1 to 4096. `size()`: the ids stored. `bytes()`: the memory drawn.
/// 2. `insert(ids, vectors)`: ids (n), vectors (n, dim), any stride, of any length but zero. A known id gets the new
///    vector; of an id that stands there twice the later one counts. Throws BadVector for another width, NaN, infinity
///    or zeros, InvalidArgument for `no_node` and unless there is a vector for each id, IndexFull where there is no
///    room for all; then nothing has changed.
/// 3. `erase(ids)`: forgets them, and returns how many were there. Erased ids never come back unless inserted again.
/// 4. `search(queries, k, filter, effort, out)`: queries (q, dim), k >= 1, out (q, k). Row r of out gets the hits of
///    query r, best first (see `better`): as many as the smaller of k and the number of stored ids that the filter
///    allows. Throws BadVector as insert does, InvalidArgument if the sizes don't fit; then out is as before.
/// 5. With Effort::exact, and wherever `Searched::exact` is true, the hits are those of a naive scan.
/// 6. A query's hits have the same bits in any batch and for any number of threads.
/// 7. `search` may be called from several threads at once; the other members by one thread while no other calls any.
///
/// Models: index::Flat, index::Sharded, index::Hnsw, index::Faiss.
template <class I>
concept VectorIndex =
    needs::dim<I> && needs::size<I> && needs::bytes<I> && needs::insert<I> && needs::erase<I> && needs::search<I>;

}  // namespace asterism::knowledge
