// The index for very many vectors, by FAISS: codes of some bytes a row, watched by an exact one. Needs FAISS
// (asterism::faiss).
#pragma once

#include "asterism/knowledge/index/approximate.hpp"
#include "asterism/knowledge/index/faiss_engine.hpp"

namespace asterism::index {

/// A VectorIndex over an index of FAISS, named by its factory's string, and a Flat that answers where that does not do:
/// see Approximate, whose members it has, and FaissOptions. What FAISS finds is compared exactly; ids and tombstones
/// are kept here, since FAISS' own removal is not for all its indexes. Effort::of(n): the candidates that FAISS is
/// asked for, and of an IVF lists in proportion. One that has to be trained, an IVF, is so with all rows, once there
/// are 39 for each of its clusters; until then Flat answers.
///
/// FAISS runs on the thread that calls it: its own, OpenMP's, are not used. Beside the arena it takes what its codes or
/// rows and links do, about 4 D + 140 bytes a node of "HNSW16", 24 of "IVF...,PQ16x8". Sources: Johnson, Douze, Jegou,
/// arXiv 1702.08734; FAISS 1.7.3.
///
/// @tparam Format  of the Flat beside it
template <class Format>
class Faiss : public Approximate<FaissEngine, Format> {
 public:
  using Approximate<FaissEngine, Format>::Approximate;
};

}  // namespace asterism::index
