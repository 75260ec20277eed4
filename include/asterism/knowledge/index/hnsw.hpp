// The index for many vectors: a navigable graph, watched by an exact one. Needs hnswlib (asterism::hnsw).
#pragma once

#include "asterism/knowledge/index/approximate.hpp"
#include "asterism/knowledge/index/hnsw_graph.hpp"

namespace asterism::index {

/// A VectorIndex over hnswlib's graph, and a Flat that answers where the graph does not do: see Approximate, whose
/// members it has, and HnswOptions. Effort::of(n): the candidates of the walk. Beside the arena the graph takes 4 D +
/// 150 bytes for each of 1.43 times the rows, which become resident as they are used; `bytes` counts them at once.
/// Source: Malkov, Yashunin, arXiv 1603.09320.
///
/// @tparam Format  of the Flat beside it
template <class Format>
class Hnsw : public Approximate<HnswGraph, Format> {
 public:
  using Approximate<HnswGraph, Format>::Approximate;
};

}  // namespace asterism::index
