#include "measure.hpp"

#include <algorithm>
#include <asterism/backend/host.hpp>
#include <asterism/backend/layout.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/random.hpp>
#include <asterism/expert/swiglu.hpp>
#include <asterism/file/reader_threads.hpp>
#include <asterism/machine/read_bandwidth.hpp>
#include <asterism/parallel/threads.hpp>
#include <asterism/quant/group_int.hpp>
#include <asterism/quant/nf4.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>

namespace example {

namespace {

constexpr std::uint64_t page = 4096;

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// Calls f.operator()<Format>() with the format of that name.
template <class F>
auto with_format(const std::string& name, const F& f) {
  if (name == "nf4") return f.template operator()<quant::Nf4<64, quant::DoubleQuantized>>();
  if (name == "int4") return f.template operator()<quant::Int4<32>>();
  if (name == "int8") return f.template operator()<quant::Int8<32>>();
  throw InvalidArgument(concat("no format is called '", name, "'"));
}

/// Normal numbers for an encoder.
struct RandomWeights {
  const std::vector<float>* normals;
  float deviation;

  void operator()(std::uint64_t first, View<float> out) const {
    for (std::size_t i = 0; i < out.size; ++i) {
      out[i] = deviation * (*normals)[((first + i) * 0x9E3779B97F4A7C15U >> 40U) % normals->size()];
    }
  }
};

/// Experts in the memory of a host, and one row that some of them compute.
template <class Format>
class Experts {
 public:
  using Expert = expert::SwiGlu<Format>;
  using Device = backend::HostA8;

  Experts(const Shape& shape, std::size_t count, std::size_t threads)
      : expert_(shape),
        used_(static_cast<std::size_t>(shape.top_k)),
        device_(0, budget(shape, count), std::make_shared<parallel::Threads>(threads)),
        slabs_(device_.allocate(expert_.footprint() * count, "experts")),
        rows_(device_.allocate(rows_bytes(), "workspace")),
        offsets_(count + 1),
        sources_(used_, 0) {
    backend::Layout cursor(slabs_);
    for (std::size_t i = 0; i < count; ++i) matrices_.add(expert_.lay_out(cursor));
    encode();
    backend::Layout rows(rows_);
    x_ = rows.matrix<float>(used_, expert_.in_dim());
    scratch_ = Expert::Scratch::lay_out(rows, expert_, used_);
    y_ = rows.matrix<float>(used_, expert_.out_dim());
    Random random(2);
    for (std::size_t i = 0; i < used_ * expert_.in_dim(); ++i) {
      x_.view.data[i] = static_cast<float>(random.normal());
    }
    device_.reserve(used_, std::max(expert_.in_dim(), static_cast<std::size_t>(shape.ffn)));
  }

  std::size_t count() const { return offsets_.size() - 1; }
  std::size_t used() const { return used_; }

  /// One row through `used` experts from number `first` on.
  void compute(std::size_t first) {
    for (std::size_t e = 0; e <= count(); ++e) {
      const std::size_t before = e > first ? std::min(e - first, used_) : 0;
      offsets_[e] = static_cast<std::int32_t>(before);
    }
    expert_.forward(device_, matrices_, {offsets_, sources_, sources_, 0}, x_, scratch_, y_);
  }

 private:
  Bytes rows_bytes() const {
    backend::Layout cursor;
    cursor.matrix<float>(used_, expert_.in_dim());
    Expert::Scratch::lay_out(cursor, expert_, used_);
    cursor.matrix<float>(used_, expert_.out_dim());
    return cursor.used();
  }
  Bytes budget(const Shape& shape, std::size_t count) const {
    return expert_.footprint() * count + rows_bytes() +
           Device::scratch(used_, static_cast<std::size_t>(std::max(shape.hidden, shape.ffn)));
  }

  /// One is encoded, the others are like it.
  void encode() {
    std::vector<float> normals(1U << 16U);
    Random random(1);
    for (float& value : normals) value = static_cast<float>(random.normal());
    for (const auto* list : {&matrices_.gate, &matrices_.up, &matrices_.down}) {
      const auto& weights = list->front();
      const RandomWeights source{&normals, 1 / std::sqrt(static_cast<float>(weights.cols))};
      device_.write(weights, [&](const auto& to) { Format::encode(source, to.rows, to.cols, to.data); });
    }
    const auto each = static_cast<std::size_t>(expert_.footprint().count);
    for (std::size_t i = 1; i < count(); ++i) std::memcpy(slabs_.data() + i * each, slabs_.data(), each);
  }

  Expert expert_;
  std::size_t used_;
  Device device_;
  backend::Buffer slabs_;
  backend::Buffer rows_;
  std::vector<std::int32_t> offsets_;
  std::vector<std::int32_t> sources_;
  typename Expert::Matrices matrices_{};
  backend::DeviceMatrix<float> x_{};
  typename Expert::Scratch scratch_{};
  backend::DeviceMatrix<float> y_{};
};

}  // namespace

Bytes slab_bytes(const Shape& shape, const std::string& format) {
  return with_format(format, [&]<class Format>() { return expert::SwiGlu<Format>(shape).footprint(); });
}

std::vector<double> disk_rates(const file::DirectFile& file, Bytes slab, const Measuring& measuring,
                               ProgressSink& progress) {
  const auto stride = static_cast<std::size_t>((slab.count + page - 1) / page * page);
  const std::uint64_t places = (file.size() - stride) / page + 1;
  constexpr std::uint64_t enough = std::uint64_t{256} << 20U;
  const std::uint64_t wanted = std::min(enough, measuring.size.count) / stride;
  const auto slabs = static_cast<std::size_t>(std::clamp<std::uint64_t>(wanted, 4, 512));
  const std::unique_ptr<std::byte, void (*)(void*)> memory(
      static_cast<std::byte*>(std::aligned_alloc(page, slabs_ahead * stride)), std::free);
  if (memory == nullptr)
    throw BudgetExceeded(concat("no memory for ", slabs_ahead, " slabs of ", to_string(slab)));
  std::memset(memory.get(), 0, slabs_ahead * stride);  // pages are there before the clock runs
  file::ReaderThreads readers(file, reader_threads);
  Random random(3);
  std::vector<double> rates;
  progress.begin("reading the disk", measuring.repetitions * slabs, ProgressUnit::items);
  for (std::size_t repetition = 0; repetition < measuring.repetitions; ++repetition) {
    std::vector<file::ReaderThreads::Ticket> tickets;
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < slabs + slabs_ahead; ++i) {
      if (i >= slabs_ahead) {
        readers.wait(tickets[i - slabs_ahead]);
        progress.advance(repetition * slabs + i - slabs_ahead + 1, "");
      }
      if (i >= slabs) continue;
      std::byte* const to = memory.get() + i % slabs_ahead * stride;
      tickets.push_back(readers.submit(random.below(places) * page, {to, stride}));
    }
    rates.push_back(static_cast<double>(stride) * static_cast<double>(slabs) / seconds_since(begun));
  }
  progress.end();
  return rates;
}

std::vector<double> memory_rates(const Measuring& measuring, ProgressSink& progress) {
  constexpr std::uint64_t most = std::uint64_t{512} << 20U;
  constexpr std::uint64_t piece = machines::detail::piece_words * sizeof(std::uint64_t);
  const std::uint64_t pieces = std::max<std::uint64_t>(1, std::min(measuring.size.count, most) / piece);
  const std::vector<std::uint64_t> words(static_cast<std::size_t>(pieces) * machines::detail::piece_words + 4, 1);
  parallel::Threads threads(measuring.threads);
  std::vector<double> rates;
  progress.begin("reading memory", measuring.repetitions, ProgressUnit::items);
  for (std::size_t repetition = 0; repetition < measuring.repetitions; ++repetition) {
    rates.push_back(machines::read_bandwidth(View<const std::uint64_t>(words), threads));
    progress.advance(repetition + 1, "");
  }
  progress.end();
  return rates;
}

std::vector<double> expert_seconds(const Shape& shape, const std::string& format, const Measuring& measuring,
                                   ProgressSink& progress) {
  return with_format(format, [&]<class Format>() {
    constexpr std::uint64_t most = std::uint64_t{512} << 20U;
    constexpr double least_seconds = 0.02;
    const std::uint64_t slab = expert::SwiGlu<Format>(shape).footprint().count;
    const auto used = static_cast<std::uint64_t>(shape.top_k);
    const std::uint64_t fit = std::min(measuring.size.count, most) / slab / used * used;
    progress.begin("computing experts", measuring.repetitions, ProgressUnit::items);
    Experts<Format> experts(shape, static_cast<std::size_t>(std::max(used, fit)), measuring.threads);
    std::size_t first = 0;
    const auto next = [&] {
      experts.compute(first);
      first = (first + experts.used()) % experts.count();
    };
    do next();
    while (first != 0);
    std::vector<double> seconds;
    for (std::size_t repetition = 0; repetition < measuring.repetitions; ++repetition) {
      std::size_t computed = 0;
      const auto begun = std::chrono::steady_clock::now();
      double elapsed = 0;
      do {
        do next(), computed += experts.used();
        while (first != 0);
        elapsed = seconds_since(begun);
      } while (elapsed < least_seconds);
      seconds.push_back(elapsed / static_cast<double>(computed));
      progress.advance(repetition + 1, "");
    }
    progress.end();
    return seconds;
  });
}

}  // namespace example
