// What the system says of its memory: free memory, the limits of control groups, and pressure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"

namespace asterism::machines {

/// Memory of the whole system. Source: proc(5).
struct FreeMemory {
  Bytes total{};      ///< MemTotal
  Bytes available{};  ///< MemAvailable: what can be handed out without swapping
};

/// Memory of the tightest control group of this process: the one of those around it that has least left. Source: Linux,
/// Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst.
struct GroupMemory {
  Bytes used{};   ///< without pages of files that were not read lately (inactive_file), which go first
  Bytes limit{};  ///< of version 2 the lower one of memory.max and memory.high, above which tasks are slowed down
};

/// What SystemMemory could read. What is not there is left out, and `missing` says why.
struct SystemReading {
  FreeMemory memory{};
  bool group_known = false;            ///< the files of this process's control groups were read
  std::optional<GroupMemory> group{};  ///< where they were, none: no control group limits memory
  /// Share of the last 10 s in which some task waited for memory, in [0, 1]: of the whole system, or, where that is
  /// more, of the control group (version 2).
  std::optional<double> stalled{};
  std::string missing{};  ///< a sentence for each file that should be there and is not, or is not as it should be
};

/// /proc/meminfo. Throws FormatError naming `where` and the line: another unit than kB, no number, or a field that is
/// missing or there twice; MemAvailable above MemTotal.
FreeMemory parse_meminfo(std::string_view text, std::string_view where);

/// "some avg10" of /proc/pressure/memory or of a control group's memory.pressure, as a share. Throws FormatError naming
/// `where` and the line. Source: Linux, Documentation/accounting/psi.rst.
double parse_pressure(std::string_view text, std::string_view where);

/// A file of a control group that holds one number; no value where it says "max". Throws FormatError.
std::optional<std::uint64_t> parse_group_number(std::string_view text, std::string_view where);

/// The value of `key` in a control group's memory.stat. Throws FormatError, also where it is missing.
std::uint64_t parse_group_stat(std::string_view text, std::string_view key, std::string_view where);

/// Where a process is in the hierarchy of control groups that counts memory.
struct GroupPath {
  std::string path;
  bool unified = false;  ///< version 2
};
/// /proc/self/cgroup: a hierarchy of version 1 that has the controller `memory`, else the one of version 2. No value
/// where there is neither. Throws FormatError naming `where` and the line.
std::optional<GroupPath> parse_group_path(std::string_view text, std::string_view where);

/// Reads below the folder `root`, "/" on a running system. Const members may be called from several threads.
class SystemMemory {
 public:
  explicit SystemMemory(std::string root = "/") : root_(std::move(root)) {
    if (!root_.ends_with('/')) root_ += '/';
  }

  /// Throws FileError where /proc/meminfo can't be read, FormatError where it is not as it should be. The other files
  /// may fail, each by itself: see SystemReading::missing.
  SystemReading read() const;

 private:
  std::optional<std::string> content(const std::string& path) const;
  void read_group(SystemReading& out) const;
  void read_pressure(SystemReading& out) const;

  std::string root_;
};

}  // namespace asterism::machines

#if !defined(ASTERISM_COMPILED)
#include "asterism/machine/system_memory_impl.hpp"
#endif
