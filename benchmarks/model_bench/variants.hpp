// The compiled formats.
#pragma once

#include <string>

#include "asterism/core/progress.hpp"

#include "measurement.hpp"

namespace model_bench {

/// Builds a model and measures it. Throws BudgetExceeded, before anything is built, where it is larger than this
/// machine's free memory.
using Measure = Measurement (*)(const Task& task, asterism::ProgressSink& progress);

/// What there is to choose beside the format of the weights.
struct Choices {
  std::string head = "same";         ///< of `head_formats`: head and embedding
  std::string kv = "float16";        ///< of `kv_formats`: keys and values
  std::string activations = "int8";  ///< of `activation_policies`: how activations meet weights of 4 and 8 bits
};

/// A format of experts and attention, compiled in a source of its own; `with` gives the variant.
struct Format {
  const char* name;
  const char* what;
  Measure (*with)(const Choices& choices);
};

inline constexpr const char* head_formats[] = {"same", "bfloat16"};
inline constexpr const char* kv_formats[] = {"float16", "int8", "float32"};
inline constexpr const char* activation_policies[] = {"int8", "exact"};

Measure nf4(const Choices& choices);
Measure nf4_plain(const Choices& choices);
Measure int8(const Choices& choices);
Measure int4(const Choices& choices);
Measure bfloat16(const Choices& choices);
Measure float32(const Choices& choices);

inline constexpr Format formats[] = {
    {"nf4", "NF4, double-quantized scales: 4.127 bits a weight", nf4},
    {"nf4-plain", "NF4, scales in 32 bits: 4.5 bits a weight", nf4_plain},
    {"int4", "integers of 4 bits in groups of 32: 4.5 bits a weight", int4},
    {"int8", "integers of 8 bits in groups of 32: 8.5 bits a weight", int8},
    {"bfloat16", "16 bits a weight", bfloat16},
    {"float32", "32 bits a weight", float32},
};

}  // namespace model_bench
