// Forward declarations of the room `knowledge`: what was learnt, and how it is found again.
#pragma once

#include <cstdint>

#include "asterism/quant/fwd.hpp"

namespace asterism::knowledge {

struct NodeId;
struct EdgeId;
struct Time;
struct Version;
struct Effort;
struct Hit;
struct Searched;
struct IndexLimits;
class Filter;

struct Node;
struct Edge;
struct Use;
struct Lifetime;
struct Commit;
struct Damage;

struct Step;
struct Path;
struct Reached;
struct Seed;
struct RankOptions;
struct Ranking;
struct PageRank;
class AttentionWalk;
struct ClusterLevel;
struct Clusters;
struct UndirectedGraph;

class BadVector;
class IndexFull;
class CorruptStore;
class BehindHead;
class StoreBusy;
class NewerSchema;
class KnowledgeFull;
class UnknownKind;
class DanglingEdge;
class EncoderMismatch;

struct KnowledgeLimits;
class Lexicon;
class Selection;
struct NodeQuery;

}  // namespace asterism::knowledge

namespace asterism::index {

class RowIds;
class VectorRows;
class BestHits;
class Labels;
enum class Restored : std::uint8_t;
template <class Format>
class Codes;

template <class Format = quant::Int8<32>>
class Flat;
template <class Format = quant::Int8<32>>
class Hnsw;
template <class Format = quant::Int8<32>>
class Faiss;

}  // namespace asterism::index

namespace asterism::store {

class Memory;
class Sqlite;

}  // namespace asterism::store
