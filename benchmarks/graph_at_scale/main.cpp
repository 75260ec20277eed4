// A graph of a given size in a file: how long building it takes, and opening it again; what memory it draws beside the
// formula; how fast vectors, walks, ranks, clusters and commits are, and whole consultations, alone and while a writer
// commits.
//
// Notes in groups of 100, 10 edges from each: 8 to its own group, 2 to any note, to low ones more often, one of them to
// a fact. Texts are encoded before each commit, which is not counted.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/backend/arena.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"
#include "asterism/core/random.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/librarian/category.hpp"
#include "asterism/librarian/reference_desk.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"

namespace {

using namespace asterism;

/// Notes that lie near others, and say something of them.
struct Notes {
  enum class NodeKind : std::uint16_t { note };
  enum class EdgeKind : std::uint16_t { near, says };
  static constexpr std::size_t node_kinds = 1;
  static constexpr std::size_t edge_kinds = 2;
  static constexpr std::string_view name_of(NodeKind) { return "note"; }
  static constexpr std::string_view name_of(EdgeKind kind) { return kind == EdgeKind::near ? "near" : "says"; }
  static constexpr knowledge::Ends ends(EdgeKind) { return {}; }
  static constexpr bool functional(EdgeKind) { return false; }
  static constexpr bool to_fact(EdgeKind kind) { return kind == EdgeKind::says; }
  static constexpr bool mergeable(NodeKind) { return true; }
};

using Graph = knowledge::KnowledgeGraph<Notes, index::Flat<>, store::Sqlite>;
using Desk = librarian::ReferenceDesk<Graph::Snapshot, encode::HashedNgrams>;

constexpr std::size_t edges_of_a_note = 10;
constexpr std::uint32_t group = 100;

struct Arguments {
  std::string store = "graph_at_scale.db";
  std::uint32_t notes = 1'000'000;
  std::uint32_t dim = 384;
  std::uint32_t commit = 10'000;
  std::uint32_t questions = 200;
  std::size_t threads = 2;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Milliseconds that calls took.
class Times {
 public:
  template <class Call>
  void take(Call&& call) {
    const Stopwatch watch;
    call();
    all_.push_back(1000 * watch.seconds());
  }
  void print(std::string_view what) {
    std::sort(all_.begin(), all_.end());
    std::printf("%-40s %9.3f %9.3f %9.3f ms\n", std::string(what).c_str(), at(0.5), at(0.95), all_.back());
    std::fflush(stdout);
  }
  double at(double share) const {
    return all_[static_cast<std::size_t>(share * static_cast<double>(all_.size() - 1))];
  }

 private:
  std::vector<double> all_;
};

void print(std::string_view what, double value, std::string_view unit) {
  std::printf("%-40s %9.3f %s\n", std::string(what).c_str(), value, std::string(unit).c_str());
  std::fflush(stdout);
}

std::string text_of(std::uint32_t note) {
  constexpr std::string_view things[] = {"salt", "rope", "lamp", "sail", "bell", "anchor", "tar", "oak"};
  constexpr std::string_view does[] = {"carries", "sells", "needs", "keeps", "mends", "finds", "loses", "counts"};
  Random random(note + 1);
  return concat("group ", note / group, " ", does[random.below(8)], " ", random.below(1000), " of ",
                things[random.below(8)], " for the ", things[random.below(8)], " of note ", note);
}

std::string question_of(std::uint32_t note) {
  return concat("What does group ", note / group, " have for note ", note, "?");
}

knowledge::Time second(std::int64_t n) { return {n * 1'000'000}; }

class Measurement {
 public:
  explicit Measurement(const Arguments& arguments)
      : arguments_(arguments),
        limits_{.nodes = arguments.notes + arguments.notes / 20 + 10'000,
                .dim = arguments.dim,
                .edges = arguments.notes * std::uint32_t{edges_of_a_note} + 100'000,
                .text = Bytes{std::uint64_t{120} * (arguments.notes + 100'000)}},
        encoder_({.dim = arguments.dim}),
        threads_(arguments.threads),
        arena_(0, Graph::bytes(limits_)) {}

  void run() {
    std::printf("%u notes of %u numbers, %zu edges from each, %zu threads, %s\n", arguments_.notes, arguments_.dim,
                edges_of_a_note, arguments_.threads, arguments_.store.c_str());
    build();
    open_again();
    std::printf("%-40s %9s %9s %9s\n", "", "p50", "p95", "most");
    vectors();
    walks();
    consult("a consultation (200 ms)");
    commits();
    consult_beside_a_writer();
    clusters();
  }

 private:
  void open() {
    graph_.reset();
    graph_.emplace(arena_, limits_, store::Sqlite(arguments_.store), parallel::ExecutionRef(threads_),
                   knowledge::GraphOptions{.encoder = encoder_.fingerprint()});
  }
  std::vector<float> encoded(const std::vector<std::string>& texts) const {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    std::vector<float> out(texts.size() * arguments_.dim);
    encoder_.encode(View<const std::string_view>(views),
                    MatrixView<float>(out.data(), texts.size(), arguments_.dim));
    return out;
  }

  void build() {
    for (const char* suffix : {"", "-wal", "-shm", ".head", ".lock", ".words"}) {
      std::filesystem::remove(arguments_.store + suffix);
    }
    open();
    ProgressBar bar;
    bar.begin("building", arguments_.notes, ProgressUnit::items);
    double taken = 0;
    Random random(1);
    for (std::uint32_t first = 0; first < arguments_.notes; first += arguments_.commit) {
      const std::uint32_t end = std::min(arguments_.notes, first + arguments_.commit);
      std::vector<std::string> texts;
      for (std::uint32_t note = first; note < end; ++note) texts.push_back(text_of(note));
      const std::vector<float> numbers = encoded(texts);
      const Stopwatch watch;
      for (std::uint32_t note = first; note < end; ++note) {
        const float* vector = numbers.data() + std::size_t{note - first} * arguments_.dim;
        graph_->put({.kind = 0,
                     .name = concat("note ", note),
                     .text = texts[note - first],
                     .source = "benchmark",
                     .vector = {vector, vector + arguments_.dim}});
      }
      for (std::uint32_t note = first; note < end; ++note) link(note, end, random);
      graph_->commit("", second(note_time_++));
      taken += watch.seconds();
      bar.advance(end, "");
    }
    bar.end();
    print("build, encoding left out", taken, "s");
    print("memory drawn", static_cast<double>(graph_->bytes().count) / 1e9, "GB");
    print("memory by the formula", static_cast<double>(Graph::bytes(limits_).count) / 1e9, "GB");
    print("file", static_cast<double>(std::filesystem::file_size(arguments_.store)) / 1e9, "GB");
  }
  void link(std::uint32_t note, std::uint32_t end, Random& random) {
    const std::uint32_t first = note / group * group;
    const std::uint32_t members = std::min(group, end - first);
    for (std::size_t i = 0; i < edges_of_a_note; ++i) {
      const double skewed = random.uniform();
      const auto any = static_cast<std::uint32_t>(static_cast<double>(end) * skewed * skewed);
      const std::uint32_t to = i < 8 ? first + static_cast<std::uint32_t>(random.below(members)) : any;
      const Notes::EdgeKind kind = i == 9 ? Notes::EdgeKind::says : Notes::EdgeKind::near;
      graph_->link({.from = {note}, .kind = knowledge::number(kind), .to = {to}});
    }
  }

  void open_again() {
    graph_.reset();
    const Stopwatch watch;
    open();
    print("opening again, all verified", watch.seconds(), "s");
  }

  void vectors() {
    const Graph::Snapshot snapshot = graph_->snapshot();
    const Stopwatch watch;
    const knowledge::Selection all = snapshot.select();
    print("choosing what may be found, once", 1000 * watch.seconds(), "ms");
    const std::vector<std::uint64_t> words(std::size_t{128} << 20U);
    Times times;
    double bandwidth = 0;
    for (std::uint32_t i = 0; i < 40; ++i) {
      bandwidth = std::max(bandwidth, machines::read_bandwidth(View<const std::uint64_t>(words), threads_));
      const std::vector<float> query = encoded({question_of(some_note())});
      times.take([&] { kept_ += snapshot.search(View<const float>(query), 10, all).hits.size(); });
    }
    times.print("vectors, in 8 bits, 10 best");
    const double bytes = 1.0625 * arguments_.dim * arguments_.notes;
    print("  reading their codes alone", 1000 * bytes / bandwidth, "ms");
    print("  times as long", times.at(0.5) / (1000 * bytes / bandwidth), "");
  }

  void walks() {
    const Graph::Snapshot snapshot = graph_->snapshot();
    Times hops;
    Times ranks;
    for (std::uint32_t i = 0; i < arguments_.questions; ++i) {
      const knowledge::NodeId id{some_note()};
      hops.take(
          [&] { kept_ += snapshot.neighbours(id, {.direction = knowledge::Direction::out, .hops = 3}).size(); });
      std::vector<knowledge::Scored> seeds(10);
      for (knowledge::Scored& seed : seeds) seed = {{some_note()}, 1};
      ranks.take([&] { kept_ += snapshot.related(View<const knowledge::Scored>(seeds), 100).nodes.size(); });
    }
    hops.print("3 hops along edges");
    ranks.print("PageRank from 10 notes, 100 best");
  }

  void consult(std::string_view what) {
    Times times;
    std::size_t complete = 0;
    for (std::uint32_t i = 0; i < arguments_.questions; ++i) {
      const std::string question = question_of(some_note());
      times.take([&] {
        const Graph::Snapshot snapshot = graph_->snapshot();
        const Desk desk(snapshot, encoder_, categories_);
        const auto consulted =
            desk.consult(question, {.budget = librarian::ConsultBudget::interactive(), .hits = 20});
        complete += consulted.completeness == 1 ? 1 : 0;
      });
    }
    times.print(what);
    print("  of them looked to the end", 100.0 * static_cast<double>(complete) / arguments_.questions, "%");
  }

  void put_hundred() {
    for (std::uint32_t i = 0; i < 100; ++i) {
      const std::uint32_t note = some_note();
      knowledge::Node node = *graph_->node_now({note});
      node.confidence = node.confidence == 1 ? 0.5F : 1;
      graph_->put(std::move(node));
    }
    graph_->commit("", second(note_time_++));
  }
  void put_hundred_more() {
    for (std::uint32_t i = 0; i < 100; ++i) {
      knowledge::Node node = *graph_->node_now({some_note()});
      node.id = knowledge::no_node;
      graph_->put(std::move(node));
    }
    graph_->commit("", second(note_time_++));
  }
  void commits() {
    Times fresh;
    for (int i = 0; i < 40; ++i) fresh.take([&] { put_hundred_more(); });
    fresh.print("a commit of 100 new notes");
    Times changed;
    for (int i = 0; i < 40; ++i) changed.take([&] { put_hundred(); });
    changed.print("a commit of 100 notes that changed");
  }
  void consult_beside_a_writer() {
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> commits{0};
    std::thread writer([&] {
      while (!stop) {
        put_hundred();
        ++commits;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
    consult("a consultation beside a writer");
    stop = true;
    writer.join();
    print("  commits meanwhile", static_cast<double>(commits), "");
  }

  void clusters() {
    const Graph::Snapshot snapshot = graph_->snapshot();
    const Stopwatch watch;
    const knowledge::NodeClusters found = snapshot.clusters();
    print("clusters", watch.seconds(), "s");
  }

  std::uint32_t some_note() {
    thread_local Random random(std::hash<std::thread::id>()(std::this_thread::get_id()));
    return static_cast<std::uint32_t>(random.below(arguments_.notes));
  }

  Arguments arguments_;
  knowledge::KnowledgeLimits limits_;
  encode::HashedNgrams encoder_;
  parallel::Threads threads_;
  backend::Arena arena_;
  std::vector<librarian::Category> categories_ = librarian::one_category();
  std::optional<Graph> graph_;
  std::int64_t note_time_ = 0;
  std::size_t kept_ = 0;  // keeps results from being optimised away
};

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  CLI::App app("Measures a knowledge graph of a given size");
  app.add_option("--store", arguments.store, "file of the graph; made anew")->capture_default_str();
  app.add_option("--notes", arguments.notes, "nodes, each with 10 edges")->capture_default_str();
  app.add_option("--dim", arguments.dim, "numbers of a vector")->capture_default_str();
  app.add_option("--commit", arguments.commit, "notes of a commit")->capture_default_str();
  app.add_option("--questions", arguments.questions, "of each kind")->capture_default_str();
  app.add_option("--threads", arguments.threads, "of the search by vectors")->capture_default_str();
  CLI11_PARSE(app, count, values);
  try {
    Measurement(arguments).run();
  } catch (const std::exception& error) {
    std::cerr << "graph_at_scale: " << error.what() << '\n';
    return 1;
  }
}
