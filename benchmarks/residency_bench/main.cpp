// A model of a given shape whose experts take turns in memory, with random weights in a file on the disk: tokens a
// second, hits, bytes read, and the share of its time that the disk alone would have taken, the disk measured between
// windows; what lab::decode_seconds foretells of the hits; memory that the process has beside the plan, and the part of
// the file in the system's cache.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/backend/host.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/path.hpp"
#include "asterism/file/reader_threads.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/lab/forecast.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/report.hpp"
#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/shape/catalogue.hpp"

#include "model_bench/random_weights.hpp"

namespace {

using namespace asterism;

struct Learnt : Blueprint {
  static constexpr Limits limits{.context = 2048, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Backend = backend::HostA8;
  using Cache = cache::Hazard;
};
struct Recent : Learnt {
  using Cache = cache::LeastRecent;
};
struct AskingNextRouter : Learnt {
  using Prefetch = prefetch::NextGate;
};
struct LookingAhead : Learnt {
  using Prefetch = prefetch::Adaptive;
};

struct Arguments {
  std::string shape = "m";
  std::string machine = "host:2GiB";
  std::string file = "residency_bench.spill";
  std::string cache = "hazard";
  std::string prefetch = "none";
  std::int32_t tokens = 64;
  std::int32_t prompt = 512;
  std::int32_t threads = 2;
};

Shape shape_of(const std::string& name) {
  Shape shape = shapes::mixtral_8x7b;
  if (name == "mixtral_8x7b") return shape;
  shape.vocabulary = name == "m" ? 32000 : 512;
  shape.hidden = name == "m" ? 2048 : 64;
  shape.layers = name == "m" ? 16 : 2;
  shape.heads = name == "m" ? 16 : 4;
  shape.kv_heads = name == "m" ? 4 : 2;
  shape.head_dim = shape.hidden / shape.heads;
  shape.ffn = name == "m" ? 7168 : 128;
  return shape;
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// Writes random experts, unless the file has them: one is encoded, the codes of the others are its own, scrambled.
void write_file(const Arguments& arguments, const Shape& shape, const residency::SpillHeader& header) {
  using Expert = model::Assembly<Learnt>::Expert;
  if (file::path_kind(arguments.file) != file::PathKind::missing) {
    residency::check_same(residency::SpillFile(arguments.file).header(), header, arguments.file);
    return;
  }
  const Expert expert(shape);
  backend::SerialHost host(0, expert.footprint(), std::make_shared<parallel::Serial>());
  const backend::Buffer buffer = host.allocate(expert.footprint(), "experts");
  backend::Layout cursor(buffer);
  const auto slab = expert.lay_out(cursor);
  Random random(1);
  std::vector<float> normals(1U << 16U);
  for (float& value : normals) value = static_cast<float>(random.normal());
  const auto fill = [&](const auto& weights, model::Role role) {
    const model_bench::RandomWeights source{.normals = normals.data(),
                                            .key = random(),
                                            .deviation = model_bench::deviation_of(role, weights.cols, shape)};
    using Format = typename std::remove_cvref_t<decltype(weights)>::Format;
    host.write(weights, [&](const auto& to) { Format::encode(source, to.rows, to.cols, to.data); });
  };
  fill(slab.gate, model::Role::gate);
  fill(slab.up, model::Role::up);
  fill(slab.down, model::Role::down);
  residency::SpillWriter writer(arguments.file, header);
  ProgressBar bar;
  bar.begin("writing experts", header.slabs(), ProgressUnit::items);
  for (std::uint64_t i = 0; i < header.slabs(); ++i) {
    for (const auto* weights : {&slab.gate, &slab.up, &slab.down}) {
      using Format = std::remove_cvref_t<decltype(*weights)>::Format;
      const std::uint64_t codes = Format::planes(weights->rows, weights->cols).find("codes")->bytes / 8;
      for (std::uint64_t word = 0; word < codes; ++word) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, weights->data + 8 * word, 8);
        eight ^= random();
        std::memcpy(weights->data + 8 * word, &eight, 8);
      }
    }
    writer.write({buffer.data(), static_cast<std::size_t>(header.slab_bytes)});
    bar.advance(i + 1, "");
  }
  writer.finish();
  bar.end();
}

/// Bytes a second of reading slabs at random, four ahead: what the disk gives an engine that always knows what comes.
class Disk {
 public:
  explicit Disk(const residency::SpillFile& spill)
      : spill_(&spill),
        memory_(static_cast<std::byte*>(std::aligned_alloc(4096, ahead * spill.header().stride())), std::free),
        readers_(spill.file()) {}

  double rate(int slabs) {
    const residency::SpillHeader& header = spill_->header();
    const auto stride = static_cast<std::size_t>(header.stride());
    std::vector<file::ReaderThreads::Ticket> tickets;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < slabs + static_cast<int>(ahead); ++i) {
      if (i >= static_cast<int>(ahead)) readers_.wait(tickets[static_cast<std::size_t>(i) - ahead]);
      if (i >= slabs) continue;
      const PartId part{static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(header.layers))),
                        static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(header.experts)))};
      std::byte* const to = memory_.get() + static_cast<std::size_t>(i) % ahead * stride;
      tickets.push_back(readers_.submit(header.offset(part), {to, stride}));
    }
    return static_cast<double>(stride) * slabs / seconds_since(begun);
  }

 private:
  static constexpr std::size_t ahead = 4;

  const residency::SpillFile* spill_;
  std::unique_ptr<std::byte, void (*)(void*)> memory_;
  file::ReaderThreads readers_;
  Random random_{3};
};

/// Bytes of weights a second that `threads` threads compute, one row through experts in memory.
template <class B>
double computing_rate(const Shape& shape, const residency::SpillFile& spill, std::size_t threads) {
  using Expert = typename model::Assembly<B>::Expert;
  constexpr std::size_t count = 8;
  const std::size_t stride = static_cast<std::size_t>(spill.header().stride());
  const Expert expert(shape);
  const auto lay_out_rows = [&](backend::Layout& cursor) {
    auto x = cursor.matrix<float>(1, expert.in_dim());
    auto scratch = Expert::Scratch::lay_out(cursor, expert, 1);
    return std::tuple(x, scratch, cursor.matrix<float>(1, expert.out_dim()));
  };
  backend::Layout sizes;
  lay_out_rows(sizes);
  const auto widest = static_cast<std::size_t>(std::max(shape.hidden, shape.ffn));
  const Bytes slabs{count * stride + residency::slab_alignment};
  backend::HostA8 device(0, slabs + sizes.used() + backend::HostA8::scratch(1, widest) + 1_MiB,
                         std::make_shared<parallel::Threads>(threads));
  const backend::Buffer buffer = device.allocate(slabs, "experts");
  const backend::Buffer rows = device.allocate(sizes.used(), "workspace");
  std::byte* const first = residency::aligned_to_page(buffer.data());
  typename Expert::Matrices matrices;
  for (std::size_t i = 0; i < count; ++i) {
    spill.read({0, static_cast<std::int32_t>(i % static_cast<std::size_t>(spill.header().experts))},
               {first + i * stride, stride});
    backend::Layout cursor(buffer, static_cast<std::uint64_t>(first - buffer.data()) + i * stride);
    matrices.add(expert.lay_out(cursor));
  }
  backend::Layout cursor(rows);
  const auto [x, scratch, y] = lay_out_rows(cursor);
  std::fill_n(x.view.data, expert.in_dim(), 0.5F);
  device.reserve(1, widest);
  std::vector<std::int32_t> offsets(count + 1);
  std::vector<std::int32_t> source{0};
  std::vector<double> rates;
  for (int repetition = 0; repetition < 5; ++repetition) {
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t e = 0; e < count; ++e) {
      for (std::size_t i = 0; i <= count; ++i) offsets[i] = i > e ? 1 : 0;
      expert.forward(device, matrices, {offsets, source, source, 0}, x, scratch, y);
    }
    rates.push_back(static_cast<double>(count * stride) / seconds_since(begun));
  }
  std::ranges::sort(rates);
  return rates[rates.size() / 2];
}

/// A line of /proc/self/status in bytes, such as that of VmHWM, the most that was ever resident.
std::uint64_t status_bytes(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::stoull(line.substr(name.size() + 1)) << 10U;
  }
  return 0;
}

/// The part of the file that is in the system's cache.
double share_cached(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(path));
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) throw FileError(path + ": can't be mapped");
  std::vector<unsigned char> pages((size + 4095) / 4096);
  ::mincore(mapped, size, pages.data());
  ::munmap(mapped, size);
  const auto cached = std::ranges::count_if(pages, [](unsigned char one) { return (one & 1U) != 0; });
  return static_cast<double>(cached) / static_cast<double>(pages.size());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

template <class B>
void run(const Arguments& arguments) {
  const Shape shape = shape_of(arguments.shape);
  Limits limits = B::limits;
  limits.threads = arguments.threads;
  limits.context = arguments.prompt + arguments.tokens + 8;
  limits.prefill_chunk = std::min(limits.prefill_chunk, arguments.prompt);
  placement::Plan planned = plan<B>(parse_machine(arguments.machine), shape, limits);
  if (!planned.fits()) {
    throw BudgetExceeded(placement::component_table(planned) +
                         placement::recommendations(planned, limits, shape.max_positions));
  }
  const residency::SpillHeader header{.model_type = "mixtral",
                                      .format = B::Quantization::name(),
                                      .layers = shape.layers,
                                      .experts = shape.experts,
                                      .hidden = shape.hidden,
                                      .ffn = shape.ffn,
                                      .slab_bytes = typename model::Assembly<B>::Expert(shape).footprint().count,
                                      .fingerprint = 0};
  write_file(arguments, shape, header);
  const auto spill = std::make_shared<const residency::SpillFile>(arguments.file);
  const auto homes = std::make_shared<residency::ExpertHomes>(spill);
  const double computing = computing_rate<B>(shape, *spill, static_cast<std::size_t>(arguments.threads));
  const LanguageModel<B> model(
      engine::Engine<B>(planned, shape, limits, engine::devices_of<B>(planned, limits), homes),
      CheckpointExtras{});
  ProgressSink silence;
  model_bench::fill_randomly(model.network(), 1, silence);
  Disk disk(*spill);
  std::ofstream("/proc/self/clear_refs") << 5;  // from here on VmHWM counts anew

  std::cout << placement::component_table(planned) << "slots for " << planned.expert_slots(0) << " of "
            << planned.slotted_experts(0) << " experts of " << to_string(planned.footprint.slotted.each) << ", "
            << arguments.cache << ", prefetch " << arguments.prefetch << ", computing reads "
            << fixed(computing / 1e9, 2) << " GB/s, reads are " << name_of(spill->file().mode()) << "\n\n";
  Random random(5);
  std::vector<TokenId> prompt;
  for (std::int32_t i = 0; i < arguments.prompt; ++i) {
    prompt.push_back(static_cast<TokenId>(random.below(static_cast<std::uint64_t>(shape.vocabulary))));
  }
  auto session = model.session();
  const auto show = [&](const std::string& what, std::int32_t tokens, double seconds, double disk_rate,
                        const residency::SlotCounts& from, const residency::SlotCounts& to) {
    const double uses = static_cast<double>(to.uses - from.uses);
    const double bytes = static_cast<double>(to.bytes - from.bytes);
    std::cout << pad_right(what, 10) << pad_left(fixed(tokens / seconds, 2), 9) << " tokens/s"
              << pad_left(fixed(100 * static_cast<double>(to.hits - from.hits) / uses, 1), 7) << " % hits"
              << pad_left(fixed(bytes / 1e6 / tokens, 1), 8) << " MB/token"
              << pad_left(fixed(disk_rate / 1e9, 2), 7) << " GB/s"
              << pad_left(fixed(bytes / disk_rate / seconds, 2), 6) << " of the limit\n";
  };
  const GenerateOptions options{.temperature = 1, .top_k = 64, .max_tokens = 1, .stop_at_eos = false};
  {
    const double before = disk.rate(24);
    const residency::SlotCounts from = model.slot_counts();
    session.generate_tokens(prompt, options);
    const double seconds = session.last().prefill_seconds;
    show("prefill", arguments.prompt, seconds, (before + disk.rate(24)) / 2, from, model.slot_counts());
  }
  constexpr std::int32_t window = 8;
  std::vector<double> speeds;
  std::vector<double> shares;
  std::vector<double> foretold;
  double rate = disk.rate(24);
  for (std::int32_t done = 0; done < arguments.tokens; done += window) {
    GenerateOptions some = options;
    some.max_tokens = window;
    const std::vector<TokenId> so_far(session.tokens().begin(), session.tokens().end());
    const residency::SlotCounts from = model.slot_counts();
    session.generate_tokens(so_far, some);
    const double seconds = session.last().prefill_seconds + session.last().decode_seconds;
    const residency::SlotCounts to = model.slot_counts();
    const double next = disk.rate(24);
    const double mean = (rate + next) / 2;
    show(concat("decode ", done), window, seconds, mean, from, to);
    speeds.push_back(window / seconds);
    shares.push_back(static_cast<double>(to.bytes - from.bytes) / mean / seconds);
    planned.machine.disk_rate = {static_cast<std::uint64_t>(mean)};
    for (Bytes& one : planned.machine.rates) one = {static_cast<std::uint64_t>(computing)};
    const double hit_rate = static_cast<double>(to.hits - from.hits) / static_cast<double>(to.uses - from.uses);
    foretold.push_back(lab::decode_seconds(planned, hit_rate) * window / seconds);
    rate = next;
  }
  std::cout << "\nmedian     " << pad_left(fixed(median(speeds), 2), 8) << " tokens/s, "
            << fixed(median(shares), 2) << " of what the disk alone would take\n"
            << "time foretold of these hits and rates: " << fixed(median(foretold), 2) << " of that measured ("
            << fixed(*std::ranges::min_element(foretold), 2) << " to "
            << fixed(*std::ranges::max_element(foretold), 2) << ")\n"
            << "resident at most " << to_string(Bytes{status_bytes("VmHWM:")}) << ", plan "
            << to_string(planned.peak(0)) << ", code and libraries in files "
            << to_string(Bytes{status_bytes("RssFile:")}) << "; in the system's cache "
            << fixed(100 * share_cached(arguments.file), 2) << " % of the file\n"
            << model.memory_report();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Decodes with a model of random weights whose experts take turns in memory.", "residency_bench");
  app.add_option("--shape", arguments.shape, "m, mixtral_8x7b or tiny")
      ->check(CLI::IsMember({"m", "mixtral_8x7b", "tiny"}));
  app.add_option("--machine", arguments.machine, "Memory, and a disk: host:2GiB,disk:8GB");
  app.add_option("--file", arguments.file, "The experts' file; written if it is not there, and kept");
  app.add_option("--cache", arguments.cache, "hazard or least-recent")
      ->check(CLI::IsMember({"hazard", "least-recent"}));
  app.add_option("--prefetch", arguments.prefetch, "none, next-gate or adaptive, with hazard")
      ->check(CLI::IsMember({"none", "next-gate", "adaptive"}));
  app.add_option("--tokens", arguments.tokens, "Tokens to decode, in windows of 8")->check(CLI::Range(8, 1000));
  app.add_option("--prompt", arguments.prompt, "Tokens of the prompt")->check(CLI::Range(1, 1000));
  app.add_option("--threads", arguments.threads, "Worker threads")->check(CLI::Range(1, 64));
  CLI11_PARSE(app, argc, argv);
  try {
    if (arguments.cache == "least-recent") {
      run<Recent>(arguments);
    } else if (arguments.prefetch == "next-gate") {
      run<AskingNextRouter>(arguments);
    } else if (arguments.prefetch == "adaptive") {
      run<LookingAhead>(arguments);
    } else {
      run<Learnt>(arguments);
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
