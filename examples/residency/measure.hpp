// What `profile` measures: slabs read from a disk, memory read, experts computed.
#pragma once

#include <asterism/core/bytes.hpp>
#include <asterism/core/progress.hpp>
#include <asterism/file/direct_file.hpp>
#include <asterism/shape/shape.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace example {

using namespace asterism;

/// How often, and on how many threads.
struct Measuring {
  std::size_t repetitions = 7;
  std::size_t threads = 1;
  Bytes size{};  ///< at most of memory that is read
};

/// The slab of an expert of this shape in the format of that name.
Bytes slab_bytes(const Shape& shape, const std::string& format);

/// Reads are this many slabs ahead, by `reader_threads` threads.
inline constexpr std::size_t slabs_ahead = 4;
inline constexpr std::size_t reader_threads = 2;

/// Bytes a second of reading slabs at random aligned places of the file, for each repetition.
std::vector<double> disk_rates(const file::DirectFile& file, Bytes slab, const Measuring& measuring,
                               ProgressSink& progress);

/// Bytes a second of reading memory.
std::vector<double> memory_rates(const Measuring& measuring, ProgressSink& progress);

/// Seconds of one expert, of the top_k that a token uses in a layer, computed together from memory.
std::vector<double> expert_seconds(const Shape& shape, const std::string& format, const Measuring& measuring,
                                   ProgressSink& progress);

}  // namespace example
