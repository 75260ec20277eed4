// The memory of a variant: the policies of its graph and its librarian, and the object that they make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/limits.hpp"
#include "asterism/knowledge/store/memory.hpp"
#include "asterism/librarian/facts.hpp"
#include "asterism/librarian/librarian.hpp"
#include "asterism/librarian/policies.hpp"
#include "asterism/librarian/reference_desk.hpp"
#include "asterism/librarian/result_cache.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism {

/// The policies of a memory, as a base beside a Blueprint or alone. A variant hides what differs:
///
///     struct V : DualNf4, Remembering { using Store = store::Sqlite; };
struct Remembering {
  static constexpr knowledge::KnowledgeLimits knowledge_limits{};

  using Schema = librarian::Facts;
  using Index = index::Flat<>;
  using Store = store::Memory;
  using Encoder = encode::HashedNgrams;
  using Similarity = librarian::Cosine;
  using Merge = librarian::WeightedCentre;
  using Conflict = librarian::LaterEnds;
  using Eviction = librarian::FadingWorth;
};

/// The graph of a variant.
template <class V>
using Graph = knowledge::KnowledgeGraph<typename V::Schema, typename V::Index, typename V::Store>;

/// A graph with its librarian and its reference desk. `consult` and `retrieve` may be called from any thread, while one
/// thread files. The arena and the execution outlive it; neither copied nor moved.
///
/// @tparam V  derives from Remembering
template <class V>
class Memory {
 public:
  using Encoder = typename V::Encoder;
  using Librarian = librarian::Librarian<Graph<V>, Encoder, typename V::Similarity, typename V::Merge,
                                         typename V::Conflict, typename V::Eviction>;
  using Snapshot = typename Graph<V>::Snapshot;

  /// Draws bytes() from the arena. Throws as the graph; EncoderMismatch unless the encoder's width is the limits'.
  explicit Memory(backend::Arena& arena, Encoder encoder = Encoder(),
                  typename V::Store store = typename V::Store(),
                  parallel::ExecutionRef execution = parallel::ExecutionRef(index::detail::on_the_caller),
                  std::vector<librarian::Category> categories = librarian::one_category(),
                  librarian::Clock clock = librarian::steady_seconds)
      : encoder_(std::move(encoder)),
        graph_(arena, V::knowledge_limits, std::move(store), execution, {.encoder = encoder_.fingerprint()}),
        librarian_(graph_, encoder_),
        categories_(std::move(categories)),
        clock_(std::move(clock)),
        results_(librarian::ResultCache<librarian::Consulted>::standard_entries,
                 librarian::ResultCache<librarian::Consulted>::standard_seconds, clock_) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  static constexpr Bytes bytes() { return Graph<V>::bytes(V::knowledge_limits); }

  Graph<V>& graph() { return graph_; }
  const Graph<V>& graph() const { return graph_; }
  Librarian& librarian() { return librarian_; }
  const Encoder& encoder() const { return encoder_; }

  /// See Librarian. A ReportSink.
  librarian::Filed file(View<const librarian::Report> reports, knowledge::Time now) {
    return librarian_.file(reports, now);
  }

  /// Looks a question up in the last version; see ReferenceDesk. The same question with the same budget is not looked
  /// up again for an hour, unless something was committed.
  librarian::Consulted consult(std::string_view question, const librarian::ConsultOptions& options = {},
                               const librarian::BlockWriter* writer = nullptr,
                               knowledge::Time valid = knowledge::latest) const {
    const Snapshot snapshot = graph_.snapshot(valid);
    const std::string key = key_of(question, options, snapshot, writer);
    if (const auto known = results_.find(key)) return *known;
    const librarian::ReferenceDesk<Snapshot, Encoder> desk(snapshot, encoder_, categories_, clock_);
    librarian::Consulted consulted = desk.consult(question, options, writer);
    if (consulted.completeness == 1) results_.put(key, consulted);
    return consulted;
  }

  /// A Retriever: the texts of the hits, best first, as long as their bytes stay within four for each token.
  std::vector<librarian::Passage> retrieve(std::string_view query, std::string_view category,
                                           std::size_t budget) const {
    constexpr std::size_t bytes_of_a_token = 4;
    const librarian::Consulted consulted = consult(query, {.category = std::string(category)});
    std::vector<librarian::Passage> passages;
    std::size_t left = budget * bytes_of_a_token;
    for (const librarian::ConsultHit& hit : consulted.hits) {
      if (hit.text.size() > left) continue;
      left -= hit.text.size();
      passages.push_back({hit.id, hit.text, hit.score});
    }
    return passages;
  }

 private:
  static std::string key_of(std::string_view question, const librarian::ConsultOptions& options,
                            const Snapshot& snapshot, const librarian::BlockWriter* writer) {
    const auto& budget = options.budget;
    std::string key = concat(snapshot.version().value, "|", snapshot.valid().microseconds, "|", budget.seconds,
                             "|", budget.rows, "|", budget.edges, "|", budget.tokens, "|", options.hits, "|",
                             options.margin, "|", options.least_alike, "|", options.allowed.kinds, "|",
                             options.allowed.valid ? 1 : 0, options.allowed.merged ? 1 : 0, "|",
                             options.allowed.source ? 1 : 0, "|", reinterpret_cast<std::uintptr_t>(writer), "|");
    for (const librarian::Shelf shelf : options.only) key += librarian::name_of(shelf);
    // Texts last, each with its length, so that no two keys are alike.
    for (const std::string_view text :
         {std::string_view(options.category),
          options.allowed.source ? std::string_view(*options.allowed.source) : std::string_view(), question}) {
      key += concat(text.size(), ":", text);
    }
    return key;
  }

  Encoder encoder_;
  Graph<V> graph_;
  Librarian librarian_;
  std::vector<librarian::Category> categories_;
  librarian::Clock clock_;
  mutable librarian::ResultCache<librarian::Consulted> results_;
};

}  // namespace asterism
