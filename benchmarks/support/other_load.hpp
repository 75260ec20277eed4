// How busy other programs kept the machine meanwhile: a figure that was taken beside a compiler is not one.
#pragma once

#include <chrono>
#include <cstddef>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace benchmarks {

/// Watches from its construction on. Needs Linux' /proc/stat.
class OtherLoad {
 public:
  /// Cores that others used, on average since the construction.
  double cores() const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    return (others() - before_) / seconds;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Seconds that all cores were busy with something else than this process.
  static double others() {
    std::ifstream file("/proc/stat");
    std::string cpu;
    file >> cpu;
    double busy = 0;
    double ticks = 0;
    for (std::size_t i = 0; i < 8 && file >> ticks; ++i) {
      if (i != 3 && i != 4) busy += ticks;  // idle, and waiting for a disk
    }
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return busy / static_cast<double>(sysconf(_SC_CLK_TCK)) - seconds(own.ru_utime) - seconds(own.ru_stime);
  }

  Clock::time_point start_ = Clock::now();
  double before_ = others();
};

}  // namespace benchmarks
