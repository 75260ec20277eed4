// The room knowledge: an index in memory, asked once, and SQLite. With WITH_HNSW a graph of hnswlib's, with
// WITH_FAISS one of FAISS'.
#include <asterism/knowledge/index/flat.hpp>
#include <asterism/knowledge/store/database.hpp>
#if defined(WITH_HNSW)
#include <asterism/knowledge/index/hnsw.hpp>
#endif
#if defined(WITH_FAISS)
#include <asterism/knowledge/index/faiss.hpp>
#endif
#include <cstdio>
#include <vector>

using namespace asterism;

#if defined(WITH_HNSW)
using Index = index::Hnsw<>;
#elif defined(WITH_FAISS)
using Index = index::Faiss<>;
#else
using Index = index::Flat<>;
#endif

int main() {
  backend::Arena arena(0, 1_MiB);
  Index index(arena, {.dim = 2, .rows = 100});
  const std::vector<knowledge::NodeId> ids{{7}, {8}};
  const std::vector<float> vectors{1, 0, 1, 1};
  index.insert(View<const knowledge::NodeId>(ids), MatrixView<const float>(vectors.data(), 2, 2));
  const std::vector<float> query{0, 3};
  knowledge::Hit hit;
  index.search(MatrixView<const float>(query.data(), 1, 2), 1, {}, {}, MatrixView<knowledge::Hit>(&hit, 1, 1));
  std::printf("%u at %.3f\n", hit.id.value, static_cast<double>(hit.score));
  const store::Database database(":memory:", store::Database::Access::write);
  return hit.id == knowledge::NodeId{8} && database.integer("SELECT 7") == 7 ? 0 : 1;
}
