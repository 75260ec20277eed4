// The choice of a Tuning for this processor.
#pragma once

#include <string>

#include "asterism/core/config.hpp"
#include "asterism/simd/tuned.hpp"

namespace asterism::simd {

/// "ahead=8192,many_rows=16": what `tuning_from` reads.
std::string to_string(const Tuning& tuning);

/// Some or all members of a tuning, the others as in `base`. Throws InvalidArgument, which names the member, where the
/// text is no such list or a value is out of range.
Tuning tuning_from(const std::string& text, const Tuning& base = {});

/// A tuning and where it comes from: "table", "measured", "ASTERISM_TUNING" or the name of a file.
struct TuningChoice {
  Tuning tuning;
  std::string source;
};

/// The processor as the table of tunings knows it: vendor and family on x86 ("AuthenticAMD 26", "GenuineIntel 6"), else
/// the architecture.
std::string processor_family();

/// The tuning with the distance at which one row meets 64 MiB of 4-bit weights fastest, on one thread: at most about
/// 0.1 s, and 72 MiB meanwhile. Changes the one in use meanwhile.
Tuning measure_tuning();

/// The choice for `wanted`, the value of ASTERISM_TUNING, nullptr or "" if unset: then that of the table, or, where it
/// lacks the family, a measured one. "measure" measures; "file=PATH" reads PATH, or measures and writes it where there
/// is none; all else is read by tuning_from. Throws InvalidArgument as that; FileError if a file cannot be written.
TuningChoice choose_tuning(const char* wanted, const std::string& family);

/// The tuning of this process, chosen at the first call, which devices of the host make; kernels use the defaults
/// before. Throws as choose_tuning. Thread-safe.
const TuningChoice& tuning();

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/tuning_impl.hpp"
#endif
