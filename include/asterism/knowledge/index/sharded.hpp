// An index in several parts, each an index of its own.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/row_ids.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::index {

/// A VectorIndex of `shards` indexes: an id lives in one of them, a new one goes to the emptiest, of several to the
/// first. A search asks one after the other and keeps the best: exact if all of them are. Draws what its shards draw,
/// each for 1 / shards of the rows, and 13 to 21 bytes a row to know where an id lives; a search takes k hits a query
/// of the heap. Movable if Index is.
template <knowledge::VectorIndex Index, std::size_t shards>
  requires(shards >= 1 && shards <= 256 &&
           std::constructible_from<Index, backend::Arena&, knowledge::IndexLimits, parallel::ExecutionRef>)
class Sharded {
 public:
  /// Throws as Index does, InvalidArgument for sizes out of range.
  Sharded(backend::Arena& arena, knowledge::IndexLimits limits,
          parallel::ExecutionRef execution = parallel::ExecutionRef(detail::on_the_caller))
      : dim_(limits.dim), buffer_(arena.allocate(table_bytes(limits), "where ids live")) {
    backend::Layout layout(buffer_);
    table_ = Table(layout, limits);
    table_.ids = RowIds({table_.id_memory.data, table_.id_memory.cols}, {table_.places.data, table_.places.cols});
    shards_.reserve(shards);
    for (std::size_t s = 0; s < shards; ++s) shards_.emplace_back(arena, share_of(limits), execution);
  }

  /// What an index of this size draws, where Index says what it does.
  static constexpr Bytes bytes(knowledge::IndexLimits limits) requires requires { Index::bytes(limits); }
  { return table_bytes(limits) + Index::bytes(share_of(limits)) * shards; }

  std::size_t dim() const { return dim_; }
  std::size_t size() const { return table_.ids.size(); }
  Bytes bytes() const {
    Bytes sum = buffer_.size();
    for (const Index& shard : shards_) sum += shard.bytes();
    return sum;
  }
  const Index& shard(std::size_t s) const { return shards_[s]; }

  void insert(View<const knowledge::NodeId> ids, MatrixView<const float> vectors) {
    check_rows(dim_, ids, vectors);
    check_room(table_.ids, ids);
    std::array<std::vector<std::size_t>, shards> of{};
    for (std::size_t i = 0; i < ids.size; ++i) {
      const bool known = table_.ids.find(ids[i]) != RowIds::none;
      std::uint8_t& shard = table_.shard_of(0, table_.ids.add(ids[i]));
      if (!known) {
        const auto emptiest = std::min_element(sizes_.begin(), sizes_.end());
        shard = static_cast<std::uint8_t>(emptiest - sizes_.begin());
        ++*emptiest;
      }
      of[shard].push_back(i);
    }
    std::vector<knowledge::NodeId> some_ids;
    std::vector<float> some;
    for (std::size_t s = 0; s < shards; ++s) {
      if (of[s].empty()) continue;
      some_ids.clear();
      some.clear();
      for (const std::size_t i : of[s]) {
        some_ids.push_back(ids[i]);
        some.insert(some.end(), vectors.row(i).begin(), vectors.row(i).end());
      }
      shards_[s].insert(View<const knowledge::NodeId>(some_ids),
                        MatrixView<const float>(some.data(), some_ids.size(), dim_));
    }
  }

  std::size_t erase(View<const knowledge::NodeId> ids) {
    std::array<std::vector<knowledge::NodeId>, shards> of{};
    std::size_t count = 0;
    for (const knowledge::NodeId id : ids) {
      const std::uint32_t row = table_.ids.find(id);
      if (row == RowIds::none) continue;
      const std::uint8_t shard = table_.shard_of(0, row);
      of[shard].push_back(id);
      --sizes_[shard];
      ++count;
      table_.ids.remove(row);
      table_.shard_of(0, row) = table_.shard_of(0, size());  // where the last one was, unless this was it
    }
    for (std::size_t s = 0; s < shards; ++s) shards_[s].erase(View<const knowledge::NodeId>(of[s]));
    return count;
  }

  knowledge::Searched search(MatrixView<const float> queries, std::size_t k, const knowledge::Filter& filter,
                             knowledge::Effort effort, MatrixView<knowledge::Hit> out) const {
    check_search(dim_, queries, k, out);
    knowledge::Searched all{.exact = true};
    if (queries.rows == 0) return all;
    std::vector<knowledge::Hit> memory(queries.rows * k);
    const MatrixView<knowledge::Hit> hits(memory.data(), queries.rows, k);
    BestHits best(out);
    for (const Index& shard : shards_) {
      const knowledge::Searched searched = shard.search(queries, k, filter, effort, hits);
      for (std::size_t q = 0; q < queries.rows; ++q) {
        for (const knowledge::Hit& hit : hits.row(q)) best.offer(q, hit);
      }
      all.rows_read += searched.rows_read;
      all.exact = all.exact && searched.exact;
      all.complete = all.complete && searched.complete;
    }
    best.sort();
    all.hits = found(out.row(0));
    return all;
  }

 private:
  struct Table {
    Table() = default;
    constexpr Table(backend::Layout& layout, knowledge::IndexLimits limits)
        : id_memory(layout.matrix<knowledge::NodeId>(1, limits.rows).view),
          places(layout.matrix<std::uint32_t>(1, RowIds::places(limits.rows)).view),
          shard_of(layout.matrix<std::uint8_t>(1, limits.rows).view) {}
    MatrixView<knowledge::NodeId> id_memory;
    MatrixView<std::uint32_t> places;
    MatrixView<std::uint8_t> shard_of;  // by row of `ids`
    RowIds ids{};
  };

  static constexpr Bytes table_bytes(knowledge::IndexLimits limits) {
    limits.check();
    backend::Layout layout;
    const Table table(layout, limits);
    return layout.used();
  }
  static constexpr knowledge::IndexLimits share_of(knowledge::IndexLimits limits) {
    return {.dim = limits.dim, .rows = static_cast<std::uint32_t>((limits.rows - 1) / shards + 1)};
  }

  std::size_t dim_;
  backend::Buffer buffer_;
  Table table_;
  std::array<std::size_t, shards> sizes_{};
  std::vector<Index> shards_;
};

}  // namespace asterism::index
