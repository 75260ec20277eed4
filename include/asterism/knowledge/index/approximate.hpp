// An engine that finds most of what is near, watched by an exact index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/index/best_hits.hpp"
#include "asterism/knowledge/index/engine.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/labels.hpp"
#include "asterism/knowledge/index/limits.hpp"
#include "asterism/knowledge/index/row_hashes.hpp"
#include "asterism/knowledge/index/saved.hpp"
#include "asterism/knowledge/index/scan.hpp"
#include "asterism/knowledge/index/trial.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::index {

/// A VectorIndex over an engine and a Flat beside it, which holds the same vectors. Erased and replaced vectors stay in
/// the engine as tombstones, which no search returns; at 30 % of its nodes it is built again, within the call that
/// erased or replaced. One that has to be trained is built once there are rows enough.
///
/// The engine is tried whenever it was built again, and when the rows have doubled: 64 stored vectors, their 10 nearest
/// against the exact ones. Below a recall of 0.95 Flat answers, until the next trial. Flat also answers while nothing
/// is built, Effort::exact, a filter that allows at most a tenth of the rows, k above the rows (under a filter above a
/// tenth of them), and every query for which the engine has not found k that are alive (under a filter 2 k that are
/// allowed too): it is asked for four times as many again and again, up to a quarter of the rows.
///
/// What is built can be read back from a file instead of being built again: `postpone()`, insert the rows,
/// `restore(path)`, and where that was of no use `save(path)`.
///
/// Draws what Flat draws from the arena; the engine takes memory of the system. Built by one thread, the same each
/// time; queries of a batch are the tasks of a search. `Searched::rows_read` counts what the engine found, not what it
/// passed. Scores are those of Flat<quant::Float32> to the bit. Movable.
///
/// @tparam Engine  HnswGraph, FaissEngine
/// @tparam Format  of the Flat beside it
template <IndexEngine Engine, class Format>
class Approximate {
 public:
  using Options = typename Engine::Options;

  /// Throws as Flat; InvalidArgument for options out of range.
  Approximate(backend::Arena& arena, knowledge::IndexLimits limits,
              parallel::ExecutionRef execution = parallel::ExecutionRef(detail::on_the_caller),
              Options options = {})
      : options_(checked(std::move(options))),
        most_(static_cast<std::size_t>(limits.rows / (1 - options_.tombstones)) + 1),
        flat_(arena, limits, execution),
        engine_(empty_engine()),
        built_(engine_->least_rows() == 0) {}

  std::size_t dim() const { return flat_.dim(); }
  std::size_t size() const { return flat_.size(); }
  /// What the arena gave, and what the engine takes.
  Bytes bytes() const { return flat_.bytes() + engine_->bytes(); }

  /// Nodes of the engine, tombstones among them.
  std::size_t nodes() const { return engine_->size(); }
  std::size_t tombstones() const { return labels_.tombstones(); }
  /// Share of the probes' nearest that the engine found at its last trial; whether it is asked.
  double recall() const { return recall_; }
  bool trusted() const { return built_ && recall_ >= options_.recall; }

  void insert(View<const knowledge::NodeId> ids, MatrixView<const float> vectors) {
    flat_.insert(ids, vectors);
    labels_.grow(size());
    std::vector<std::uint32_t> rows;
    for (const knowledge::NodeId id : ids) rows.push_back(flat_.rows().ids().find(id));
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (const std::uint32_t row : rows) labels_.bury(row);
    if (postponed_) return;
    if (built_ ? stale(rows.size()) : size() >= engine_->least_rows()) return build();
    if (!built_) return;
    for (std::size_t first = 0, end = 0; first < rows.size(); first = end) {  // neighbours at once
      while (end < rows.size() && rows[end] - rows[first] == end - first) ++end;
      link(rows[first], end - first);
    }
    if (size() >= 2 * tried_) try_engine();
  }

  std::size_t erase(View<const knowledge::NodeId> ids) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < ids.size; ++i) {
      const std::uint32_t row = flat_.rows().ids().find(ids[i]);
      if (row == RowIds::none) continue;
      count += flat_.erase(ids.subview(i, 1));
      labels_.erase(row);
    }
    if (built_ && stale(0)) build();
    return count;
  }

  knowledge::Searched search(MatrixView<const float> queries, std::size_t k, const knowledge::Filter& filter,
                             knowledge::Effort effort, MatrixView<knowledge::Hit> out) const {
    const std::size_t width = flat_.rows().width();
    const std::vector<float> memory = unit_queries(dim(), width, queries, k, out);
    const MatrixView<const float> units(memory.data(), queries.rows, width);
    const Allowed allowed = allowed_rows(flat_.rows().ids(), filter);
    if (effort.is_exact()) return flat_.search_units(units, filter, effort, out);
    if (allowed.few || k > allowed.count || !trusted()) return flat_.search_units(units, filter, {}, out);
    const std::size_t candidates = std::max({std::size_t{1}, k, effort.number_or(options_.effort())});
    std::vector<std::uint64_t> read(queries.rows);  // by query; 0 where the engine did not find k
    flat_.execution().for_each_task(
        queries.rows, [&](std::size_t q) { read[q] = ask(units.row(q), candidates, filter, out.rows_at(q, 1)); });
    knowledge::Searched searched{.hits = k};
    for (std::size_t q = 0; q < queries.rows; ++q) {
      searched.rows_read += read[q] != 0
                                ? read[q]
                                : flat_.search_units(units.rows_at(q, 1), filter, {}, out.rows_at(q, 1)).rows_read;
    }
    return searched;
  }

  /// From here on nothing is built: Flat answers until `restore` or `build`.
  void postpone() {
    postponed_ = true;
    drop();
  }
  /// Builds the engine for the rows that are there, if they are enough.
  void build() {
    postponed_ = false;
    drop();
    built_ = size() >= engine_->least_rows();
    if (!built_) return;
    if (engine_->least_rows() > 0) engine_->train(rows_at(0, size()));
    link(0, size());
    try_engine();
  }

  /// Writes what is built to a file, which is replaced as a whole. False, and nothing is written, where nothing is
  /// built. FileError.
  bool save(const std::string& path) const {
    if (!built_) return false;
    const std::vector<std::uint64_t> hashes = label_hashes(flat_.rows(), labels_);
    detail::SavedWriter file(path, hashes.size() * sizeof(std::uint64_t) + engine_->bytes().count);
    file.text(engine_->settings(options_));
    file.number(dim());
    file.number(hashes.size());
    for (const std::uint64_t hash : hashes) file.number(hash);
    engine_->save(file);
    file.finish();
    return true;
  }
  /// Takes what `save` wrote for equal vectors, whatever their ids are now, under equal options; otherwise builds the
  /// engine, and says why. A checksum guards against damage, not against a file that was made to harm.
  Restored restore(const std::string& path) {
    const Restored found = read(path);
    if (found != Restored::taken) build();
    return found;
  }

 private:
  static Options checked(Options options) {
    Engine::check(options);
    if (options.probes < 1 || !(options.tombstones > 0 && options.tombstones <= 0.9) || !(options.recall >= 0)) {
      throw InvalidArgument(
          "options of an index: probes is at least 1, tombstones above 0 and at most 0.9, recall at least 0");
    }
    return options;
  }
  std::unique_ptr<Engine> empty_engine() const {
    return std::make_unique<Engine>(flat_.rows().width(), most_, options_);
  }
  MatrixView<const float> rows_at(std::size_t first, std::size_t count) const {
    return {flat_.rows().row(first).data, count, flat_.rows().width()};
  }
  void drop() {
    engine_ = empty_engine();
    labels_ = Labels({}, size());
    built_ = false;
    recall_ = 0;
  }

  /// The best allowed hits of one query into out (1, k); returns how many nodes it found, 0 if too few count.
  std::uint64_t ask(View<const float> unit, std::size_t candidates, const knowledge::Filter& filter,
                    MatrixView<knowledge::Hit> out) const {
    // The far end of what an engine finds is the part that it knows least.
    const std::size_t wanted = filter.everything() ? out.cols : 2 * out.cols;
    for (std::uint64_t read = 0;; candidates *= 4) {
      BestHits best(out);
      std::size_t count = 0;
      engine_->search(unit, candidates, [&](std::size_t label, float /*score*/) {
        ++read;
        const std::uint32_t row = labels_.row(label);
        if (row == Labels::none) return;
        const knowledge::NodeId id = flat_.rows().ids().ids()[row];
        if (!filter.allows(id)) return;
        ++count;
        best.offer(0, {id, row_score(flat_.rows(), row, unit)});
      });
      if (count >= wanted) return best.sort(), read;
      if (4 * candidates > size() / 4) return 0;
    }
  }

  /// True if the engine has to be built again before `fresh` nodes are added.
  bool stale(std::size_t fresh) const { return stale(labels_, fresh); }
  bool stale(const Labels& labels, std::size_t fresh) const {
    const std::size_t nodes = labels.size() + fresh;
    const std::size_t dead = labels.tombstones();
    return dead > 0 &&
           (nodes > most_ || static_cast<double>(dead) >= options_.tombstones * static_cast<double>(nodes));
  }
  void link(std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) labels_.give(static_cast<std::uint32_t>(first + i));
    engine_->add(rows_at(first, count));
  }

  Restored read(const std::string& path) {
    detail::SavedReader file(path);
    if (file.found() != Restored::taken) return file.found();
    try {
      if (file.text() != engine_->settings(options_)) return Restored::other_options;
      if (file.number() != dim()) return Restored::other_rows;
      const std::uint64_t nodes = file.number();
      if (nodes > most_) return Restored::other_rows;
      std::vector<std::uint64_t> hashes(nodes);
      for (std::uint64_t& hash : hashes) hash = file.number();
      std::optional<Labels> labels = labels_of(flat_.rows(), View<const std::uint64_t>(hashes));
      if (!labels || stale(*labels, 0)) return Restored::other_rows;
      std::unique_ptr<Engine> engine = empty_engine();
      if (!engine->restore(file, nodes) || file.left() != 0) return Restored::damaged;
      engine_ = std::move(engine);
      labels_ = std::move(*labels);
    } catch (const Error&) {  // ends early, or can't be read
      return Restored::damaged;
    }
    postponed_ = false;
    built_ = true;
    try_engine();
    return Restored::taken;
  }

  void try_engine() {
    tried_ = std::max<std::size_t>(1, size());
    recall_ = tried_recall(flat_, *engine_, labels_, options_.probes, options_.effort());
  }

  Options options_;
  std::size_t most_;  // nodes of the engine
  Flat<Format> flat_;
  std::unique_ptr<Engine> engine_;
  Labels labels_{};
  bool built_;
  bool postponed_ = false;
  std::size_t tried_ = 0;  // rows at the last trial
  double recall_ = 1;
};

}  // namespace asterism::index
