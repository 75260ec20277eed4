// `profile`: measures this machine, and says what experts that take turns would cost on it.
#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/core/progress_bar.hpp>
#include <asterism/file/direct_file.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/lab/conditions.hpp>
#include <asterism/lab/forecast.hpp>
#include <asterism/machine/machine.hpp>
#include <asterism/parallel/threads.hpp>
#include <asterism/placement/plan.hpp>
#include <asterism/prefetch/veto.hpp>
#include <asterism/shape/catalogue.hpp>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "measure.hpp"
#include "scratch_file.hpp"
#include "table.hpp"

namespace example {

namespace {

/// Experts' part of a layer's time in decoding, as `benchmark` takes it: the rest is not measured.
constexpr double expert_share = 0.75;

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

Spread spread_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return {(values[n / 2] + values[(n - 1) / 2]) / 2, values.front(), values.back()};
}

struct Measured {
  Spread disk;    ///< bytes a second
  Spread memory;  ///< bytes a second
  Spread expert;  ///< seconds
  file::ReadMode mode = file::ReadMode::direct;
};

Bytes size_of(const ProfileArguments& arguments) {
  return of_option([&] { return parse_bytes(arguments.size); });
}

/// The file to be read: that of --file, or a temporary one.
class Disk {
 public:
  Disk(const ProfileArguments& arguments, Bytes slab, ProgressSink& progress) {
    constexpr std::uint64_t page = 4096;
    const Bytes size = size_of(arguments);
    const std::uint64_t least = (slab.count + page - 1) / page * page;
    if (arguments.file.empty()) {
      if (size.count < least) {
        throw OptionError(concat("--size ", arguments.size, " holds no expert of ", to_string(slab),
                                 ": give more, or a --shape with smaller experts"));
      }
      scratch_ = std::make_unique<ScratchFile>(arguments.folder.empty() ? "." : arguments.folder, size, progress);
    }
    file_ = file::DirectFile(scratch_ ? scratch_->path() : arguments.file);
    if (file_.size() < least) {
      throw FileError(concat(arguments.file, ": has ", to_string(Bytes{file_.size()}), ", an expert takes ",
                             to_string(slab), "; give a larger --file, or a --shape with smaller experts"));
    }
  }
  const file::DirectFile& file() const { return file_; }

 private:
  std::unique_ptr<ScratchFile> scratch_;
  file::DirectFile file_;
};

Measured measure(const ProfileArguments& arguments, const Shape& shape, Bytes slab, std::size_t threads,
                 ProgressSink& progress) {
  const Measuring measuring{.repetitions = static_cast<std::size_t>(arguments.repetitions),
                            .threads = threads,
                            .size = size_of(arguments)};
  Measured out;
  {
    const Disk disk(arguments, slab, progress);
    out.mode = disk.file().mode();
    out.disk = spread_of(disk_rates(disk.file(), slab, measuring, progress));
  }
  out.memory = spread_of(memory_rates(measuring, progress));
  out.expert = spread_of(expert_seconds(shape, arguments.format, measuring, progress));
  return out;
}

/// The least precision of predictions from which a copy that evicts nothing pays; none where it never does.
std::optional<double> least_precision(std::int32_t top_k, double layer_seconds, double copy_seconds, float piece) {
  constexpr int window = 64;
  constexpr int silence = 256;
  for (int right = 0; right <= window; ++right) {
    prefetch::Veto veto(top_k, layer_seconds, copy_seconds,
                        {.window = window, .silence = silence, .piece = piece});
    for (int i = 0; i < silence; ++i) veto.scored(i % window < right);
    if (veto.allows_copy(0)) return static_cast<double>(right) / window;
  }
  return std::nullopt;
}

/// What experts of this shape cost here.
class Costs {
 public:
  Costs(const Shape& shape, Bytes slab, const Measured& measured)
      : shape_(&shape), slab_(slab), measured_(&measured) {}

  double used() const { return static_cast<double>(shape_->sparse_layers().size()) * shape_->top_k; }
  double copy_seconds() const { return static_cast<double>(slab_.count) / measured_->disk.median; }
  double layer_seconds() const { return measured_->expert.median * shape_->top_k / expert_share; }

  /// The experts alone, beside this disk: what a plan has besides is not measured.
  placement::Plan plan() const {
    placement::MemoryFootprint footprint;
    footprint.layers = shape_->layers;
    footprint.slotted.each = slab_;
    footprint.slotted.per_layer = shape_->experts;
    footprint.slotted.layers = shape_->sparse_layers();
    footprint.slotted.per_token = shape_->top_k;
    Machine machine;
    machine.add(Bytes{std::uint64_t{1} << 60U}, DeviceKind::host);
    machine.rates[0] = {static_cast<std::uint64_t>(static_cast<double>(slab_.count) / measured_->expert.median)};
    machine.disk_rate = {static_cast<std::uint64_t>(measured_->disk.median)};
    return placement::assemble(footprint, machine, {0, shape_->layers}, false);
  }

  /// By how many of its experts a token finds in memory; as mixtral_offload --dry-run foretells it.
  std::string forecast() const {
    const placement::Plan experts = plan();
    std::string text =
        concat("A token uses ", fixed(used(), 0), " experts. By the share of them that it finds in ",
               "memory:\n\n", pad_left("found", 8), pad_left("reads", 12), pad_left("disk ms", 12),
               pad_left("compute ms", 12), "    tokens/s at most\n");
    for (const double found : {0.0, 0.4, 0.6, 0.8, 0.9, 1.0}) {
      const double bytes = used() * (1 - found) * static_cast<double>(slab_.count);
      const double reads = bytes / measured_->disk.median;
      const double computes = used() * measured_->expert.median;
      text += concat(pad_left(fixed(100 * found, 0) + " %", 8),
                     pad_left(to_string(Bytes{static_cast<std::uint64_t>(std::llround(bytes))}), 12),
                     pad_left(fixed(1e3 * reads, 1), 12), pad_left(fixed(1e3 * computes, 1), 12),
                     pad_left(fixed(1 / lab::decode_seconds(experts, found), 2), 20), "\n");
    }
    return text;
  }

  std::string advice(const ProfileArguments& arguments, const lab::Conditions& conditions) const {
    const auto in_units = [](double bytes_a_second) {
      const auto rate = static_cast<std::uint64_t>(bytes_a_second);
      return rate >= 10'000'000 ? concat(rate / 1'000'000, "MB/s") : concat(rate / 1000, "KB/s");
    };
    const std::string computing = in_units(static_cast<double>(slab_.count) / measured_->expert.median);
    const auto experts =
        static_cast<std::uint64_t>(shape_->sparse_layers().size()) * static_cast<std::uint64_t>(shape_->experts);
    const Bytes all = slab_ * experts;
    const bool fits = all.count < conditions.memory.count / 10 * 9;
    std::string text =
        concat("using Cache = cache::", fits ? "All" : "Hazard", ";\n  All ", experts, " experts take ",
               to_string(all), ", this machine has ", to_string(conditions.memory), ". ");
    text += fits ? "Where a model may have that much, none is read twice; cache::Hazard for less."
                 : concat("An expert that is missing costs ", fixed(copy_seconds() / measured_->expert.median, 1),
                          " times what computing it does: take the cache that finds most.");
    text += concat("\n\nPrefetch: ", prefetch_advice(), "\n\nOn a trace, with the figures of this machine:\n",
                   "  residency compare TRACE --link ", fixed(measured_->disk.median / 1e9, 3),
                   " \\\n    --expert-bytes ", slab_.count, " --layer-us ", fixed(layer_seconds() * 1e6, 1),
                   "\nFor the planner, with the memory that can be spared:\n",
                   "  mixtral_offload FOLDER --dry-run \\\n    --machine host:12GiB@", computing, ",disk:30GB@",
                   in_units(measured_->disk.median), "\n");
    if (arguments.file.empty() && size_of(arguments) < 256_MiB) {
      text += concat("\nWith --size ", arguments.size, " figures may be those of caches: give 256MiB or more.\n");
    }
    return text;
  }

  std::string prefetch_advice() const {
    const double relation = copy_seconds() / layer_seconds();
    const double pieces = static_cast<double>(reader_threads * file::DirectFile::piece);
    const auto piece = static_cast<float>(std::min(1.0, pieces / static_cast<double>(slab_.count)));
    const prefetch::Veto veto(shape_->top_k, layer_seconds(), copy_seconds(), {.piece = piece});
    const std::optional<double> least = least_precision(shape_->top_k, layer_seconds(), copy_seconds(), piece);
    const double hidden = std::min(1.0, 1 / relation);
    std::string text = concat("a copy takes ", fixed(relation, relation < 10 ? 2 : 0),
                              " times as long as a layer (T_c / T_l), which hides at most ",
                              fixed(100 * hidden, 0), " % of it.\n  ");
    if (!least) return text + "The veto lets none through, however right it is: not worth it.";
    constexpr double attainable = 0.6;
    constexpr double noticeable = 0.1;
    const bool worth = *least <= attainable && hidden >= noticeable;
    return text + concat("The veto lets copies that evict nothing through from a precision of ",
                         fixed(100 * *least, 0), " % on, at most ", veto.most_copies(), " a layer: ",
                         worth                  ? "worth a try."
                         : hidden >= noticeable ? "hardly worth it, few predictors are so right."
                                                : "hardly worth it, there is little to gain.");
  }

 private:
  const Shape* shape_;
  Bytes slab_;
  const Measured* measured_;
};

}  // namespace

int profile(const ProfileArguments& arguments, const Interrupt& interrupt) {
  if (!arguments.file.empty() && !arguments.folder.empty()) {
    throw OptionError("--folder is for the temporary file, which --file does without: give one of them");
  }
  const Shape& shape = arguments.shape == "m" ? shapes::mixtral_8x7b : shapes::qwen3_30b_a3b;
  const std::size_t threads =
      arguments.threads > 0 ? static_cast<std::size_t>(arguments.threads) : parallel::Threads::default_threads();
  const Bytes slab = slab_bytes(shape, arguments.format);
  ProgressBar bar;
  InterruptibleProgress progress(bar, interrupt);
  const Measured measured = measure(arguments, shape, slab, threads, progress);
  const lab::Conditions conditions = lab::conditions_now(static_cast<std::int32_t>(threads));

  std::vector<Row> rows;
  const auto add = [&](const char* name, const char* unit, const Spread& spread, double scale, int digits) {
    rows.emplace_back()
        .text("measured", name, 32)
        .text("unit", unit, 8)
        .number("median", spread.median * scale, digits, 12)
        .number("least", spread.least * scale, digits, 12)
        .number("most", spread.most * scale, digits, 12);
  };
  const bool direct = measured.mode == file::ReadMode::direct;
  add(direct ? "disk, past the system's cache" : "disk, through the system's cache", "GB/s", measured.disk, 1e-9,
      3);
  add("memory, read", "GB/s", measured.memory, 1e-9, 2);
  add("an expert, computed in memory", "ms", measured.expert, 1e3, 3);
  const auto size = static_cast<double>(slab.count);
  add("an expert, read from the disk", "ms",
      {size / measured.disk.median, size / measured.disk.most, size / measured.disk.least}, 1e3, 3);
  const Costs costs(shape, slab, measured);
  show(arguments.json,
       wrapped(concat(
           lab::to_string(conditions), "\nExperts of ", arguments.shape == "m" ? "Mixtral 8x7B" : "Qwen3-30B-A3B",
           " in ", arguments.format, ": ", to_string(slab), " each; ", arguments.repetitions,
           " repetitions. The disk: slabs at random from ",
           arguments.file.empty() ? "a temporary file" : arguments.file, ", ", reader_threads, " threads, ",
           slabs_ahead, " ahead. Computing: one row, ", shape.top_k, " experts at a time.")),
       concat(pad_right("", 40), pad_left("median", 12), pad_left("least", 12), pad_left("most", 12)), rows);
  std::cout << wrapped(concat("\nExperts are computed at ", fixed(size / measured.expert.median / 1e9, 2),
                              " GB/s, ", fixed(100 * size / measured.expert.median / measured.memory.median, 0),
                              " % of what memory gives.\n\n", costs.forecast(), "\n",
                              costs.advice(arguments, conditions),
                              "\nNot measured: a link to a GPU (this program knows none), and what a layer does "
                              "besides its experts (taken "
                              "as ",
                              fixed(100 * (1 - expert_share), 0), " % of its time).\n"));
  return Status::done;
}

}  // namespace example
