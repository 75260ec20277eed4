// The commands of the program.
#pragma once

#include "../support/interrupt.hpp"
#include "arguments.hpp"

namespace example {

/// Hits of each cache on a trace, beside the optimum.
int replay(const Arguments& arguments);

/// Tokens per second of caches and prefetchers over links.
int benchmark(const Arguments& arguments);

/// All prefetchers beside each other on a trace, for one cache, one link and one residency.
int compare(const Arguments& arguments);

/// The same while the model in the folder arguments.trace answers, from a disk.
int compare_model(const Arguments& arguments, const Interrupt& interrupt);

/// What `profile` is told.
struct ProfileArguments {
  std::string shape = "m";
  std::string format = "nf4";
  std::string file;
  std::string folder;
  std::string size = "1GiB";
  std::int32_t repetitions = 7;
  std::int32_t threads = 0;  ///< 0: one for each core
  std::string json;
};

/// What this machine's disk, memory and cores give experts that take turns.
int profile(const ProfileArguments& arguments, const Interrupt& interrupt);

}  // namespace example
