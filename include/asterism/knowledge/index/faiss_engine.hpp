// The indexes of FAISS: the only header that includes it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/io.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#if __has_include(<omp.h>)
#include <omp.h>
#else  // clang without its own OpenMP
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);
#endif

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/index/saved.hpp"

namespace asterism::index {

struct FaissOptions {
  /// As FAISS' factory reads it: "Flat", "HNSW16", "IVF256,Flat", "IVF256,SQ8", "IVF256,PQ16x8"; an IVF may find its
  /// lists by a graph, "IVF4096_HNSW32,PQ16x8". Vectors are as wide as dim rounded up to 32: PQ's parts divide that.
  std::string factory = "HNSW16";
  std::size_t candidates = 64;  ///< of a search, unless Effort::of says another number; they are compared exactly
  std::size_t lists = 8;        ///< of an IVF that a search for so many candidates reads; more in proportion
  double tombstones = 0.3;      ///< share of dead nodes at which FAISS' index is built again, up to 0.9
  std::size_t probes = 64;      ///< stored vectors that it is tried with
  double recall = 0.95;         ///< of their 10 nearest, below which it isn't asked

  std::size_t effort() const { return candidates; }
};

namespace detail {

/// OpenMP's loops on the calling thread alone while it lives: threads are the execution's affair, and what is built is
/// the same each time.
class CallerAlone {
 public:
  CallerAlone() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  CallerAlone(const CallerAlone&) = delete;
  CallerAlone& operator=(const CallerAlone&) = delete;
  ~CallerAlone() { omp_set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace detail

/// An IndexEngine: an index of FAISS by greatest product over unit rows. Takes memory of the system, not of an arena.
/// `search` may be called from several threads at once.
/// Sources: Johnson, Douze, Jegou, arXiv 1702.08734; Jegou, Douze, Schmid, "Product quantization for nearest neighbor
/// search", 2011; FAISS 1.7.3.
class FaissEngine {
 public:
  using Options = FaissOptions;

  static void check(const FaissOptions& options) {
    if (options.candidates < 1 || options.lists < 1) {
      throw InvalidArgument("FaissOptions: candidates and lists are at least 1");
    }
  }
  static std::string settings(const FaissOptions& options) {
    return concat("faiss ", FAISS_VERSION_MAJOR, ".", FAISS_VERSION_MINOR, ".", FAISS_VERSION_PATCH, ", ",
                  options.factory);
  }

  /// For rows of `width` numbers. InvalidArgument for a factory's string that FAISS refuses, or of another family than
  /// FaissOptions names.
  FaissEngine(std::size_t width, std::size_t /*most*/, const FaissOptions& options)
      : lists_(static_cast<double>(options.lists) / static_cast<double>(options.candidates)) {
    try {
      take(std::unique_ptr<faiss::Index>(
          faiss::index_factory(static_cast<int>(width), options.factory.c_str(), faiss::METRIC_INNER_PRODUCT)));
    } catch (const std::exception& error) {
      refuse(width, options, error.what());
    }
    if (family(*index_) == Family::other)
      refuse(width, options, "it is none of Flat, HNSW, and IVF with Flat, SQ or PQ");
    // An order of the codes for a search that is not made here; finding it takes long.
    if (auto* codes = dynamic_cast<faiss::IndexIVFPQ*>(index_.get())) codes->do_polysemous_training = false;
  }

  std::size_t size() const { return static_cast<std::size_t>(index_->ntotal); }
  /// About: rows or codes, ids, links and centres.
  Bytes bytes() const {
    const std::uint64_t row = static_cast<std::uint64_t>(index_->d) * sizeof(float);
    if (ivf_ != nullptr) return {size() * (ivf_->code_size + sizeof(std::int64_t)) + ivf_->nlist * row};
    if (graph_ == nullptr) return {size() * row};
    const faiss::HNSW& links = graph_->hnsw;
    return {size() * row + links.neighbors.size() * sizeof(links.neighbors[0]) +
            links.offsets.size() * sizeof(links.offsets[0]) + links.levels.size() * sizeof(links.levels[0])};
  }

  /// 39 for each cluster, with which FAISS is content.
  std::size_t least_rows() const {
    if (ivf_ == nullptr) return 0;
    const auto* codes = dynamic_cast<const faiss::IndexIVFPQ*>(ivf_);
    return 39 * std::max(ivf_->nlist, codes == nullptr ? std::size_t{1} : codes->pq.ksub);
  }
  void train(MatrixView<const float> units) {
    const detail::CallerAlone alone;
    index_->train(static_cast<std::int64_t>(units.rows), units.data);
  }
  void add(MatrixView<const float> units) {
    const detail::CallerAlone alone;
    index_->add(static_cast<std::int64_t>(units.rows), units.data);
  }

  /// Calls use(label, score) for about `candidates` rows, in no order; FAISS' own score.
  template <class Use>
  void search(View<const float> unit, std::size_t candidates, Use&& use) const {
    const detail::CallerAlone alone;
    candidates = std::min(candidates, size());
    std::vector<float> scores(candidates);
    std::vector<std::int64_t> labels(candidates);
    faiss::SearchParametersIVF lists;
    faiss::SearchParametersHNSW walk;
    const faiss::SearchParameters* parameters = nullptr;
    if (ivf_ != nullptr) {
      const auto wanted = static_cast<std::size_t>(lists_ * static_cast<double>(candidates) + 0.5);
      lists.nprobe = std::clamp(wanted, std::size_t{1}, ivf_->nlist);
      parameters = &lists;
    } else if (graph_ != nullptr) {
      walk.efSearch = static_cast<int>(candidates);
      parameters = &walk;
    }
    index_->search(1, unit.data, static_cast<std::int64_t>(candidates), scores.data(), labels.data(), parameters);
    for (std::size_t i = 0; i < candidates; ++i) {
      if (labels[i] >= 0) use(static_cast<std::size_t>(labels[i]), scores[i]);
    }
  }

  void save(detail::SavedWriter& file) const {
    Writer writer(file);
    faiss::write_index(index_.get(), &writer);
  }
  bool restore(detail::SavedReader& file, std::size_t nodes) {
    Reader reader(file);
    std::unique_ptr<faiss::Index> read;
    try {
      read.reset(faiss::read_index(&reader));
    } catch (const std::exception&) {  // FAISS' own, or of what lies beyond the end
      return false;
    }
    if (family(*read) != family(*index_) || read->d != index_->d || read->metric_type != index_->metric_type ||
        !read->is_trained || read->ntotal != static_cast<std::int64_t>(nodes)) {
      return false;
    }
    take(std::move(read));
    return true;
  }

 private:
  struct Writer : faiss::IOWriter {
    explicit Writer(detail::SavedWriter& to) : file(to) {}
    std::size_t operator()(const void* data, std::size_t size, std::size_t count) override {
      file.write({static_cast<const std::byte*>(data), size * count});
      return count;
    }
    detail::SavedWriter& file;
  };
  struct Reader : faiss::IOReader {
    explicit Reader(detail::SavedReader& from) : file(from) {}
    std::size_t operator()(void* data, std::size_t size, std::size_t count) override {
      file.read({static_cast<std::byte*>(data), size * count});
      return count;
    }
    detail::SavedReader& file;
  };

  [[noreturn]] static void refuse(std::size_t width, const FaissOptions& options, const char* why) {
    throw InvalidArgument(
        concat("FaissOptions: the factory \"", options.factory, "\" for rows of ", width, " numbers: ", why));
  }
  enum class Family : std::uint8_t { other, flat, graph, ivf_flat, ivf_quantizer, ivf_product };
  static Family family(const faiss::Index& index) {
    const std::type_info& type = typeid(index);
    if (type == typeid(faiss::IndexFlat) || type == typeid(faiss::IndexFlatIP)) return Family::flat;
    if (type == typeid(faiss::IndexHNSWFlat)) return Family::graph;
    if (type == typeid(faiss::IndexIVFFlat)) return Family::ivf_flat;
    if (type == typeid(faiss::IndexIVFScalarQuantizer)) return Family::ivf_quantizer;
    return type == typeid(faiss::IndexIVFPQ) ? Family::ivf_product : Family::other;
  }
  void take(std::unique_ptr<faiss::Index> index) {
    index_ = std::move(index);
    ivf_ = dynamic_cast<const faiss::IndexIVF*>(index_.get());
    graph_ = dynamic_cast<const faiss::IndexHNSW*>(index_.get());
  }

  std::unique_ptr<faiss::Index> index_;
  const faiss::IndexIVF* ivf_ = nullptr;     // index_, if it is one
  const faiss::IndexHNSW* graph_ = nullptr;  // index_, if it is one
  double lists_;                             // that are read for each candidate
};

}  // namespace asterism::index
